// What every page does: lights, the reader's zone, the search key, live events.
import { listen } from "./live.js";

const root = document.documentElement;
const meta = (/** @type {string} */ name) =>
  /** @type {HTMLMetaElement | null} */ (document.querySelector(`meta[name="${name}"]`));

/** The lights go round: as the system has them, up, down. */
function lights() {
  const fixed = root.dataset.lights && !("lightsFree" in root.dataset) && !stored();
  for (const button of document.querySelectorAll("[data-lights-switch]")) {
    if (fixed) continue;
    /** @type {HTMLElement} */ (button).hidden = false;
    button.addEventListener("click", () => {
      const dark = root.dataset.lights
        ? root.dataset.lights === "down"
        : matchMedia("(prefers-color-scheme: dark)").matches;
      const wish = dark ? "up" : "down";
      root.dataset.lights = wish;
      try {
        localStorage.setItem("lights", wish);
      } catch {
        // Then it holds for this page only.
      }
    });
  }
}

function stored() {
  try {
    return localStorage.getItem("lights");
  } catch {
    return null;
  }
}

/** The server renders both zones; it only has to know the reader's. The first page asks again. */
function zone() {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!name || document.cookie.split("; ").includes(`zone=${encodeURIComponent(name)}`)) return;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `zone=${encodeURIComponent(name)}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  const home = meta("conference")?.dataset.zone;
  if (home && document.querySelector("main time, .agenda-page") && clockIn(home) !== clockIn(name)) location.reload();
}

/** @param {string} timeZone */
function clockIn(timeZone) {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "short", timeStyle: "short", timeZone }).format(Date.now());
}

document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.closest("input, textarea, select, [contenteditable]")) return;
  if (event.key === "/") {
    const find = document.getElementById("q");
    if (find) {
      event.preventDefault();
      find.focus();
    }
  }
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(/** @type {Node} */ (event.target))) menu.removeAttribute("open");
  }
});

// Escape closes a menu, and goes back to what opened it.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.removeAttribute("open");
    if (menu.contains(document.activeElement)) menu.querySelector("summary")?.focus();
  }
});

/** What is wider than its place can be reached and scrolled by keyboard, also where browsers don't see to that. */
function scrollers() {
  for (const found of document.querySelectorAll(".scroll-x")) {
    const place = /** @type {HTMLElement} */ (found);
    if (place.hasAttribute("role")) continue;
    if (place.scrollWidth > place.clientWidth) place.tabIndex = 0;
    else place.removeAttribute("tabindex");
  }
}
scrollers();
addEventListener("resize", scrollers);
document.addEventListener("htmx:afterSettle", scrollers);

lights();
zone();
// A page with parts that ask for themselves again changes them in place.
if (document.querySelector('[hx-get][hx-swap="outerHTML"], [hx-post][hx-swap="outerHTML"]')) import("./renew.js");

const conference = meta("conference");
if (conference) listen(conference.content, conference.dataset.ear);
if (conference?.dataset.ear && !document.getElementById("stage") && root.dataset.lights !== "backstage") {
  import("./soon.js").then(({ watchStars }) => watchStars(conference.content));
}

// A star that overlaps with another one says so, and where else it can be seen.
document.addEventListener("plenary-starred", (event) => {
  const words = /** @type {CustomEvent} */ (event).detail?.words;
  const place = document.getElementById("notices");
  if (!place) return;
  place.querySelector(".notice.overlap")?.remove();
  if (!words) return;
  const note = document.createElement("div");
  note.className = "notice caution overlap";
  note.setAttribute("role", "status");
  note.textContent = words;
  place.append(note);
});

// A notice for this person. What is over is not shown any more; a room says itself what begins soon.
document.addEventListener("plenary:notice", (event) => {
  const { kind, text: words, url, over } = /** @type {CustomEvent} */ (event).detail;
  const place = document.getElementById("notices");
  if (!place || !words) return;
  const left = over ? Date.parse(over) - Date.now() : Infinity;
  if (left <= 0 || (["soon", "last_call"].includes(kind) && document.getElementById("soon"))) return;
  if (kind === "mention" && new URL(url, location.href).pathname === location.pathname) return;
  const note = document.createElement("div");
  note.className = "notice";
  note.setAttribute("role", "status");
  const link = document.createElement("a");
  link.textContent = words;
  if (url?.startsWith("/")) {
    link.href = url;
    note.append(link);
  } else note.textContent = words;
  place.append(note);
  if (left < 86_400_000) setTimeout(() => note.remove(), left);
});
