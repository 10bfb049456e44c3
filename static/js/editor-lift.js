// What a drag comes to: free places while it lasts, an edit where it ends.
import { usual } from "./editor-deeds.js";

const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** What the pointer's module asks for. @param {import("./editor.js").Editor} editor */
export function lifting(editor) {
  /** @type {{ day: number, room: string, from: number, to: number }[]} */
  let free = [];

  /** @param {string} id @param {string} session */
  function lift(id, session) {
    const slot = editor.model.slots.get(id);
    const held = editor.model.sessions.get(session);
    editor.keys.store();
    editor.places.choice = null;
    editor.places.hoverEnds();
    $("beside").hidden = true;
    if (!held) return;
    const seconds = slot?.length ?? usual(held.length);
    free = editor.model.free(held, seconds, id);
    editor.grid.bands(free, seconds);
  }

  /** @param {string} id @param {string} session @param {any} target @returns {string} */
  function over(id, session, target) {
    editor.grid.noGhosts("target");
    if (!target) return "";
    const slot = editor.model.slots.get(id);
    const seconds = slot?.length ?? usual(editor.model.sessions.get(session)?.length);
    const fits = free.some((one) => one.room === target.room && one.day === target.day && one.from <= target.start && target.start <= one.to);
    editor.grid.ghost(fits ? "target" : "target clashing", target.day, target.room, target.start, seconds);
    return `${editor.clock(target.start)}–${editor.clock(target.start + seconds)}`;
  }

  /** @param {string} id @param {string} session @param {any} target @param {boolean} out */
  function drop(id, session, target, out) {
    if (out) {
      editor.deeds.takeOut(editor.view.picked.has(id) ? editor.view.picked : [id]);
      return;
    }
    if (!id) {
      const made = editor.deeds.place(session, target.room, target.start);
      if (made) editor.show(made);
      return;
    }
    const held = /** @type {import("./editor-model.js").Slot} */ (editor.model.slots.get(id));
    if (!editor.view.picked.has(id) || editor.view.picked.size === 1) {
      editor.deeds.move([{ id, room: target.room, start: target.start }]);
      editor.pick([id]);
      editor.grid.focus(id);
      return;
    }
    const rooms = editor.rooms();
    const by = rooms.indexOf(target.room) - rooms.indexOf(held.room);
    const later = target.start - held.start;
    editor.deeds.move(
      [...editor.view.picked].flatMap((one) => {
        const slot = editor.model.slots.get(one);
        return slot ? [{ id: one, room: rooms[rooms.indexOf(slot.room) + by] ?? slot.room, start: slot.start + later }] : [];
      }),
    );
  }

  function put() {
    free = [];
    editor.grid.noBands();
    editor.grid.noGhosts("target");
  }

  return {
    lift,
    over,
    drop,
    put,
    may: (/** @type {string} */ slot) => editor.deeds.may(slot),
    resize: (/** @type {string} */ slot, /** @type {number} */ seconds) => editor.deeds.resize(slot, seconds),
  };
}
