// Findings beside the grid, each with what would cure it: one press, one edit, one undo.
import { _ } from "./words.js";
import { usual } from "./editor-deeds.js";

/**
 * @typedef {import("./editor-model.js").Finding} Finding
 * @typedef {import("./editor-model.js").Slot} Slot
 * @typedef {{ words: string, run: () => void }} Cure
 */

const ORDER = ["must", "should", "note"];
const SIGNS = { must: ["stop", "trouble"], should: ["warn", "caution"], note: ["info", "quiet"] };
const SHOWN = 40;
const NEAR_S = 6 * 3600;

export class Findings {
  /**
   * @param {HTMLElement} root
   * @param {HTMLElement} sum
   * @param {import("./editor-model.js").Model} model
   * @param {import("./editor-deeds.js").Deeds} deeds
   * @param {{ show: (slot: string) => void, free: (slot: string, session: string) => void, table: (session: string) => void, icons: string }} on
   */
  constructor(root, sum, model, deeds, on) {
    this.root = root;
    this.sum = sum;
    this.model = model;
    this.deeds = deeds;
    this.on = on;
    this.all = false;
  }

  draw() {
    const found = [...this.model.findings.values()].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
    const count = (/** @type {string} */ kind) => found.filter((one) => one.severity === kind).length;
    this.sum.textContent = found.length ? _("%(must)s must, %(should)s should, %(note)s note", { must: count("must"), should: count("should"), note: count("note") }) : "";
    const shown = this.all ? found : found.slice(0, SHOWN);
    const lines = shown.map((one) => this.line(one));
    if (shown.length < found.length) lines.push(this.#more(found.length));
    if (!found.length) {
      const none = document.createElement("li");
      none.className = "none";
      none.textContent = _("No findings. Nothing stands in the way.");
      lines.push(none);
    }
    this.root.replaceChildren(...lines);
  }

  /** @param {number} count */
  #more(count) {
    const line = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button small";
    button.textContent = _("Show all %(count)s", { count });
    button.addEventListener("click", () => {
      this.all = true;
      this.draw();
    });
    line.className = "none";
    line.append(button);
    return line;
  }

