// The attendee's room: one connection for all rooms, sound by one tap, switching by one request.
import { Choice } from "./choice.js";
import { Refused } from "./peer.js";
import { measure } from "./quality.js";
import { renew } from "./renew.js";
import { More } from "./room-more.js";
import { Stills } from "./stills.js";
import { Watch as Whep } from "./whep.js";

const stage = /** @type {HTMLElement} */ (document.getElementById("stage"));
const video = /** @type {HTMLVideoElement} */ (document.getElementById("video"));
const slate = /** @type {HTMLElement} */ (document.getElementById("slate"));
const unmute = /** @type {HTMLButtonElement} */ (document.getElementById("unmute"));
const quality = /** @type {HTMLElement} */ (document.getElementById("quality"));
const strip = /** @type {HTMLElement} */ (document.getElementById("strip"));
const SOUND = "plenary-sound";

const Watch = stage.dataset.engine === "livekit" ? /** @type {typeof Whep} */ (/** @type {unknown} */ ((await import("./livekit.js")).Watch)) : Whep;

let room = stage.dataset.room ?? "";
let before = "";
let drawn = 0;
let stale = 0;
let blocked = false;
const voices = new MediaStream();
const watch = new Watch({
  grantUrl: stage.dataset.grant ?? "",
  room,
  onTrack: (event) => {
    for (const old of voices.getTracks()) {
      if (old.readyState === "ended") voices.removeTrack(old);
    }
    if (event.track.kind === "video" && voices.getVideoTracks().length) return more.face(event.track);
    voices.addTrack(event.track);
    if (!choice.broadcasting) showVoices();
  },
  offTrack: (track) => voices.removeTrack(track),
  tell: (state, error) => {
    if (state === "joining") {
      for (const old of voices.getTracks()) voices.removeTrack(old);
      more.noFaces();
    }
    if (state === "joined") setTimeout(() => more.view(), 300);
    if (state === "refused" && error instanceof Refused && error.status === 401) location.reload();
    choice.heard(state, error);
    if (state === "joined") choice.arrived();
    if (choice.broadcasting) return;
    say(state === "joined" ? "good" : state === "joining" ? "joining" : "again");
  },
});
const choice = new Choice({
  video,
  watch,
  offered: Boolean(stage.dataset.broadcast),
  addressOf: (wanted) => `${stage.dataset.broadcast}/${wanted}`,
  changed: (mode, why) => {
    stage.dataset.mode = mode;
    stage.dataset.why = why;
    if (mode === "interactive") showVoices();
    else play();
    say(mode === "interactive" ? "good" : "waiting");
    showMode();
  },
  tell: (told) => say(told === "playing" ? "broadcast" : "waiting"),
});
const stills = new Stills(strip);

function showVoices() {
  if (video.srcObject !== voices) video.srcObject = voices;
  play();
}

const more = new More({ stage, video, strip, watch, say, sound: () => toggleSound() });

const state = () => /** @type {HTMLElement} */ (document.getElementById("room_state"));

/** @param {string} key */
function say(key) {
  quality.dataset.state = key;
  const words = quality.querySelector("[data-words]");
  const behind = choice.player.behind;
  const seconds = Number.isFinite(behind) ? behind.toFixed(behind < 10 ? 1 : 0) : "…";
  if (words) words.textContent = (quality.dataset[key] ?? "").replace("{seconds}", seconds);
  const bars = quality.querySelectorAll(".bars4 i");
  const lit = { good: 4, broadcast: 4, low: 3, poor: 2, voice: 4 }[key] ?? 0;
  bars.forEach((bar, at) => bar.classList.toggle("no", at >= lit));
}

/** Autoplay is allowed muted; sound needs one tap in this browser, and then stays on. */
async function play() {
  video.muted = sessionStorage.getItem(SOUND) !== "on";
  try {
    await video.play();
  } catch (error) {
    // A play that a newer track interrupted says nothing about the sound.
    if (/** @type {DOMException} */ (error).name !== "NotAllowedError") return;
    blocked = video.muted === false;
    video.muted = true;
    await video.play().catch(() => {});
  }
  showSound();
}

/** Sound that was wanted, and that the browser held back until it was touched: the first touch brings it.
 * @param {Event} event
 */
