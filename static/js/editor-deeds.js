// What can be done to slots, as edits: each is shown at once, kept, and sent.
import { length } from "./editor-time.js";
import { _ } from "./words.js";
import { spot, spotAt } from "./editor-model.js";

/**
 * @typedef {import("./editor-model.js").Model} Model
 * @typedef {import("./editor-model.js").Slot} Slot
 * @typedef {import("./editor-queue.js").Queue} Queue
 */

export class Deeds {
  /** @param {Model} model @param {Queue} queue @param {(seconds: number) => string} clock @param {(words: string) => void} tell */
  constructor(model, queue, clock, tell) {
    this.model = model;
    this.queue = queue;
    this.clock = clock;
    this.tell = tell;
    /** @type {Map<string, any>} what was wished, so that it can be wished again */
    this.wished = new Map();
  }

  /** @param {any} edit */
  do(edit) {
    const wish = { id: crypto.randomUUID(), edit };
    this.wished.set(wish.id, edit);
    this.model.expect(wish);
    this.queue.add(wish);
    return wish.id;
  }

  /** @param {any[]} edits */
  together(edits) {
    if (edits.length === 1) return this.do(edits[0]);
    if (edits.length) return this.do({ kind: "together", edits });
    return "";
  }

  undo() {
    this.queue.add({ id: crypto.randomUUID(), undo: true });
  }

  redo() {
    this.queue.add({ id: crypto.randomUUID(), redo: true });
  }

  /** Whether a slot may be changed; says why not. @param {string} id */
  may(id) {
    const slot = this.model.slots.get(id);
    if (!slot) return false;
    const title = this.title(slot);
    if (this.model.isHistory(slot)) this.tell(_("%(title)s is history and stays.", { title }));
    else if (slot.locked) this.tell(_("%(title)s is locked. L unlocks it.", { title }));
    else return true;
    return false;
  }

  /** @param {Slot} slot */
  title(slot) {
    return this.model.session(slot)?.title || "—";
  }

  /** Where a slot is, in words. @param {Slot} slot */
  facts(slot) {
    return {
      title: this.title(slot),
      room: this.model.room(slot.room)?.name || _("(no room)"),
      day: this.model.days[this.model.dayOf(slot.start)].name,
      from: this.clock(slot.start),
      to: this.clock(slot.start + slot.length),
      minutes: Math.round(slot.length / 60),
    };
  }

  /** Move slots to new places. @param {{ id: string, room: string, start: number }[]} moves */
  move(moves) {
    const edits = [];
    for (const { id, room, start } of moves) {
      const slot = this.model.slots.get(id);
      if (!slot || (slot.room === room && slot.start === start)) continue;
      if (!this.may(id)) return;
      if (this.model.line !== null && start < this.model.line) {
        this.tell(_("%(title)s is history and stays.", { title: this.title(slot) }));
        return;
      }
      edits.push({ kind: "move", slot: id, was: spot(slot), to: spotAt(room, start, slot.length) });
    }
    if (!edits.length) return;
    this.together(edits);
    if (edits.length > 1) this.tell(_("%(count)s sessions moved.", { count: edits.length }));
    else this.announce(edits[0].slot);
  }

  /** Say where a slot is now. @param {string} id */
  announce(id) {
    const slot = this.model.slots.get(id);
    if (slot) this.tell(_("%(title)s: %(room)s, %(day)s %(from)s to %(to)s.", this.facts(slot)));
  }

  /** @param {string} session @param {string} room @param {number} start @param {number} [seconds] */
  place(session, room, start, seconds) {
    if (this.model.line !== null && start < this.model.line) {
      this.tell(_("%(title)s is history and stays.", { title: this.model.sessions.get(session)?.title ?? "" }));
      return "";
    }
    const held = this.model.sessions.get(session);
    const slot = crypto.randomUUID();
    this.do({ kind: "place", slot, session, at: spotAt(room, start, seconds ?? usual(held?.length)) });
    this.announce(slot);
    return slot;
  }

