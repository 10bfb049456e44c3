// What stands against the picked slot, said beside it.
import { _ } from "./words.js";

const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {import("./editor.js").Editor} editor */
export function beside(editor) {
  const place = $("beside");
  const id = editor.view.picked.size === 1 ? [...editor.view.picked][0] : "";
  const cell = editor.grid.cells.get(id);
  const found = id ? editor.model.findingsOf(id) : [];
  place.hidden = !cell || !found.length || Boolean(editor.drag.hold?.began) || Boolean(editor.places.choice);
  for (const line of $("findings").querySelectorAll("li")) line.classList.toggle("lit", found.some((one) => one.key === line.dataset.key));
  if (place.hidden || !cell) return;
  const list = document.createElement("ol");
  list.className = "findings";
  const grave = found.filter((one) => one.severity !== "note");
  list.append(...(grave.length ? grave : found).slice(0, 1).map((one) => editor.findings.line(one, 1)));
  place.replaceChildren(list);
  if (found.length > 1) place.append(_("%(count)s more in the list.", { count: found.length - 1 }));
  const [box, frame] = [cell.getBoundingClientRect(), $("boards").getBoundingClientRect()];
  if (box.bottom < frame.top || box.top > frame.bottom || box.right < frame.left || box.left > frame.right) {
    place.hidden = true;
    return;
  }
  const height = place.offsetHeight;
  const below = box.bottom + 6 + height < innerHeight;
  place.style.setProperty("--x", `${Math.max(8, Math.min(box.left, innerWidth - 312))}px`);
  place.style.setProperty("--y", `${below ? box.bottom + 6 : Math.max(8, box.top - height - 6)}px`);
}
