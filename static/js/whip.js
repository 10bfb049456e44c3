// Publishing (WHIP, RFC 9725): camera in two layers, microphone, screen; tracks are swapped in place.
import { exchange, fetchGrant, Keeper, refusal } from "./peer.js";

/** Every line that is ever needed is offered at once, so that nothing needs a second offer. A line
 * without a track sends nothing. `content` tells the node what a line shows (RFC 4796).
 * @type {Record<string, {kind: "audio" | "video", content?: string, encoding?: RTCRtpEncodingParameters}>}
 */
const LINES = {
  microphone: { kind: "audio" },
  camera: { kind: "video", encoding: { maxBitrate: 1_500_000 } },
  low: { kind: "video", content: "alt", encoding: { maxBitrate: 160_000, scaleResolutionDownBy: 4, maxFramerate: 15 } },
  screen: { kind: "video", content: "slides", encoding: { maxBitrate: 1_800_000 } },
  screenSound: { kind: "audio" },
};

/** A screen, a window or a tab that the person picks, with its sound where the browser gives it: as it
 * is, for what cleans a voice spoils a film. @param {DisplayMediaStreamOptions} [more]
 */
export function captureScreen(more = {}) {
  const sound = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  return navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: sound, ...more });
}

export class Publish {
  /**
   * @param {{grantUrl: string, stream: () => MediaStream, lines?: string[],
   *   tell: (state: string, error?: unknown) => void}} wishes
   */
  constructor(wishes) {
    this.wishes = wishes;
    this.address = "";
    this.grant = "";
    this.room = "";
    /** The group that the newest grant lets us publish into. */
    this.group = "";
    /** @type {MediaStream | null} */
    this.screen = null;
    /** @type {Map<string, RTCRtpTransceiver>} */
    this.lines = new Map();
    this.keeper = new Keeper(() => this.#join(), wishes.tell, () => this.#known());
  }

  start() {
    return this.keeper.start();
  }

  async #join() {
    const granted = await fetchGrant(this.wishes.grantUrl);
    this.grant = granted.grant;
    this.room = granted.room;
    this.group = granted.group ?? "";
    const connection = new RTCPeerConnection({ iceServers: granted.ice_servers ?? [], bundlePolicy: "max-bundle" });
    const stream = this.wishes.stream();
    this.lines.clear();
    for (const name of this.wishes.lines ?? Object.keys(LINES)) {
      const { kind, encoding } = LINES[name];
      const transceiver = connection.addTransceiver(this.#track(name) ?? kind, {
        direction: "sendonly",
        streams: [name.startsWith("screen") && this.screen ? this.screen : stream],
        sendEncodings: encoding ? [{ ...encoding }] : undefined,
      });
      if (kind === "video") onlyH264(transceiver);
      this.lines.set(name, transceiver);
    }
    try {
      // The mids are known once the offer is set, in the order of the lines.
      const contents = Object.fromEntries(
        [...this.lines.keys()].flatMap((name, at) => (LINES[name].content ? [[String(at), LINES[name].content]] : [])),
      );
      this.address = await exchange(connection, `/media/whip/${this.room}`, this.grant, contents);
    } catch (error) {
      connection.close();
      throw error;
    }
    if (this.keeper.stopped) this.leave();
    return connection;
  }

  /** @param {string} name @returns {MediaStreamTrack | null} */
  #track(name) {
    const from = name.startsWith("screen") ? this.screen : this.wishes.stream();
    return from?.getTracks().find((one) => one.kind === LINES[name].kind) ?? null;
  }

  /** Send another camera or microphone, or none, without a new negotiation.
   * @param {"audio" | "video"} kind @param {MediaStreamTrack | null} track
   */
  async replace(kind, track) {
    for (const name of kind === "audio" ? ["microphone"] : ["camera", "low"]) {
      await this.lines.get(name)?.sender.replaceTrack(track);
    }
  }

  /** Share a screen, with its sound where the browser gives it, or (null) share no more.
   * @param {MediaStream | null} screen
   */
  async share(screen) {
    for (const track of this.screen?.getTracks() ?? []) if (!screen) track.stop();
    this.screen = screen;
    const picture = this.#track("screen");
    if (picture) picture.contentHint = "detail";
    await this.lines.get("screen")?.sender.replaceTrack(picture);
    await this.lines.get("screenSound")?.sender.replaceTrack(this.#track("screenSound"));
  }

  /** Move into the group of a fresh grant on the same connection: onto the stage, or back. */
  async regroup() {
    const { grant, group = "" } = await fetchGrant(this.wishes.grantUrl);
    this.grant = grant;
    this.group = group;
    await this.#put("group");
  }

  /** Be heard backstage by these people ("*": all), or by nobody; in a talkback group only.
   * @param {string[] | null} to
   */
  async talk(to) {
    const answer = await this.#put("talk", { to });
    if (answer.status === 401) {
      this.grant = (await fetchGrant(this.wishes.grantUrl)).grant;
      await this.#put("talk", { to });
    }
  }

  /** @param {string} part @param {unknown} [content] */
  async #put(part, content) {
    const answer = await fetch(`${this.address}/${part}`, {
      method: "PUT",
      headers: { "content-type": "application/json", authorization: `Bearer ${this.grant}` },
      body: content === undefined ? undefined : JSON.stringify(content),
    });
    if (answer.status === 404) this.keeper.renew();
    else if (!answer.ok && answer.status !== 401) throw await refusal(answer);
    return answer;
  }

  async #known() {
    const answer = await fetch(this.address, { headers: { authorization: `Bearer ${this.grant}` } });
    return answer.ok || answer.status === 401;
  }

  /** Round trip in ms and share of lost packets, or null before the first report. */
  async quality() {
    const reports = await this.keeper.connection?.getStats();
    /** @type {{rtt: number, loss: number} | null} */
    let found = null;
    reports?.forEach((report) => {
      if (report.type !== "remote-inbound-rtp") return;
      const [rtt, loss] = [(report.roundTripTime ?? 0) * 1000, report.fractionLost ?? 0];
      found = { rtt: Math.max(rtt, found?.rtt ?? 0), loss: Math.max(loss, found?.loss ?? 0) };
    });
    return found;
  }

  leave() {
    this.keeper.stop();
    if (this.address) {
      fetch(this.address, { method: "DELETE", headers: { authorization: `Bearer ${this.grant}` }, keepalive: true });
    }
    this.address = "";
  }
}

/** @param {RTCRtpTransceiver} transceiver */
function onlyH264(transceiver) {
  const all = RTCRtpSender.getCapabilities?.("video")?.codecs ?? [];
  const wanted = all.filter(
    (codec) =>
      (codec.mimeType === "video/H264" && /packetization-mode=1/.test(codec.sdpFmtpLine ?? "")) ||
      codec.mimeType === "video/rtx",
  );
  if (wanted.some((codec) => codec.mimeType === "video/H264")) transceiver.setCodecPreferences?.(wanted);
}
