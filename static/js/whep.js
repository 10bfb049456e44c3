// Watching (WHEP): one connection with fixed lanes; the node decides what each lane carries.
import { exchange, fetchGrant, Keeper, refusal } from "./peer.js";

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
   *   onTrack: (event: RTCTrackEvent) => void,
   *   tell: (state: string, error?: unknown) => void}} wishes
   */
  constructor(wishes) {
    this.wishes = wishes;
    this.room = wishes.room;
    this.address = "";
    this.grant = "";
    this.keeper = new Keeper(() => this.#join(), wishes.tell);
  }

  start() {
    return this.keeper.start();
  }

  async #join() {
    const { grantUrl, group, video = 1, voices = 3, onTrack } = this.wishes;
    this.grant = (await fetchGrant(grantUrl)).grant;
    const connection = new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
    connection.addEventListener("track", onTrack);
    for (let n = 0; n < voices; n += 1) connection.addTransceiver("audio", { direction: "recvonly" });
    for (let n = 0; n < video; n += 1) preferH264(connection.addTransceiver("video", { direction: "recvonly" }));
    const query = group ? `?group=${encodeURIComponent(group)}` : "";
    try {
      this.address = await exchange(connection, `/media/whep/${this.room}${query}`, this.grant);
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

  /** @param {string} room */
  #put(room) {
    return fetch(`${this.address}/room`, {
      method: "PUT",
      headers: { "content-type": "application/json", authorization: `Bearer ${this.grant}` },
      body: JSON.stringify({ room, group: this.wishes.group ?? null }),
    });
  }

  /** What each lane carries now. @returns {Promise<any>} */
  async lanes() {
    if (!this.address) return { lanes: [] };
    const answer = await fetch(this.address, { headers: { authorization: `Bearer ${this.grant}` } });
    if (answer.status === 404) this.keeper.renew();
    if (answer.status === 401) this.grant = (await fetchGrant(this.wishes.grantUrl)).grant;
    return answer.ok ? answer.json() : { lanes: [] };
  }

  /** Say goodbye, also from a page that is going away. */
  leave() {
    this.keeper.stop();
    if (this.address) {
      fetch(this.address, { method: "DELETE", headers: { authorization: `Bearer ${this.grant}` }, keepalive: true });
    }
    this.address = "";
  }
}
