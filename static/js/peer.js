// What WHIP and WHEP sessions share: one HTTP exchange for an offer, and coming back by itself.

const FIRST_WAIT = 400;
const LONGEST_WAIT = 8000;
/** How long ICE and DTLS may take before the way counts as blocked. */
const BLOCKED_AFTER = 4000;
const LOOK_EVERY = 700;

/** A refusal of the media node, with its status and words. */
export class Refused extends Error {
  /**
   * @param {number} status @param {string} words @param {number} retryAfter seconds
   * @param {string} [broadcast] the playlist that is offered instead
   */
  constructor(status, words, retryAfter, broadcast = "") {
    super(words);
    this.status = status;
    this.retryAfter = retryAfter;
    this.broadcast = broadcast;
  }
}

/** POST an offer (RFC 9725, section 4.2) and apply the answer.
 * @param {RTCPeerConnection} connection
 * @param {string} url
 * @param {string} grant
 * @param {Record<string, string>} [contents] what lines show (RFC 4796), by their mid
 * @returns {Promise<string>} the session's own address
 */
export async function exchange(connection, url, grant, contents = {}) {
  await connection.setLocalDescription(await connection.createOffer());
  await gathered(connection, 250);
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/sdp", authorization: `Bearer ${grant}` },
    body: describe(connection.localDescription?.sdp ?? "", contents),
  });
  if (answer.status !== 201) throw await refusal(answer);
  const address = answer.headers.get("location") ?? "";
  await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  return address;
}

/** Browsers cannot say what a line shows; the node only reads it, so it is added on the way.
 * @param {string} sdp @param {Record<string, string>} contents
 */
function describe(sdp, contents) {
  return sdp.replace(/^a=mid:(.*)\r\n/gm, (line, mid) => (contents[mid] ? `${line}a=content:${contents[mid]}\r\n` : line));
}

/** @param {Response} answer */
export async function refusal(answer) {
  const wait = Number(answer.headers.get("retry-after")) || 0;
  let words = answer.statusText;
  let broadcast = "";
  try {
    const problem = await answer.json();
    words = problem.detail || problem.title || words;
    broadcast = problem.broadcast ?? "";
  } catch {
    // Then the status has to do.
  }
  return new Refused(answer.status, words, wait, broadcast);
}

/** Host candidates arrive within milliseconds; the node also learns addresses from our checks.
 * @param {RTCPeerConnection} connection @param {number} longest ms
 */
function gathered(connection, longest) {
  if (connection.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, longest);
    connection.addEventListener("icegatheringstatechange", () => {
      if (connection.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}

/** Get a fresh grant from the suite.
 * @param {string} url @returns {Promise<any>}
 */
export async function fetchGrant(url) {
  const answer = await fetch(url, { headers: { accept: "application/json" } });
  if (!answer.ok) throw await refusal(answer);
  return answer.json();
}

/** Keeps one connection alive: joins, and joins again after a loss, with growing pauses.
 *
 * Dispatches `media-blocked` on the document when the node answers and no media gets through (UDP
 * and TURN both fail), and `media-through` when it does after all.
 */
export class Keeper {
  /**
   * @param {() => Promise<RTCPeerConnection>} join makes a connected session
   * @param {(state: "joining" | "joined" | "lost" | "refused", error?: unknown) => void} tell
   * @param {() => Promise<boolean>} [alive] asks the node whether it still knows the session
   */
  constructor(join, tell, alive = () => Promise.resolve(true)) {
    this.join = join;
    this.tell = tell;
    this.alive = alive;
    this.received = 0;
    this.silent = 0;
    /** Media came since we last asked. */
    this.flowed = false;
    this.blocked = false;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.watching = undefined;
    /** @type {RTCPeerConnection | null} */
    this.connection = null;
    this.wait = FIRST_WAIT;
    this.stopped = false;
    /** Counts joins: one that another has overtaken is closed again. */
    this.turn = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  async start() {
    this.stopped = false;
    const turn = ++this.turn;
    this.tell("joining");
    try {
      const connection = await this.join();
      if (this.stopped || turn !== this.turn) {
        connection.close();
        return;
      }
      this.connection = connection;
      connection.addEventListener("connectionstatechange", () => this.#changed(connection));
      this.#changed(connection);
      setTimeout(() => {
        if (connection === this.connection && connection.connectionState !== "connected") this.#block();
      }, BLOCKED_AFTER);
      clearInterval(this.watching);
      this.watching = setInterval(() => this.#look(connection), LOOK_EVERY);
    } catch (error) {
      if (turn !== this.turn) return;
      this.tell("refused", error);
      const asked = error instanceof Refused ? error.retryAfter * 1000 : 0;
      this.#again(Math.max(asked, this.wait));
    }
  }

  /** @param {RTCPeerConnection} connection */
  #changed(connection) {
    if (connection !== this.connection) return;
    if (connection.connectionState === "connected") {
      this.wait = FIRST_WAIT;
      this.tell("joined");
      if (this.blocked) document.dispatchEvent(new CustomEvent("media-through"));
      this.blocked = false;
    } else if (connection.connectionState === "failed" || connection.connectionState === "closed") {
      if (connection.connectionState === "failed" && this.wait > FIRST_WAIT) this.#block();
      this.#lost();
    } else if (connection.connectionState === "disconnected") {
      // ICE may heal by itself within moments; a dead node does not.
      setTimeout(() => {
        if (connection === this.connection && connection.connectionState !== "connected") this.#lost();
      }, 2500);
    }
  }

  #block() {
    if (this.blocked || this.stopped) return;
    this.blocked = true;
    document.dispatchEvent(new CustomEvent("media-blocked"));
  }

  /** Where media flowed and stops, ask once whether the node still knows us: a dead one does not
   * answer, and ICE would need many seconds to notice.
   * @param {RTCPeerConnection} connection
   */
  async #look(connection) {
    if (connection !== this.connection || connection.connectionState !== "connected") return;
    let received = 0;
    (await connection.getStats()).forEach((report) => {
      if (report.type === "transport") received += report.bytesReceived ?? 0;
    });
    if (received > this.received) {
      this.silent = 0;
      this.flowed = true;
    } else this.silent += 1;
    this.received = received;
    if (this.silent < 2 || !this.flowed) return;
    this.flowed = false;
    await this.check();
  }

  /** Join again at once when the node no longer knows this session. */
  async check() {
    const connection = this.connection;
    if (!connection) return;
    const alive = await this.alive().catch(() => false);
    if (!alive && connection === this.connection) this.renew();
  }

  #lost() {
    this.connection?.close();
    this.connection = null;
    this.tell("lost");
    this.#again(this.wait);
  }

  /** Give the present session up and join at once, such as when the node no longer knows it. */
  renew() {
    if (this.stopped) return;
    this.connection?.close();
    this.connection = null;
    this.#again(0);
  }

  /** @param {number} pause */
  #again(pause) {
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.start(), pause + Math.random() * Math.min(pause, 500));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  stop() {
    this.release()?.close();
  }

  /** Keep nothing alive any more; the connection is the caller's to close. */
  release() {
    this.stopped = true;
    clearInterval(this.watching);
    clearTimeout(this.timer);
    const connection = this.connection;
    this.connection = null;
    return connection;
  }
}
