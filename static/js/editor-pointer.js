// What a click, a double click and a hover over the grid and the unplaced list mean.

const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {import("./editor.js").Editor} editor */
export function listenToPointer(editor) {
  const boards = $("boards");
  boards.addEventListener("click", (event) => {
    if (editor.drag.justDragged) return;
    const cell = /** @type {HTMLElement} */ (event.target).closest(".cell");
    if (!(cell instanceof HTMLElement)) {
      clickGround(editor, event);
      return;
    }
    if (cell.dataset.block) editor.blocker(cell.dataset.block, "");
    if (!cell.dataset.slot) return;
    const id = cell.dataset.slot;
    editor.grid.rove(id);
    if (event.detail === 0) return; // A key: Enter and space have their own meaning.
    const several = event.shiftKey || event.ctrlKey || event.metaKey;
    if (several) editor.pick(editor.view.picked.has(id) ? [...editor.view.picked].filter((one) => one !== id) : [...editor.view.picked, id]);
    else editor.pick([id]);
    editor.grid.focus(id);
  });
  boards.addEventListener("dblclick", (event) => {
    const cell = /** @type {HTMLElement} */ (event.target).closest("[data-slot]");
    if (cell instanceof HTMLElement) editor.details(cell.dataset.slot ?? "");
  });
  boards.addEventListener("focusin", (event) => {
    const id = /** @type {HTMLElement} */ (event.target).dataset.slot;
    if (id) editor.grid.rove(id);
  });
  boards.addEventListener("pointerover", (event) => editor.places.hover(event));
  boards.addEventListener("pointerleave", () => editor.places.hoverEnds());
  boards.addEventListener("scroll", () => editor.beside(), { passive: true });
  $("loose").addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (button && event.detail !== 0 && !editor.drag.justDragged) editor.pickLoose(button.dataset.session ?? "");
  });
}

/** A click beside all sessions: place what is picked there, or let go. @param {import("./editor.js").Editor} editor @param {MouseEvent} event */
function clickGround(editor, event) {
  const target = editor.grid.at(event.clientX, event.clientY, 0);
  if (editor.loose.picked && target) {
    const slot = editor.deeds.place(editor.loose.picked, target.room, target.start);
    editor.places.stop();
    if (slot) editor.show(slot);
    return;
  }
  editor.pick([]);
}
