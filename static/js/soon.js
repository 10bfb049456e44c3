// On every page but a room's, which says it itself: what I starred begins in five minutes, one press away.
import { el, icon } from "./dom.js";
import { _ } from "./words.js";

const AHEAD_MS = 5 * 60 * 1000;
const ASK_MS = 10 * 60 * 1000;
const DISMISSED = "plenary-soon-dismissed";

/** @typedef {{title: string, room: string, start: string, url: string}} Coming */

/** @param {string} slug the conference's */
export function watchStars(slug) {
  /** @type {Coming[]} */
  let coming = [];
  /** @type {HTMLElement | null} */
  let bar = null;
  let asked = -Infinity;

  async function ask() {
    asked = performance.now();
    const answer = await fetch(`/c/${slug}/soon`, { headers: { accept: "application/json" } }).catch(() => null);
    if (answer?.ok) coming = await answer.json();
    show();
  }

  function dismissed() {
    try {
      return /** @type {string[]} */ (JSON.parse(sessionStorage.getItem(DISMISSED) ?? "[]"));
    } catch {
      return [];
    }
  }

  function show() {
    if (document.hidden) return;
    if (performance.now() - asked > ASK_MS) return void ask();
    const gone = dismissed();
    const next = coming.find((one) => {
      const left = Date.parse(one.start) - Date.now();
      return left > -60_000 && left <= AHEAD_MS && !gone.includes(one.start + one.url);
    });
    if (!next) {
      bar?.remove();
      bar = null;
      return;
    }
    const key = next.start + next.url;
    if (bar?.dataset.key !== key) {
      bar?.remove();
      bar = made(next, key);
      document.body.append(bar);
    }
    const minutes = Math.max(0, Math.ceil((Date.parse(next.start) - Date.now()) / 60_000));
    const words = _("You starred this: it starts in %(minutes)s min in %(room)s", { minutes, room: next.room });
    const place = /** @type {HTMLElement} */ (bar.querySelector("[data-when]"));
    if (place.textContent !== words) place.textContent = words;
  }

  /** @param {Coming} next @param {string} key */
  function made(next, key) {
    const later = () => {
      sessionStorage.setItem(DISMISSED, JSON.stringify([...dismissed(), key]));
      show();
    };
    return el(
      "div",
      { class: "soon", id: "soon", role: "status", "data-key": key },
      el("span", { class: "grow" }, el("b", {}, next.title), " ", el("span", { "data-when": "" })),
      el("a", { class: "button first small", href: next.url }, _("Go there")),
      el("button", { type: "button", class: "button plain small", "aria-label": _("Not now"), onclick: later }, icon("cross")),
    );
  }

  for (const topic of ["release", "phase"]) document.addEventListener(`plenary:${topic}`, () => setTimeout(ask, Math.random() * 5000));
  document.addEventListener("plenary:starred", ask);
  setInterval(show, 5000);
  ask();
}
