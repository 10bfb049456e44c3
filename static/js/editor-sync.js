// The page and the server's draft: answers to one's own edits, others' edits, and the whole where the thread is lost.
import { _ } from "./words.js";

const BEHIND_MS = 1200;

export class Sync {
  /** @param {import("./editor.js").Editor} editor */
  constructor(editor) {
    this.editor = editor;
    editor.queue.addEventListener("answer", (event) => this.answered(/** @type {CustomEvent} */ (event).detail));
    editor.model.addEventListener("lost", () => this.reload());
    document.addEventListener("plenary:draft", (event) => this.others(/** @type {CustomEvent} */ (event).detail));
    document.addEventListener("plenary:hello", () => void editor.queue.flush());
  }

  /** @param {{ answer: any, wishes: any[] }} told */
  answered({ answer, wishes }) {
    this.editor.model.receive(answer.patch);
    this.editor.model.settle(new Set(wishes.map((one) => one.id)));
    for (const result of answer.results) {
      const wish = wishes.find((one) => one.id === result.id);
      if (!result.ok) this.editor.status.refused(result, this.editor.deeds.wished.get(result.id) ?? wish?.edit);
      else if (wish?.undo) this.editor.tell((result.number === null ? _("There is nothing of yours to take back.") : _("Taken back.")));
      else if (wish?.redo) this.editor.tell((result.number === null ? _("There is nothing to do again.") : _("Done again.")));
      this.editor.deeds.wished.delete(result.id);
    }
    this.editor.status.stacks(answer.undo, answer.redo);
    this.editor.status.stored(answer.results.filter((/** @type {any} */ one) => one.ok && one.number !== null).length);
    this.heard(answer.version);
  }

  /** @param {any} patch */
  others(patch) {
    this.editor.model.receive(patch);
    if (patch.by !== this.editor.me) this.editor.status.elsewhere(patch);
  }

  /** The server's version is known: if this page stays behind it, it takes the draft anew. @param {number} version */
  heard(version) {
    if (version <= this.editor.model.version) return;
    setTimeout(() => version > this.editor.model.version && this.reload(), BEHIND_MS);
  }

  async reload() {
    const answer = await fetch(`${this.editor.at}/editor/state`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return;
    const state = await answer.json();
    if (state.version < this.editor.model.version) return;
    this.editor.model.load(state);
    this.editor.tell(_("The draft was replaced as a whole; this is the new one."));
  }
}
