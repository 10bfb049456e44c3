// The common ground of a room's side and of a booth's chat: who I am, where we are, one way to ask.
import { _ } from "./words.js";

export class Place {
  constructor() {
    this.at = "";
    this.room = "";
    /** @type {any} */
    this.me = { id: "", name: "", host: false, muted: false };
    /** @type {any} */
    this.rules = {};
    /** Whose messages are the booth's own. @type {Set<string>} */
    this.staff = new Set();
    /** Whether somebody can be shut out here, not only muted. */
    this.bans = true;
    this.side = /** @type {HTMLElement} */ (document.getElementById("talk"));
    this.trouble = /** @type {HTMLElement} */ (document.getElementById("talk_trouble"));
  }

  /** Show the rules in the moderators' form. */
  showRules() {
    const form = /** @type {HTMLFormElement | null} */ (document.getElementById("house_rules"));
    for (const [name, value] of Object.entries(form ? this.rules : {})) {
      const field = /** @type {HTMLInputElement | null} */ (form?.elements.namedItem(name));
      if (field?.type === "checkbox") field.checked = Boolean(value);
      else if (field) field.value = String(value);
    }
  }

  /** Ask the server; its words are shown where it says no. @param {string} path @param {any} [body] @returns {Promise<any>} null when refused */
  async ask(path, body = {}) {
    this.trouble.textContent = "";
    try {
      const answer = await fetch(`${this.at}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json" },
        body: JSON.stringify(body),
      });
      const said = await answer.json();
      if (answer.ok) return said;
      this.trouble.textContent = said.detail ?? String(answer.status);
    } catch {
      this.trouble.textContent = _("You are not connected just now. What you wrote is still here; send it again in a moment.");
    }
    return null;
  }
}
