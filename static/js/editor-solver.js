// The solver's panel: what is asked, how it goes, what it found, and taking it, whole or in part.
import { _ } from "./words.js";
import { curve } from "./editor-curve.js";
import { weightsDialog } from "./editor-weights.js";

/** @typedef {{ state: string, job?: string, seconds?: number, soft?: number, bound?: number | null, gap?: number | null, unplaced?: number, words?: string }} News */

const MODES = () => /** @type {[string, string, string][]} */ ([
  ["repair", _("Repair"), _("Cures what must be cured, and moves as little as it can.")],
  ["complete", _("Complete"), _("Places what has no place; what has one stays.")],
  ["draft", _("Draft"), _("Places everything anew, but for what is locked.")],
]);
const SECONDS = [5, 15, 30, 60, 120, 240];

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name @param {string} [cls] @param {string} [text]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(name, cls = "", text = "") {
  const made = document.createElement(name);
  if (cls) made.className = cls;
  if (text) made.textContent = text;
  return made;
}

/** @param {string} text @param {string} cls @param {() => void} run */
export function button(text, cls, run) {
  const made = el("button", `button ${cls}`.trim(), text);
  made.type = "button";
  made.addEventListener("click", run);
  return made;
}

export class Solver {
  /** @param {HTMLElement} root @param {import("./editor.js").Editor} editor */
  constructor(root, editor) {
    this.root = root;
    this.editor = editor;
    this.url = `${editor.at}/editor/solver`;
    this.mode = "repair";
    this.seconds = 15;
    this.job = "";
    /** @type {{ seconds: number, score: number, bound: number | null }[]} */
    this.points = [];
    /** @type {any} */
    this.solution = null;
    /** @type {Set<number>} the changes that are to be taken */
    this.wanted = new Set();
    this.dismissed = "";
    this.poll = 0;
    document.addEventListener("plenary:solver", (event) => this.#news(/** @type {CustomEvent} */ (event).detail));
    document.addEventListener("plenary:hello", () => this.job && void this.#look());
    root.hidden = false;
    this.#ask();
    void this.#look();
  }

  // ---------- Asking ----------

  #ask() {
    const head = el("div", "block-head");
    head.append(el("h2", "", _("Solver")));
    const modes = el("div", "choice modes");
    modes.setAttribute("role", "group");
    modes.setAttribute("aria-label", _("What it does"));
    const note = el("p", "small-note faint");
    for (const [key, name, words] of MODES()) {
      const choice = el("button", "", name);
      choice.type = "button";
      choice.setAttribute("aria-pressed", String(this.mode === key));
      choice.addEventListener("click", () => ((this.mode = key), this.#ask()));
      modes.append(choice);
      if (this.mode === key) note.textContent = words;
    }
    const row = el("div", "buttons");
    const time = el("select");
    time.setAttribute("aria-label", _("How long it may take"));
    for (const one of SECONDS) time.append(new Option(one < 60 ? _("%(seconds)s s", { seconds: one }) : _("%(minutes)s min", { minutes: one / 60 }), String(one), false, one === this.seconds));
    time.addEventListener("change", () => (this.seconds = Number(time.value)));
    const go = button(_("Solve"), "first", () => void this.#start());
    go.id = "solve";
    row.append(go, time, button(_("Weights"), "plain", () => void weightsDialog(this.editor)), button(_("Why this score?"), "plain", () => void this.#score()));
    this.root.replaceChildren(head, modes, note, row);
  }

  async #start() {
    this.points = [];
    this.solution = null;
    this.#running({ state: "waiting" });
    const only = this.editor.view.picked.size > 1 && this.mode !== "complete" ? [...this.editor.view.picked] : null;
    try {
      const answer = await fetch(this.url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ mode: this.mode, seconds: this.seconds, only }),
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const told = await answer.json();
      this.job = told.job;
      this.dismissed = "";
      // Now that it has a name it can be stopped.
      if (!this.points.length) this.#running({ state: "waiting" });
      this.#watch();
    } catch {
      this.#ask();
      this.editor.status.note(_("The solver could not be asked. Is the connection there?"));
    }
  }

  /** News may be lost with a connection: ask now and then, too. */
  #watch() {
    clearTimeout(this.poll);
    if (this.job) this.poll = window.setTimeout(() => void this.#look(), 2500);
  }

  async #look() {
    const answer = await fetch(this.url, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return this.#watch();
    const told = await answer.json();
    if (told.state === "none" || told.job === this.dismissed) return;
    const fresh = this.job === told.job;
    if (told.state === "queued" || told.state === "running") {
      this.job = told.job;
      this.mode = told.arguments.mode;
      this.seconds = told.arguments.seconds;
      if (!this.points.length) this.#running({ state: told.state === "queued" ? "waiting" : "running" });
      this.#watch();
    } else if (fresh && told.state === "failed") this.#failed(told.words);
    else if (fresh && told.solution) this.#found(told.solution);
  }

  // ---------- Running ----------

  /** @param {News} news */
  #news(news) {
    if (news.job === this.dismissed) return;
    if (!this.job) this.job = news.job ?? "";
    if (news.job !== this.job) return;
    if (news.state === "done") return void this.#look();
    if (news.state === "failed") return this.#failed(news.words ?? "");
    this.points.push({ seconds: news.seconds ?? 0, score: news.soft ?? 0, bound: news.bound ?? null });
    this.#running(news);
    this.#watch();
  }

  /** @param {News} news */
  #running(news) {
    const head = el("div", "block-head");
    const name = MODES().find(([key]) => key === this.mode)?.[1] ?? "";
    head.append(el("h2", "", this.editor.model.line ? _("%(mode)s from the line onward", { mode: name }) : name), el("span", "", news.state === "waiting" ? _("waiting for its turn") : _("running")));
    const parts = [head, figures(news.soft, news.bound, news.gap)];
    if (this.points.length) parts.push(curve(this.points, this.seconds));
    if (news.unplaced) parts.push(terms([[_("Still unplaced"), String(news.unplaced)]]));
    if (this.job) {
      const row = el("div", "buttons");
      row.append(button(_("Stop, and keep the best"), "", () => void this.#stop()));
      parts.push(row);
    }
    this.root.replaceChildren(...parts);
  }

  async #stop() {
    await fetch(`${this.url}/${this.job}/stop`, { method: "POST", headers: { Accept: "application/json" } }).catch(() => null);
    this.#watch();
  }

  /** @param {string} words */
  #failed(words) {
    this.#over();
    this.#ask();
    this.editor.status.note(words || _("The solver failed."));
  }

  #over() {
    clearTimeout(this.poll);
    this.dismissed = this.job;
    this.job = "";
  }

  // ---------- What it found ----------

  /** @param {any} solution */
  #found(solution) {
    if (this.solution) return;
    this.#over();
    this.solution = solution;
    this.wanted = new Set(solution.edits.map((/** @type {any} */ _edit, /** @type {number} */ at) => at));
    this.#show();
  }

