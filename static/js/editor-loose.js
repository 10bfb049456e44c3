// What has no place yet: a list to drag from, to filter, and to pick by keyboard.
import { length } from "./editor-time.js";
import { _ } from "./words.js";
import { usual } from "./editor-deeds.js";

/** @typedef {import("./editor-model.js").Session} Session */

const SHOWN = 120;

export class Loose {
  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} sum
   * @param {HTMLElement} note
   * @param {import("./editor-model.js").Model} model
   * @param {import("./editor-view.js").View} view
   */
  constructor(list, sum, note, model, view) {
    this.list = list;
    this.sum = sum;
    this.note = note;
    this.model = model;
    this.view = view;
    this.picked = "";
    this.words = "";
  }

  /** @returns {Session[]} */
  shown() {
    const word = this.words.toLowerCase();
    return this.model
      .unplaced()
      .filter((one) => this.view.matches(one) && (!word || [one.title, ...this.model.people(one)].join(" ").toLowerCase().includes(word)));
  }

  draw() {
    const all = this.model.unplaced();
    const shown = this.shown();
    const seconds = all.reduce((sum, one) => sum + usual(one.length), 0);
    this.sum.textContent = all.length ? (all.length === 1 ? `${_("1 session")}, ${length(seconds)}` : _("%(count)s sessions, %(length)s", { count: all.length, length: length(seconds) })) : "";
    if (!shown.some((one) => one.id === this.picked)) this.picked = "";
    this.list.replaceChildren(...shown.slice(0, SHOWN).map((one, at) => this.#line(one, at)));
    this.list.hidden = !shown.length;
    this.note.dataset.state = all.length ? (shown.length ? "some" : "filtered") : "none";
    const words = /** @type {HTMLElement | null} */ (this.note.querySelector("[data-none]"));
    if (words) words.textContent = all.length ? _("No unplaced session fits the filter.") : _("Everything has a place.");
  }

  /** @param {Session} session @param {number} at */
  #line(session, at) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const track = session.track ? this.model.tracks.get(session.track) : null;
    button.type = "button";
    button.className = `edge${track ? ` track-${track.number}` : ""}`;
    button.dataset.session = session.id;
    button.setAttribute("aria-pressed", String(this.picked === session.id));
    button.tabIndex = this.picked ? (this.picked === session.id ? 0 : -1) : at === 0 ? 0 : -1;
    const title = document.createElement("b");
    title.textContent = session.title || "—";
    const more = document.createElement("small");
    const people = this.model.people(session).join(", ");
    more.textContent = [length(usual(session.length)), session.state === "confirmed" ? people : session.state].filter(Boolean).join(", ");
    button.append(title, more);
    item.append(button);
    return item;
  }

  /** @param {string} session */
  pick(session) {
    this.picked = session;
    for (const button of this.list.querySelectorAll("button")) {
      const mine = button.dataset.session === session;
      button.setAttribute("aria-pressed", String(mine));
      button.tabIndex = mine ? 0 : -1;
    }
    const first = this.list.querySelector("button");
    if (!session && first) first.tabIndex = 0;
  }

  /** @param {string} from @param {number} step */
  focusNext(from, step) {
    const buttons = [...this.list.querySelectorAll("button")];
    const at = buttons.findIndex((one) => one.dataset.session === from);
    buttons[Math.min(Math.max(at + step, 0), buttons.length - 1)]?.focus();
  }
}
