// The draft as the page holds it: what the server confirmed, and on top of it what still waits to be
// stored. Nothing here touches the page.

/**
 * @typedef {{ id: string, session: string, room: string, start: number, length: number, locked: boolean }} Slot
 * @typedef {{ id: string, title: string, track: string | null, speakers: string[], length: number, state: string, kind: string, lang: string, stars: number }} Session
 * @typedef {{ id: string, name: string, capacity: number | null }} Room
 * @typedef {{ date: string, name: string, short: string, long: string, base: number, start: number, end: number, opens: number | null, closes: number | null, from: number, to: number }} Day
 * @typedef {{ key: string, code: string, severity: string, title: string, text: string, slots: string[], session: string | null, cure: string }} Finding
 * @typedef {{ id: string, kind: string, subject: string, start: number, end: number, words: string }} Block
 * @typedef {{ room: string, start: string, length_s: number }} Spot
 * @typedef {{ id: string, edit?: any, undo?: boolean, redo?: boolean }} Wish
 */

const GAP_MS = 1500;
const LONGEST_DAY_S = 20 * 3600;

/** @param {Slot} slot @returns {Spot} */
export function spot(slot) {
  return { room: slot.room, start: new Date(slot.start * 1000).toISOString(), length_s: slot.length };
}

/** @param {string} room @param {number} start @param {number} length @returns {Spot} */
export function spotAt(room, start, length) {
  return { room, start: new Date(start * 1000).toISOString(), length_s: length };
}

export class Model extends EventTarget {
  /** @param {any} state */
  constructor(state) {
    super();
    /** @type {Wish[]} */
    this.pending = [];
    /** @type {any[]} edits that are only looked at */
    this.trial = [];
    /** @type {Map<string, any>} */
    this.waiting = new Map();
    this.lost = 0;
    this.load(state);
  }

  /** Take a whole draft. @param {any} state */
  load(state) {
    this.version = state.version;
    this.zone = state.zone;
    this.line = state.line;
    this.step = state.step;
    /** The sessions of each person, by name; made when it is asked for. @type {Map<string, Set<string>> | null} */
    this.byPerson = null;
    this.changeover = state.changeover;
    /** @type {Day[]} */
    this.days = state.days;
    /** @type {Room[]} */
    this.rooms = state.rooms;
    this.tracks = new Map(state.tracks.map((/** @type {any} */ one) => [one.id, one]));
    this.speakers = new Map(state.speakers.map((/** @type {any} */ one) => [one.id, one.name]));
    /** @type {Map<string, Session>} */
    this.sessions = new Map(state.sessions.map((/** @type {Session} */ one) => [one.id, one]));
    /** @type {Map<string, Slot>} */
    this.stored = new Map(state.slots.map((/** @type {Slot} */ one) => [one.id, one]));
    /** @type {Block[]} */
    this.blocks = state.blocks;
    /** @type {Map<string, Finding>} */
    this.findings = new Map(state.findings.map((/** @type {Finding} */ one) => [one.key, one]));
    this.from = Math.min(...this.days.map((day) => day.from), 24 * 60);
    this.to = Math.max(...this.days.map((day) => day.to), this.from + 60);
    this.roomAt = new Map(this.rooms.map((room, at) => [room.id, at]));
    /** @type {Map<string, Slot>} */
    this.slots = new Map();
    /** @type {Map<string, Set<string>>} */
    this.lanes = new Map();
    /** @type {Map<string, Set<string>>} */
    this.slotsOf = new Map();
    for (const slot of this.stored.values()) this.#set(slot.id, slot);
    for (const wish of this.pending) this.#overlay(wish.edit);
    this.#indexFindings();
    this.waiting.clear();
    this.#told("all");
  }

  // ---------- Looking things up ----------

  /** @param {string} id */
  room(id) {
    return this.rooms[this.roomAt.get(id) ?? -1];
  }

  /** @param {Slot} slot @returns {Session} */
  session(slot) {
    return /** @type {Session} */ (this.sessions.get(slot.session));
  }

