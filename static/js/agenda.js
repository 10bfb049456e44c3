// The agenda in the browser: the now line, stars without a reload, and phases as they change.

const MINUTE = 60000;
const $ = (/** @type {string} */ selector) => /** @type {HTMLElement | null} */ (document.querySelector(selector));

/** Move the line, and say how long what is on air still lasts. */
function tick() {
  for (const found of document.querySelectorAll(".sheet[data-base]")) {
    const sheet = /** @type {HTMLElement} */ (found);
    const base = Date.parse(sheet.dataset.base ?? "");
    const from = Number(sheet.dataset.from);
    const now = (Date.now() - base) / MINUTE;
    const outside = now < from || now > from + Number(sheet.dataset.span);
    sheet.classList.toggle("outside", outside);
    if (outside) delete sheet.dataset.now;
    else sheet.dataset.now = "";
    sheet.style.setProperty("--now", now.toFixed(2));
    const zone = sheet.querySelector(".hours .now");
    if (zone) zone.textContent = clock(sheet);
    for (const left of sheet.querySelectorAll(".live .left")) say(/** @type {HTMLElement} */ (left), now);
  }
  for (const found of document.querySelectorAll("[data-until]")) {
    const until = Date.parse(/** @type {HTMLElement} */ (found).dataset.until ?? "");
    const minutes = Math.ceil((until - Date.now()) / MINUTE);
    if (minutes > 0 && minutes <= 90) found.textContent = `${minutes} min`;
  }
}

/** The present time on the clock of the page's first column.
 * @param {HTMLElement} sheet
 */
function clock(sheet) {
  const zone = sheet.dataset.zone;
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone || undefined }).format(Date.now());
}

/**
 * @param {HTMLElement} place
 * @param {number} now
 */
function say(place, now) {
  const slot = /** @type {HTMLElement} */ (place.closest(".slot"));
  const style = getComputedStyle(slot);
  const left = Math.ceil(Number(style.getPropertyValue("--s")) + Number(style.getPropertyValue("--l")) - now);
  const words = /** @type {HTMLElement | null} */ (slot.closest("[data-left]"))?.dataset.left ?? "%s min";
  place.textContent = left > 0 ? words.replace("%s", String(left)) : "";
}

/** Bring the now line, or the hour asked for, into view once. */
function scrollToNow() {
  const scroller = $("#sheet");
  const sheet = $(".view-grid");
  if (!scroller || !sheet || scroller.scrollWidth <= scroller.clientWidth || "now" in sheet.dataset === false) return;
  const line = sheet.querySelector(".grid > .now");
  if (!(line instanceof HTMLElement)) return;
  const frame = scroller.getBoundingClientRect();
  const share = getComputedStyle(scroller).direction === "rtl" ? 0.65 : 0.35;
  scroller.scrollBy({ left: line.getBoundingClientRect().left - frame.left - frame.width * share, behavior: "instant" });
}

/** Phases that a slot's marks can show. */
const SHOWN = { doors: "doors", live: "live", ended: "past", archived: "past", cancelled: "cancelled" };

/** @param {{ slot: string, room: string, phase: string }} change */
function rephase(change) {
  const slot = document.querySelector(`[id^="s-${change.slot.slice(0, 8)}"]`);
  const state = SHOWN[/** @type {keyof typeof SHOWN} */ (change.phase)];
  if (slot && state) {
    slot.classList.remove(...Object.values(SHOWN));
    slot.classList.add(state);
    slot.querySelector(".state")?.remove();
    if (state === "live" || state === "doors") {
      const place = document.createElement("div");
      place.className = "state";
      place.append(mark(state));
      if (state === "live") {
        const span = document.createElement("span");
        span.className = "span";
        const left = document.createElement("span");
        left.className = "fig left";
        place.append(span, left);
      }
      slot.querySelector(".star")?.before(place);
    }
  }
  const head = document.querySelector(`.roomhead[data-room="${change.room.slice(0, 8)}"] .state`);
  if (head) {
    if (change.phase === "live" || change.phase === "doors") head.replaceChildren(mark(change.phase));
    else if (state && !roomIsOn(change.room.slice(0, 8))) head.replaceChildren();
  }
  tick();
}

/** @param {string} room */
function roomIsOn(room) {
  const head = document.querySelector(`.roomhead[data-room="${room}"]`);
  const row = head && [...head.classList].find((name) => /^r\d+$/.test(name));
  return Boolean(row && document.querySelector(`.slot.${row}.live, .slot.${row}.doors`));
}

/** @param {string} state */
function mark(state) {
  const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById(`state-${state}`));
  return template ? template.content.cloneNode(true) : document.createTextNode("");
}

document.addEventListener("plenary:phase", (event) => rephase(/** @type {CustomEvent} */ (event).detail));

// A new release: the same page again, a little later for some, so that not all ask at once.
document.addEventListener("plenary:release", () => {
  setTimeout(() => location.reload(), Math.random() * 4000);
});

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const button = event.submitter;
  if (form.id !== "stars" || !(button instanceof HTMLButtonElement)) return;
  event.preventDefault();
  void turn(button);
});

/** Turn a star over at once; turn it back when the server says no.
 * @param {HTMLButtonElement} button
 */
async function turn(button) {
  const same = document.querySelectorAll(`.star[formaction="${button.getAttribute("formaction")}"]`);
  const was = button.getAttribute("aria-pressed") === "true";
  for (const star of same) star.setAttribute("aria-pressed", String(!was));
  try {
    const answer = await fetch(`${button.formAction}?want=${was ? 0 : 1}`, { method: "POST", headers: { "HX-Request": "true" } });
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) location.href = elsewhere;
    else if (!answer.ok) throw new Error(String(answer.status));
    else {
      document.dispatchEvent(new CustomEvent("plenary:starred"));
      const told = answer.headers.get("HX-Trigger");
      if (told?.startsWith("{")) document.body.dispatchEvent(new CustomEvent("plenary-starred", { bubbles: true, detail: JSON.parse(told)["plenary-starred"] }));
    }
  } catch {
    for (const star of same) star.setAttribute("aria-pressed", String(was));
  }
}

tick();
scrollToNow();
setInterval(tick, 10000);
document.addEventListener("htmx:afterSettle", tick);