  #preview() {
    const edits = this.solution.edits.filter((/** @type {any} */ _edit, /** @type {number} */ at) => this.wanted.has(at));
    this.editor.trial(edits);
  }

  #show() {
    const { solution, editor } = this;
    const head = el("div", "block-head");
    head.append(el("h2", "", MODES().find(([key]) => key === solution.mode)?.[1] ?? ""), el("span", "", solution.stopped ? _("stopped") : solution.optimal ? _("best possible") : _("done")));
    const parts = [head, figures(solution.soft, solution.bound, solution.gap)];
    if (this.points.length > 1) parts.push(curve(this.points, this.seconds));
    const moved = solution.edits.filter((/** @type {any} */ one) => one.kind === "move").length;
    const placed = solution.edits.filter((/** @type {any} */ one) => one.kind === "place").length;
    const lines = [[_("Sessions moved"), _("%(count)s of %(total)s", { count: moved, total: editor.model.slots.size })]];
    if (placed) lines.push([_("Sessions placed"), String(placed)]);
    if (solution.hard_before || solution.hard) lines.push([_("Hard conflicts"), arrow(solution.hard_before, solution.hard)]);
    for (const line of solution.lines.filter((/** @type {any} */ one) => one.level === "soft" && one.before !== one.after).slice(0, 4)) lines.push([line.constraint, arrow(line.before, line.after)]);
    parts.push(terms(/** @type {[string, string][]} */ (lines)));
    parts.push(...this.#left());
    if (solution.edits.length) parts.push(this.#changes());
    else parts.push(el("p", "small-note", _("Nothing needs to change.")));
    const row = el("div", "buttons");
    if (solution.edits.length) {
      const take = button("", "first", () => this.#take());
      take.id = "take";
      row.append(take);
    }
    row.append(
      button(_("Leave it"), "", () => this.#leave()),
      button(_("Why %(score)s?", { score: brief(solution.soft) }), "plain", () => reasons(editor, solution.lines)),
    );
    parts.push(row);
    this.root.replaceChildren(...parts);
    this.#count();
    this.#preview();
  }

  /** What could not be placed, and the demands that clash. */
  #left() {
    const { left, clash } = this.solution;
    if (!left.length) return [];
    const place = el("div", "clash");
    place.append(el("p", "", _("No place was found for %(titles)s.", { titles: left.slice(0, 4).map((/** @type {string} */ t) => `“${t}”`).join(", ") })));
    if (clash.length) {
      place.append(el("p", "quiet", _("These demands can't all be met:")));
      const list = el("ul");
      for (const sentence of clash) list.append(el("li", "", sentence));
      place.append(list);
    }
    return [place];
  }

  #changes() {
    const { model, clock } = this.editor;
    const details = el("details", "changes");
    details.open = this.solution.edits.length <= 8;
    details.append(el("summary", "", _("Each change")));
    const list = el("ul");
    for (const [at, edit] of this.solution.edits.entries()) {
      const slot = model.slots.get(edit.slot);
      const title = model.sessions.get(edit.session ?? slot?.session ?? "")?.title ?? "—";
      const to = edit.to ?? edit.at;
      const item = el("li");
      const label = el("label");
      const box = el("input");
      box.type = "checkbox";
      box.checked = true;
      box.addEventListener("change", () => {
        if (box.checked) this.wanted.add(at);
        else this.wanted.delete(at);
        this.#count();
        this.#preview();
      });
      const words = el("span");
      const start = Date.parse(to.start) / 1000;
      words.append(el("b", "", title), ` → ${model.room(to.room)?.name ?? ""}, ${model.days[model.dayOf(start)].short} ${clock(start)}`);
      label.append(box, words);
      item.append(label);
      list.append(item);
    }
    details.append(list);
    return details;
  }

  #count() {
    const take = this.root.querySelector("#take");
    if (!(take instanceof HTMLButtonElement)) return;
    const total = this.solution.edits.length;
    take.disabled = !this.wanted.size;
    take.textContent = this.wanted.size === total ? _("Take this one") : _("Take %(count)s of %(total)s", { count: this.wanted.size, total });
  }

  #take() {
    const edits = this.solution.edits.filter((/** @type {any} */ _edit, /** @type {number} */ at) => this.wanted.has(at));
    this.editor.trial([]);
    this.editor.deeds.together(edits);
    this.editor.tell(_("%(count)s changes taken.", { count: edits.length }));
    this.editor.view.mark(edits.map((/** @type {any} */ one) => one.slot));
    this.#leave(false);
  }

  /** @param {boolean} [clear] */
  #leave(clear = true) {
    if (clear) this.editor.trial([]);
    this.solution = null;
    this.points = [];
    this.#ask();
  }

  async #score() {
    this.editor.tell(_("Counting…"));
    const answer = await fetch(`${this.editor.at}/editor/score`, { headers: { Accept: "application/json" } }).catch(() => null);
    const told = await answer?.json().catch(() => null);
    if (answer?.ok) reasons(this.editor, told.lines);
    else this.editor.status.note(told?.words ?? _("That did not work."));
  }
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** A figure that fits. @param {number} value */
export function brief(value) {
  return Math.abs(value) < 10000 ? String(Math.round(value)) : compact.format(value);
}