function resound(event) {
  const own = /** @type {Element} */ (event.target).closest?.('#unmute, [data-act="sound"], [data-volume]');
  if (!blocked || own || /** @type {KeyboardEvent} */ (event).key === "m") return;
  blocked = false;
  video.muted = false;
  video.play().catch(() => {});
  showSound();
}
for (const touch of ["click", "keydown"]) document.addEventListener(touch, resound, { capture: true });

function showSound() {
  unmute.hidden = !video.muted;
  for (const button of document.querySelectorAll('[data-act="sound"]')) {
    button.setAttribute("aria-pressed", String(!video.muted));
  }
}

/** The button that changes between the two ways to watch, and the line to seek on. */
function showMode() {
  for (const button of document.querySelectorAll('[data-act="delayed"]')) {
    button.setAttribute("aria-pressed", String(choice.broadcasting));
  }
  for (const box of document.querySelectorAll("[data-seek]")) {
    const line = /** @type {HTMLInputElement} */ (box.querySelector("input"));
    /** @type {HTMLElement} */ (box).hidden = !choice.broadcasting;
    if (!choice.broadcasting) continue;
    const reach = Math.max(Math.round(choice.player.window), 1);
    line.min = String(-reach);
    if (document.activeElement !== line) line.value = String(-Math.round(choice.player.back));
    const words = box.querySelector("[data-back]");
    if (words) words.textContent = choice.player.back < 8 ? "" : `−${span(choice.player.back * 1000)}`;
  }
}

function toggleSound() {
  blocked = false;
  video.muted = !video.muted;
  sessionStorage.setItem(SOUND, video.muted ? "off" : "on");
  video.play().catch(() => {});
  showSound();
}

/** The slate covers the stage whenever no new picture has come for a moment. */
function watchPicture() {
  const frames = video.getVideoPlaybackQuality?.().totalVideoFrames ?? 0;
  stale = frames > drawn ? 0 : stale + 1;
  drawn = frames;
  const live = state().dataset.live === "yes";
  // The broadcast carries its own slate, and may be watched behind the stage.
  slate.hidden = choice.broadcasting ? frames > 0 : live && stale < 6;
  if (quality.dataset.state === "broadcast") say("broadcast");
  if (quality.dataset.state === "good" || quality.dataset.state === "none") {
    say(!live || stale < 12 ? "good" : "none");
  }
}

function fillSlate() {
  const words = /** @type {HTMLTemplateElement | null} */ (document.getElementById("slate_words"));
  if (words) slate.replaceChildren(words.content.cloneNode(true));
}

function fillStrip() {
  const rooms = /** @type {HTMLTemplateElement | null} */ (document.getElementById("strip_rooms"));
  if (rooms) renew(strip, rooms.content.cloneNode(true), "innerHTML");
  stills.show();
}

/** @param {number} ms */
function span(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
}

function tick() {
  const now = Date.now();
  for (const clock of document.querySelectorAll("[data-until]")) {
    clock.textContent = span(Date.parse(/** @type {HTMLElement} */ (clock).dataset.until ?? "") - now);
  }
  const { start, end, live } = state().dataset;
  const line = /** @type {HTMLElement | null} */ (document.querySelector(".track-line"));
  if (line && start && end) {
    const done = (now - Date.parse(start)) / (Date.parse(end) - Date.parse(start));
    line.style.setProperty("--done", String(Math.min(Math.max(done, 0), 1)));
  }
  const left = document.querySelector("[data-left]");
  if (left) left.textContent = live === "yes" && end ? span(Date.parse(end) - now) : "";
}

/** Fetch what the page says about the room that we are in.
 * @param {string} url
 */
async function refresh(url) {
  const answer = await fetch(url, { headers: { "hx-request": "true", accept: "text/html" } });
  if (!answer.ok) return;
  const box = document.createElement("div");
  box.innerHTML = await answer.text();
  const fresh = box.querySelector("#room_state");
  if (!fresh || /** @type {HTMLElement} */ (fresh).dataset.room !== room) return;
  // What the viewer has in hand stays: an open menu, a rating half written, the focus.
  renew(state(), fresh);
  settle();
}

