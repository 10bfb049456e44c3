// Interactive or broadcast: which of the two a viewer gets now, and when that changes by itself.
import { Broadcast } from "./broadcast.js";
import { Refused } from "./peer.js";

const CONNECT_MS = 4500;
const FIRST_RETURN_MS = 30000;
const LAST_RETURN_MS = 300000;
const LOOK_MS = 2000;
const BAD_LOSS = 0.1;
const BAD_LOOKS = 5;
const DELAYED = "plenary-delayed";

/**
 * Watches over a Watch (WHEP) and puts the broadcast in its place when the node has no place, cannot
 * be reached, or the link loses too much; and after a while tries the node again. What the viewer
 * wishes comes first.
 */
export class Choice {
  /**
   * @param {{video: HTMLVideoElement, watch: import("./whep.js").Watch, offered: boolean,
   *   addressOf: (room: string) => string,
   *   changed: (mode: "interactive" | "broadcast", why: string) => void,
   *   tell: (state: "playing" | "waiting") => void}} parts
   */
  constructor(parts) {
    this.parts = parts;
    this.why = "";
    this.returnMs = FIRST_RETURN_MS;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.connecting = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.returning = undefined;
    this.bad = 0;
    this.before = { lost: 0, got: 0 };
    this.player = new Broadcast({
      video: parts.video,
      addressOf: parts.addressOf,
      tell: (state) => this.broadcasting && parts.tell(state),
    });
    setInterval(() => this.#look(), LOOK_MS);
  }

  get broadcasting() {
    return this.player.running;
  }

  /** Begin, as the viewer left it. */
  start() {
    if (this.parts.offered && sessionStorage.getItem(DELAYED) === "yes") this.#broadcast("wanted");
    else this.parts.watch.start();
  }

  /** The viewer chose. @param {boolean} wanted the broadcast */
  want(wanted) {
    sessionStorage.setItem(DELAYED, wanted ? "yes" : "no");
    if (wanted) this.#broadcast("wanted");
    else this.#interactive();
  }

  /** @param {string} room @returns {Promise<void>} */
  switchTo(room) {
    this.parts.watch.room = room;
    return this.broadcasting ? this.player.start(room) : this.parts.watch.switchTo(room);
  }

  /** What the connection to the node says of itself.
   * @param {string} state @param {unknown} error
   */
  heard(state, error) {
    if (state === "joining") {
      clearTimeout(this.connecting);
      this.connecting = setTimeout(() => this.#broadcast("blocked"), CONNECT_MS);
    } else if (state === "joined") {
      clearTimeout(this.connecting);
      this.returnMs = FIRST_RETURN_MS;
    } else if (error instanceof Refused && error.status === 503) {
      this.#broadcast("full");
    }
  }

  /** @param {string} why */
  #broadcast(why) {
    const { watch, changed, offered } = this.parts;
    clearTimeout(this.connecting);
    // Where rooms aren't broadcast, the connection comes back by itself.
    if (!offered) return;
    clearTimeout(this.returning);
    this.why = why;
    watch.leave();
    if (!this.broadcasting) {
      this.player.start(watch.room);
      changed("broadcast", why);
    }
    if (why !== "wanted") {
      const pause = this.returnMs * (1 + Math.random());
      this.returnMs = Math.min(this.returnMs * 2, LAST_RETURN_MS);
      this.returning = setTimeout(() => this.#try(), pause);
    }
  }

  /** See whether the node has a place, while the broadcast goes on. */
  #try() {
    const { watch } = this.parts;
    this.why = "trying";
    watch.start();
  }

  /** The node's first picture is there: the broadcast may go. */
  arrived() {
    if (this.broadcasting && this.why === "trying") this.#settle();
  }

  #interactive() {
    clearTimeout(this.returning);
    this.returnMs = FIRST_RETURN_MS;
    this.#settle();
    this.parts.watch.start();
  }

  #settle() {
    this.player.stop();
    this.why = "";
    this.bad = 0;
    this.parts.changed("interactive", "");
  }

  /** A link that loses a tenth of the packets for ten seconds is better off with the broadcast. */
  async #look() {
    const connection = this.parts.watch.keeper.connection;
    if (this.broadcasting || connection?.connectionState !== "connected") return;
    let [lost, got] = [0, 0];
    for (const report of (await connection.getStats()).values()) {
      if (report.type === "inbound-rtp" && report.kind === "video") {
        lost += Math.max(0, report.packetsLost ?? 0);
        got += report.packetsReceived ?? 0;
      }
    }
    const [newly, came] = [lost - this.before.lost, got - this.before.got];
    this.before = { lost, got };
    if (newly < 0 || came < 0 || newly + came < 20) return;
    this.bad = newly / (newly + came) > BAD_LOSS ? this.bad + 1 : 0;
    if (this.bad >= BAD_LOOKS) {
      this.bad = 0;
      this.#broadcast("slow");
    }
  }
}
