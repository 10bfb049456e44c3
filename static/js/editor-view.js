// What this person looks at: days, zoom, filters, and what is picked. Kept in this browser.

/**
 * @typedef {import("./editor-model.js").Model} Model
 * @typedef {import("./editor-model.js").Session} Session
 * @typedef {import("./editor-model.js").Slot} Slot
 */

export const ZOOMS = [0, 60, 90, 120, 180, 260, 360];

export class View extends EventTarget {
  /** @param {Model} model @param {string} owner */
  constructor(model, owner) {
    super();
    this.model = model;
    this.key = `plenary-editor-view:${owner}`;
    /** Pixels for an hour; 0 fits the width. */
    this.zoom = 0;
    /** The date of the day shown; empty for all. */
    this.day = "";
    this.words = "";
    this.troubleOnly = false;
    this.usedOnly = model.rooms.length > 12;
    /** @type {Set<string>} */
    this.tracks = new Set();
    /** @type {Set<string>} */
    this.hiddenRooms = new Set();
    /** @type {Set<string>} */
    this.picked = new Set();
    /** @type {Set<string>} slots that a solver's preview moves */
    this.changed = new Set();
    this.#recall();
  }

  #recall() {
    try {
      const held = JSON.parse(localStorage.getItem(this.key) ?? "{}");
      if (ZOOMS.includes(held.zoom)) this.zoom = held.zoom;
      if (this.model.days.some((day) => day.date === held.day)) this.day = held.day;
      if (typeof held.usedOnly === "boolean") this.usedOnly = held.usedOnly;
      this.tracks = new Set((held.tracks ?? []).filter((/** @type {string} */ id) => this.model.tracks.has(id)));
      this.hiddenRooms = new Set((held.hiddenRooms ?? []).filter((/** @type {string} */ id) => this.model.roomAt.has(id)));
    } catch {
      // A view that can't be read is forgotten.
    }
  }

  /** Change the view and remember it. @param {Partial<View>} values */
  set(values) {
    Object.assign(this, values);
    try {
      const { zoom, day, usedOnly } = this;
      localStorage.setItem(this.key, JSON.stringify({ zoom, day, usedOnly, tracks: [...this.tracks], hiddenRooms: [...this.hiddenRooms] }));
    } catch {
      // Then it holds for this page only.
    }
    this.dispatchEvent(new CustomEvent("view"));
  }

  /** @param {number} at */
  showsDay(at) {
    return !this.day || this.model.days[at].date === this.day;
  }

  /** @param {string} room @param {number} day */
  showsRoom(room, day) {
    if (this.hiddenRooms.has(room)) return false;
    if (!this.usedOnly) return true;
    return Boolean(this.model.lanes.get(`${day}:${room}`)?.size);
  }

  /** Whether something is in the light of the present filters. @param {Session | undefined} session @param {Slot} [slot] */
  matches(session, slot) {
    if (!session) return true;
    if (this.tracks.size && !this.tracks.has(session.track ?? "")) return false;
    if (this.troubleOnly && slot && !this.model.findingsOf(slot.id).some((one) => one.severity !== "note")) return false;
    if (!this.words) return true;
    const text = fold([session.title, ...this.model.people(session)].join(" "));
    return fold(this.words).split(/\s+/).every((word) => text.includes(word));
  }

  /** Outline what a solver moved. @param {Iterable<string>} ids */
  mark(ids) {
    this.changed = new Set(ids);
    this.dispatchEvent(new CustomEvent("picked", { detail: this.changed }));
  }

  /** @param {Iterable<string>} ids */
  pick(ids) {
    const before = this.picked;
    this.picked = new Set(ids);
    this.dispatchEvent(new CustomEvent("picked", { detail: new Set([...before, ...this.picked]) }));
  }
}

/** @param {string} text */
export function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
