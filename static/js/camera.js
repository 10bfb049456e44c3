// Reads QR codes with the camera: by the browser's own detector where there is one, else by jsQR.

const EVERY_MS = 180;
const SAME_AGAIN_MS = 5000;

/** @param {string} decoder where jsQR is @returns {Promise<(source: HTMLVideoElement) => Promise<string>>} */
async function reader(decoder) {
  const Detector = /** @type {any} */ (globalThis).BarcodeDetector;
  if (Detector && (await Detector.getSupportedFormats()).includes("qr_code")) {
    const detector = new Detector({ formats: ["qr_code"] });
    return async (source) => (await detector.detect(source))[0]?.rawValue ?? "";
  }
  if (!(/** @type {any} */ (globalThis).jsQR)) await load(decoder);
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

/** Look with the camera until the page is left, and tell each code once in a while.
 * @param {HTMLVideoElement} video
 * @param {string} decoder
 * @param {(key: "asking" | "looking" | "refused" | "none") => void} say
 * @param {(code: string) => void} found
 */
export async function look(video, decoder, say, found) {
  say("asking");
  if (!navigator.mediaDevices) return say("none");
  let read;
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 } },
    });
    await video.play();
    read = await reader(decoder);
  } catch (error) {
    return say(/** @type {any} */ (error).name === "NotFoundError" ? "none" : "refused");
  }
  say("looking");
  let last = "";
  setInterval(async () => {
    const text = await read(video).catch(() => "");
    if (!text || text === last) return;
    last = text;
    setTimeout(() => {
      last = "";
    }, SAME_AGAIN_MS);
    found(text);
    navigator.vibrate?.(60);
  }, EVERY_MS);
}
