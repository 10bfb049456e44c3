// The broadcast player: HLS by the browser itself, or by hls.js, which is fetched only then.
import { fetchGrant } from "./peer.js";
import { Watching } from "./watching.js";

const TOKEN_MS = 90 * 60 * 1000;
const AGAIN_MS = 1500;
const NEAR_S = 4;
/** Target durations behind the stage at which a viewer who wants to be near it is taken there. */
const FAR = 10;

/** @typedef {{plain: string, low_latency: string, still: string, watching: string}} Addresses */

/** Whether the browser plays HLS without help; Chromium's own player knows no low latency yet.
 * @param {HTMLVideoElement} video
 */
function playsItself(video) {
  const media = "ManagedMediaSource" in window || "MediaSource" in window;
  return !media && video.canPlayType("application/vnd.apple.mpegurl") !== "";
}

export class Broadcast {
  /**
   * @param {{video: HTMLVideoElement, addressOf: (room: string) => string,
   *   tell: (state: "playing" | "waiting") => void, lowLatency?: boolean}} wishes
   */
  constructor(wishes) {
    this.wishes = wishes;
    this.room = "";
    /** @type {any} */
    this.hls = null;
    /** Whether the viewer went back in time, and wants to stay there. */
    this.held = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** Counts starts, so that what an earlier one still waits for comes to nothing. */
    this.turn = 0;
    const { video } = wishes;
    this.watching = new Watching(() => this.running && !video.paused);
    video.addEventListener("playing", () => {
      if (!this.running) return;
      wishes.tell("playing");
      this.watching.playing();
    });
  }

  get running() {
    return this.room !== "";
  }

  /** Play a room's broadcast, from now.
   * @param {string} room
   */
  async start(room) {
    const at = room === this.room && this.held ? this.hls?.playingDate?.getTime() : undefined;
    if (room !== this.room) this.watching.stop();
    this.#halt();
    this.room = room;
    const turn = (this.turn += 1);
    this.wishes.tell("waiting");
    try {
      const addresses = /** @type {Addresses} */ (await fetchGrant(this.wishes.addressOf(room)));
      if (turn !== this.turn) return;
      this.watching.address = addresses.watching;
      await this.#open(addresses, turn, at);
      this.#after(TOKEN_MS, turn);
    } catch {
      this.#after(AGAIN_MS, turn);
    }
  }

  stop() {
    this.watching.stop();
    this.#halt();
  }

  #halt() {
    this.turn += 1;
    this.room = "";
    clearTimeout(this.timer);
    this.hls?.destroy();
    this.hls = null;
    this.held = false;
    const { video } = this.wishes;
    if (video.getAttribute("src")) {
      video.removeAttribute("src");
      video.load();
    }
  }

  /** Seconds between the stage and what is shown, or NaN. */
  get behind() {
    const { video } = this.wishes;
    const at = this.hls?.playingDate ?? /** @type {any} */ (video).getStartDate?.();
    if (!at || Number.isNaN(at.getTime())) return NaN;
    const shown = this.hls ? at.getTime() : at.getTime() + video.currentTime * 1000;
    return (Date.now() - shown) / 1000;
  }

  /** Where one may seek to, in seconds before now. */
  get window() {
    const { seekable } = this.wishes.video;
    return seekable.length ? seekable.end(seekable.length - 1) - seekable.start(0) : 0;
  }

  /** How far the viewer is behind the newest that can be seen. */
  get back() {
    const { video } = this.wishes;
    const edge = video.seekable.length ? video.seekable.end(video.seekable.length - 1) : 0;
    return Math.max(0, edge - video.currentTime);
  }

  /** Go so many seconds back from the newest (0: as near to the stage as it plays well).
   * @param {number} seconds
   */
  seekBack(seconds) {
    const { video } = this.wishes;
    if (!video.seekable.length) return;
    const edge = video.seekable.end(video.seekable.length - 1);
    const nearest = this.hls?.liveSyncPosition ?? edge - NEAR_S;
    const wanted = Math.min(nearest, edge - seconds);
    this.held = wanted < nearest;
    // hls.js would take whoever is far behind to the newest.
    if (this.hls) this.hls.config.liveMaxLatencyDurationCount = this.held ? Infinity : FAR;
    // A little inside: what is oldest may be gone a moment later.
    video.currentTime = Math.max(Math.min(video.seekable.start(0) + 1, nearest), wanted);
    video.play().catch(() => {});
  }

  /** @param {Addresses} addresses @param {number} turn
   * @param {number} [at] the instant (ms) to which the viewer had gone back
   */
  async #open(addresses, turn, at) {
    const { video, lowLatency = true } = this.wishes;
    video.srcObject = null;
    if (playsItself(video)) {
      video.src = addresses.plain;
      this.#play();
      return;
    }
    const { default: Hls } = await import("../vendor/hls-1.7.4.light.min.js");
    if (turn !== this.turn) return;
    const hls = (this.hls = new Hls({
      enableWorker: false,
      lowLatencyMode: lowLatency,
      backBufferLength: 30,
      maxBufferLength: 20,
      liveMaxLatencyDurationCount: FAR,
      liveSyncDurationCount: 3,
      maxLiveSyncPlaybackRate: 1.15,
      // A room's broadcast begins with its first second, and comes back when the node does.
      manifestLoadPolicy: policy(8),
      playlistLoadPolicy: policy(8),
      fragLoadPolicy: policy(6),
    }));
    hls.on(Hls.Events.ERROR, (/** @type {any} */ _event, /** @type {any} */ error) => {
      if (!error.fatal || hls !== this.hls) return;
      if (error.type === "mediaError") hls.recoverMediaError();
      else {
        this.wishes.tell("waiting");
        this.#after(AGAIN_MS, turn);
      }
    });
    hls.on(Hls.Events.FRAG_BUFFERED, () => {
      this.wishes.tell("playing");
      const here = hls.playingDate?.getTime();
      if (!at || !here || hls !== this.hls) return;
      this.seekBack(this.back + (here - at) / 1000);
      at = undefined;
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.#play());
    hls.loadSource(lowLatency ? addresses.low_latency : addresses.plain);
    hls.attachMedia(video);
  }

  #play() {
    this.wishes.video.play().catch(() => {
      this.wishes.video.muted = true;
      this.wishes.video.play().catch(() => {});
    });
  }

  /** Begin anew with a fresh address, where nothing else has begun meanwhile.
   * @param {number} ms @param {number} turn
   */
  #after(ms, turn) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (turn === this.turn && this.room) this.start(this.room);
    }, ms);
  }
}

/** How long hls.js waits and how often it tries again.
 * @param {number} tries
 */
function policy(tries) {
  const retry = { maxNumRetry: tries, retryDelayMs: 500, maxRetryDelayMs: 4000 };
  return {
    default: {
      maxTimeToFirstByteMs: 10000,
      maxLoadTimeMs: 20000,
      timeoutRetry: retry,
      errorRetry: retry,
    },
  };
}
