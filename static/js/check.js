// Checks badges at a door without asking anybody: the page holds the conference's key and its list.
import { look } from "./camera.js";
import { el } from "./dom.js";
import { _ } from "./words.js";

const held = JSON.parse(document.getElementById("badges")?.dataset.held ?? "{}");
const place = /** @type {HTMLElement} */ (document.getElementById("scanner"));
const video = /** @type {HTMLVideoElement} */ (document.getElementById("finder"));
const words = /** @type {HTMLElement} */ (document.getElementById("finder_words"));
const form = /** @type {HTMLFormElement} */ (document.getElementById("typed"));
const answer = /** @type {HTMLElement} */ (document.getElementById("checked"));
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** When each badge was seen here, on this page. @type {Map<string, Date>} */
const seen = new Map();
const language = document.documentElement.lang || "en-GB";
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const moment = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

const key = crypto.subtle.importKey("raw", bytes(held.key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);

/** @param {string} text base 64 */
function bytes(text) {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}

/** The first 80 bits of the code's HMAC in base 32, as app/attendees/codes.py signs. @param {string} code */
async function seal(code) {
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", await key, new TextEncoder().encode(code)));
  let bits = 0n;
  for (const byte of mac.slice(0, 10)) bits = (bits << 8n) | BigInt(byte);
  return [...Array(16).keys()].map((at) => ALPHABET[Number((bits >> BigInt(75 - 5 * at)) & 31n)]).join("");
}

/** @param {string} text what the camera read, or somebody typed */
async function check(text) {
  const found = /^P1-([0-9A-F]{8,32})-([A-Z2-7]{16})$/.exec(text.trim().toUpperCase());
  const code = found?.[1] ?? "";
  if (!found || (await seal(code)) !== found[2]) return show("trouble", "stop", _("Not ours"), _("This is no badge of this conference, or somebody made it up."));
  const [name, ticket] = held.valid[code.toLowerCase()] ?? [];
  const revoked = held.revoked[code.toLowerCase()];
  if (name === undefined && revoked) return show("trouble", "stop", _("Taken back"), _("This place was given back on %(when)s.", { when: moment.format(new Date(revoked)) }));
  if (name === undefined) return show("caution", "warn", _("Genuine, but not on this list"), _("It was made after %(when)s. Load this page again with a network.", { when: moment.format(new Date(held.at)) }));
  const before = seen.get(code);
  seen.set(code, new Date());
  if (before) return show("caution", "warn", name, _("%(ticket)s. Seen here before, at %(when)s.", { ticket, when: clock.format(before) }));
  show("fine", "check", name, _("%(ticket)s. Valid.", { ticket }));
}

/** @param {string} kind @param {string} sign @param {string} head @param {string} text */
function show(kind, sign, head, text) {
  answer.className = `checked ${kind}`;
  answer.replaceChildren(
    /** @type {Node} */ (document.getElementById(`sign_${sign}`)?.cloneNode(true)),
    el("div", {}, el("h2", {}, el("bdi", {}, head)), el("p", {}, text)),
  );
  answer.querySelector("[id]")?.removeAttribute("id");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("code"));
  void check(field.value);
  field.select();
});
document.getElementById("scan")?.addEventListener("click", () =>
  look(
    video,
    place.dataset.decoder ?? "",
    (state) => {
      words.textContent = words.dataset[state] ?? "";
    },
    (code) => void check(code),
  ),
);

/** Have the worker keep this page and everything that it needs. */
async function keep() {
  const state = document.getElementById("kept-state");
  if (!state || !("serviceWorker" in navigator) || document.querySelector('meta[name="kept"]')) return;
  const worker = (await navigator.serviceWorker.ready).active;
  const who = /** @type {HTMLMetaElement | null} */ (document.querySelector('meta[name="who"]'))?.content ?? "";
  if (!navigator.serviceWorker.controller) await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
  worker?.postMessage({ who, keep: [location.pathname] });
  const needed = performance.getEntriesByType("resource").map((entry) => entry.name).filter((name) => name.includes("/static/"));
  await Promise.all([...new Set([...needed, new URL(place.dataset.decoder ?? "", location.href).href])].map((name) => fetch(name)));
  state.hidden = false;
}

void keep().catch(() => {});
