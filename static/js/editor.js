// The agenda editor: wires the model of the draft to the grid, the lists, keys, pointer and server.
import { company } from "./editor-people.js";
import { Deeds, usual } from "./editor-deeds.js";
import { openBlocker, openDetails, openNewSession } from "./editor-dialogs.js";
import { Drag } from "./editor-drag.js";
import { Findings } from "./editor-findings.js";
import { Grid } from "./editor-grid.js";
import { Keys } from "./editor-keys.js";
import { Loose } from "./editor-loose.js";
import { Model } from "./editor-model.js";
import { Overview } from "./editor-overview.js";
import { Paint } from "./editor-paint.js";
import { Queue } from "./editor-queue.js";
import { status } from "./editor-status.js";
import { drawHints, drawTools } from "./editor-tools.js";
import { Solver } from "./editor-solver.js";
import { why } from "./editor-why.js";
import { makeClock } from "./editor-time.js";
import { _ } from "./words.js";
import { View, ZOOMS } from "./editor-view.js";

const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const read = (/** @type {string} */ id) => JSON.parse(/** @type {HTMLTemplateElement} */ ($(id)).content.textContent ?? "{}");
const HOVER_MS = 450;

/** @typedef {{ day: number, room: string, from: number, to: number }} Free */

export class Editor {
  constructor() {
    const main = $("main");
    this.at = main.dataset.at ?? "";
    this.me = main.dataset.me ?? "";
    this.model = new Model(read("editor-state"));
    this.clock = makeClock(this.model.zone);
    this.view = new View(this.model, main.dataset.owner ?? "");
    this.queue = new Queue(`${this.at}/editor/edits`, main.dataset.owner ?? "");
    this.deeds = new Deeds(this.model, this.queue, this.clock, (words) => this.tell(words));
    this.grid = new Grid($("boards"), this.model, this.view, this.clock);
    this.loose = new Loose($("loose"), $("loose-sum"), $("loose-note"), this.model, this.view);
    this.overview = new Overview(/** @type {any} */ ($("overview")), this.model, (slot, day) => this.show(slot, day));
    this.findings = new Findings($("findings"), $("findings-sum"), this.model, this.deeds, {
      show: (slot) => this.show(slot),
      free: (slot, session) => this.showFree(slot, session),
      table: (session) => (location.href = `${this.at}/tables/sessions#${session}`),
      icons: main.dataset.icons ?? "",
    });
    this.drag = new Drag(this.grid, $("loose"), {
      may: (slot) => this.deeds.may(slot),
      lift: (slot, session) => this.#lift(slot, session),
      over: (slot, session, target) => this.#over(slot, session, target),
      drop: (slot, session, target, out) => this.#drop(slot, session, target, out),
      resize: (slot, seconds) => this.deeds.resize(slot, seconds),
      put: () => this.#put(),
    });
    this.keys = new Keys(this);
    this.status = status(this);
    this.paint = new Paint({
      loose: () => this.loose.draw(),
      tools: () => drawTools(this),
      findings: () => this.findings.draw(),
      hints: () => drawHints(this),
      beside: () => this.#beside(),
    });
    /** @type {{ slot: string, session: string, length: number, places: { day: number, room: string, start: number }[], at: number } | null} */
    this.placing = null;
    this.hovering = 0;
    this.judged = "";
    /** @type {Free[]} */
    this.free = [];
    this.#listen();
    for (const wish of this.queue.wishes) this.model.expect(wish);
    this.drawAll();
    void this.queue.flush();
    this.solver = new Solver($("solver"), this);
    company(`${this.at}/editor/here`, $("also"), this.model, this.view, (version) => this.#heard(version));
    if (location.hash.startsWith("#slot=")) this.show(location.hash.slice(6));
    setInterval(() => (this.grid.tick(), this.overview.draw()), 30000);
  }

  // ---------- Drawing ----------

  drawAll() {
    this.grid.draw();
    this.loose.draw();
    this.overview.draw();
    this.findings.draw();
    drawTools(this);
    drawHints(this);
  }

  /** @param {string} words */
  tell(words) {
    const place = $("say");
    place.textContent = "";
    requestAnimationFrame(() => (place.textContent = words));
    this.last = words;
  }

  #listen() {
    const { model, view, queue } = this;
    model.addEventListener("slots", (event) => {
      const touched = /** @type {CustomEvent} */ (event).detail;
      this.grid.refresh(touched);
      this.overview.draw();
      this.#dropGone();
      this.paint.soon("loose", "tools", "hints");
    });
    model.addEventListener("all", () => this.drawAll());
    model.addEventListener("findings", () => {
      this.overview.draw();
      const shown = new Set([...this.grid.cells.keys()].filter((id) => this.#looksWrong(id)));
      if (shown.size) this.grid.refresh(shown);
      this.paint.soon("findings", "beside");
      this.#judge();
    });
    model.addEventListener("lost", () => this.reload());
    view.addEventListener("view", () => this.drawAll());
    view.addEventListener("picked", (event) => {
      this.grid.refresh(/** @type {CustomEvent} */ (event).detail);
      this.paint.soon("hints", "beside");
    });
    queue.addEventListener("answer", (event) => this.#answered(/** @type {CustomEvent} */ (event).detail));
    document.addEventListener("plenary:draft", (event) => this.#others(/** @type {CustomEvent} */ (event).detail));
    document.addEventListener("plenary:hello", () => void queue.flush());
    this.#listenToPointer();
    this.#listenToTools();
  }

  /** Whether a cell does not look as its findings say. @param {string} id */
  #looksWrong(id) {
    const cell = /** @type {HTMLElement} */ (this.grid.cells.get(id));
    const found = this.model.findingsOf(id).filter((one) => one.severity !== "note");
    const want = found.length ? (found.some((one) => one.severity === "must") ? "bad" : "mild") : "";
    const is = cell.classList.contains("bad") ? (cell.classList.contains("mild") ? "mild" : "bad") : "";
    return want !== is;
  }

  #listenToPointer() {
    const boards = $("boards");
    boards.addEventListener("click", (event) => {
      if (this.drag.justDragged) return;
      const cell = /** @type {HTMLElement} */ (event.target).closest(".cell");
      if (!(cell instanceof HTMLElement)) {
        this.#clickGround(event);
        return;
      }
      if (cell.dataset.block) this.blocker(cell.dataset.block, "");
      if (!cell.dataset.slot) return;
      const id = cell.dataset.slot;
      this.grid.rove(id);
      if (event.detail === 0) return; // A key: Enter and space have their own meaning.
      const several = event.shiftKey || event.ctrlKey || event.metaKey;
      if (several) this.pick(this.view.picked.has(id) ? [...this.view.picked].filter((one) => one !== id) : [...this.view.picked, id]);
      else this.pick([id]);
      this.grid.focus(id);
    });
    boards.addEventListener("dblclick", (event) => {
      const cell = /** @type {HTMLElement} */ (event.target).closest("[data-slot]");
      if (cell instanceof HTMLElement) this.details(cell.dataset.slot ?? "");
    });
    boards.addEventListener("focusin", (event) => {
      const id = /** @type {HTMLElement} */ (event.target).dataset.slot;
      if (id) this.grid.rove(id);
    });
    boards.addEventListener("pointerover", (event) => this.#hover(event));
    boards.addEventListener("pointerleave", () => this.#hoverEnds());
    boards.addEventListener("scroll", () => this.beside(), { passive: true });
    $("loose").addEventListener("click", (event) => {
      const button = /** @type {HTMLElement} */ (event.target).closest("button");
      if (button && event.detail !== 0 && !this.drag.justDragged) this.pickLoose(button.dataset.session ?? "");
    });
  }

  /** A click beside all sessions: place what is picked there, or let go. @param {MouseEvent} event */
  #clickGround(event) {
    const target = this.grid.at(event.clientX, event.clientY, 0);
    if (this.loose.picked && target) {
      const slot = this.deeds.place(this.loose.picked, target.room, target.start);
      this.noFree();
      if (slot) this.show(slot);
      return;
    }
    this.pick([]);
  }

  /** Where the hovered session could go is shown after a moment. @param {PointerEvent} event */
  #hover(event) {
    const cell = /** @type {HTMLElement} */ (event.target).closest("[data-slot]");
    const id = cell instanceof HTMLElement ? (cell.dataset.slot ?? "") : "";
    clearTimeout(this.hovering);
    if (this.placing || this.drag.hold) return;
    this.grid.noBands();
    const slot = this.model.slots.get(id);
    if (!slot || slot.locked || this.model.isHistory(slot)) return;
    this.hovering = window.setTimeout(() => {
      this.grid.bands(this.model.free(this.model.session(slot), slot.length, id), slot.length);
    }, HOVER_MS);
  }

  #hoverEnds() {
    clearTimeout(this.hovering);
    if (!this.placing) this.grid.noBands();
  }

  #listenToTools() {
    $("undo").addEventListener("click", () => (this.keys.store(), this.undo()));
    $("redo").addEventListener("click", () => (this.keys.store(), this.redo()));
    $("zoom-in").addEventListener("click", () => this.zoom(1));
    $("zoom-out").addEventListener("click", () => this.zoom(-1));
    $("add-break").addEventListener("click", () => this.blocker("", ""));
    $("add-session").addEventListener("click", () => openNewSession(this));
    document.getElementById("q")?.addEventListener("input", (event) => this.view.set({ words: /** @type {HTMLInputElement} */ (event.target).value }));
    $("loose-find").addEventListener("input", (event) => {
      this.loose.words = /** @type {HTMLInputElement} */ (event.target).value;
      this.loose.draw();
    });
    $("used-only").addEventListener("change", (event) => this.view.set({ usedOnly: /** @type {HTMLInputElement} */ (event.target).checked }));
    $("trouble-only").addEventListener("change", (event) => this.view.set({ troubleOnly: /** @type {HTMLInputElement} */ (event.target).checked }));
  }

