// Why a slot is where it is: what its place costs, and what the best other places would.
import { _ } from "./words.js";
import { button, el } from "./editor-solver.js";

/** @param {import("./editor.js").Editor} editor @param {string} id @param {HTMLElement} place */
export async function why(editor, id, place) {
  place.replaceChildren(el("p", "quiet", _("Looking at every other place…")));
  const answer = await fetch(`${editor.at}/editor/why/${id}`, { headers: { Accept: "application/json" } }).catch(() => null);
  const told = await answer?.json().catch(() => null);
  if (!answer?.ok) {
    place.replaceChildren(el("p", "trouble", told?.words ?? _("That did not work.")));
    return;
  }
  const list = el("ul", "plain-list");
  if (told.pinned) list.append(el("li", "", _("It is locked, or history: the solver leaves it there.")));
  for (const reason of told.reasons) {
    const others = reason.others.length ? ` ${reason.others.map((/** @type {string} */ t) => `“${t}”`).join(", ")}` : "";
    const item = el("li", reason.level === "hard" && reason.penalty > 0 ? "trouble" : "");
    item.append(el("b", "fig", String(reason.penalty)), ` ${reason.sentence}`, el("span", "quiet", others));
    list.append(item);
  }
  if (!told.reasons.length) list.append(el("li", "", _("This place costs nothing.")));
  const other = el("ul", "plain-list");
  for (const one of told.elsewhere) {
    const day = editor.model.days[editor.model.dayOf(one.start)];
    const item = el("li");
    const cost = one.hard > 0 ? _("breaks a hard demand") : one.soft > 0 ? _("costs %(more)s more", { more: one.soft }) : one.soft < 0 ? _("costs %(less)s less", { less: -one.soft }) : _("costs the same");
    const move = button(`${one.room}, ${day.short} ${editor.clock(one.start)}`, "small", () => {
      /** @type {HTMLDialogElement | null} */ (place.closest("dialog"))?.close("moved");
      editor.deeds.move([{ id, room: one.room_id, start: one.start }]);
    });
    item.append(move, ` ${cost}`, el("span", "quiet", one.against.length ? ` (${one.against.join(", ")})` : ""));
    other.append(item);
  }
  place.replaceChildren(el("h3", "", _("What this place costs")), list, el("h3", "", _("The best other places")), other);
}
