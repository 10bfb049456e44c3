// Reactions: one tap, counted together with everybody's, floating over the stage.
import { el } from "./dom.js";
import { _ } from "./words.js";

const MOST = 14;

export class Reactions {
  /** @param {import("./talk.js").Talk} talk */
  constructor(talk) {
    this.talk = talk;
    this.bar = /** @type {HTMLElement} */ (document.getElementById("reactions"));
    this.air = /** @type {HTMLElement} */ (document.getElementById("air"));
    /** What I sent and floated already, so that the common count does not float it twice. @type {Map<string, number>} */
    this.own = new Map();
  }

  /** @param {string[]} signs */
  fill(signs) {
    if (this.bar.childElementCount) return;
    const names = [_("Clap"), _("Heart"), _("Laugh"), _("Surprise"), _("Celebrate"), _("Thumbs up")];
    this.bar.append(
      ...signs.map((sign, at) =>
        el("button", { type: "button", class: "sign-button", "aria-label": names[at] ?? sign, onclick: () => this.send(sign) }, sign),
      ),
    );
  }

  /** @param {string} sign */
  async send(sign) {
    this.show(sign, 1);
    this.own.set(sign, (this.own.get(sign) ?? 0) + 1);
    const said = await this.talk.ask("/reactions", { sign });
    if (!said) this.own.set(sign, (this.own.get(sign) ?? 1) - 1);
  }

  /** @param {Record<string, number>} counts */
  float(counts) {
    for (const [sign, count] of Object.entries(counts)) {
      const own = Math.min(this.own.get(sign) ?? 0, count);
      this.own.set(sign, (this.own.get(sign) ?? 0) - own);
      if (count > own) this.show(sign, count - own);
    }
  }

  /** @param {string} sign @param {number} count */
  show(sign, count) {
    while (this.air.childElementCount >= MOST) this.air.firstElementChild?.remove();
    const made = el("span", {}, sign, count > 1 ? el("b", { class: "fig" }, String(count)) : null);
    made.style.setProperty("--x", `${Math.round(8 + Math.random() * 72)}%`);
    this.air.append(made);
    setTimeout(() => made.remove(), 2600);
  }
}