function settle() {
  const { name = "" } = state().dataset;
  const title = document.getElementById("room_name");
  if (title) title.textContent = name;
  document.title = document.title.replace(/^[^—]*/, `${name} `);
  fillSlate();
  fillStrip();
  showSound();
  showMode();
  tick();
  more.settled();
}

/** @param {string} next @param {string} url @param {boolean} remember */
async function enter(next, url, remember) {
  if (next === room) return;
  const began = performance.now();
  before = room;
  room = next;
  stage.dataset.room = next;
  for (const link of strip.querySelectorAll("a")) {
    link.classList.toggle("here", link.dataset.switch === next);
  }
  const switched = choice.switchTo(next);
  firstPicture(began);
  if (remember) history.pushState({ room: next }, "", url);
  await Promise.all([switched.catch(() => watch.keeper.renew()), refresh(url)]);
}

/** How long the viewer waited for the new room's picture, kept for whoever measures.
 * @param {number} began
 */
function firstPicture(began) {
  video.requestVideoFrameCallback?.(() => {
    stage.dataset.switchMs = String(Math.round(performance.now() - began));
  });
}

strip.addEventListener("click", (event) => {
  const link = /** @type {HTMLAnchorElement | null} */ (/** @type {Element} */ (event.target).closest("a[data-switch]"));
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  enter(link.dataset.switch ?? "", link.href, true);
});

addEventListener("popstate", (event) => {
  const next = event.state?.room ?? first.room;
  enter(next, location.href, false);
});
const first = { room };

document.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-act]"));
  const act = button?.dataset.act;
  if (act === "sound") toggleSound();
  if (act === "full") fullScreen();
  if (act === "delayed") choice.want(!choice.broadcasting);
  if (act === "now") choice.player.seekBack(0);
  if (act === "pip") smallWindow();
});
unmute.addEventListener("click", toggleSound);

function smallWindow() {
  if (document.pictureInPictureElement) document.exitPictureInPicture();
  else video.requestPictureInPicture?.().catch(() => {});
}

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (stage.requestFullscreen) stage.requestFullscreen();
  else /** @type {any} */ (video).webkitEnterFullscreen?.();
}

document.addEventListener("keydown", (event) => {
  if (more.key(event)) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (/** @type {HTMLElement} */ (event.target).closest("input, textarea, select, dialog")) return;
  const links = [.../** @type {NodeListOf<HTMLAnchorElement>} */ (strip.querySelectorAll("a[data-switch]"))];
  if (event.key === "m") toggleSound();
  else if (event.key === "f") fullScreen();
  else if (event.key === "0" && before) links.find((one) => one.dataset.switch === before)?.click();
  else if (/^[1-9]$/.test(event.key)) links[Number(event.key) - 1]?.click();
});

document.addEventListener("plenary:audience", (event) => {
  const counts = /** @type {CustomEvent} */ (event).detail.rooms ?? {};
  for (const place of document.querySelectorAll("[data-audience]")) {
    const count = counts[/** @type {HTMLElement} */ (place).dataset.audience ?? ""];
    if (count !== undefined && place.textContent !== "") place.textContent = String(count);
  }
});

/** Doors anywhere change the strip; doors here change the whole page. Many at once are one fetch. */
let due = 0;
function soon() {
  clearTimeout(due);
  due = setTimeout(() => refresh(location.href), 60);
}
document.addEventListener("plenary:media", () => /** @type {{check?: () => void}} */ (watch.keeper).check?.());
for (const topic of ["phase", "stage", "release", "hello", "recording"]) document.addEventListener(`plenary:${topic}`, soon);

addEventListener("pagehide", () => {
  choice.player.stop();
  watch.leave();
});
addEventListener("pageshow", (event) => {
  if (event.persisted) choice.start();
});
document.addEventListener("change", (event) => {
  const line = /** @type {HTMLInputElement} */ (event.target);
  if (line.closest("[data-seek]")) choice.player.seekBack(-Number(line.value));
});

history.replaceState({ room }, "");
settle();
setInterval(watchPicture, 250);
setInterval(tick, 1000);
const home = /** @type {HTMLMetaElement | null} */ (document.querySelector('meta[name="conference"]'))?.content;
measure(() => watch.keeper.connection, () => `/c/${home}/rooms/${room}/quality`);
setInterval(showMode, 1000);
choice.start();