  /** The index of the day that an instant belongs to. @param {number} start */
  dayOf(start) {
    const declared = this.days.findIndex((d) => d.opens !== null && d.closes !== null && d.opens <= start && start < d.closes);
    if (declared >= 0) return declared;
    const natural = this.days.findIndex((d) => d.start <= start && start < d.end);
    if (natural >= 0) return natural;
    return start < (this.days[0]?.start ?? 0) ? 0 : this.days.length - 1;
  }

  /** @param {number} day @param {string} room @returns {Slot[]} */
  inLane(day, room) {
    const held = [...(this.lanes.get(`${day}:${room}`) ?? [])].map((id) => /** @type {Slot} */ (this.slots.get(id)));
    return held.sort((a, b) => a.start - b.start || b.length - a.length);
  }

  /** @param {Slot} slot */
  isHistory(slot) {
    return this.line !== null && slot.start < this.line;
  }

  /** @returns {Session[]} */
  unplaced() {
    return [...this.sessions.values()].filter((one) => one.state !== "cancelled" && !(this.slotsOf.get(one.id)?.size));
  }

  /** @param {string} slot @returns {Finding[]} */
  findingsOf(slot) {
    return [...(this.bySlot.get(slot) ?? [])].map((key) => /** @type {Finding} */ (this.findings.get(key)));
  }

  /** @param {Session} session @returns {string[]} */
  people(session) {
    return session.speakers.map((id) => (this.speakers.get(id) ?? "").trim() || id);
  }

  // ---------- Changing ----------

  /** Show an edit before it is stored. @param {Wish} wish */
  expect(wish) {
    this.pending.push(wish);
    if (wish.edit) this.#told("slots", this.#overlay(wish.edit));
  }

  /** Forget wishes that were answered; what they showed is what is stored. @param {Set<string>} ids */
  settle(ids) {
    const over = this.pending.filter((wish) => ids.has(wish.id));
    this.pending = this.pending.filter((wish) => !ids.has(wish.id));
    const touched = new Set(over.flatMap((wish) => [...touches(wish.edit)]));
    if (touched.size) this.#told("slots", this.#redo(touched));
  }

  /** Look at edits as if they were done. The slots that look different now. @param {any[]} edits @returns {Set<string>} */
  try(edits) {
    const ids = new Set([...this.trial, ...edits].flatMap((one) => [...touches(one)]));
    this.trial = edits;
    return this.#redo(ids);
  }

  /** A patch of the server's, in whatever order it comes. True where it could be used, or waits.
   * @param {any} patch
   */
  receive(patch) {
    if (!patch || patch.version <= this.version) return;
    if (patch.from !== this.version) {
      this.waiting.set(String(patch.from), patch);
      clearTimeout(this.lost);
      this.lost = window.setTimeout(() => this.waiting.size && this.#told("lost"), GAP_MS);
      return;
    }
    this.#apply(patch);
    const next = this.waiting.get(String(this.version));
    for (const key of this.waiting.keys()) if (Number(key) <= this.version) this.waiting.delete(key);
    if (next) this.receive(next);
  }

  /** @param {any} patch */
  #apply(patch) {
    if (patch.reload) {
      this.#told("lost");
      return;
    }
    this.version = patch.version;
    for (const slot of patch.slots) this.stored.set(slot.id, slot);
    for (const id of patch.gone) this.stored.delete(id);
    const touched = this.#redo(new Set([...patch.slots.map((/** @type {Slot} */ s) => s.id), ...patch.gone]));
    for (const key of patch.findings.gone) this.findings.delete(key);
    for (const one of patch.findings.new) this.findings.set(one.key, one);
    this.#indexFindings();
    for (const one of patch.sessions ?? []) this.sessions.set(one.id, one);
    for (const id of patch.sessions_gone ?? []) this.sessions.delete(id);
    if (patch.sessions || patch.speakers) this.byPerson = null;
    if (patch.speakers) this.speakers = new Map(patch.speakers.map((/** @type {any} */ one) => [one.id, one.name]));
    if (patch.tracks) this.tracks = new Map(patch.tracks.map((/** @type {any} */ one) => [one.id, one]));
    if (patch.blocks) this.blocks = patch.blocks;
    if (patch.rooms) {
      this.rooms = patch.rooms;
      this.roomAt = new Map(this.rooms.map((room, at) => [room.id, at]));
    }
    const facts = patch.sessions || patch.speakers || patch.tracks || patch.rooms || patch.blocks;
    if (facts) this.#told("all");
    else this.#told("slots", touched);
    this.#told("findings");
  }

