// What the bar and the toasts say: saved, waiting, undone, and what somebody else did meanwhile.
import { _ } from "./words.js";
import { spot, touches } from "./editor-model.js";

const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const NOTE_MS = 7000;

/** @param {import("./editor.js").Editor} editor */
export function status(editor) {
  const main = $("main");
  let undo = Number(main.dataset.undo);
  let count = Number(main.dataset.count);
  let first = Number(main.dataset.first);
  /** Who changed a slot last, when it was not this person. @type {Map<string, string>} */
  const movers = new Map();

  editor.queue.addEventListener("state", (event) => {
    const { waiting, offline, out } = /** @type {CustomEvent} */ (event).detail;
    const bar = /** @type {HTMLElement} */ (document.querySelector(".status"));
    bar.dataset.state = out ? "out" : offline ? "offline" : "";
    if (out) $("saved").textContent = _("You are signed out. %(count)s edits are kept here: sign in again.", { count: waiting });
    else if (offline) $("saved").textContent = (waiting === 1 ? _("1 edit waits for the connection and is kept here.", { count: waiting }) : _("%(count)s edits wait for the connection and are kept here.", { count: waiting }));
    else if (waiting) $("saved").textContent = _("saving…");
  });
  editor.queue.addEventListener("refused", (event) => {
    const { wishes } = /** @type {CustomEvent} */ (event).detail;
    editor.model.settle(new Set(wishes.map((/** @type {any} */ one) => one.id)));
    note(_("That did not work: %(words)s", { words: String(/** @type {CustomEvent} */ (event).detail.status) }));
  });

  /** @param {number} undone @param {number} redone */
  function stacks(undone, redone) {
    undo = undone;
    /** @type {HTMLButtonElement} */ ($("undo")).disabled = !undone;
    /** @type {HTMLButtonElement} */ ($("redo")).disabled = !redone;
  }

  /** @param {number} done how many edits were stored just now */
  function stored(done) {
    const now = Math.floor(Date.now() / 1000);
    count += done;
    first ||= now;
    if (count) $("done").textContent = (count === 1 ? _("1 change since %(time)s, ", { count, time: editor.clock(first) }) : _("%(count)s changes since %(time)s, ", { count, time: editor.clock(first) }));
    $("saved").textContent = _("saved %(time)s", { time: editor.clock(now) });
  }

  /** A line that goes by itself. @param {string} words */
  function note(words) {
    const toast = make(words);
    setTimeout(() => toast.remove(), NOTE_MS);
  }

  /** @param {string} words @param {{ words: string, run: () => void }[]} [choices] */
  function make(words, choices = []) {
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.setAttribute("role", "alert");
    const text = document.createElement("span");
    text.textContent = words;
    toast.append(text);
    for (const choice of choices) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button small";
      button.textContent = choice.words;
      button.addEventListener("click", () => {
        toast.remove();
        choice.run();
      });
      toast.append(button);
    }
    $("toasts").append(toast);
    return toast;
  }

  /** Somebody else's edit: remembered, so that a conflict can say whose it was. @param {any} patch */
  function elsewhere(patch) {
    for (const slot of patch.slots ?? []) movers.set(slot.id, patch.name);
    for (const id of patch.gone ?? []) movers.set(id, patch.name);
  }

  /** An edit was refused: say why, and, where somebody was faster, let this person choose.
   * @param {{ code: string, words: string, slot?: string }} result
   * @param {any} edit
   */
  function refused(result, edit) {
    editor.tell(result.words);
    const id = result.slot ?? [...touches(edit)][0];
    if (result.code !== "conflict" || !id) {
      note(result.words);
      return;
    }
    const name = movers.get(id) ?? _("Somebody");
    const slot = editor.model.slots.get(id);
    if (!slot) {
      note(_("%(name)s took “%(title)s” out meanwhile.", { name, title: editor.model.sessions.get(edit?.session)?.title ?? "…" }));
      return;
    }
    const facts = editor.deeds.facts(slot);
    const words = _("%(name)s changed “%(title)s” meanwhile: it is %(place)s now.", { name, title: facts.title, place: `${facts.room}, ${facts.day} ${facts.from}–${facts.to}` });
    const again = rebased(edit, id);
    make(words, [...(again ? [{ words: _("Put it where I wanted"), run: () => void editor.deeds.do(again) }] : []), { words: _("Leave it there"), run: () => editor.show(id) }]);
  }

  /** The same wish for a slot as it is now. @param {any} edit @param {string} id */
  function rebased(edit, id) {
    const slot = editor.model.slots.get(id);
    const found = (edit?.edits ?? [edit]).find((/** @type {any} */ one) => one?.slot === id);
    if (!slot || !found) return null;
    if (found.kind === "move") return { ...found, was: spot(slot), to: { ...found.to, length_s: slot.length } };
    if (found.kind === "resize") return { ...found, was: slot.length };
    if (found.kind === "unschedule") return { ...found, was: spot(slot) };
    return null;
  }

  return { stacks, stored, note, elsewhere, refused, get undo() { return undo; } };
}