  /** A finding as a line with its cures. @param {Finding} finding @param {number} [most] */
  line(finding, most = 2) {
    const line = document.createElement("li");
    const [sign, tone] = SIGNS[/** @type {keyof typeof SIGNS} */ (finding.severity)];
    const mark = document.createElement("span");
    mark.className = tone;
    mark.innerHTML = `<svg class="icon" aria-hidden="true"><use href="${this.on.icons}#${sign}"/></svg>`;
    const text = document.createElement("div");
    const title = document.createElement("b");
    title.textContent = finding.title;
    text.append(title, ` ${finding.text}`);
    const cures = document.createElement("div");
    cures.className = "cure";
    for (const cure of this.cures(finding).slice(0, most)) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "cure-button";
      button.textContent = cure.words;
      button.addEventListener("click", cure.run);
      cures.append(button);
    }
    line.append(mark, text, cures);
    line.dataset.key = finding.key;
    return line;
  }

  /** @param {Finding} finding @returns {Cure[]} */
  cures(finding) {
    const slots = finding.slots.map((id) => this.model.slots.get(id)).filter((slot) => slot !== undefined);
    const movable = slots.filter((slot) => !slot.locked && !this.model.isHistory(slot));
    const slot = movable[movable.length - 1];
    const session = finding.session ?? slot?.session ?? "";
    const show = slots.length ? { words: _("Show it"), run: () => this.on.show(slots[slots.length - 1].id) } : null;
    /** @type {(Cure | null)[]} */
    const found = [];
    if (finding.cure === "confirm") found.push(this.#confirm(session));
    else if (finding.cure === "lengthen" && slot) found.push(this.#lengthen(slot));
    else if (finding.cure === "add_speaker" || finding.cure === "name") found.push({ words: _("Open it in the table"), run: () => this.on.table(session) });
    else if (finding.cure === "place") found.push(...this.#places(session));
    else if (slot) found.push(...(finding.cure === "choose_room" ? this.#rooms(slot) : []), ...this.#moves(slot));
    found.push(show);
    return found.filter((one) => one !== null);
  }

  /** @param {string} session @returns {Cure} */
  #confirm(session) {
    const state = this.model.sessions.get(session)?.state;
    return {
      words: _("Set it to confirmed"),
      run: () => this.deeds.facts_([{ table: "sessions", id: session, was: { state }, to: { state: null } }]),
    };
  }

  /** @param {Slot} slot @returns {Cure} */
  #lengthen(slot) {
    const seconds = usual(this.model.session(slot)?.length);
    return { words: _("Give it %(minutes)s minutes", { minutes: seconds / 60 }), run: () => this.deeds.resize(slot.id, seconds) };
  }

  /** The nearest free places of a slot. @param {Slot} slot @returns {Cure[]} */
  #moves(slot) {
    const session = this.model.session(slot);
    const free = this.model.free(session, slot.length, slot.id);
    const day = this.model.dayOf(slot.start);
    const near = (/** @type {{ from: number, to: number }} */ one) => Math.min(Math.max(slot.start, one.from), one.to);
    const away = (/** @type {{ from: number, to: number }} */ one) => Math.abs(near(one) - slot.start);
    const here = free.filter((one) => one.room === slot.room && one.day === day && away(one) > 0).sort((a, b) => away(a) - away(b))[0];
    const now = free.filter((one) => one.room !== slot.room && away(one) === 0).sort((a, b) => this.#fit(a.room, slot) - this.#fit(b.room, slot))[0];
    const other = free.filter((one) => away(one) > 0).sort((a, b) => away(a) - away(b))[0];
    const title = session?.title ?? "";
    /** @type {Cure[]} */
    const found = [];
    const move = (/** @type {string} */ words, /** @type {string} */ room, /** @type {number} */ start) => found.push({ words, run: () => this.deeds.move([{ id: slot.id, room, start }]) });
    if (here && away(here) <= NEAR_S) move(_("Start “%(title)s” at %(time)s", { title, time: this.deeds.clock(near(here)) }), slot.room, near(here));
    if (now) move(_("Move “%(title)s” to %(room)s", { title, room: this.model.room(now.room).name }), now.room, slot.start);
    if (!found.length && other) move(_("Move “%(title)s” to %(room)s, %(day)s %(time)s", { title, ...this.#where(other, near(other)) }), other.room, near(other));
    found.push({ words: _("Show its free places"), run: () => this.on.free(slot.id, slot.session) });
    return found;
  }

  /** Smaller is better: a room with too few seats comes last. @param {string} room @param {Slot} slot */
  #fit(room, slot) {
    const seats = this.model.room(room).capacity;
    const stars = this.model.session(slot)?.stars ?? 0;
    if (seats === null) return 1000;
    return seats < stars ? 1_000_000 - seats : seats - stars;
  }

  /** Larger rooms at the same time: free ones, or by a swap. @param {Slot} slot @returns {Cure[]} */
  #rooms(slot) {
    const { model } = this;
    const stars = model.session(slot)?.stars ?? 0;
    const seats = (/** @type {string} */ room) => model.room(room)?.capacity ?? 0;
    const free = model.free(model.session(slot), slot.length, slot.id).filter((one) => one.from <= slot.start && slot.start <= one.to && seats(one.room) >= stars);
    free.sort((a, b) => seats(a.room) - seats(b.room));
    if (free[0] && stars) {
      const room = free[0].room;
      return [{ words: _("Move “%(title)s” to %(room)s", { title: model.session(slot).title, room: model.room(room).name }), run: () => this.deeds.move([{ id: slot.id, room, start: slot.start }]) }];
    }
    const swaps = [...model.slots.values()].filter(
      (one) => one.start === slot.start && one.length === slot.length && one.id !== slot.id && !one.locked && seats(one.room) >= stars && (model.session(one)?.stars ?? 0) <= seats(slot.room),
    );
    swaps.sort((a, b) => seats(a.room) - seats(b.room));
    return swaps.slice(0, 1).map((one) => ({
      words: _("Swap with “%(title)s”, %(room)s", { title: model.session(one).title, room: model.room(one.room).name }),
      run: () => this.deeds.swap(slot.id, one.id),
    }));
  }

  /** @param {string} session @returns {Cure[]} */
  #places(session) {
    const held = this.model.sessions.get(session);
    if (!held) return [];
    const free = this.model.free(held, usual(held.length)).sort((a, b) => a.from - b.from)[0];
    /** @type {Cure[]} */
    const found = [];
    if (free) {
      found.push({
        words: _("Put it into %(room)s, %(day)s %(time)s", this.#where(free, free.from)),
        run: () => this.on.show(this.deeds.place(session, free.room, free.from)),
      });
    }
    found.push({ words: _("Show its free places"), run: () => this.on.free("", session) });
    return found;
  }

  /** @param {{ day: number, room: string }} place @param {number} start */
  #where(place, start) {
    return { room: this.model.room(place.room).name, day: this.model.days[place.day].short, time: this.deeds.clock(start) };
  }
}
