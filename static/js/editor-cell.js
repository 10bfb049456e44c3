// A cell of the grid: what it shows of a slot or a pause, drawn anew only where it looks otherwise.
import { _ } from "./words.js";

/** A language as HTML names it: other words for it are left out. */
const LANGUAGE = /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i;
/** What is shorter is drawn as if it were this long. */
export const SHORTEST_MIN = 4;

/**
 * @typedef {import("./editor-model.js").Session} Session
 * @typedef {import("./editor-model.js").Slot} Slot
 */

export class Pen {
  /**
   * @param {import("./editor-model.js").Model} model
   * @param {import("./editor-view.js").View} view
   * @param {(seconds: number) => string} clock
   */
  constructor(model, view, clock) {
    this.model = model;
    this.view = view;
    this.clock = clock;
    /** How each cell was drawn last. @type {WeakMap<HTMLElement, string>} */
    this.looks = new WeakMap();
  }

  /** Draw a slot in its cell; false where that looks as it should already.
   * @param {HTMLElement} cell @param {Slot} slot @param {number} day @param {number} row
   */
  draw(cell, slot, day, row) {
    const { model, view } = this;
    const session = model.session(slot);
    const times = `${this.clock(slot.start)}–${this.clock(slot.start + slot.length)}`;
    const label = this.#name(slot);
    const names = this.#classes(slot, session);
    const minute = (slot.start - model.days[day].base) / 60;
    const looks = [names, label, times, minute, slot.length, row, session?.lang].join("\n");
    if (this.looks.get(cell) === looks) return false;
    cell.className = names;
    const words = document.createElement("span");
    words.textContent = session?.title || "—";
    words.dir = "auto";
    if (session && LANGUAGE.test(session.lang)) words.lang = session.lang;
    const grip = document.createElement("i");
    grip.className = "grip";
    cell.replaceChildren(words, grip);
    if (view.picked.has(slot.id)) {
      const time = document.createElement("small");
      time.className = "fig";
      time.textContent = times;
      words.append(document.createElement("br"), time);
    }
    cell.title = `${session?.title ?? ""}\n${times}`;
    cell.setAttribute("aria-label", label);
    cell.setAttribute("aria-pressed", String(view.picked.has(slot.id)));
    place(cell, minute, slot.length / 60, row);
    this.looks.set(cell, looks);
    return true;
  }

  /** A break, or a room's closing, on a day. @param {import("./editor-model.js").Block} block @param {string} room @param {number} base the day's midnight */
  pause(block, room, base) {
    const cell = document.createElement("button");
    cell.type = "button";
    cell.className = "cell pause";
    cell.dataset.block = block.id;
    cell.tabIndex = -1;
    cell.textContent = block.words;
    cell.title = block.words || (block.kind === "break" ? _("Break", { room: this.model.room(room)?.name ?? "" }) : _("%(room)s closed", { room: this.model.room(room)?.name ?? "" }));
    cell.setAttribute("aria-label", `${cell.title}, ${this.clock(block.start)}–${this.clock(block.end)}`);
    place(cell, (block.start - base) / 60, (block.end - block.start) / 60, 0);
    return cell;
  }

  /** @param {Slot} slot @param {Session | undefined} session */
  #classes(slot, session) {
    const { model, view } = this;
    const track = session?.track ? model.tracks.get(session.track) : null;
    const found = model.findingsOf(slot.id).filter((one) => one.severity !== "note");
    const names = ["cell", "edge"];
    if (track) names.push(`track-${track.number}`);
    if (model.isHistory(slot)) names.push("over");
    if (slot.locked) names.push("fixed");
    if (session?.state === "cancelled") names.push("struck");
    if (found.length) names.push(found.some((one) => one.severity === "must") ? "bad" : "bad mild");
    if (view.picked.has(slot.id)) names.push("picked");
    if (!view.matches(session, slot)) names.push("dim");
    if (view.changed.has(slot.id)) names.push("moved");
    if (slot.start + slot.length > (model.line ?? Infinity) && slot.start < (model.line ?? -Infinity)) names.push("cross");
    return names.join(" ");
  }

  /** What a screen reader says of a slot. @param {Slot} slot */
  #name(slot) {
    const { model } = this;
    const session = model.session(slot);
    const parts = [_("%(title)s, %(from)s to %(to)s", { title: session?.title || "—", from: this.clock(slot.start), to: this.clock(slot.start + slot.length) })];
    const track = session?.track ? model.tracks.get(session.track) : null;
    if (track) parts.push(track.name);
    if (model.isHistory(slot)) parts.push(_("history"));
    if (slot.locked) parts.push(_("locked"));
    if (session?.state === "cancelled") parts.push(_("cancelled"));
    const found = model.findingsOf(slot.id);
    if (found.length) parts.push(found.length === 1 ? found[0].title.replace(/\.$/, "") : _("%(count)s findings", { count: found.length }));
    return parts.join(", ");
  }
}

/** The cell of a slot before anything is drawn in it. @param {string} id @returns {HTMLElement} */
export function blank(id) {
  const cell = document.createElement("button");
  cell.type = "button";
  cell.dataset.slot = id;
  cell.tabIndex = -1;
  return cell;
}

/** @param {HTMLElement} element @param {number} start minutes @param {number} length minutes @param {number} row */
export function place(element, start, length, row) {
  element.style.setProperty("--s", String(start));
  element.style.setProperty("--l", String(Math.max(length, SHORTEST_MIN)));
  if (row) element.style.setProperty("--r", String(row));
  else element.style.removeProperty("--r");
}
