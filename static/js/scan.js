// Reads the code of a badge with the phone's camera: by the browser's own detector where there is
// one, else by a decoder that is fetched only then.

const EVERY_MS = 180;
const place = /** @type {HTMLElement} */ (document.getElementById("scanner"));
const video = /** @type {HTMLVideoElement} */ (document.getElementById("finder"));
const words = /** @type {HTMLElement} */ (document.getElementById("finder_words"));
const form = /** @type {HTMLFormElement} */ (document.getElementById("typed"));
let last = "";

/** @param {string} key */
const say = (key) => {
  words.textContent = words.dataset[key] ?? "";
};

/** @returns {Promise<(source: HTMLVideoElement) => Promise<string>>} */
async function reader() {
  const Detector = /** @type {any} */ (globalThis).BarcodeDetector;
  if (Detector && (await Detector.getSupportedFormats()).includes("qr_code")) {
    const detector = new Detector({ formats: ["qr_code"] });
    return async (source) => (await detector.detect(source))[0]?.rawValue ?? "";
  }
  await load(place.dataset.decoder ?? "");
  const decode = /** @type {any} */ (globalThis).jsQR;
  const canvas = document.createElement("canvas");
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  return async (source) => {
    const scale = Math.min(1, 800 / Math.max(source.videoWidth, source.videoHeight, 1));
    canvas.width = Math.round(source.videoWidth * scale);
    canvas.height = Math.round(source.videoHeight * scale);
    if (!canvas.width) return "";
    pen.drawImage(source, 0, 0, canvas.width, canvas.height);
    const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
    return decode(picture.data, picture.width, picture.height)?.data ?? "";
  };
}

/** @param {string} address @returns {Promise<void>} */
function load(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error("the decoder did not load"));
    document.head.append(script);
  });
}

async function look() {
  say("asking");
  if (!navigator.mediaDevices) return say("none");
  let read;
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 } },
    });
    await video.play();
    read = await reader();
  } catch (error) {
    return say(/** @type {any} */ (error).name === "NotFoundError" ? "none" : "refused");
  }
  say("looking");
  setInterval(async () => {
    const text = await read(video).catch(() => "");
    if (!text || text === last) return;
    last = text;
    setTimeout(() => {
      last = "";
    }, 5000);
    /** @type {HTMLInputElement} */ (form.elements.namedItem("code")).value = text;
    form.requestSubmit();
    navigator.vibrate?.(60);
  }, EVERY_MS);
}

document.getElementById("scan")?.addEventListener("click", look);
