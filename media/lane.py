"""One outgoing media line of a subscriber, whose source may change without anybody noticing.

The receiver sees one SSRC whose sequence numbers never jump and whose timestamps never run
backwards, whatever publisher the packets come from.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from media import rtcp
from media.engine import SecureTransport
from media.outlet import FanOut, Outlet, Packet, header
from media.stream import Stream

REPLAY_BURST = 32
REPLAY_LIMIT = 512
REPLAY_AGE_S = 3.0
PATIENCE_S = 0.5
SQUEEZED = 270
LEAST_STEP = {"video": 900, "audio": 960}
RESENDS_PER_REQUEST = 64
NTP_EPOCH = 2_208_988_800


class Turn:
    """A lane that goes on with its present layer until a keyframe of the other one begins."""

    def __init__(self, lane: Lane, stream: Stream, now: float) -> None:
        self.stream = stream
        self._lane = lane
        self._since = now
        stream.waiting[self] = None
        stream.request_keyframe()

    def cancel(self) -> None:
        self.stream.waiting.pop(self, None)

    def keyframe_begins(self, seq: int, timestamp: int, now: float) -> None:
        self.cancel()
        self._lane.turned(self.stream, seq, timestamp, now)

    def wait_on(self, now: float) -> None:
        if now - self._since > PATIENCE_S:
            self._since = now
            self.stream.request_keyframe()


class Lane:
    """A line of the subscriber's connection: idle, waiting for a keyframe, catching up, or live."""

    def __init__(
        self,
        *,
        kind: str,
        mid: str,
        clock: int,
        payload_type: int,
        repair: tuple[int, int] | None,
        ssrc: int,
        now: Callable[[], float],
        catch_up: Callable[[Lane], None],
        replays: bool = True,
    ) -> None:
        self.kind = kind
        self.mid = mid
        self.outlet = Outlet(ssrc=ssrc, payload_type=payload_type)
        self.stream: Stream | None = None
        self.live = False
        self.reported = False
        self._clock = clock
        self._repair = repair
        self._repair_seq = random.getrandbits(15)
        self._now = now
        self._catch_up = catch_up
        self._replays = replays
        self._next_seq = random.getrandbits(15)
        self._last_timestamp = random.getrandbits(31)
        self._last_at = 0.0
        self._epoch = 0
        self._cursor = -1
        self._waiting_since = 0.0
        self._replayed: dict[int, int] = {}
        self._replaying: int | None = None
        self._turn: Turn | None = None

    def connect(self, fan: FanOut, secure: SecureTransport, address: tuple[object, ...]) -> None:
        """Send to this address from now on."""
        stream, live = self.stream, self.live
        if stream is not None and live:
            stream.leave_live(self.outlet)
        self.outlet.connect(fan, secure, address)
        if stream is not None and live:
            stream.go_live(self.outlet)
        elif stream is not None:
            self._join(stream)

    def fill(self, stream: Stream | None) -> None:
        """Take this source, or none, from now on."""
        if stream is self.stream:
            return
        self._leave()
        self.stream = stream
        if stream is not None:
            stream.followers[self] = None
            self._join(stream)

    def turn(self, stream: Stream) -> None:
        """Go on with this other layer of the same picture, as soon as a keyframe of it begins."""
        if self._turn is not None:
            if self._turn.stream is stream:
                return
            self._turn.cancel()
            self._turn = None
        if stream is self.stream:
            return
        if self.live:
            self._turn = Turn(self, stream, self._now())
        else:
            self.fill(stream)

    def turned(self, stream: Stream, seq: int, timestamp: int, now: float) -> None:
        """The other layer's packet `seq` begins a keyframe: from here on it is ours."""
        self._leave()
        self.stream = stream
        stream.followers[self] = None
        self.keyframe_begins(seq, timestamp, now)

    def restart(self) -> None:
        """The source numbers its packets anew."""
        stream = self.stream
        if stream is not None:
            self.fill(None)
            self.fill(stream)

    def keyframe_begins(self, seq: int, timestamp: int, now: float) -> None:
        """The source's packet `seq` (extended) begins a keyframe: go live with it."""
        stream = self.stream
        if stream is None:
            return
        stream.waiting.pop(self, None)
        self._replayed.clear()
        self._enter(seq)
        self.outlet.time(self._timestamp_now(now) - timestamp)
        self._go_live(stream)

    def wait_on(self, now: float) -> None:
        """The keyframe still has not come: ask again, or make do with what there is."""
        stream = self.stream
        if stream is None or now - self._waiting_since < PATIENCE_S:
            return
        if self._replayable(stream):
            stream.waiting.pop(self, None)
            self._begin_replay(stream)
            self._catch_up(self)
        else:
            stream.request_keyframe()

    def late(self, seq: int, packet: Packet) -> None:
        """A packet of the source came out of order."""
        if self.live and seq >= self._epoch:
            self._send(seq, packet)

    def replay(self) -> bool:
        """Send some of what follows the source's last keyframe; whether more is to come."""
        stream = self.stream
        if stream is None or self._cursor < 0:
            return False
        gop = stream.gop
        if not gop:
            self._wait(stream)
            return False
        if gop[0][0] != self._epoch:
            self._begin_replay(stream)
        outlet, fan = self.outlet, self.outlet.fan
        assert fan is not None
        end = min(len(gop), self._cursor + REPLAY_BURST)
        for seq, packet in gop[self._cursor : end]:
            self._replay_one(fan, seq, packet)
        self._cursor = end
        if end < len(gop):
            return True
        outlet.time(self._last_timestamp - gop[-1][1][4])
        self._go_live(stream)
        return False

    def resend(self, missing: tuple[int, ...]) -> int:
        """Send packets that the receiver misses again; how many there were."""
        stream, outlet = self.stream, self.outlet
        if stream is None or outlet.fan is None or (not self.live and self._cursor < 0):
            return 0
        found = 0
        for out in missing[:RESENDS_PER_REQUEST]:
            seq = stream.extend((out - outlet.seq_offset) & 0xFFFF)
            packet = stream.packet(seq) if seq >= self._epoch else None
            if packet is not None and (self.live or seq in self._replayed):
                self._resend_one(outlet.fan, seq, packet)
                found += 1
        return found

    def sender_report(self, ntp_offset: float, now: float, wall: float) -> rtcp.SenderReport | None:
        """The source's clock in this lane's timestamps, at wall-clock time `wall` (Unix seconds).

        `ntp_offset` is added to the publisher's clock to give ours, so that voices and pictures
        of one publisher stay together and those of several agree.
        """
        stream = self.stream
        if stream is None or not self.live or stream.report is None:
            return None
        report, self.reported = stream.report, True
        theirs = report.ntp / (1 << 32) - NTP_EPOCH
        elapsed = wall - (theirs + ntp_offset)
        timestamp = report.rtp + int(elapsed * stream.clock) + self.outlet.ts_offset
        return rtcp.SenderReport(
            ssrc=self.outlet.ssrc,
            ntp=int((wall + NTP_EPOCH) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF,
            rtp=timestamp & 0xFFFFFFFF,
            packets=self.outlet.sent & 0xFFFFFFFF,
            octets=report.octets,
        )

    def _join(self, stream: Stream) -> None:
        """Begin to follow: replay what there is, or wait for a keyframe or the next packet."""
        if self.outlet.fan is None:
            return
        if stream.kind == "audio":
            self._follow_audio(stream)
        elif self._replayable(stream) and self._now() - stream.gop_at <= REPLAY_AGE_S:
            self._begin_replay(stream)
            self._catch_up(self)
        else:
            self._wait(stream)

    def _replayable(self, stream: Stream) -> bool:
        fits = self._replays and 0 < len(stream.gop) <= REPLAY_LIMIT
        return fits and not stream.quiet(self._now())

    def _follow_audio(self, stream: Stream) -> None:
        now = self._now()
        self._replayed.clear()
        self._enter(stream.highest + 1)
        target = self._timestamp_now(now)
        self.outlet.time(target - stream.timestamp_at(now))
        self._go_live(stream)

    def _begin_replay(self, stream: Stream) -> None:
        self._replayed.clear()
        self._enter(stream.gop[0][0])
        self._cursor, self._replaying = 0, None

    def _replay_one(self, fan: FanOut, seq: int, packet: Packet) -> None:
        """Send one kept packet, its frames drawn together so that the picture is soon at now."""
        raw, _, marker, _, timestamp = packet
        if self._replaying is None:
            self._last_timestamp = self._timestamp_now(self._now())
        elif self._replaying != timestamp:
            self._last_timestamp = (self._last_timestamp + SQUEEZED) & 0xFFFFFFFF
        self._replaying = timestamp
        self._replayed[seq] = self._last_timestamp
        self._last_at = self._now()
        fan.push(self._stamped(raw, marker, seq, self._last_timestamp), self.outlet)
        self._next_seq = (seq + self.outlet.seq_offset + 1) & 0xFFFF

    def _wait(self, stream: Stream) -> None:
        self._cursor, self._waiting_since = -1, self._now()
        stream.waiting[self] = None
        stream.request_keyframe()

    def _enter(self, seq: int) -> None:
        """The source's packet `seq` (extended) shall be our next one."""
        self._epoch = seq
        self.outlet.number(self._next_seq - seq)

    def _go_live(self, stream: Stream) -> None:
        self._cursor = -1
        self.live, self.reported = True, False
        stream.go_live(self.outlet)

    def _leave(self) -> None:
        """Let go of the source and remember where our own numbering stands."""
        stream = self.stream
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        if stream is None:
            return
        stream.forward()
        stream.followers.pop(self, None)
        stream.waiting.pop(self, None)
        stream.leave_live(self.outlet)
        if self.live and stream.highest >= self._epoch:
            self._next_seq = (stream.highest + self.outlet.seq_offset + 1) & 0xFFFF
            self._last_timestamp = (stream.highest_timestamp + self.outlet.ts_offset) & 0xFFFFFFFF
            self._last_at = stream.highest_at
        self.live, self._cursor, self.stream = False, -1, None
        self._replayed.clear()

    def _timestamp_now(self, now: float) -> int:
        """Our timestamp for a packet sent now, ahead of everything sent before."""
        elapsed = int((now - self._last_at) * self._clock) if self._last_at else 0
        return (self._last_timestamp + max(LEAST_STEP[self.kind], elapsed)) & 0xFFFFFFFF

    def _send(self, seq: int, packet: Packet) -> None:
        raw, _, marker, _, timestamp = packet
        if self.outlet.fan is not None:
            stamp = self._replayed.get(seq, (timestamp + self.outlet.ts_offset) & 0xFFFFFFFF)
            self.outlet.fan.push(self._stamped(raw, marker, seq, stamp), self.outlet)

    def _resend_one(self, fan: FanOut, seq: int, packet: Packet) -> None:
        if self._repair is None:
            self._send(seq, packet)
            return
        raw, _, marker, _, timestamp = packet
        payload_type, ssrc = self._repair
        stamp = self._replayed.get(seq, (timestamp + self.outlet.ts_offset) & 0xFFFFFFFF)
        self._repair_seq = (self._repair_seq + 1) & 0xFFFF
        out = (seq + self.outlet.seq_offset) & 0xFFFF
        fan.push(
            header.pack(marker | payload_type, self._repair_seq, stamp, ssrc)
            + struct.pack("!H", out)
            + raw[12:],
            self.outlet,
        )

    def _stamped(self, raw: bytes, marker: int, seq: int, timestamp: int) -> bytes:
        outlet = self.outlet
        out = (seq + outlet.seq_offset) & 0xFFFF
        return header.pack(marker | outlet.payload_type, out, timestamp, outlet.ssrc) + raw[12:]
