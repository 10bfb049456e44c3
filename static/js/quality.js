// How well a room's page gets the stage: measured from the connection's own counts, told each minute.

const EVERY_MS = 60_000;

/** @typedef {{packets: number, lost: number, bytes: number, frozen: number, rtt: number}} Counts */

/** Begin to measure; a new connection begins at nothing.
 * @param {() => RTCPeerConnection | null} connection
 * @param {() => string} address where to tell, or "" for nowhere
 */
export function measure(connection, address) {
  /** @type {RTCPeerConnection | null} */
  let known = null;
  /** @type {Counts} */
  let before = { packets: 0, lost: 0, bytes: 0, frozen: 0, rtt: 0 };
  setInterval(async () => {
    const present = connection();
    // LiveKit keeps its connections to itself.
    if (!present?.getStats || document.visibilityState !== "visible") return;
    const counts = await count(present);
    const same = present === known;
    const [was, url] = [before, address()];
    known = present;
    before = counts;
    // Minutes without any packet say nothing of the connection: nobody was on stage.
    if (!same || !url || counts.packets === was.packets) return;
    const told = {
      packets: counts.packets - was.packets,
      lost: Math.max(counts.lost - was.lost, 0),
      kbps: Math.round(((counts.bytes - was.bytes) * 8) / EVERY_MS),
      frozen_ms: Math.round((counts.frozen - was.frozen) * 1000),
      rtt_ms: Math.round(counts.rtt * 1000),
    };
    fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(told),
    }).catch(() => {});
  }, EVERY_MS);
}

/** @param {RTCPeerConnection} connection @returns {Promise<Counts>} */
async function count(connection) {
  const found = { packets: 0, lost: 0, bytes: 0, frozen: 0, rtt: 0 };
  (await connection.getStats()).forEach((report) => {
    if (report.type === "inbound-rtp") {
      found.packets += report.packetsReceived ?? 0;
      found.lost += report.packetsLost ?? 0;
      found.bytes += report.bytesReceived ?? 0;
      found.frozen += report.totalFreezesDuration ?? 0;
    } else if (report.type === "candidate-pair" && report.nominated) {
      found.rtt = report.currentRoundTripTime ?? 0;
    }
  });
  return found;
}
