// Where a session could go without a hard conflict: shown while it is hovered, or gone through by key.
import { usual } from "./editor-deeds.js";
import { _ } from "./words.js";

const HOVER_MS = 450;

/** @typedef {{ slot: string, session: string, length: number, places: { day: number, room: string, start: number }[], at: number }} Choice */

export class Places {
  /** @param {import("./editor.js").Editor} editor */
  constructor(editor) {
    this.editor = editor;
    /** The choice that is being made. @type {Choice | null} */
    this.choice = null;
    this.hovering = 0;
  }

  /** Where the hovered session could go is shown after a moment. @param {PointerEvent} event */
  hover(event) {
    const cell = /** @type {HTMLElement} */ (event.target).closest("[data-slot]");
    const id = cell instanceof HTMLElement ? (cell.dataset.slot ?? "") : "";
    clearTimeout(this.hovering);
    if (this.choice || this.editor.drag.hold) return;
    this.editor.grid.noBands();
    const slot = this.editor.model.slots.get(id);
    if (!slot || slot.locked || this.editor.model.isHistory(slot)) return;
    this.hovering = window.setTimeout(() => {
      this.editor.grid.bands(this.editor.model.free(this.editor.model.session(slot), slot.length, id), slot.length);
    }, HOVER_MS);
  }

  hoverEnds() {
    clearTimeout(this.hovering);
    if (!this.choice) this.editor.grid.noBands();
  }

  /** @param {string} id a slot, or empty @param {string} session where there is no slot */
  show(id, session) {
    const slot = this.editor.model.slots.get(id);
    const held = this.editor.model.sessions.get(slot?.session ?? session);
    if (!held || (slot && !this.editor.deeds.may(id))) return;
    const seconds = slot?.length ?? usual(held.length);
    if (this.editor.view.usedOnly) this.editor.view.set({ usedOnly: false });
    const free = this.editor.model.free(held, seconds, id);
    const origin = slot?.start ?? this.editor.model.line ?? this.editor.model.days[0]?.base ?? 0;
    const places = free
      .map((one) => ({ day: one.day, room: one.room, start: Math.min(Math.max(origin, one.from), one.to) }))
      .sort((a, b) => Math.abs(a.start - origin) - Math.abs(b.start - origin));
    if (!places.length) {
      this.editor.tell(_("“%(title)s” fits nowhere without a hard conflict.", { title: held.title }));
      this.editor.status.note(_("“%(title)s” fits nowhere without a hard conflict.", { title: held.title }));
      return;
    }
    this.editor.grid.bands(free, seconds);
    this.choice = { slot: id, session: held.id, length: seconds, places, at: -1 };
    this.next(1);
    this.editor.beside();
  }

  /** @param {number} by */
  next(by) {
    const placing = this.choice;
    if (!placing) return;
    const count = placing.places.length;
    placing.at = (placing.at + by + count) % count;
    const { day, room, start } = placing.places[placing.at];
    if (!this.editor.view.showsDay(day)) this.editor.view.set({ day: "" });
    this.editor.grid.noGhosts("target");
    const ghost = this.editor.grid.ghost("target", day, room, start, placing.length, this.editor.clock(start));
    ghost?.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.editor.tell(_("%(at)s of %(count)s: %(room)s, %(day)s %(from)s. Enter takes it.", { at: placing.at + 1, count, room: this.editor.model.room(room).name, day: this.editor.model.days[day].name, from: this.editor.clock(start) }));
    this.editor.paint.soon("hints");
  }

  take() {
    const placing = this.choice;
    if (!placing) return;
    const { room, start } = placing.places[placing.at];
    this.stop();
    if (placing.slot) {
      this.editor.deeds.move([{ id: placing.slot, room, start }]);
      this.editor.grid.focus(placing.slot);
    } else {
      const slot = this.editor.deeds.place(placing.session, room, start, placing.length);
      if (slot) this.editor.show(slot);
    }
  }

  stop() {
    this.choice = null;
    this.editor.grid.noBands();
    this.editor.grid.noGhosts("target");
    this.editor.paint.soon("hints");
  }
}
