// How loud, and out of which loudspeaker; both are kept for the next room and the next day.
const VOLUME = "plenary-volume";
const SPEAKER = "plenary-loudspeaker";

/** @typedef {HTMLMediaElement & {setSinkId?: (id: string) => Promise<void>, sinkId?: string}} Sounding */

export class Sound {
  /** @param {HTMLVideoElement} video @param {() => void} toggle what the sound's button does */
  constructor(video, toggle) {
    this.video = /** @type {Sounding} */ (video);
    this.toggle = toggle;
    document.addEventListener("input", (event) => this.volume(/** @type {HTMLInputElement} */ (event.target)));
    document.addEventListener("change", (event) => this.chosen(/** @type {HTMLSelectElement} */ (event.target)));
    document.addEventListener("click", (event) => {
      if (/** @type {Element} */ (event.target).closest("[data-act=loudspeakers]")) this.find();
    });
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.devices());
    const kept = localStorage.getItem(SPEAKER);
    if (kept) this.use(kept);
  }

  /** Volume as it was left; a phone that has keys for it gets no slider. */
  remembered() {
    const { video } = this;
    const before = video.volume;
    const wanted = Number(localStorage.getItem(VOLUME) ?? 100);
    video.volume = 0.5;
    const settable = video.volume === 0.5;
    video.volume = settable ? wanted / 100 : before;
    for (const slider of document.querySelectorAll("[data-volume]")) {
      /** @type {HTMLElement} */ (slider).hidden = !settable;
      /** @type {HTMLInputElement} */ (slider.querySelector("input")).value = String(wanted);
    }
    this.devices();
  }

  /** @param {HTMLInputElement} slider */
  volume(slider) {
    if (!slider.closest?.("[data-volume]")) return;
    this.video.volume = Number(slider.value) / 100;
    localStorage.setItem(VOLUME, slider.value);
    if (this.video.muted && Number(slider.value) > 0) this.toggle();
  }

  /** Loudspeakers, where the browser lets a page choose. It names them only to whom it trusts: then
   * a button asks for that. */
  async devices() {
    const box = /** @type {HTMLElement | null} */ (document.querySelector("[data-devices]"));
    if (!box || !this.video.setSinkId || !navigator.mediaDevices?.enumerateDevices) return;
    const found = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "audiooutput");
    const named = found.filter((device) => device.label);
    const select = /** @type {HTMLSelectElement} */ (box.querySelector("select"));
    const ask = /** @type {HTMLElement} */ (box.querySelector("[data-act=loudspeakers]"));
    select.hidden = !named.length;
    ask.hidden = Boolean(named.length);
    box.hidden = !found.length;
    const chosen = this.video.sinkId || "default";
    select.replaceChildren(...named.map((device) => new Option(device.label, device.deviceId, false, device.deviceId === chosen)));
  }

  /** Let the browser name the loudspeakers: by its own list, or as it does for who may use a microphone. */
  async find() {
    const devices = /** @type {MediaDevices & {selectAudioOutput?: () => Promise<MediaDeviceInfo>}} */ (navigator.mediaDevices);
    try {
      if (devices.selectAudioOutput) await this.use((await devices.selectAudioOutput()).deviceId);
      else (await devices.getUserMedia({ audio: true })).getTracks().forEach((track) => track.stop());
    } catch {
      // Refused: the loudspeaker stays as it is.
    }
    await this.devices();
  }

  /** @param {HTMLSelectElement} select */
  chosen(select) {
    if (select.closest?.("[data-devices]")) this.use(select.value);
  }

  /** @param {string} id */
  async use(id) {
    try {
      await this.video.setSinkId?.(id);
      localStorage.setItem(SPEAKER, id);
    } catch {
      // Unplugged since: the browser's own choice sounds, and the next list shows it.
      localStorage.removeItem(SPEAKER);
      await this.devices();
    }
  }
}
