// The editor by keyboard. With nothing picked, arrows go from session to session; Enter picks one up,
// and then arrows move it. What is pressed in a row is stored as one edit, a moment after the last key.
import { _ } from "./words.js";

const STORE_AFTER_MS = 450;

/**
 * @typedef {import("./editor-model.js").Slot} Slot
 * @typedef {{ id: string, room: string, start: number }} Move
 */

export class Keys {
  /** @param {import("./editor.js").Editor} editor */
  constructor(editor) {
    this.editor = editor;
    /** @type {Map<string, Move>} where picked slots were when they were picked */
    this.origin = new Map();
    /** @type {Map<string, Move> | null} moves that are shown and not yet stored */
    this.shown = null;
    this.timer = 0;
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  /** Remember where things are, for Esc. @param {Iterable<string>} ids */
  begin(ids) {
    this.store();
    this.origin.clear();
    for (const id of ids) {
      const slot = this.editor.model.slots.get(id);
      if (slot) this.origin.set(id, { id, room: slot.room, start: slot.start });
    }
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (document.querySelector("dialog[open]")) return;
    if (event.altKey) return;
    const typing = target.closest("input, textarea, select, [contenteditable]");
    if (typing && event.key !== "Escape") return;
    if (event.ctrlKey || event.metaKey) {
      this.#withControl(event);
      return;
    }
    const inGrid = Boolean(target.closest("#boards")) || target === document.body;
    const inLoose = target.closest("#loose");
    const run = this.#action(event, inGrid, Boolean(inLoose));
    if (!run) return;
    event.preventDefault();
    run();
  }

  /** @param {KeyboardEvent} event */
  #withControl(event) {
    const key = event.key.toLowerCase();
    const { editor } = this;
    if (key === "z") {
      event.preventDefault();
      this.store();
      if (event.shiftKey) editor.redo();
      else editor.undo();
    } else if (key === "y") {
      event.preventDefault();
      editor.redo();
    } else if (key === "a" && /** @type {HTMLElement} */ (event.target).closest("#boards")) {
      event.preventDefault();
      editor.pickAll();
    }
  }

  /** @param {KeyboardEvent} event @param {boolean} inGrid @param {boolean} inLoose @returns {(() => void) | null} */
  #action(event, inGrid, inLoose) {
    const { editor } = this;
    const { key } = event;
    const ids = editor.subject();
    if (key === "Escape") return () => this.#escape();
    if (key === "z" || key === "Z") return () => (this.store(), editor.undo());
    if (key === "y" || key === "Y") return () => (this.store(), editor.redo());
    if (key === "+" || key === "=") return () => editor.zoom(1);
    if (key === "-") return () => editor.zoom(-1);
    if (editor.places.choice) return this.#placing(key);
    if (inLoose) return this.#loose(event);
    if (!inGrid) return null;
    if (key.startsWith("Arrow")) return editor.view.picked.size ? () => this.#arrow(event) : () => editor.go(key, event.shiftKey);
    if (key === "Home" || key === "End") return () => editor.goEnd(key === "End");
    if (key === "Enter" || key === " ") return () => (this.store(), editor.togglePick(event.shiftKey));
    if (!ids.length) return null;
    switch (key) {
      case "[":
        return () => this.#day(-1);
      case "]":
        return () => this.#day(1);
      case "<":
      case ",":
        return () => this.#longer(-1);
      case ">":
      case ".":
        return () => this.#longer(1);
      case "l":
      case "L":
        return () => (this.store(), editor.deeds.lock(ids));
      case "u":
      case "U":
      case "Delete":
      case "Backspace":
        return () => (this.store(), editor.deeds.takeOut(ids));
      case "f":
      case "F":
      case "p":
      case "P":
        return () => (this.store(), editor.places.show(ids[0], ""));
      case "e":
      case "E":
        return () => (this.store(), editor.details(ids[0]));
      case "b":
      case "B":
        return () => editor.blocker("", ids[0]);
      default:
        return null;
    }
  }

  /** @param {KeyboardEvent} event @returns {(() => void) | null} */
  #loose(event) {
    const { editor } = this;
    const session = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.session ?? "";
    switch (event.key) {
      case "ArrowDown":
        return () => editor.loose.focusNext(session, 1);
      case "ArrowUp":
        return () => editor.loose.focusNext(session, -1);
      case "Enter":
      case " ":
        return () => editor.pickLoose(session);
      case "p":
      case "P":
      case "f":
      case "F":
        return () => {
          editor.pickLoose(session, true);
          editor.places.show("", session);
        };
      default:
        return null;
    }
  }

  /** @param {string} key @returns {(() => void) | null} */
  #placing(key) {
    const { editor } = this;
    if (key === "ArrowRight" || key === "ArrowDown") return () => editor.places.next(1);
    if (key === "ArrowLeft" || key === "ArrowUp") return () => editor.places.next(-1);
    if (key === "Enter" || key === " ") return () => editor.places.take();
    if ("fFpP".includes(key)) return () => editor.places.stop();
    return null;
  }

  /** @param {KeyboardEvent} event */
  #arrow(event) {
    const { model } = this.editor;
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const step = event.shiftKey ? Math.max(900, model.step) : model.step;
      const by = event.key === "ArrowRight" ? step : -step;
      this.#show((at) => ({ ...at, start: at.start + by }));
    } else {
      const by = event.key === "ArrowDown" ? 1 : -1;
      const rooms = this.editor.rooms();
      this.#show((at) => ({ ...at, room: rooms[rooms.indexOf(at.room) + by] ?? at.room }));
    }
  }

  /** @param {number} by */
  #day(by) {
    const { model } = this.editor;
    this.#show((at) => {
      const day = model.dayOf(at.start);
      const to = model.days[day + by];
      return to ? { ...at, start: to.base + (at.start - model.days[day].base) } : at;
    });
  }

  /** @param {number} by */
  #longer(by) {
    this.store();
    const { model, deeds } = this.editor;
    for (const id of this.editor.subject()) {
      const slot = model.slots.get(id);
      if (slot) deeds.resize(id, slot.length + by * model.step);
    }
  }

  /** Show moves at once; store them when no key came for a moment. @param {(at: Move) => Move} change */
  #show(change) {
    const { editor } = this;
    const ids = editor.subject();
    if (!ids.every((id) => editor.deeds.may(id))) return;
    if (!this.shown) this.shown = new Map();
    for (const id of ids) {
      const slot = /** @type {Slot} */ (editor.model.slots.get(id));
      this.shown.set(id, change(this.shown.get(id) ?? { id, room: slot.room, start: slot.start }));
    }
    editor.preview([...this.shown.values()]);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.store(), STORE_AFTER_MS);
  }

  /** Store what is shown. */
  store() {
    clearTimeout(this.timer);
    const moves = this.shown;
    this.shown = null;
    if (!moves) return;
    this.editor.noPreview();
    this.editor.deeds.move([...moves.values()]);
  }

  #escape() {
    const { editor } = this;
    if (editor.drag.cancel()) return;
    if (editor.places.choice) {
      editor.places.stop();
      return;
    }
    clearTimeout(this.timer);
    const had = this.shown;
    this.shown = null;
    if (had) editor.noPreview();
    const back = [...this.origin.values()].filter((at) => {
      const slot = editor.model.slots.get(at.id);
      return slot && (slot.room !== at.room || slot.start !== at.start);
    });
    if (back.length) {
      editor.deeds.move(back);
      editor.tell(_("Put back."));
    } else if (had) editor.tell(_("Put back."));
    this.origin.clear();
    editor.pick([]);
    editor.pickLoose("");
  }
}
