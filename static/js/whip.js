// Publishing (WHIP, RFC 9725): camera and microphone into one group; tracks are swapped in place.
import { exchange, fetchGrant, Keeper } from "./peer.js";

const VIDEO_BITRATE = 1_500_000;

export class Publish {
  /**
   * @param {{grantUrl: string, stream: () => MediaStream,
   *   tell: (state: string, error?: unknown) => void}} wishes
   */
  constructor(wishes) {
    this.wishes = wishes;
    this.address = "";
    this.grant = "";
    this.keeper = new Keeper(() => this.#join(), wishes.tell);
  }

  start() {
    return this.keeper.start();
  }

  async #join() {
    const { grant, room } = await fetchGrant(this.wishes.grantUrl);
    this.grant = grant;
    const connection = new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
    const stream = this.wishes.stream();
    for (const kind of /** @type {const} */ (["audio", "video"])) {
      const track = stream.getTracks().find((one) => one.kind === kind);
      const transceiver = connection.addTransceiver(track ?? kind, {
        direction: "sendonly",
        streams: [stream],
        sendEncodings: kind === "video" ? [{ maxBitrate: VIDEO_BITRATE }] : undefined,
      });
      if (kind === "video") onlyH264(transceiver);
    }
    try {
      this.address = await exchange(connection, `/media/whip/${room}`, grant);
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  /** Send another camera or microphone, or none, without a new negotiation.
   * @param {"audio" | "video"} kind @param {MediaStreamTrack | null} track
   */
  async replace(kind, track) {
    for (const transceiver of this.keeper.connection?.getTransceivers() ?? []) {
      const sends = transceiver.sender.track?.kind ?? transceiver.receiver.track.kind;
      if (sends === kind) await transceiver.sender.replaceTrack(track);
    }
  }

  /** Round trip in ms and share of lost packets, or null before the first report. */
  async quality() {
    const reports = await this.keeper.connection?.getStats();
    let found = null;
    reports?.forEach((report) => {
      if (report.type === "remote-inbound-rtp" && report.kind === "video") {
        found = { rtt: (report.roundTripTime ?? 0) * 1000, loss: report.fractionLost ?? 0 };
      }
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
