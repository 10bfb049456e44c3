// Talkback: whoever runs the show speaks to people backstage while a button is held.
import { Publish as Whip } from "./whip.js";

export class Talkback {
  /** @param {string} grantUrl @param {(state: string, error?: unknown) => void} tell
   * @param {any} [Speak] how the engine is spoken through
   */
  constructor(grantUrl, tell, Speak = Whip) {
    this.stream = new MediaStream();
    this.wanted = /** @type {string[] | null} */ (null);
    this.publish = /** @type {Whip} */ (new Speak({
      grantUrl,
      stream: () => this.stream,
      lines: ["microphone"],
      tell: (state, error) => {
        tell(state, error);
        if (state === "joined") this.#say();
      },
    }));
    this.open = false;
  }

  /** Speak to these people until `stop`; ["*"] are all.
   * @param {string[]} to
   */
  async start(to) {
    this.wanted = to;
    if (this.open) return this.#say();
    this.open = true;
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
    } catch (error) {
      this.open = false;
      throw error;
    }
    return this.publish.start();
  }

  stop() {
    this.wanted = null;
    return this.#say();
  }

  leave() {
    this.publish.leave();
    for (const track of this.stream.getTracks()) track.stop();
  }

  /** The microphone is on only while somebody is meant to hear it. */
  async #say() {
    for (const track of this.stream.getTracks()) track.enabled = this.wanted !== null;
    if (this.publish.address) await this.publish.talk(this.wanted);
  }
}