  /** @param {Set<string>} ids the slots to show anew @returns {Set<string>} */
  #redo(ids) {
    for (const id of ids) this.#set(id, this.stored.get(id));
    for (const wish of this.pending) {
      if (wish.edit && [...touches(wish.edit)].some((id) => ids.has(id))) this.#overlay(wish.edit);
    }
    for (const edit of this.trial) if ([...touches(edit)].some((id) => ids.has(id))) this.#overlay(edit);
    return ids;
  }

  /** @param {any} edit @returns {Set<string>} */
  #overlay(edit) {
    if (!edit) return new Set();
    const touched = new Set();
    for (const one of edit.edits ?? edit.parts ?? [edit]) {
      if (one.kind === "together") for (const id of this.#overlay(one)) touched.add(id);
      for (const [id, slot] of after(one, this.slots)) {
        this.#set(id, slot);
        touched.add(id);
      }
    }
    return touched;
  }

  /** @param {string} id @param {Slot | undefined} slot */
  #set(id, slot) {
    const old = this.slots.get(id);
    if (old) {
      this.lanes.get(this.#lane(old))?.delete(id);
      this.slotsOf.get(old.session)?.delete(id);
    }
    if (!slot) {
      this.slots.delete(id);
      return;
    }
    this.slots.set(id, slot);
    put(this.lanes, this.#lane(slot), id);
    put(this.slotsOf, slot.session, id);
  }

  /** @param {Slot} slot */
  #lane(slot) {
    return `${this.dayOf(slot.start)}:${slot.room}`;
  }

  #indexFindings() {
    /** @type {Map<string, Set<string>>} */
    this.bySlot = new Map();
    for (const one of this.findings.values()) for (const slot of one.slots) put(this.bySlot, slot, one.key);
  }

  /** @param {string} what @param {any} [detail] */
  #told(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }

  // ---------- Where a session could be ----------

  /** The starts at which a session of this length meets nothing hard, as intervals of seconds.
   * @param {Session} session
   * @param {number} length
   * @param {string} [except] the slot that would be moved
   * @returns {{ day: number, room: string, from: number, to: number }[]}
   */
  free(session, length, except = "") {
    const people = new Set(this.people(session));
    const busy = this.blocks.filter((b) => b.kind === "break" || (b.kind === "speaker" && session.speakers.includes(b.subject)));
    /** @type {[number, number][]} */
    const everywhere = busy.map((b) => [b.start, b.end]);
    for (const slot of this.#slotsOfPeople(people)) {
      if (slot.id === except || slot.length <= 0 || this.session(slot)?.state === "cancelled") continue;
      everywhere.push([slot.start, slot.start + slot.length]);
    }
    const found = [];
    for (const [at, day] of this.days.entries()) {
      const [opens, closes] = this.hours(day);
      for (const room of this.rooms) {
        if (!room.name) continue;
        const taken = [...everywhere, ...this.#taken(at, room.id, except)];
        const first = this.line === null ? opens : Math.max(opens, this.line);
        for (const [from, to] of gaps(taken, first, closes, length, this.step)) found.push({ day: at, room: room.id, from, to });
      }
    }
    return found;
  }

  /** The slots in which any of these people speak. @param {Set<string>} people @returns {Slot[]} */
  #slotsOfPeople(people) {
    if (!this.byPerson) {
      this.byPerson = new Map();
      for (const one of this.sessions.values()) for (const name of this.people(one)) put(this.byPerson, name, one.id);
    }
    const byPerson = this.byPerson;
    const sessions = new Set([...people].flatMap((name) => [...(byPerson.get(name) ?? [])]));
    const ids = [...sessions].flatMap((id) => [...(this.slotsOf.get(id) ?? [])]);
    return ids.map((id) => /** @type {Slot} */ (this.slots.get(id)));
  }

  /** @param {Day} day @returns {[number, number]} */
  hours(day) {
    if (day.opens !== null && day.closes !== null && day.closes - day.opens <= LONGEST_DAY_S) return [day.opens, day.closes];
    return [day.base + day.from * 60, day.base + day.to * 60];
  }

  /** @param {number} day @param {string} room @param {string} except @returns {[number, number][]} */
  #taken(day, room, except) {
    const slots = this.inLane(day, room).filter((s) => s.id !== except && s.length > 0 && this.session(s)?.state !== "cancelled");
    const blocks = this.blocks.filter((b) => b.kind === "room" && b.subject === room);
    return [
      ...slots.map((s) => /** @type {[number, number]} */ ([s.start - this.changeover, s.start + s.length + this.changeover])),
      ...blocks.map((b) => /** @type {[number, number]} */ ([b.start, b.end])),
    ];
  }
}

