// The chat of a booth: what visitors and staff write, kept right by numbered events.
import { follow } from "./live.js";
import { Chat } from "./talk-chat.js";
import { Place } from "./talk-place.js";

class BoothChat extends Place {
  constructor() {
    super();
    this.at = this.side.dataset.at ?? "";
    this.room = this.side.dataset.room ?? "";
    this.bans = false;
    this.chat = new Chat(/** @type {any} */ (this));
    document.addEventListener("plenary:talk", (event) => this.told(/** @type {CustomEvent} */ (event).detail));
    document.addEventListener("plenary:mine", (event) => {
      if (/** @type {CustomEvent} */ (event).detail.what === "mute") this.load();
    });
    document.addEventListener("plenary:reset", () => this.load());
    document.getElementById("house_rules")?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.keep(/** @type {HTMLFormElement} */ (event.target));
    });
    this.load();
  }

  async load() {
    const answer = await fetch(this.at, { headers: { accept: "application/json" } });
    if (!answer.ok) return;
    const state = await answer.json();
    this.me = state.me;
    this.rules = state.rules;
    this.staff = new Set(state.staff);
    this.side.classList.toggle("hosts", this.me.host);
    this.chat.fill(state.messages, state.restrained);
    this.obey();
    this.side.dataset.ready = String(state.number);
    follow(this.room, state.number);
  }

  /** @param {any} said */
  told(said) {
    if (said.room !== this.room) return;
    if (said.what === "message") this.chat.put(said.message);
    else if (said.what === "gone" && said.kind === "message") this.chat.take(said.id);
    else if (said.what === "rules") {
      this.rules = said.rules;
      this.obey();
    }
  }

  obey() {
    this.showRules();
    this.chat.obey();
  }

  /** @param {HTMLFormElement} form */
  async keep(form) {
    const box = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
    const wanted = { chat: box("chat").checked, approve_first: box("approve_first").checked, slow_s: Number(box("slow_s").value) || 0 };
    if (await this.ask("/rules", wanted)) form.closest("details")?.removeAttribute("open");
  }
}

new BoothChat();
