// Every page: hands the worker what to keep, says how old a kept page is, and which stars wait.
import { _ } from "./words.js";

/** @param {string} name */
const meta = (name) => /** @type {HTMLMetaElement | null} */ (document.querySelector(`meta[name="${name}"]`))?.content;

/** At most so many pages of starred sessions are kept ahead. */
const MOST_SESSIONS = 40;

/** What is kept ahead: the days, all days as a list, one's own agenda with its sessions, the badge. */
function wanted() {
  const slug = meta("conference");
  if (!slug || !/\/(agenda|badge|lobby|registration|preferences)$/.test(location.pathname)) return [];
  const root = `/c/${slug}`;
  const days = [...document.querySelectorAll("nav.days a")].map((link) => /** @type {HTMLAnchorElement} */ (link).getAttribute("href") ?? "");
  const all = [`${root}/agenda`, `${root}/agenda?day=all&view=list`, `${root}/agenda?view=list`, ...days];
  if (meta("who")) all.push(`${root}/agenda?mine=1`, `${root}/agenda?mine=1&view=list`, `${root}/badge`);
  const starred = [...document.querySelectorAll('.star[aria-pressed="true"]')].map((star) => (star.getAttribute("formaction") ?? "").replace(/\/star$/, ""));
  return [...all, ...new Set(starred.filter(Boolean).slice(0, MOST_SESSIONS))];
}

/** @param {string} words @param {string} id */
function say(words, id) {
  const place = document.getElementById("notices");
  document.getElementById(id)?.remove();
  if (!place || !words) return;
  const note = document.createElement("div");
  note.id = id;
  note.className = "notice caution";
  note.setAttribute("role", "status");
  note.textContent = words;
  place.prepend(note);
}

/** How long ago, in words.
 * @param {number} then milliseconds since the epoch
 */
function ago(then) {
  const minutes = Math.round((then - Date.now()) / 60000);
  const format = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "auto" });
  if (minutes > -90) return format.format(minutes, "minute");
  return minutes > -36 * 60 ? format.format(Math.round(minutes / 60), "hour") : format.format(Math.round(minutes / 1440), "day");
}

const keptAt = meta("kept");

function age() {
  if (!keptAt) return;
  const then = Date.parse(keptAt);
  const clock = new Intl.DateTimeFormat(document.documentElement.lang || "en-GB", { dateStyle: "medium", timeStyle: "short" }).format(then);
  say(_("No network. You see this as it was %(ago)s, on %(when)s.", { ago: ago(then), when: clock }), "kept-note");
}

/** Show the stars that wait as they were set.
 * @param {{ path: string, want: string }[]} waiting
 */
function pending(waiting) {
  for (const entry of waiting) {
    for (const star of document.querySelectorAll(`[formaction^="${entry.path}"], form[action^="${entry.path}"] button`)) {
      star.setAttribute("aria-pressed", String(entry.want === "1"));
    }
  }
  const words = waiting.length === 1 ? _("One star waits for the network and is sent then.") : _("%(count)s stars wait for the network and are sent then.", { count: waiting.length });
  say(waiting.length ? words : "", "stars-note");
}

/** The pages that the worker kept, on the page that says that there is no network.
 * @param {string[]} paths
 */
function kept(paths) {
  const list = document.getElementById("kept-pages");
  if (!list) return;
  for (const path of paths.filter((each) => /\/(agenda|badge)(\?view=list|\?mine=1)?$/.test(each))) {
    const link = document.createElement("a");
    link.className = "button";
    link.href = path;
    link.textContent = path.includes("badge") ? _("My badge") : path.includes("mine=1") ? _("My agenda") : path.includes("view=list") ? _("Agenda as a list") : _("Agenda");
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }
}

async function start() {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.addEventListener("message", (event) => {
    if (event.data.waiting) pending(event.data.waiting);
    if (event.data.kept) kept(event.data.kept);
  });
  await navigator.serviceWorker.register("/sw.js", { scope: "/" });
  const worker = (await navigator.serviceWorker.ready).active;
  // A page out of the store says nothing of who is signed in now; nor does the one for no network.
  const away = document.getElementById("kept-pages");
  if (away) worker?.postMessage({ list: true });
  else if (!keptAt) worker?.postMessage({ who: meta("who") ?? "", keep: wanted(), send: true });
  worker?.postMessage({ ask: true });
  addEventListener("online", () => {
    worker?.postMessage({ send: true });
    if (keptAt) location.reload();
  });
}

age();
setInterval(age, 30000);
document.addEventListener("plenary-kept", (event) => {
  const form = /** @type {HTMLElement} */ (event.target).closest("form");
  const button = form?.querySelector("button[aria-pressed]");
  if (button) button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
});
// After the page itself: keeping must not slow down what somebody looks at.
addEventListener("load", () => setTimeout(() => void start().catch(() => {}), 400));
if (document.readyState === "complete") setTimeout(() => void start().catch(() => {}), 400);
