// Whoever plays the broadcast is audience too: the page says so now and then, and when it stops.

const AGAIN_MS = 20000;

/** Signs of life of one player, for as long as it plays. */
export class Watching {
  /** @param {() => boolean} plays whether there is something to be seen just now */
  constructor(plays) {
    this.plays = plays;
    /** Where to tell; signed for one person in one room, and expires. */
    this.address = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.told = false;
  }

  /** The broadcast plays. Harmless when said again. */
  playing() {
    if (this.address && this.timer === undefined) this.#tell();
  }

  /** It plays no more: say goodbye, also from a page that is going away. */
  stop() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.told) send(`${this.address}?gone=1`).catch(() => {});
    this.told = false;
    this.address = "";
  }

  async #tell() {
    this.#after(AGAIN_MS);
    if (!this.plays()) return;
    this.told = true;
    const { address } = this;
    try {
      const { again_s: seconds } = await (await send(address)).json();
      if (address === this.address && seconds > 0) this.#after(seconds * 1000);
    } catch {
      // Then in a moment, as if nothing had been said.
    }
  }

  /** @param {number} ms */
  #after(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#tell(), ms);
  }
}

/** @param {string} address */
function send(address) {
  return fetch(address, { method: "POST", keepalive: true });
}