  // ---------- The server ----------

  /** @param {{ answer: any, wishes: any[] }} told */
  #answered({ answer, wishes }) {
    this.model.receive(answer.patch);
    this.model.settle(new Set(wishes.map((one) => one.id)));
    for (const result of answer.results) {
      const wish = wishes.find((one) => one.id === result.id);
      if (!result.ok) this.status.refused(result, this.deeds.wished.get(result.id) ?? wish?.edit);
      else if (wish?.undo) this.tell((result.number === null ? _("There is nothing of yours to take back.") : _("Taken back.")));
      else if (wish?.redo) this.tell((result.number === null ? _("There is nothing to do again.") : _("Done again.")));
      this.deeds.wished.delete(result.id);
    }
    this.status.stacks(answer.undo, answer.redo);
    this.status.stored(answer.results.filter((/** @type {any} */ one) => one.ok && one.number !== null).length);
    this.#heard(answer.version);
  }

  /** @param {any} patch */
  #others(patch) {
    this.model.receive(patch);
    if (patch.by !== this.me) this.status.elsewhere(patch);
  }

  /** The server's version is known: if this page stays behind it, it takes the draft anew. @param {number} version */
  #heard(version) {
    if (version <= this.model.version) return;
    setTimeout(() => version > this.model.version && this.reload(), 1200);
  }

  async reload() {
    const answer = await fetch(`${this.at}/editor/state`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return;
    const state = await answer.json();
    if (state.version < this.model.version) return;
    this.model.load(state);
    this.tell(_("The draft was replaced as a whole; this is the new one."));
  }

  // ---------- Picking and going ----------

  /** What a key is about: what is picked, else what has the focus. @returns {string[]} */
  subject() {
    if (this.view.picked.size) return [...this.view.picked].filter((id) => this.model.slots.has(id));
    return this.grid.current && document.activeElement === this.grid.cells.get(this.grid.current) ? [this.grid.current] : [];
  }

  /** @param {string[]} ids */
  pick(ids) {
    this.keys.begin(ids);
    this.noFree();
    if (ids.length) this.loose.pick("");
    this.view.pick(ids);
    const slot = this.model.slots.get(ids[0] ?? "");
    if (ids.length > 1) this.tell(_("%(count)s picked", { count: ids.length }));
    else if (slot) this.tell(`${_("Picked: %(title)s, %(room)s, %(day)s %(from)s to %(to)s.", this.deeds.facts(slot))} ${this.#verdict(slot.id)}`);
  }

  pickAll() {
    this.pick([...this.grid.cells.keys()].filter((id) => !this.grid.cells.get(id)?.classList.contains("dim")));
  }

  /** @param {boolean} several */
  togglePick(several) {
    const id = this.grid.current;
    if (!this.model.slots.has(id)) return;
    const had = this.view.picked.has(id);
    if (several) this.pick(had ? [...this.view.picked].filter((one) => one !== id) : [...this.view.picked, id]);
    else this.pick(had ? [] : [id]);
    this.grid.focus(id);
  }

  /** @param {string} session @param {boolean} [keep] */
  pickLoose(session, keep = false) {
    if (session && this.view.picked.size) this.pick([]);
    const same = this.loose.picked === session && !keep;
    this.loose.pick(same ? "" : session);
    const held = this.model.sessions.get(session);
    if (held && !same) this.tell(_("Picked: %(title)s, unplaced. Press P for the free places.", { title: held.title }));
    this.paint.soon("hints");
  }

  #dropGone() {
    const kept = [...this.view.picked].filter((id) => this.model.slots.has(id));
    if (kept.length !== this.view.picked.size) this.view.pick(kept);
  }

  /** @param {string} key @param {boolean} several */
  go(key, several) {
    const to = this.model.slots.has(this.grid.current) ? this.grid.next(this.grid.current, key) : this.grid.current;
    if (!to) return;
    if (several) this.pick([...this.view.picked, to]);
    this.grid.focus(to);
  }

  /** @param {boolean} last */
  goEnd(last) {
    const ids = [...this.grid.cells.keys()];
    this.grid.focus((last ? ids[ids.length - 1] : ids[0]) ?? "");
  }

  /** The rooms that are shown, in order. @returns {string[]} */
  rooms() {
    const shown = this.model.rooms.filter((room) => !this.view.hiddenRooms.has(room.id));
    return shown.map((room) => room.id);
  }

  /** Bring a slot, or a day, before the eyes. @param {string} id @param {number} [day] */
  show(id, day = -1) {
    const slot = this.model.slots.get(id);
    if (slot && !this.view.showsDay(this.model.dayOf(slot.start))) this.view.set({ day: this.model.days[this.model.dayOf(slot.start)].date });
    if (slot && this.view.hiddenRooms.has(slot.room)) this.view.set({ hiddenRooms: new Set([...this.view.hiddenRooms].filter((room) => room !== slot.room)) });
    if (slot) {
      this.pick([id]);
      this.grid.focus(id);
      this.grid.cells.get(id)?.scrollIntoView({ block: "center", inline: "nearest" });
      this.beside();
    } else if (day >= 0) this.grid.root.querySelector(`.board[data-day="${day}"]`)?.scrollIntoView({ block: "start" });
  }

  /** @param {number} by */
  zoom(by) {
    const { perHour, fitting } = this.grid;
    const wider = ZOOMS.filter((step) => step > fitting + 1);
    const zoom = by > 0 ? wider.find((step) => step > perHour + 1) : (wider.filter((step) => step < perHour - 1).pop() ?? 0);
    if (zoom !== undefined && zoom !== this.view.zoom) this.view.set({ zoom });
  }

  undo() {
    this.deeds.undo();
  }

  redo() {
    this.deeds.redo();
  }

  /** @param {string} id */
  details(id) {
    openDetails(this, id);
  }

  /** @param {string} id @param {HTMLElement} place */
  why(id, place) {
    void why(this, id, place);
  }

  /** Show what a solver found, as if it were done; nothing is stored. @param {any[]} edits */
  trial(edits) {
    this.grid.noGhosts("was");
    const touched = this.model.try(edits);
    this.view.changed = new Set(edits.map((one) => one.slot));
    this.grid.refresh(touched);
    for (const edit of edits) {
      const was = this.model.stored.get(edit.slot);
      if (was) this.grid.ghost("was", this.model.dayOf(was.start), was.room, was.start, was.length, _("was here"));
    }
    this.loose.draw();
    this.overview.draw();
  }

  /** @param {string} id @param {string} near */
  blocker(id, near) {
    openBlocker(this, id, near);
  }

  /** What stands against a slot, in words. @param {string} id */
  #verdict(id) {
    const found = this.model.findingsOf(id);
    return found.length ? _("In conflict: %(words)s", { words: found.map((one) => one.text).join(" ") }) : _("No hard conflict.");
  }

  /** Say what stands against the picked slot, when that changed. */
  #judge() {
    const id = this.view.picked.size === 1 ? [...this.view.picked][0] : "";
    const words = id && this.model.slots.has(id) ? this.#verdict(id) : "";
    if (words && words !== this.judged) this.tell(words);
    this.judged = words;
  }

  // ---------- Findings beside the picked slot ----------

  /** Show, or put away, what is said beside the picked slot. */
  beside() {
    this.paint.soon("beside");
  }

  #beside() {
    const place = $("beside");
    const id = this.view.picked.size === 1 ? [...this.view.picked][0] : "";
    const cell = this.grid.cells.get(id);
    const found = id ? this.model.findingsOf(id) : [];
    place.hidden = !cell || !found.length || Boolean(this.drag.hold?.began) || Boolean(this.placing);
    for (const line of $("findings").querySelectorAll("li")) line.classList.toggle("lit", found.some((one) => one.key === line.dataset.key));
    if (place.hidden || !cell) return;
    const list = document.createElement("ol");
    list.className = "findings";
    const grave = found.filter((one) => one.severity !== "note");
    list.append(...(grave.length ? grave : found).slice(0, 1).map((one) => this.findings.line(one, 1)));
    place.replaceChildren(list);
    if (found.length > 1) place.append(_("%(count)s more in the list.", { count: found.length - 1 }));
    const [box, frame] = [cell.getBoundingClientRect(), $("boards").getBoundingClientRect()];
    if (box.bottom < frame.top || box.top > frame.bottom || box.right < frame.left || box.left > frame.right) {
      place.hidden = true;
      return;
    }
    const height = place.offsetHeight;
    const below = box.bottom + 6 + height < innerHeight;
    place.style.setProperty("--x", `${Math.max(8, Math.min(box.left, innerWidth - 312))}px`);
    place.style.setProperty("--y", `${below ? box.bottom + 6 : Math.max(8, box.top - height - 6)}px`);
  }

  // ---------- Free places ----------

  /** @param {string} id a slot, or empty @param {string} session where there is no slot */
  showFree(id, session) {
    const slot = this.model.slots.get(id);
    const held = this.model.sessions.get(slot?.session ?? session);
    if (!held || (slot && !this.deeds.may(id))) return;
    const seconds = slot?.length ?? usual(held.length);
    if (this.view.usedOnly) this.view.set({ usedOnly: false });
    const free = this.model.free(held, seconds, id);
    const origin = slot?.start ?? this.model.line ?? this.model.days[0]?.base ?? 0;
    const places = free
      .map((one) => ({ day: one.day, room: one.room, start: Math.min(Math.max(origin, one.from), one.to) }))
      .sort((a, b) => Math.abs(a.start - origin) - Math.abs(b.start - origin));
    if (!places.length) {
      this.tell(_("“%(title)s” fits nowhere without a hard conflict.", { title: held.title }));
      this.status.note(_("“%(title)s” fits nowhere without a hard conflict.", { title: held.title }));
      return;
    }
    this.grid.bands(free, seconds);
    this.placing = { slot: id, session: held.id, length: seconds, places, at: -1 };
    this.nextPlace(1);
    this.beside();
  }

  /** @param {number} by */
  nextPlace(by) {
    const placing = this.placing;
    if (!placing) return;
    const count = placing.places.length;
    placing.at = (placing.at + by + count) % count;
    const { day, room, start } = placing.places[placing.at];
    if (!this.view.showsDay(day)) this.view.set({ day: "" });
    this.grid.noGhosts("target");
    const ghost = this.grid.ghost("target", day, room, start, placing.length, this.clock(start));
    ghost?.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.tell(_("%(at)s of %(count)s: %(room)s, %(day)s %(from)s. Enter takes it.", { at: placing.at + 1, count, room: this.model.room(room).name, day: this.model.days[day].name, from: this.clock(start) }));
    drawHints(this);
  }

  takePlace() {
    const placing = this.placing;
    if (!placing) return;
    const { room, start } = placing.places[placing.at];
    this.noFree();
    if (placing.slot) {
      this.deeds.move([{ id: placing.slot, room, start }]);
      this.grid.focus(placing.slot);
    } else {
      const slot = this.deeds.place(placing.session, room, start, placing.length);
      if (slot) this.show(slot);
    }
  }

  noFree() {
    this.placing = null;
    this.grid.noBands();
    this.grid.noGhosts("target");
    this.paint.soon("hints");
  }

  // ---------- Moving by key, before it is stored ----------

  /** @param {{ id: string, room: string, start: number }[]} moves */
  preview(moves) {
    this.grid.noGhosts("target");
    for (const { id, room, start } of moves) {
      const slot = /** @type {import("./editor-model.js").Slot} */ (this.model.slots.get(id));
      const ghost = this.grid.ghost("target", this.model.dayOf(start), room, start, slot.length, `${this.clock(start)}–${this.clock(start + slot.length)}`);
      ghost?.scrollIntoView({ block: "nearest", inline: "nearest" });
      if (moves.length === 1) {
        const facts = this.deeds.facts({ ...slot, room, start });
        this.tell(_("%(title)s: %(room)s, %(day)s %(from)s to %(to)s.", facts));
      }
    }
  }

  noPreview() {
    this.grid.noGhosts("target");
  }

  // ---------- Dragging ----------

  /** @param {string} id @param {string} session */
  #lift(id, session) {
    const slot = this.model.slots.get(id);
    const held = this.model.sessions.get(session);
    this.keys.store();
    this.placing = null;
    clearTimeout(this.hovering);
    $("beside").hidden = true;
    if (!held) return;
    const seconds = slot?.length ?? usual(held.length);
    this.free = this.model.free(held, seconds, id);
    this.grid.bands(this.free, seconds);
  }

  /** @param {string} id @param {string} session @param {any} target @returns {string} */
  #over(id, session, target) {
    this.grid.noGhosts("target");
    if (!target) return "";
    const slot = this.model.slots.get(id);
    const seconds = slot?.length ?? usual(this.model.sessions.get(session)?.length);
    const fits = this.free.some((one) => one.room === target.room && one.day === target.day && one.from <= target.start && target.start <= one.to);
    this.grid.ghost(fits ? "target" : "target clashing", target.day, target.room, target.start, seconds);
    return `${this.clock(target.start)}–${this.clock(target.start + seconds)}`;
  }

  /** @param {string} id @param {string} session @param {any} target @param {boolean} out */
  #drop(id, session, target, out) {
    if (out) {
      this.deeds.takeOut(this.view.picked.has(id) ? this.view.picked : [id]);
      return;
    }
    if (!id) {
      const made = this.deeds.place(session, target.room, target.start);
      if (made) this.show(made);
      return;
    }
    const held = /** @type {import("./editor-model.js").Slot} */ (this.model.slots.get(id));
    if (!this.view.picked.has(id) || this.view.picked.size === 1) {
      this.deeds.move([{ id, room: target.room, start: target.start }]);
      this.pick([id]);
      this.grid.focus(id);
      return;
    }
    const rooms = this.rooms();
    const by = rooms.indexOf(target.room) - rooms.indexOf(held.room);
    const later = target.start - held.start;
    this.deeds.move(
      [...this.view.picked].flatMap((one) => {
        const slot = this.model.slots.get(one);
        return slot ? [{ id: one, room: rooms[rooms.indexOf(slot.room) + by] ?? slot.room, start: slot.start + later }] : [];
      }),
    );
  }

  #put() {
    this.free = [];
    this.grid.noBands();
    this.grid.noGhosts("target");
  }
}

const editor = new Editor();
/** For the solver's module, and for tests. */
export { editor };
