// Live parts change in place: what stands keeps its element, and with it focus, caret, a pressed button,
// an open menu and what somebody has begun to write; only what is different is touched.
import { Idiomorph } from "../vendor/idiomorph-0.7.4.min.js";

/** Attributes that belong to the browser and to scripts: where things stand, what is folded out. */
const OURS = new Set(["style", "open"]);

/** Whether somebody changed a field since it was made, to something else than the page says now.
 * @param {Element} field @param {Element} fresh
 */
function touched(field, fresh) {
  const [now, then] = /** @type {HTMLInputElement[]} */ ([field, fresh]);
  if (!field.matches("input, select, textarea") || (now.value === then.value && now.checked === then.checked)) return false;
  if (field instanceof HTMLSelectElement) return !field.selectedOptions[0]?.defaultSelected;
  return now.value !== now.defaultValue || now.checked !== now.defaultChecked;
}

/** What stands stays as it is: a region that a script keeps (`data-keep`, the same on both sides), a
 * field that somebody changed or is in. Clocks keep their words until they tick.
 * @param {Node} old @param {Node} fresh
 */
function stays(old, fresh) {
  if (!(old instanceof HTMLElement) || !(fresh instanceof HTMLElement)) return false;
  if (old.dataset.keep !== undefined && old.dataset.keep === fresh.dataset.keep) return true;
  if (fresh.dataset.until !== undefined && !fresh.firstChild) fresh.textContent = old.textContent;
  return touched(old, fresh) || (old === document.activeElement && old.matches("input:not([type=checkbox], [type=radio]), textarea, select"));
}

/** Put what the page says now in the place of what it said.
 * @param {Element} old @param {Node | HTMLCollection} fresh @param {"outerHTML" | "innerHTML"} [how]
 */
export function renew(old, fresh, how = "outerHTML") {
  const held = /** @type {HTMLElement | null} */ (old.contains(document.activeElement) ? document.activeElement : null);
  /** Where focus goes when its own place is no longer there: to the nearest thing around it that is. */
  const around = [];
  for (let up = held?.parentElement; up && up !== old.parentElement; up = up.parentElement) if (up.id) around.push(up.id);
  Idiomorph.morph(old, fresh, {
    morphStyle: how,
    callbacks: {
      beforeNodeMorphed: (/** @type {Node} */ one, /** @type {Node} */ other) => !stays(one, other),
      beforeAttributeUpdated: (/** @type {string} */ name, /** @type {Element} */ on) =>
        !OURS.has(name) && !(on.hasAttribute("data-still") && (name === "src" || name === "hidden")),
    },
  });
  if (!held || document.activeElement === held) return;
  if (held.isConnected) held.focus({ preventScroll: true });
  const place = around.map((id) => document.getElementById(id)).find(Boolean);
  if (!place || document.activeElement !== document.body) return;
  if (place.tabIndex < 0) place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

/** A part that asks for itself again is renewed; what a search or a form brings replaces what it is about. */
const htmx = /** @type {any} */ (globalThis).htmx;
htmx?.defineExtension("renew", {
  handleSwap: (/** @type {string} */ how, /** @type {Element} */ target, /** @type {DocumentFragment} */ fragment) => {
    if (how !== "renew" || !fragment.firstElementChild) return false;
    renew(target, fragment.children);
    return [target];
  },
  isInlineSwap: (/** @type {string} */ how) => how === "renew",
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const { detail } = /** @type {CustomEvent} */ (event);
  const itself = detail.elt === detail.target && detail.target.id;
  if (itself && detail.serverResponse.includes(`id="${detail.target.id}"`)) detail.swapOverride ??= "renew";
});
