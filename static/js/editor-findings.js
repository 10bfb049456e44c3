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
const SLICE_MS = 6;

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
    /** The lines that are shown, by their finding. @type {Map<Finding, { line: HTMLElement, looks: string }>} */
    this.kept = new Map();
    this.idle = 0;
  }

  draw() {
    const found = [...this.model.findings.values()].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
    const count = (/** @type {string} */ kind) => found.filter((one) => one.severity === kind).length;
    this.sum.textContent = found.length ? _("%(must)s must, %(should)s should, %(note)s note", { must: count("must"), should: count("should"), note: count("note") }) : "";
    const shown = this.all ? found : found.slice(0, SHOWN);
    const kept = this.kept;
    this.kept = new Map(shown.map((one) => [one, kept.get(one) ?? this.#fresh(one)]));
    const lines = [...this.kept.values()].map(({ line }) => line);
    if (shown.length < found.length) lines.push(this.#more(found.length));
    if (!found.length) {
      const none = document.createElement("li");
      none.className = "none";
      none.textContent = _("No findings. Nothing stands in the way.");
      lines.push(none);
    }
    this.#put(lines);
    this.#reconsiderSoon();
  }

  /** Bring the list to these lines; a line that stays is not touched, nor the focus in it. @param {HTMLElement[]} lines */
  #put(lines) {
    const wanted = new Set(lines);
    for (const old of [...this.root.children]) if (!wanted.has(/** @type {HTMLElement} */ (old))) old.remove();
    let at = this.root.firstElementChild;
    for (const line of lines) {
      if (line === at) at = at.nextElementSibling;
      else this.root.insertBefore(line, at);
    }
  }

  /** @param {Finding} finding */
  #fresh(finding) {
    const cures = this.cures(finding);
    return { line: this.line(finding, 2, cures), looks: this.#looks(finding, cures) };
  }

  /** What the cures of a finding depend on, as far as it is seen. @param {Finding} finding @param {Cure[]} cures */
  #looks(finding, cures) {
    const slots = finding.slots.map((id) => this.model.slots.get(id));
    return JSON.stringify([cures.map((one) => one.words), slots, this.model.sessions.get(finding.session ?? "")?.state]);
  }

  /** An edit may have taken the place that another finding's cure offers: they are looked at again when
   * the page has nothing better to do, a few milliseconds at a time. */
  #reconsiderSoon() {
    const ask = window.requestIdleCallback ?? ((/** @type {() => void} */ run) => window.setTimeout(run, 50));
    (window.cancelIdleCallback ?? clearTimeout)(this.idle);
    const left = [...this.kept.keys()];
    const some = () => {
      const until = performance.now() + SLICE_MS;
      while (left.length && performance.now() < until) this.#reconsider(/** @type {Finding} */ (left.shift()));
      if (left.length) this.idle = ask(some);
    };
    this.idle = ask(some);
  }

  /** @param {Finding} finding */
  #reconsider(finding) {
    const held = this.kept.get(finding);
    if (!held) return;
    const cures = this.cures(finding);
    const looks = this.#looks(finding, cures);
    const place = held.line.querySelector(".cure");
    if (looks === held.looks || !place || place.contains(document.activeElement)) return;
    held.looks = looks;
    place.replaceChildren(...this.#buttons(cures.slice(0, 2)));
  }

  /** @param {Cure[]} cures */
  #buttons(cures) {
    return cures.map((cure) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "cure-button";
      button.textContent = cure.words;
      button.addEventListener("click", cure.run);
      return button;
    });
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

  /** A finding as a line with its cures. @param {Finding} finding @param {number} [most] @param {Cure[]} [found] */
  line(finding, most = 2, found = this.cures(finding)) {
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
    cures.append(...this.#buttons(found.slice(0, most)));
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
