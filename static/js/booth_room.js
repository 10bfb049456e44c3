// A booth's room: everybody publishes into one group and sees the others of it.
import { Watch } from "./whep.js";
import { Publish } from "./whip.js";

const FACES = 6;
const root = /** @type {HTMLElement} */ (document.getElementById("round"));
const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const words = $("round_words");
const grantUrl = root.dataset.grant ?? "";
const room = root.dataset.room ?? "";
let stream = new MediaStream();
let inside = false;
/** @type {Map<string, HTMLElement>} a face for each video lane, by its mid */
const faces = new Map();

const publish = new Publish({
  grantUrl,
  stream: () => stream,
  tell: (state) => {
    inside = state === "joined" || inside;
    if (state === "lost" || state === "refused") words.textContent = words.dataset.again ?? "";
  },
});

const watch = new Watch({
  grantUrl,
  room,
  group: room,
  video: FACES,
  voices: FACES,
  onTrack: show,
  tell: (state) => {
    if (state === "joining") faces.clear();
  },
});

/** @param {RTCTrackEvent} event */
function show(event) {
  if (event.track.kind === "audio") {
    const ear = new Audio();
    ear.srcObject = new MediaStream([event.track]);
    ear.play().catch(() => {});
    return;
  }
  const template = /** @type {HTMLTemplateElement} */ ($("face"));
  const face = /** @type {HTMLElement} */ (
    /** @type {DocumentFragment} */ (template.content.cloneNode(true)).firstElementChild
  );
  const video = /** @type {HTMLVideoElement} */ (face.querySelector("video"));
  video.srcObject = new MediaStream([event.track]);
  faces.set(event.transceiver.mid ?? "", face);
}

async function others() {
  if (!inside) return;
  const { lanes } = await watch.lanes();
  const shown = [];
  for (const lane of lanes ?? []) {
    const face = faces.get(lane.mid);
    if (lane.kind !== "video" || !face || !lane.publisher) continue;
    const tag = face.querySelector(".tag");
    if (tag) tag.textContent = lane.name;
    shown.push(face);
  }
  for (const face of faces.values()) if (!shown.includes(face)) face.remove();
  for (const face of shown) {
    if (!face.isConnected) $("round_faces").append(face);
    face.querySelector("video")?.play().catch(() => {});
  }
  words.textContent = shown.length ? "" : (words.dataset.alone ?? "");
}

async function comeIn() {
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: 960 }, height: { ideal: 540 } },
      audio: { echoCancellation: true, noiseSuppression: true },
    });
  } catch {
    words.textContent = words.dataset.refused ?? "";
    return;
  }
  const mine = /** @type {HTMLVideoElement} */ ($("mine"));
  mine.srcObject = stream;
  $("come_in").hidden = true;
  $("mute").hidden = $("camera").hidden = false;
  await publish.start();
  watch.start();
}

/** @param {"audio" | "video"} kind @param {HTMLElement} button */
function toggle(kind, button) {
  for (const track of stream.getTracks()) if (track.kind === kind) track.enabled = !track.enabled;
  const off = stream.getTracks().some((track) => track.kind === kind && !track.enabled);
  button.setAttribute("aria-pressed", String(off));
}

$("come_in").addEventListener("click", comeIn);
$("mute").addEventListener("click", () => toggle("audio", $("mute")));
$("camera").addEventListener("click", () => toggle("video", $("camera")));
addEventListener("pagehide", () => {
  publish.leave();
  watch.leave();
});
setInterval(others, 1000);
