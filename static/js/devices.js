// Camera and microphone: asked for, listed, exchanged; and why a browser gives none, in words.
import { _ } from "./words.js";

/** Ask for both; a microphone alone will do. @returns {Promise<MediaStream>} */
export async function capture() {
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  const video = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio });
  } catch (error) {
    if (!navigator.mediaDevices || /** @type {Error} */ (error).name !== "NotFoundError") throw error;
    return navigator.mediaDevices.getUserMedia({ audio });
  }
}

/** @param {any} error */
export function reasons(error) {
  if (!navigator.mediaDevices) return _("This address is not safe (https), so the browser gives no camera.");
  if (error.name === "NotAllowedError") return _("The browser was told not to. Allow camera and microphone in its address bar, then press again.");
  if (error.name === "NotFoundError") return _("No camera or microphone was found. Plug one in, then press again.");
  if (error.name === "NotReadableError") return _("Another program holds the camera or microphone. Close it, then press again.");
  return _("That did not work (%(error)s). Try another browser.", { error: error.name });
}

/** Fill a list with the devices of one kind; the one in use is chosen.
 * @param {HTMLSelectElement} list @param {"audio" | "video"} kind @param {MediaStream} stream
 */
export async function fill(list, kind, stream) {
  const found = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === `${kind}input`);
  const used = stream.getTracks().find((track) => track.kind === kind)?.getSettings().deviceId;
  list.replaceChildren(...found.map((device) => new Option(device.label, device.deviceId, false, device.deviceId === used)));
}

/** Put another camera or microphone in the place of the present one, muted as that was.
 * @param {MediaStream} stream @param {"audio" | "video"} kind @param {string} device
 * @returns {Promise<MediaStreamTrack>} what is sent from now on
 */
export async function exchangeDevice(stream, kind, device) {
  const fresh = await navigator.mediaDevices.getUserMedia({ [kind]: { deviceId: { exact: device } } });
  const track = fresh.getTracks()[0];
  const old = stream.getTracks().find((one) => one.kind === kind);
  if (old) {
    track.enabled = old.enabled;
    old.stop();
    stream.removeTrack(old);
  }
  stream.addTrack(track);
  return track;
}
