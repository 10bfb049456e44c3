// Watching (WHEP): one connection with fixed lanes; the node decides what each lane carries.
import { exchange, fetchGrant, Keeper, refusal } from "./peer.js";

/** How often a viewer tells the node of freezes, ms. */
const REPORT_EVERY = 20_000;

/** H.264 constrained baseline first; what the node forwards.
 * @param {RTCRtpTransceiver} transceiver
 */
function preferH264(transceiver) {
  const all = RTCRtpReceiver.getCapabilities?.("video")?.codecs ?? [];
  const rank = (/** @type {any} */ codec) =>
    codec.mimeType === "video/H264" && /packetization-mode=1/.test(codec.sdpFmtpLine ?? "")
      ? /profile-level-id=42e0/i.test(codec.sdpFmtpLine ?? "") ? 0 : 1
      : 2;
  if (all.length) transceiver.setCodecPreferences?.([...all].sort((a, b) => rank(a) - rank(b)));
}

export class Watch {
  /**
   * @param {{grantUrl: string, room: string, group?: string, video?: number, voices?: number,
   *   layout?: string, layer?: string,
   *   onTrack: (event: RTCTrackEvent) => void, offTrack?: (track: MediaStreamTrack) => void,
   *   tell: (state: string, error?: unknown) => void}} wishes
   */
  constructor(wishes) {
    this.wishes = wishes;
    this.room = wishes.room;
    this.address = "";
    this.grant = "";
    this.view = { layout: wishes.layout ?? "auto", layer: wishes.layer ?? "auto" };
    /** @type {{freezes: number, freezeMs: number}} */
    this.told = { freezes: 0, freezeMs: 0 };
    this.keeper = new Keeper(() => this.#join(), wishes.tell, () => this.#known());
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.reporting = undefined;
  }

  start() {
    clearInterval(this.reporting);
    this.reporting = setInterval(() => this.#report(), REPORT_EVERY);
    return this.keeper.start();
  }

  async #join() {
    const { grantUrl, group, video = 1, voices = 3, onTrack } = this.wishes;
    const granted = await fetchGrant(grantUrl);
    this.grant = granted.grant;
    const connection = new RTCPeerConnection({ iceServers: granted.ice_servers ?? [], bundlePolicy: "max-bundle" });
    connection.addEventListener("track", onTrack);
    for (let n = 0; n < voices; n += 1) connection.addTransceiver("audio", { direction: "recvonly" });
    for (let n = 0; n < video; n += 1) preferH264(connection.addTransceiver("video", { direction: "recvonly" }));
    const query = new URLSearchParams(this.view);
    if (group) query.set("group", group);
    this.told = { freezes: 0, freezeMs: 0 };
    try {
      this.address = await exchange(connection, `/media/whep/${this.room}?${query}`, this.grant);
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  /** Another room on the same connection: one request. Joins again where the node forgot us.
   * @param {string} room
   */
  async switchTo(room) {
    this.room = room;
    if (!this.keeper.connection || !this.address) return;
    let answer = await this.#put(room);
    if (answer.status === 401) {
      this.grant = (await fetchGrant(this.wishes.grantUrl)).grant;
      answer = await this.#put(room);
    }
    if (answer.status === 404) this.keeper.renew();
    else if (!answer.ok) throw await refusal(answer);
  }

  /** Ask for another layout ("auto", "speaker", "grid", "screen") or layer ("auto", "high", "low").
   * @param {{layout?: string, layer?: string}} view
   */
  async look(view) {
    this.view = { ...this.view, ...view };
    if (!this.address || !this.keeper.connection) return;
    let answer = await this.#send("view", this.view);
    if (answer.status === 401) {
      this.grant = (await fetchGrant(this.wishes.grantUrl)).grant;
      answer = await this.#send("view", this.view);
    }
    if (answer.status === 404) this.keeper.renew();
  }

  /** How it fares here: what only a receiver can tell. */
  async #report() {
    const connection = this.keeper.connection;
    if (connection?.connectionState !== "connected" || document.hidden) return;
    const [now, rtt] = [{ freezes: 0, freezeMs: 0 }, { ms: 0 }];
    (await connection.getStats()).forEach((report) => {
      if (report.type === "inbound-rtp" && report.kind === "video") {
        now.freezes += report.freezeCount ?? 0;
        now.freezeMs += Math.round((report.totalFreezesDuration ?? 0) * 1000);
      }
      if (report.type === "candidate-pair" && report.nominated) rtt.ms = Math.round((report.currentRoundTripTime ?? 0) * 1000);
    });
    const news = { freezes: now.freezes - this.told.freezes, freeze_ms: now.freezeMs - this.told.freezeMs, rtt_ms: rtt.ms };
    this.told = now;
    if (this.address) await this.#send("quality", news, "POST").catch(() => {});
  }

  async #known() {
    const answer = await fetch(this.address, { headers: { authorization: `Bearer ${this.grant}` } });
    return answer.ok || answer.status === 401;
  }

  /** @param {string} room */
  #put(room) {
    return this.#send("room", { room, group: this.wishes.group ?? null });
  }

  /** @param {string} part @param {unknown} content @param {string} [method] */
  #send(part, content, method = "PUT") {
    return fetch(`${this.address}/${part}`, {
      method,
      headers: { "content-type": "application/json", authorization: `Bearer ${this.grant}` },
      body: JSON.stringify(content),
    });
  }

  /** What each lane carries now. @returns {Promise<any>} */
  async lanes() {
    if (!this.address) return { lanes: [] };
    const answer = await fetch(`${this.address}/state`, { headers: { authorization: `Bearer ${this.grant}` } });
    if (answer.status === 404) this.keeper.renew();
    if (answer.status === 401) this.grant = (await fetchGrant(this.wishes.grantUrl)).grant;
    return answer.ok ? answer.json() : { lanes: [] };
  }

  /** Say goodbye, also from a page that is going away. */
  leave() {
    clearInterval(this.reporting);
    const connection = this.keeper.release();
    const headers = { authorization: `Bearer ${this.grant}` };
    // First the goodbye, then the end: a node that saw us go has nothing left to delete.
    const told = this.address ? fetch(this.address, { method: "DELETE", headers, keepalive: true }) : Promise.resolve();
    told.catch(() => {}).finally(() => connection?.close());
    this.address = "";
  }
}
