// The agenda editor: wires the model of the draft to the grid, the lists, keys, pointer and server.
import { beside } from "./editor-beside.js";
import { Deeds } from "./editor-deeds.js";
import { openBlocker, openDetails, openNewSession } from "./editor-dialogs.js";
import { Drag } from "./editor-drag.js";
import { Findings } from "./editor-findings.js";
import { Grid } from "./editor-grid.js";
import { Keys } from "./editor-keys.js";
import { lifting } from "./editor-lift.js";
import { Loose } from "./editor-loose.js";
import { Model } from "./editor-model.js";
import { Overview } from "./editor-overview.js";
import { Paint } from "./editor-paint.js";
import { company } from "./editor-people.js";
import { Places } from "./editor-places.js";
import { listenToPointer } from "./editor-pointer.js";
import { Queue } from "./editor-queue.js";
import { status } from "./editor-status.js";
import { drawHints, drawTools } from "./editor-tools.js";
import { Solver } from "./editor-solver.js";
import { Sync } from "./editor-sync.js";
import { why } from "./editor-why.js";
import { makeClock } from "./editor-time.js";
import { _ } from "./words.js";
import { View, ZOOMS } from "./editor-view.js";

const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const read = (/** @type {string} */ id) => JSON.parse(/** @type {HTMLTemplateElement} */ ($(id)).content.textContent ?? "{}");

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
      free: (slot, session) => this.places.show(slot, session),
      table: (session) => (location.href = `${this.at}/tables/sessions#${session}`),
      icons: main.dataset.icons ?? "",
    });
    this.places = new Places(this);
    this.drag = new Drag(this.grid, $("loose"), lifting(this));
    this.keys = new Keys(this);
    this.status = status(this);
    this.paint = new Paint({
      loose: () => this.loose.draw(),
      tools: () => drawTools(this),
      findings: () => this.findings.draw(),
      hints: () => drawHints(this),
      beside: () => beside(this),
    });
    this.judged = "";
    this.sync = new Sync(this);
    this.#listen();
    for (const wish of this.queue.wishes) this.model.expect(wish);
    this.drawAll();
    void this.queue.flush();
    this.solver = new Solver($("solver"), this);
    company(`${this.at}/editor/here`, $("also"), this.model, this.view, (version) => this.sync.heard(version));
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
    const { model, view } = this;
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
    view.addEventListener("view", () => this.drawAll());
    view.addEventListener("picked", (event) => {
      this.grid.refresh(/** @type {CustomEvent} */ (event).detail);
      this.paint.soon("hints", "beside");
    });
    listenToPointer(this);
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

  // ---------- Picking and going ----------

  /** What a key is about: what is picked, else what has the focus. @returns {string[]} */
  subject() {
    if (this.view.picked.size) return [...this.view.picked].filter((id) => this.model.slots.has(id));
    return this.grid.current && document.activeElement === this.grid.cells.get(this.grid.current) ? [this.grid.current] : [];
  }

  /** @param {string[]} ids */
  pick(ids) {
    this.keys.begin(ids);
    this.places.stop();
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

  /** Show, or put away, what is said beside the picked slot. */
  beside() {
    this.paint.soon("beside");
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

}

const editor = new Editor();
/** For the solver's module, and for tests. */
export { editor };
