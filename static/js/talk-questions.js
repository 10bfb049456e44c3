// Questions to those on stage: asked, voted up, answered one at a time.
import { button, called, el, icon, prose } from "./dom.js";
import { place } from "./talk-chat.js";
import { _ } from "./words.js";

const RANK = { answering: 0, waiting: 1, open: 2, answered: 3, hidden: 4 };

export class Questions {
  /** @param {import("./talk.js").Talk} talk */
  constructor(talk) {
    this.talk = talk;
    /** @type {Map<string, any>} */
    this.all = new Map();
    this.sort = "votes";
    this.list = /** @type {HTMLElement} */ (document.getElementById("questions"));
    this.form = /** @type {HTMLFormElement} */ (document.getElementById("ask"));
    this.field = /** @type {HTMLTextAreaElement} */ (this.form.querySelector("textarea"));
    this.nameless = /** @type {HTMLInputElement} */ (this.form.querySelector('[name="anonymous"]'));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask();
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.ask();
      }
    });
    for (const choice of document.querySelectorAll("[data-sort]")) {
      choice.addEventListener("click", () => {
        this.sort = /** @type {HTMLElement} */ (choice).dataset.sort ?? "votes";
        for (const each of document.querySelectorAll("[data-sort]")) each.setAttribute("aria-pressed", String(each === choice));
        this.draw();
      });
    }
  }

  /** @param {any[]} questions */
  fill(questions) {
    this.all = new Map(questions.map((question) => [question.id, question]));
    this.draw();
  }

  /** What is mine and what I voted for is known here only. @param {any} question */
  put(question) {
    const known = this.all.get(question.id);
    this.all.set(question.id, { mine: false, voted: false, ...known, ...question });
    this.draw();
  }

  /** @param {string} id */
  take(id) {
    this.all.delete(id);
    this.draw();
  }

  /** @param {Record<string, number>} votes */
  votes(votes) {
    for (const [id, count] of Object.entries(votes)) {
      const question = this.all.get(id);
      if (question) question.votes = count;
    }
    this.draw();
  }

  draw() {
    const by = this.sort === "new" ? (/** @type {any} */ a, /** @type {any} */ b) => (a.at < b.at ? 1 : -1) : (/** @type {any} */ a, /** @type {any} */ b) => b.votes - a.votes || (a.at < b.at ? -1 : 1);
    const rank = (/** @type {any} */ question) => RANK[/** @type {"open"} */ (question.state)] ?? 2;
    const shown = [...this.all.values()].sort((a, b) => rank(a) - rank(b) || by(a, b));
    /** @type {Map<string, HTMLElement>} */
    const standing = new Map([...this.list.children].map((child) => [child.id, /** @type {HTMLElement} */ (child)]));
    const nodes = shown.map((question) => {
      const key = JSON.stringify([question, this.talk.me.host]);
      const old = standing.get(`q-${question.id}`);
      if (old && old.dataset.key === key) return old;
      const made = this.row(question);
      made.dataset.key = key;
      return made;
    });
    if (nodes.length) place(this.list, nodes);
    else this.list.replaceChildren(el("li", { class: "quiet none" }, _("No questions yet. Ask the first one.")));
    const count = document.getElementById("questions_count");
    const open = shown.filter((question) => question.state === "open" || question.state === "answering").length;
    if (count) count.textContent = open ? String(open) : "";
  }

  /** @param {any} question */
  row(question) {
    const open = question.state === "open" || question.state === "answering";
    const words = { answering: _("Being answered"), answered: _("Answered"), waiting: _("Waits for approval"), hidden: _("Hidden") }[/** @type {"hidden"} */ (question.state)];
    const vote = el(
      "button",
      { type: "button", class: "vote", "aria-pressed": String(question.voted), "aria-label": `${_("Vote")}, ${question.votes}`, disabled: !open, onclick: () => this.vote(question) },
      icon("up"),
      el("span", { class: "fig" }, String(question.votes)),
    );
    const by = el("p", { class: "by" }, question.name ? called(question.name) : _("Anonymous"), question.mine ? ` ${_("(you)")}` : null, words ? `. ${words}` : null);
    return el("li", { class: `ask${question.state === "answering" ? " now-answered" : ""}${open ? "" : " over"}`, id: `q-${question.id}` }, vote, el("div", {}, el("p", {}, prose(question.text)), by, this.acts(question)));
  }

  /** @param {any} question */
  acts(question) {
    const to = (/** @type {string} */ act) => async () => {
      const said = await this.talk.ask(`/questions/${question.id}/${act}`);
      if (said?.text !== undefined) this.put(said);
    };
    const found = [];
    if (question.mine && question.state !== "answered") found.push(button(_("Take back"), to("delete")));
    if (this.talk.me.host) {
      if (question.state === "waiting") found.push(button(_("Approve"), to("approve")));
      if (question.state === "open") found.push(button(_("On stage now"), to("answering")));
      if (question.state === "answering") found.push(button(_("Answered"), to("answered")));
      if (question.state === "answered" || question.state === "hidden") found.push(button(_("Open again"), to("open")));
      if (question.state !== "hidden") found.push(button(_("Hide"), to("hide")));
    }
    return found.length ? el("div", { class: "acts" }, ...found) : null;
  }

  /** @param {any} question */
  async vote(question) {
    const wanted = !question.voted;
    this.put({ ...question, voted: wanted, votes: question.votes + (wanted ? 1 : -1) });
    const said = await this.talk.ask(`/questions/${question.id}/${wanted ? "vote" : "unvote"}`);
    this.put({ ...this.all.get(question.id), ...(said ?? { voted: !wanted, votes: question.votes }) });
  }

  async ask() {
    const text = this.field.value;
    if (!text.trim() || this.asking) return;
    this.asking = true;
    const said = await this.talk.ask("/questions", { text, anonymous: this.nameless.checked });
    this.asking = false;
    if (!said) return;
    this.field.value = "";
    this.nameless.checked = false;
    this.put(said);
  }

  obey() {
    const open = (this.talk.rules.questions || this.talk.me.host) && !this.talk.me.muted;
    this.form.hidden = !open;
    const nameless = this.nameless.closest("label");
    if (nameless) nameless.hidden = !this.talk.rules.anonymous;
  }
}