  /** @param {string} id @param {number} seconds */
  resize(id, seconds) {
    const slot = this.model.slots.get(id);
    if (!slot || slot.length === seconds || seconds < 60 || !this.may(id)) return;
    this.do({ kind: "resize", slot: id, was: slot.length, to: seconds });
    const now = this.model.slots.get(id);
    if (now) this.tell(_("%(title)s: %(minutes)s minutes, %(from)s to %(to)s.", this.facts(now)));
  }

  /** @param {Iterable<string>} ids */
  takeOut(ids) {
    const slots = [...ids].map((id) => this.model.slots.get(id)).filter((slot) => slot !== undefined);
    if (!slots.length || !slots.every((slot) => this.may(slot.id))) return;
    this.together(slots.map((slot) => ({ kind: "unschedule", slot: slot.id, session: slot.session, was: spot(slot) })));
    if (slots.length === 1) this.tell(_("%(title)s is unplaced now.", { title: this.title(slots[0]) }));
    else this.tell(_("%(count)s sessions are unplaced now.", { count: slots.length }));
  }

  /** Lock them, or, where all are locked, unlock them. @param {Iterable<string>} ids */
  lock(ids) {
    const slots = [...ids].map((id) => this.model.slots.get(id)).filter((slot) => slot !== undefined);
    const open = slots.filter((slot) => !slot.locked);
    const edits = open.length ? open.map((slot) => ({ kind: "lock", slot: slot.id })) : slots.map((slot) => ({ kind: "unlock", slot: slot.id }));
    this.together(edits);
    for (const slot of open.length ? open : slots) this.tell((open.length ? _("%(title)s is locked here.", { title: this.title(slot) }) : _("%(title)s can be moved again.", { title: this.title(slot) })));
  }

  /** @param {string} one @param {string} two */
  swap(one, two) {
    const [first, second] = [this.model.slots.get(one), this.model.slots.get(two)];
    if (!first || !second || !this.may(one) || !this.may(two)) return;
    this.do({ kind: "swap", first: one, second: two, first_was: spot(first), second_was: spot(second) });
    this.announce(one);
  }

  /** Make two slots of one, each with half of it. @param {string} id */
  split(id) {
    const slot = this.model.slots.get(id);
    if (!slot || !this.may(id)) return;
    const half = Math.floor(slot.length / 2 / this.model.step) * this.model.step;
    if (half < this.model.step) {
      this.tell(_("It is too short to be split."));
      return;
    }
    this.together([
      { kind: "resize", slot: id, was: slot.length, to: half },
      { kind: "place", slot: crypto.randomUUID(), session: slot.session, at: spotAt(slot.room, slot.start + half, slot.length - half) },
    ]);
    this.tell(_("Split in two."));
  }

  /** Make one slot of a session's part and its next part in the same room. @param {string} id */
  merge(id) {
    const slot = this.model.slots.get(id);
    if (!slot || !this.may(id)) return;
    const lane = this.model.inLane(this.model.dayOf(slot.start), slot.room);
    const next = lane.find((one) => one.session === slot.session && one.start >= slot.start + slot.length);
    if (!next) {
      this.tell(_("There is no later part of it in this room."));
      return;
    }
    if (!this.may(next.id)) return;
    this.together([
      { kind: "unschedule", slot: next.id, session: next.session, was: spot(next) },
      { kind: "resize", slot: id, was: slot.length, to: next.start + next.length - slot.start },
    ]);
    this.tell(_("Merged."));
  }

  /** @param {{ table: string, id: string, was: any, to: any }[]} rows */
  facts_(rows) {
    this.do({ kind: "facts", rows });
  }
}

/** @param {number | undefined} seconds */
export function usual(seconds) {
  return seconds && seconds > 0 ? seconds : 1800;
}

export { length };
