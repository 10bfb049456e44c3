// The green room: see and hear yourself first, then the others; the lamp says when the world does.
import { capture, exchangeDevice, fill, reasons } from "./devices.js";
import { Refused } from "./peer.js";
import { Talkback } from "./talkback.js";
import { Voice } from "./voice.js";
import { Watch as Whep } from "./whep.js";
import { captureScreen, Publish as Whip } from "./whip.js";
import { _ } from "./words.js";

const COUNTDOWN_S = 10;
const FACES = 4;
const root = /** @type {HTMLElement} */ (document.getElementById("green"));
const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const { Watch, Publish, Speak } = root.dataset.engine === "livekit" ? await import("./livekit.js") : { Watch: Whep, Publish: Whip, Speak: Whip };
const mine = /** @type {HTMLVideoElement} */ ($("mine"));
let state = JSON.parse(root.dataset.state ?? "{}");
let ahead = Date.parse(state.now) - Date.now();
let stream = new MediaStream();
let entered = false;
/** Set while we ourselves count down before joining a session that is live already. */
let joinsAt = 0;

const now = () => Date.now() + ahead;

/** @param {string} id @param {"fine" | "caution" | "quiet"} how @param {string} key @param {string} [more] */
function check(id, how, key, more = "") {
  const row = $(id);
  const words = /** @type {HTMLElement} */ (row.querySelector("span"));
  const icon = { fine: "check", caution: "warn", quiet: "minus" }[how];
  row.className = how;
  const use = row.querySelector("use");
  use?.setAttribute("href", (use.getAttribute("href") ?? "").replace(/#.*/, `#${icon}`));
  words.textContent = [words.dataset[key] ?? "", more].filter(Boolean).join(", ");
}

const voice = new Voice((level, peak) => {
  $("meter").style.setProperty("--level", String(level));
  $("meter").style.setProperty("--peak", String(peak));
  const track = stream.getAudioTracks()[0];
  const how = !track?.enabled ? "off" : peak < 0.12 ? "silent" : peak < 0.35 ? "low" : level > 0.95 ? "loud" : "good";
  const words = $("level").dataset[how] ?? "";
  if ($("level").textContent !== words) $("level").textContent = words;
  if (track) check("check_mic", how === "good" || how === "low" ? "fine" : "caution", !track.enabled ? "off" : peak < 0.12 ? "silent" : "ok");
});

const publish = new Publish({
  grantUrl: `${root.dataset.at}/grant`,
  stream: () => stream,
  tell: (what, error) => {
    entered = what === "joined";
    if (what === "joined") {
      check("check_room", "fine", "in");
      check("check_net", "fine", "ok");
    } else {
      const full = error instanceof Refused && error.status === 503;
      check("check_net", "caution", full ? "full" : "again");
      check("check_room", "quiet", "out");
    }
    lamp();
  },
});

const watch = new Watch({
  grantUrl: `${root.dataset.at}/grant`,
  room: "",
  group: root.dataset.slot,
  video: FACES,
  voices: FACES,
  onTrack: (event) => show(event),
  tell: (what) => {
    if (what === "joining") faces.clear();
  },
});

/** @type {Map<string, HTMLElement>} a face for each video lane, by its mid */
const faces = new Map();

/** @param {RTCTrackEvent} event */
function show(event) {
  const mid = event.transceiver.mid ?? "";
  if (event.track.kind === "audio") {
    const ear = new Audio();
    ear.srcObject = new MediaStream([event.track]);
    ear.play().catch(() => {});
    return;
  }
  const face = /** @type {DocumentFragment} */ (/** @type {HTMLTemplateElement} */ ($("face")).content.cloneNode(true)).firstElementChild;
  const video = /** @type {HTMLVideoElement} */ (face?.querySelector("video"));
  video.srcObject = new MediaStream([event.track]);
  faces.set(mid, /** @type {HTMLElement} */ (face));
}

/** Who is in which lane: names under the faces, and only as many faces as there are people. */
async function others() {
  if (!entered && !root.dataset.runs) return;
  const { lanes } = await watch.lanes();
  const shown = [];
  for (const lane of lanes ?? []) {
    const face = faces.get(lane.mid);
    if (lane.kind !== "video" || !face || !lane.publisher) continue;
    const tag = face.querySelector(".tag");
    if (tag) tag.textContent = lane.source === "screen" ? _("%(name)s’s screen", { name: lane.name }) : lane.name;
    const talk = /** @type {HTMLElement | null} */ (face.querySelector("[data-talk]"));
    if (talk) talk.dataset.talk = lane.person;
    shown.push(face);
  }
  const place = $("others");
  if (shown.length !== place.childElementCount || shown.some((face, at) => place.children[at] !== face)) {
    place.replaceChildren(...shown);
    for (const face of shown) face.querySelector("video")?.play().catch(() => {});
  }
  $("self").classList.toggle("alone", shown.length === 0);
}

async function ask() {
  const refused = $("refused");
  try {
    stream = await capture();
  } catch (error) {
    refused.hidden = false;
    refused.textContent = reasons(error);
    return;
  }
  $("ask").hidden = true;
  $("controls").hidden = false;
  await heard();
  await list();
}

async function heard() {
  mine.srcObject = stream;
  await mine.play().catch(() => {});
  $("no_camera").hidden = stream.getVideoTracks().some((track) => track.enabled);
  voice.listen(stream);
  const size = stream.getVideoTracks()[0]?.getSettings();
  check("check_camera", size ? "fine" : "caution", size ? "ok" : "off", size ? `${size.width} × ${size.height}` : "");
}

async function list() {
  await fill(/** @type {HTMLSelectElement} */ ($("cameras")), "video", stream);
  await fill(/** @type {HTMLSelectElement} */ ($("mics")), "audio", stream);
  $("devices").hidden = false;
}

/** Another camera or microphone, swapped under the running connection.
 * @param {"audio" | "video"} kind @param {string} device
 */
async function choose(kind, device) {
  await publish.replace(kind, await exchangeDevice(stream, kind, device));
  await heard();
}

/** Into the green room; if the session is live already, with a countdown, for that means on air. */
function enter() {
  /** @type {HTMLButtonElement} */ ($("enter")).hidden = true;
  if (state.phase === "live") {
    joinsAt = now() + COUNTDOWN_S * 1000;
    setTimeout(join, COUNTDOWN_S * 1000);
  } else join();
  tick();
}

async function join() {
  joinsAt = 0;
  await publish.start();
  await listen();
}

/** See and hear the others; those who run the show do so without entering. */
async function listen() {
  if (watch.keeper.connection) return;
  const { room } = await (await fetch(`${root.dataset.at}/grant`)).json();
  watch.room = room;
  watch.start();
}

/** Share a screen on the lines that are there already, or stop. */
async function share() {
  const button = $("share");
  if (publish.screen) return showShared(null);
  try {
    const screen = await captureScreen();
    screen.getVideoTracks()[0]?.addEventListener("ended", () => showShared(null));
    await showShared(screen);
  } catch (error) {
    if (/** @type {Error} */ (error).name !== "NotAllowedError") button.title = reasons(error);
  }
}

/** @param {MediaStream | null} screen */
async function showShared(screen) {
  await publish.share(screen);
  $("share").setAttribute("aria-pressed", String(screen !== null));
}

const talkback = root.dataset.runs
  ? new Talkback(`${root.dataset.at}/talkback`, (what) => {
      if (what === "refused" || what === "lost") $("talk_say").textContent = _("Talkback lost its connection and comes back by itself.");
    }, Speak)
  : null;

/** @param {Event} event @returns {HTMLElement | null} */
const talkButton = (event) => /** @type {Element} */ (event.target).closest("[data-talk]");

/** @param {Event} event */
async function talk(event) {
  const button = talkButton(event);
  if (!button?.dataset.talk || !talkback) return;
  button.setAttribute("aria-pressed", "true");
  try {
    await talkback.start([button.dataset.talk]);
  } catch (error) {
    $("talk_say").textContent = reasons(error);
  }
}

function hush() {
  for (const button of document.querySelectorAll("[data-talk][aria-pressed=true]")) {
    button.setAttribute("aria-pressed", "false");
    talkback?.stop();
  }
}

/** @param {"audio" | "video"} kind @param {HTMLElement} button */
function toggle(kind, button) {
  for (const track of stream.getTracks()) if (track.kind === kind) track.enabled = !track.enabled;
  const off = stream.getTracks().some((track) => track.kind === kind && !track.enabled);
  button.setAttribute("aria-pressed", String(off));
  if (kind === "video") {
    $("no_camera").hidden = !off;
    check("check_camera", off ? "caution" : "fine", off ? "off" : "ok");
  }
}

function lamp() {
  const air = document.body.dataset.air;
  let next = "off";
  const until = joinsAt || (state.live_at ? Date.parse(state.live_at) : Infinity);
  const left = Math.ceil((until - now()) / 1000);
  if (state.phase === "live" && entered) next = state.held ? "held" : "on";
  else if ((entered || joinsAt) && left <= COUNTDOWN_S && (joinsAt || state.phase !== "ended")) {
    if (left > -5) next = "soon";
    $("soon").textContent = String(Math.max(left, 0));
  }
  if (state.phase === "ended" || state.phase === "archived" || state.phase === "cancelled") next = "off";
  if (air !== next) document.body.dataset.air = next;
}

/** @param {number} ms */
function span(ms) {
  const seconds = Math.abs(Math.round(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
}

function tick() {
  const live = state.phase === "live";
  const words = $("until_words");
  const over = ["ended", "archived", "cancelled"].includes(state.phase);
  const target = Date.parse(live ? state.ends_at : (state.live_at ?? state.start));
  $("clock").textContent = over ? "00:00" : span(target - now());
  const which = over ? "over" : state.live_at ? "auto" : target < now() ? "late" : "waits";
  if (words.textContent !== words.dataset[which]) words.textContent = words.dataset[which] ?? "";
  lamp();
}

/** The truth about the slot; asked again after every door and every connection. */
async function refresh() {
  const answer = await fetch(`${root.dataset.at}/state`, { headers: { accept: "application/json" } });
  if (!answer.ok) return;
  state = await answer.json();
  ahead = Date.parse(state.now) - Date.now();
  tick();
}

async function network() {
  const found = await publish.quality();
  if (!entered || !found) return;
  const { rtt, loss } = /** @type {{rtt: number, loss: number}} */ (found);
  const poor = loss > 0.02 || rtt > 300;
  check("check_net", poor ? "caution" : "fine", poor ? "poor" : "ok", `${Math.round(rtt)} ms, ${(loss * 100).toFixed(1)}%`);
}

document.addEventListener("plenary:phase", (event) => {
  const change = /** @type {CustomEvent} */ (event).detail;
  if (change.slot !== root.dataset.slot) return refresh();
  state.phase = change.phase;
  tick();
  return refresh();
});
for (const topic of ["release", "hello", "floor", "hand"]) document.addEventListener(`plenary:${topic}`, refresh);
document.addEventListener("plenary:media", () => {
  publish.keeper.check();
  watch.keeper.check();
});
$("check").addEventListener("click", ask);
$("enter").addEventListener("click", enter);
$("mute").addEventListener("click", () => toggle("audio", $("mute")));
$("camera").addEventListener("click", () => toggle("video", $("camera")));
$("share").addEventListener("click", share);
document.addEventListener("pointerdown", talk);
document.addEventListener("pointerup", hush);
document.addEventListener("pointercancel", hush);
document.addEventListener("keydown", (event) => {
  if (event.key === " " && !event.repeat && talkButton(event)) talk(event);
});
document.addEventListener("keyup", (event) => {
  if (event.key === " ") hush();
});
$("cameras").addEventListener("change", () => choose("video", /** @type {HTMLSelectElement} */ ($("cameras")).value));
$("mics").addEventListener("change", () => choose("audio", /** @type {HTMLSelectElement} */ ($("mics")).value));
addEventListener("pagehide", () => {
  publish.leave();
  watch.leave();
  talkback?.leave();
});
document.body.dataset.air = "off";
tick();
// Disabled until now: the engine's client may take a while to come, and a press would have been lost.
/** @type {HTMLButtonElement} */ ($("check")).disabled = false;
if (talkback) listen();
setInterval(tick, 250);
setInterval(others, 1000);
setInterval(network, 3000);
setInterval(refresh, 10000);