/** @param {number} before @param {number} after */
function arrow(before, after) {
  return before === after ? brief(after) : `${brief(before)} → ${brief(after)}`;
}

/** @param {number | undefined} score @param {number | null | undefined} bound @param {number | null | undefined} gap */
function figures(score, bound, gap) {
  const list = el("dl", "tri");
  const known = (/** @type {number | null | undefined} */ n) => (n === undefined || n === null ? "–" : brief(n));
  for (const [name, value] of [
    [_("Score"), known(score)],
    [_("Bound"), known(bound)],
    [_("Gap"), gap === undefined || gap === null ? "–" : `${(gap * 100).toFixed(1)}%`],
  ]) {
    const one = el("div");
    one.append(el("dt", "", name), el("dd", "", value));
    list.append(one);
  }
  return list;
}

/** @param {[string, string][]} lines */
function terms(lines) {
  const list = el("ul", "terms");
  for (const [name, value] of lines) {
    const item = el("li", "", name);
    item.append(el("span", "fig", value));
    list.append(item);
  }
  return list;
}

/** The score, constraint by constraint, with the sessions that cost. @param {import("./editor.js").Editor} editor @param {any[]} lines */
function reasons(editor, lines) {
  const dialog = /** @type {HTMLDialogElement} */ (el("dialog", "sheet-dialog"));
  dialog.append(el("h2", "", _("What the score is made of")));
  const list = el("ol", "findings");
  for (const line of lines.filter((one) => one.after)) {
    const item = el("li");
    const sign = el("span", line.level === "hard" ? "trouble fig" : "quiet fig", String(line.after));
    const text = el("div");
    text.append(el("b", "", line.sentence));
    for (const one of line.cases.slice(0, 3)) {
      const where = button(one.titles.map((/** @type {string} */ t) => `“${t}”`).join(", "), "plain small", () => (dialog.close(), editor.show(one.slots[0] ?? "")));
      text.append(el("br"), where);
    }
    item.append(sign, text);
    list.append(item);
  }
  if (!list.children.length) list.append(el("li", "none", _("Nothing costs anything.")));
  dialog.append(list, button(_("Close"), "", () => dialog.close()));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
