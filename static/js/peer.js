// What WHIP and WHEP sessions share: one HTTP exchange for an offer, and coming back by itself.

const FIRST_WAIT = 400;
const LONGEST_WAIT = 8000;

/** A refusal of the media node, with its status and words. */
export class Refused extends Error {
  /** @param {number} status @param {string} words @param {number} retryAfter seconds */
  constructor(status, words, retryAfter) {
    super(words);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** POST an offer (RFC 9725, section 4.2) and apply the answer.
 * @param {RTCPeerConnection} connection
 * @param {string} url
 * @param {string} grant
 * @returns {Promise<string>} the session's own address
 */
export async function exchange(connection, url, grant) {
  await connection.setLocalDescription(await connection.createOffer());
  await gathered(connection, 250);
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/sdp", authorization: `Bearer ${grant}` },
    body: connection.localDescription?.sdp ?? "",
  });
  if (answer.status !== 201) throw await refusal(answer);
  const address = answer.headers.get("location") ?? "";
  await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  return address;
}

/** @param {Response} answer */
export async function refusal(answer) {
  const wait = Number(answer.headers.get("retry-after")) || 0;
  let words = answer.statusText;
  try {
    const problem = await answer.json();
    words = problem.detail || problem.title || words;
  } catch {
    // Then the status has to do.
  }
  return new Refused(answer.status, words, wait);
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

/** Keeps one connection alive: joins, and joins again after a loss, with growing pauses. */
export class Keeper {
  /**
   * @param {() => Promise<RTCPeerConnection>} join makes a connected session
   * @param {(state: "joining" | "joined" | "lost" | "refused", error?: unknown) => void} tell
   */
  constructor(join, tell) {
    this.join = join;
    this.tell = tell;
    /** @type {RTCPeerConnection | null} */
    this.connection = null;
    this.wait = FIRST_WAIT;
    this.stopped = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  async start() {
    this.stopped = false;
    this.tell("joining");
    try {
      const connection = await this.join();
      if (this.stopped) {
        connection.close();
        return;
      }
      this.connection = connection;
      connection.addEventListener("connectionstatechange", () => this.#changed(connection));
      this.#changed(connection);
    } catch (error) {
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
    } else if (connection.connectionState === "failed" || connection.connectionState === "closed") {
      this.#lost();
    } else if (connection.connectionState === "disconnected") {
      // ICE may heal by itself within moments; a dead node does not.
      setTimeout(() => {
        if (connection === this.connection && connection.connectionState !== "connected") this.#lost();
      }, 2500);
    }
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
    this.stopped = true;
    clearTimeout(this.timer);
    this.connection?.close();
    this.connection = null;
  }
}
