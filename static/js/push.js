// The preferences page: lets this device ring, and says why it can't where it can't.
import { _ } from "./words.js";

const button = /** @type {HTMLButtonElement | null} */ (document.getElementById("push-on"));
const state = document.getElementById("push-state");

/** @param {string} words */
function say(words) {
  if (!state) return;
  state.textContent = words;
  state.hidden = !words;
}

/** iPadOS calls itself a Macintosh, but has fingers. */
const apple = /iPhone|iPad/.test(navigator.userAgent) || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);
const installed = matchMedia("(display-mode: standalone)").matches;

/** The key as bytes, as subscribe() wants it.
 * @param {string} text base64url
 */
function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function device() {
  const agent = navigator.userAgent;
  const browser = /Firefox/.test(agent) ? "Firefox" : /Edg/.test(agent) ? "Edge" : /Chrom/.test(agent) ? "Chrome" : "Safari";
  const system = /Android/.test(agent) ? "Android" : /iPhone/.test(agent) ? "iPhone" : apple ? "iPad" : /Windows/.test(agent) ? "Windows" : /Mac/.test(agent) ? "macOS" : "Linux";
  return `${browser}, ${system}`;
}

async function turnOn() {
  if (!button) return;
  button.disabled = true;
  try {
    if ((await Notification.requestPermission()) !== "granted") {
      say(_("This browser may not ring: allow notices for this site in its settings, then press again."));
      return;
    }
    const worker = await navigator.serviceWorker.ready;
    const key = bytes(button.dataset.key ?? "");
    const standing = await worker.pushManager.getSubscription();
    const made = standing ?? (await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
    const answer = await fetch(button.dataset.to ?? "", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...made.toJSON(), device: device() }),
    });
    if (!answer.ok) throw new Error(String(answer.status));
    location.hash = "devices";
    location.reload();
  } catch (error) {
    say(_("This browser's push service did not answer (%(error)s). Mail and the page still tell you.", { error: /** @type {Error} */ (error).message }));
  } finally {
    button.disabled = false;
  }
}

if (button) {
  const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  if (able) {
    button.hidden = false;
    button.addEventListener("click", () => void turnOn());
  } else if (apple && !installed) {
    say(_("Here only the installed page can ring: press Share, then Add to Home Screen, and open the conference from there."));
  } else if (!isSecureContext) {
    say(_("Browsers let a page ring only over https."));
  } else {
    say(_("This browser can't ring. Mail and the page still tell you."));
  }
}

// Offer the reader's own zone where none was chosen yet.
const zone = /** @type {HTMLSelectElement | null} */ (document.querySelector("[data-zone-of-browser]"));
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !zone.value && [...zone.options].some((option) => option.value === own)) zone.value = own;
