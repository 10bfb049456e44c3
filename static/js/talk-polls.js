// Polls: answered by one tap, with bars that move while answers come in.
import { button, el } from "./dom.js";
import { place } from "./talk-chat.js";
import { _ } from "./words.js";

export class Polls {
  /** @param {import("./talk.js").Talk} talk */
  constructor(talk) {
    this.talk = talk;
    /** @type {Map<string, any>} */
    this.all = new Map();
    this.list = /** @type {HTMLElement} */ (document.getElementById("polls"));
    this.form = /** @type {HTMLFormElement} */ (document.getElementById("new_poll"));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.write(/** @type {HTMLButtonElement} */ (event.submitter)?.value === "open");
    });
    this.form.querySelector('[name="kind"]')?.addEventListener("change", () => this.kind());
    this.kind();
  }

  /** @param {any[]} polls */
  fill(polls) {
    this.all = new Map(polls.map((poll) => [poll.id, poll]));
    this.draw();
  }

  /** @param {any} poll */
  put(poll) {
    const known = this.all.get(poll.id);
    const next = { mine: null, ...known, ...poll };
    this.all = known ? this.all.set(poll.id, next) : new Map([[poll.id, next], ...this.all]);
    this.draw();
  }

  /** @param {string} id @param {any} results */
  results(id, results) {
    const poll = this.all.get(id);
    if (poll) this.put({ ...poll, results });
  }

  /** @param {string} id */
  take(id) {
    this.all.delete(id);
    this.draw();
  }

  draw() {
    const polls = [...this.all.values()];
    /** @type {Map<string, HTMLElement>} */
    const standing = new Map([...this.list.children].map((child) => [child.id, /** @type {HTMLElement} */ (child)]));
    const nodes = polls.map((poll) => {
      const old = standing.get(`p-${poll.id}`);
      const key = JSON.stringify([poll, this.talk.me.host]);
      if (old && old.dataset.key === key) return old;
      const typing = old?.contains(document.activeElement) && document.activeElement instanceof HTMLInputElement && document.activeElement.type === "text";
      if (old && typing && poll.state === "open" && !poll.mine) return old;
      const made = this.card(poll);
      made.dataset.key = key;
      return made;
    });
    if (nodes.length) place(this.list, nodes);
    else this.list.replaceChildren(el("p", { class: "quiet none" }, _("No poll yet.")));
    const count = document.getElementById("polls_count");
    const open = polls.filter((poll) => poll.state === "open").length;
    if (count) count.textContent = open ? String(open) : "";
  }

  /** @param {any} poll */
  card(poll) {
    const people = poll.results?.people ?? 0;
    const words = people === 1 ? _("1 vote") : _("%(what)s votes", { what: String(people) });
    const state = { draft: _("Draft"), closed: _("Closed") }[/** @type {"draft"} */ (poll.state)];
    const votes = el("span", { class: "fig" }, state ? `${state}, ${words}` : words);
    const body = poll.kind === "words" ? this.words(poll) : poll.kind === "scale" ? this.scale(poll) : this.options(poll);
    return el("article", { class: `poll ${poll.kind} ${poll.state}`, id: `p-${poll.id}` }, el("h3", {}, el("span", { class: "title" }, poll.title), votes), ...body, this.acts(poll));
  }

  /** Single, many, quiz: each option is a button over its own bar. @param {any} poll */
  options(poll) {
    const counts = poll.results?.counts ?? [];
    const people = poll.results?.people || 1;
    const mine = poll.mine ?? [];
    const open = poll.state === "open" && !(poll.kind === "quiz" && poll.mine);
    const list = el(
      "ul",
      { "aria-label": poll.kind === "many" ? _("Choose as many as you like") : _("Choose one") },
      ...poll.options.map((/** @type {string} */ option, /** @type {number} */ at) => {
        const share = counts.length ? Math.round(((counts[at] ?? 0) / people) * 100) : null;
        const right = poll.right === at;
        const line = el("li", { class: right ? "right" : "" });
        line.style.setProperty("--w", `${share ?? 0}%`);
        line.append(
          el("button", { type: "button", "aria-pressed": String(mine.includes(at)), disabled: !open, onclick: () => this.choose(poll, at) }, el("span", {}, option, right ? ` ✓ ${_("right")}` : "")),
          el("span", { class: "fig" }, share === null ? "" : `${share}%`),
        );
        return line;
      }),
    );
    const note = poll.kind === "quiz" && poll.mine ? el("p", { class: "by" }, poll.state === "closed" ? (mine[0] === poll.right ? _("You were right.") : _("You were not right.")) : _("Your answer is in. The right one is shown when the quiz closes.")) : poll.kind === "many" && open ? el("p", { class: "by" }, _("Choose as many as you like")) : null;
    return [list, note].filter((each) => each !== null);
  }

  /** @param {any} poll */
  scale(poll) {
    const counts = poll.results?.counts ?? [];
    const most = Math.max(1, ...counts);
    const steps = el("div", { class: "scale", role: "group", "aria-label": `${poll.low || 1} – ${poll.high || poll.steps}` });
    for (let step = 1; step <= poll.steps; step += 1) {
      const column = el("button", { type: "button", "aria-pressed": String(poll.mine?.includes(step) ?? false), disabled: poll.state !== "open", "aria-label": `${step}: ${counts[step - 1] ?? 0}`, onclick: () => this.send(poll, [step]) }, el("i", {}), el("span", { class: "fig" }, String(step)));
      column.style.setProperty("--h", `${((counts[step - 1] ?? 0) / most) * 100}%`);
      steps.append(column);
    }
    const mean = poll.results?.mean;
    const ends = el("p", { class: "by ends" }, el("span", {}, poll.low), el("span", { class: "fig" }, mean ? _("mean %(what)s", { what: String(mean) }) : ""), el("span", {}, poll.high));
    return [steps, ends];
  }

  /** @param {any} poll */
  words(poll) {
    const words = poll.results?.words ?? [];
    const most = words[0]?.[1] ?? 1;
    const cloud = el(
      "p",
      { class: "cloud" },
      ...[...words].sort((a, b) => a[0].localeCompare(b[0])).flatMap(([word, count]) => {
        const size = Math.round((count / most) * 4);
        return [el("span", { class: `w w${size}`, title: String(count) }, word), " "];
      }),
    );
    if (poll.state !== "open") return [cloud];
    const form = el("form", { class: "row", onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      const field = /** @type {HTMLInputElement} */ (form.querySelector("input"));
      this.send(poll, field.value.split(/[,;\n]/).map((word) => word.trim()).filter(Boolean));
    } }, el("input", { type: "text", class: "input", maxlength: 95, "aria-label": _("Up to three words, with commas"), placeholder: _("Up to three words, with commas"), value: (poll.mine ?? []).join(", ") }), el("button", { class: "button", type: "submit" }, _("Send")));
    return [cloud, form];
  }

  /** @param {any} poll @param {number} at */
  choose(poll, at) {
    if (poll.kind !== "many") return this.send(poll, [at]);
    const mine = new Set(poll.mine ?? []);
    if (mine.has(at)) mine.delete(at);
    else mine.add(at);
    return mine.size ? this.send(poll, [...mine]) : undefined;
  }

  /** @param {any} poll @param {any[]} answer */
  async send(poll, answer) {
    const said = await this.talk.ask(`/polls/${poll.id}/answer`, { answer });
    if (said) this.put({ ...this.all.get(poll.id), mine: said.mine });
  }

  /** @param {any} poll */
  acts(poll) {
    if (!this.talk.me.host) return null;
    const to = (/** @type {string} */ act) => async () => {
      const said = await this.talk.ask(`/polls/${poll.id}/${act}`);
      if (said?.title !== undefined) this.put(said);
      else if (said) this.take(poll.id);
    };
    return el(
      "div",
      { class: "acts" },
      poll.state === "open" ? button(_("Close"), to("close")) : button(poll.state === "draft" ? _("Open") : _("Open again"), to("open")),
      button(_("Delete"), to("delete")),
    );
  }

  /** Show the fields that a kind of poll has. */
  kind() {
    const chosen = /** @type {HTMLSelectElement} */ (this.form.querySelector('[name="kind"]')).value;
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (this.form.querySelectorAll("[data-for]"))) {
      part.hidden = !part.dataset.for?.split(" ").includes(chosen);
      // What isn't asked for this kind isn't demanded either.
      for (const field of part.querySelectorAll("input, textarea")) /** @type {HTMLInputElement} */ (field).disabled = part.hidden;
    }
  }

  /** @param {boolean} open */
  async write(open) {
    const fields = new FormData(this.form);
    const said = await this.talk.ask("/polls", {
      kind: fields.get("kind"),
      title: fields.get("title"),
      options: String(fields.get("options") ?? "").split("\n"),
      right: Number(fields.get("right")) - 1,
      steps: Number(fields.get("steps")) || 5,
      low: fields.get("low"),
      high: fields.get("high"),
      open,
    });
    if (!said) return;
    this.form.reset();
    this.kind();
    this.form.closest("details")?.removeAttribute("open");
    this.put(said);
  }

  obey() {
    const box = this.form.closest("details");
    if (box) box.hidden = !this.talk.me.host;
  }
}