/** @param {Map<string, Set<string>>} map @param {string} key @param {string} value */
function put(map, key, value) {
  const held = map.get(key);
  if (held) held.add(value);
  else map.set(key, new Set([value]));
}

/** The starts, as intervals, at which something of a length meets none of what is taken.
 * @param {[number, number][]} taken
 * @param {number} opens
 * @param {number} closes
 * @param {number} length
 * @param {number} step
 * @returns {[number, number][]}
 */
export function gaps(taken, opens, closes, length, step) {
  const barred = taken.map(([a, b]) => [a - length, b]).sort((one, two) => one[0] - two[0]);
  /** @type {[number, number][]} */
  const found = [];
  let from = opens;
  const last = closes - length;
  const close = (/** @type {number} */ to) => {
    const first = Math.ceil(from / step) * step;
    const end = Math.floor(Math.min(to, last) / step) * step;
    if (first <= end) found.push([first, end]);
  };
  for (const [a, b] of barred) {
    if (a >= from) close(a);
    from = Math.max(from, b);
  }
  close(last);
  return found;
}

/** The slots that an edit names. @param {any} edit @returns {Set<string>} */
export function touches(edit) {
  if (!edit) return new Set();
  const parts = edit.edits ?? edit.parts;
  if (parts) return new Set(parts.flatMap((/** @type {any} */ one) => [...touches(one)]));
  return new Set([edit.slot, edit.first, edit.second].filter(Boolean));
}

/** What single slots are after a simple edit, whatever they were before.
 * @param {any} edit
 * @param {Map<string, Slot>} slots
 * @returns {[string, Slot | undefined][]}
 */
function after(edit, slots) {
  const slot = slots.get(edit.slot);
  switch (edit.kind) {
    case "place":
      return [[edit.slot, { id: edit.slot, session: edit.session, locked: false, ...at(edit.at) }]];
    case "unschedule":
      return [[edit.slot, undefined]];
    case "move":
      return slot ? [[edit.slot, { ...slot, ...at(edit.to) }]] : [];
    case "resize":
      return slot ? [[edit.slot, { ...slot, length: edit.to }]] : [];
    case "lock":
    case "unlock":
      return slot ? [[edit.slot, { ...slot, locked: edit.kind === "lock" }]] : [];
    case "swap": {
      const [one, two] = [slots.get(edit.first), slots.get(edit.second)];
      if (!one || !two) return [];
      return [
        [one.id, { ...one, room: two.room, start: two.start }],
        [two.id, { ...two, room: one.room, start: one.start }],
      ];
    }
    default:
      return [];
  }
}

/** @param {Spot} given */
function at(given) {
  return { room: given.room, start: Date.parse(given.start) / 1000, length: given.length_s };
}
