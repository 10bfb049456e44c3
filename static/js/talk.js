// Taking part: the side of a room with chat, questions and polls, kept right by numbered events.
import { el } from "./dom.js";
import { follow, unfollow } from "./live.js";
import { Chat } from "./talk-chat.js";
import { Polls } from "./talk-polls.js";
import { Questions } from "./talk-questions.js";
import { Place } from "./talk-place.js";
import { Reactions } from "./talk-reactions.js";
import { _ } from "./words.js";

export class Talk extends Place {
  constructor() {
    super();
    this.chat = new Chat(this);
    this.questions = new Questions(this);
    this.polls = new Polls(this);
    this.reactions = new Reactions(this);
    this.tabs();
    document.addEventListener("plenary:talk", (event) => this.told(/** @type {CustomEvent} */ (event).detail));
    document.addEventListener("plenary:mine", (event) => this.mine(/** @type {CustomEvent} */ (event).detail));
    document.addEventListener("plenary:reset", () => this.load());
    document.addEventListener("plenary:phase", (event) => {
      if (/** @type {CustomEvent} */ (event).detail.room === this.room) setTimeout(() => this.load(), 300);
    });
  }

  /** Go to a room: fetch all of it, then follow it from that number. @param {string} slug @param {string} room */
  async enter(slug, room) {
    const root = location.pathname.split("/").slice(0, 3).join("/");
    const before = this.room;
    this.at = `${root}/rooms/${slug}/talk`;
    this.room = room;
    if (before && before !== room) unfollow(before);
    await this.load();
  }

  async load() {
    const room = this.room;
    const answer = await fetch(this.at, { headers: { accept: "application/json" } });
    if (!answer.ok || room !== this.room) return;
    const state = await answer.json();
    this.me = state.me;
    this.rules = state.rules;
    this.side.classList.toggle("hosts", this.me.host);
    this.chat.fill(state.messages, state.restrained);
    this.questions.fill(state.questions);
    this.polls.fill(state.polls);
    this.reactions.fill(state.signs);
    this.obey();
    this.side.dataset.ready = String(state.number);
    follow(room, state.number);
  }

  /** @param {any} said */
  told(said) {
    if (said.room !== this.room) return;
    if (said.what === "message") this.chat.put(said.message);
    else if (said.what === "question") this.questions.put(said.question);
    else if (said.what === "votes") this.questions.votes(said.votes);
    else if (said.what === "poll") this.polls.put(said.poll);
    else if (said.what === "results") this.polls.results(said.id, said.results);
    else if (said.what === "reactions") this.reactions.float(said.counts);
    else if (said.what === "rules") {
      this.rules = said.rules;
      this.obey();
    } else if (said.what === "gone") {
      ({ message: this.chat, question: this.questions, poll: this.polls })[/** @type {"message"} */ (said.kind)].take(said.id);
    }
  }

  /** What is said to me alone. @param {any} said */
  mine(said) {
    if (said.what === "mute") this.load();
    if (said.what === "ban" && said.on) location.reload();
    if (said.what === "mention" && !said.at.endsWith(this.at.replace("/talk", ""))) {
      const place = document.getElementById("notices");
      place?.append(el("div", { class: "notice", role: "status" }, el("a", { href: said.at }, _("%(name)s mentioned you in %(room)s", { name: said.by, room: said.room }))));
    }
  }

  /** Show what the rules of the room leave to do. */
  obey() {
    this.showRules();
    this.chat.obey();
    this.questions.obey();
    this.polls.obey();
  }

  /** Tabs as the ARIA practices have them: arrows move, the panel follows. */
  tabs() {
    const tabs = [.../** @type {NodeListOf<HTMLElement>} */ (this.side.querySelectorAll('[role="tab"]'))];
    const choose = (/** @type {HTMLElement} */ tab) => {
      for (const each of tabs) {
        const on = each === tab;
        each.setAttribute("aria-selected", String(on));
        each.tabIndex = on ? 0 : -1;
        const panel = document.getElementById(each.getAttribute("aria-controls") ?? "");
        if (panel) panel.hidden = !on;
      }
      this.side.dataset.tab = tab.id;
      this.chat.seen();
    };
    tabs.forEach((tab, at) => {
      tab.addEventListener("click", () => choose(tab));
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        event.stopPropagation();
        const next = tabs[(at + step + tabs.length) % tabs.length];
        choose(next);
        next.focus();
      });
    });
  }
}
