// The lobby stays right: clocks tick here, the rest is fetched again when something changed.
import { Stills } from "./stills.js";

const $$ = (/** @type {string} */ selector) => /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(selector));

/** @param {number} ms */
function span(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [d, h, m, s] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  if (d) return `${d} d ${two(h)}:${two(m)}`;
  return h ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
}

function tick() {
  const now = Date.now();
  for (const clock of $$("[data-until]")) {
    const left = Date.parse(clock.dataset.until ?? "") - now;
    const words = left > 0 ? span(left) : (clock.dataset.then ?? "");
    if (clock.textContent !== words) clock.textContent = words;
  }
  for (const wall of $$("[data-wall]")) {
    wall.textContent = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: wall.dataset.wall }).format(now);
  }
  for (const bar of $$("[data-bar]")) {
    const [start, end] = [Date.parse(bar.dataset.start ?? ""), Date.parse(bar.dataset.end ?? "")];
    bar.style.setProperty("--done", String(Math.min(Math.max((now - start) / (end - start), 0), 1)));
  }
}

/** A thousand lobbies hear of one change: each asks a little later than the others. */
let due = 0;
function changed() {
  clearTimeout(due);
  due = window.setTimeout(() => document.dispatchEvent(new CustomEvent("plenary:changed")), 80 + Math.random() * 700);
}
for (const topic of ["phase", "stage", "release", "lobby", "hello", "reset"]) document.addEventListener(`plenary:${topic}`, changed);
setInterval(changed, 120000);

document.addEventListener("plenary:audience", (event) => {
  const counts = /** @type {CustomEvent} */ (event).detail.rooms ?? {};
  for (const place of $$("[data-audience]")) {
    const count = counts[place.dataset.audience ?? ""];
    if (count !== undefined) place.textContent = String(count);
  }
});
const stills = new Stills(document);
document.addEventListener("htmx:afterSettle", () => {
  tick();
  stills.show();
});
stills.show();
tick();
setInterval(tick, 1000);
