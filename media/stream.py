"""One incoming media track of a publisher: order, loss, the ring for repair, the last keyframe."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Protocol

from media import rtcp, rtp
from media.outlet import FanOut, Outlet, Packet

VIDEO_CLOCK = 90_000
AUDIO_CLOCK = 48_000
RING = {"video": 1024, "audio": 256}
GOP_PACKETS = 768
LATE = 512
JUMP = 3000
MANY = 32
QUIET_S = 2.0
QUIET_SCREEN_S = 4.0
MAX_MISSING = 128
NACK_TRIES = 6


def _nothing() -> None:
    """Whom a stream asks that has ended."""


class Waiter(Protocol):
    """Whoever waits for a keyframe."""

    def keyframe_begins(self, seq: int, timestamp: int, now: float) -> None:
        """A lane that waits for a keyframe may go live with this packet."""

    def wait_on(self, now: float) -> None:
        """A keyframe has not come yet."""


class Follower(Waiter, Protocol):
    """A lane, as a stream sees it."""

    outlet: Outlet

    def late(self, seq: int, packet: Packet) -> None:
        """A packet came out of order."""

    def restart(self) -> None:
        """The numbering of the stream begins anew."""


class Stream:
    """What arrives on one m-line. Sequence numbers (`highest`, keys of `packet`) are extended
    beyond 16 bits; `highest_at` is the loop time of the newest packet. `low` is the same picture
    in fewer bits, where the publisher sends both; a stream that is somebody's `low` has `is_low`.
    """

    def __init__(self, *, kind: str, mid: str, source: str, request: Callable[[], None]) -> None:
        self.kind = kind
        self.mid = mid
        self.source = source
        self.clock = VIDEO_CLOCK if kind == "video" else AUDIO_CLOCK
        self.low: Stream | None = None
        self.is_low = False
        self.kbps = 0
        self.ssrc: int | None = None
        self.highest = -1
        self.highest_timestamp = 0
        self.highest_at = 0.0
        self.received = 0
        self.octets = 0
        self.gop: list[tuple[int, Packet]] = []
        self.gop_at = 0.0
        self.followers: dict[Follower, None] = {}
        self.waiting: dict[Waiter, None] = {}
        self.live: dict[FanOut, list[Outlet]] = {}
        self.report: rtcp.SenderReport | None = None
        self.report_at = 0.0
        self.missing: dict[int, int] = {}
        self._request = request
        self._measured_octets = 0
        self._first = 0
        self._ring: list[tuple[int, Packet] | None] = [None] * RING[kind]
        self._pending: list[Packet] = []
        self._gop_timestamp = -1
        self._prior = (0, 0)
        self._jitter = 0.0
        self._transit = 0.0

    def accept(self, raw: bytes, now: float) -> bool:
        """Take a decrypted RTP packet; whether it waits for `forward`."""
        second, seq, timestamp = raw[1], raw[2] << 8 | raw[3], int.from_bytes(raw[4:8], "big")
        packet = rtp.bare(raw)
        item = (packet, len(packet), 0x8000 | (second & 0x80), seq, timestamp)
        if self.highest < 0:
            self._begin(seq, timestamp, now)
        delta = ((seq - self.highest + 0x8000) & 0xFFFF) - 0x8000
        if delta > JUMP or delta < -JUMP:
            self._begin(seq, timestamp, now)
            delta = 1
        extended = self.highest + delta
        self.received += 1
        self.octets += len(packet) - 12
        self._ring[extended % len(self._ring)] = (extended, item)
        if delta <= 0:
            self._out_of_order(extended, item)
            return False
        if delta > 1:
            self._gap(extended, delta - 1)
        self._measure_jitter(timestamp, now)
        self.highest, self.highest_timestamp, self.highest_at = extended, timestamp, now
        if self.kind == "video":
            self._keep(extended, item, now)
        self._pending.append(item)
        return True

    def forward(self) -> None:
        """Send what was accepted since the last call to all live lanes."""
        pending = self._pending
        if pending:
            for fan, outlets in self.live.items():
                fan.forward(pending, outlets)
            self._pending = []

    @property
    def mid_picture(self) -> bool:
        """Whether what waits for `forward` ends in the middle of a picture, and is not much yet."""
        pending = self._pending
        if self.kind == "audio" or not 0 < len(pending) < MANY:
            return False
        return pending[-1][2] & 0x80 == 0

    def packet(self, extended: int) -> Packet | None:
        """A packet of the recent past, or None when it never came or is forgotten."""
        entry = self._ring[extended % len(self._ring)]
        return entry[1] if entry is not None and entry[0] == extended else None

    def extend(self, seq: int) -> int:
        """The extended form of a 16-bit sequence number near the newest one."""
        return self.highest + ((seq - self.highest + 0x8000) & 0xFFFF) - 0x8000

    def quiet(self, now: float) -> bool:
        """Whether nothing has come for a while: muted, switched off, or gone."""
        # A screen on which nothing moves sends a picture only now and then.
        patience = QUIET_SCREEN_S if self.source == "screen" else QUIET_S
        return self.highest < 0 or now - self.highest_at > patience

    def measure(self) -> None:
        """Note the bit rate since the last call, one second ago."""
        self.kbps = max(0, self.octets - self._measured_octets) * 8 // 1000
        self._measured_octets = self.octets

    def timestamp_at(self, now: float) -> int:
        """The source timestamp that a packet sent just now would carry, by the newest one."""
        return int(self.highest_timestamp + (now - self.highest_at) * self.clock)

    def go_live(self, outlet: Outlet) -> None:
        """Forward to this outlet from the next packet on."""
        assert outlet.fan is not None
        self.live.setdefault(outlet.fan, []).append(outlet)

    def leave_live(self, outlet: Outlet) -> None:
        """Forward to this outlet no more; harmless when it is not live."""
        for fan, outlets in list(self.live.items()):
            if outlet in outlets:
                outlets.remove(outlet)
                if not outlets:
                    del self.live[fan]

    def request_keyframe(self) -> None:
        """Ask the publisher for a keyframe (coalesced by the publisher)."""
        if self.kind == "video":
            self._request()

    def end(self) -> None:
        """Ask nobody any more: the publisher, to whom `request` leads, has gone."""
        self._request = _nothing

    def overdue(self) -> list[int]:
        """Missing packets to ask for (again) now, oldest first, as 16-bit numbers."""
        asked = sorted(self.missing)
        for extended in asked:
            self.missing[extended] += 1
            if self.missing[extended] > NACK_TRIES:
                del self.missing[extended]
        return [extended & 0xFFFF for extended in asked]

    def reception(self, now: float) -> rtcp.ReceptionBlock | None:
        """Our report on what came since the last call."""
        if self.ssrc is None or self.highest < 0:
            return None
        expected = self.highest - self._first + 1
        expected_now, received_now = expected - self._prior[0], self.received - self._prior[1]
        self._prior = (expected, self.received)
        lost_now = max(0, expected_now - received_now)
        report = self.report
        return rtcp.ReceptionBlock(
            ssrc=self.ssrc,
            fraction=min(255, lost_now * 256 // expected_now) if expected_now > 0 else 0,
            lost=expected - self.received,
            highest=self.highest,
            jitter=int(self._jitter),
            last_report=report.ntp >> 16 & 0xFFFFFFFF if report else 0,
            delay=int((now - self.report_at) * 65536) if report else 0,
        )

    def _begin(self, seq: int, timestamp: int, now: float) -> None:
        """Start numbering with this packet as the next one."""
        self.forward()
        restarted = self.highest >= 0
        self.highest = (self.highest // 65536 + 2) * 65536 + seq - 1
        self.highest_timestamp, self.highest_at = timestamp, now
        self._first, self.received, self._prior = self.highest + 1, 0, (0, 0)
        self.gop, self._gop_timestamp = [], -1
        self.missing.clear()
        if restarted:
            for follower in list(self.followers):
                follower.restart()

    def _gap(self, extended: int, lost: int) -> None:
        """Remember what was skipped before this packet, to ask for it."""
        self.missing.update(dict.fromkeys(range(max(extended - lost, extended - 64), extended), 0))
        while len(self.missing) > MAX_MISSING:
            del self.missing[next(iter(self.missing))]

    def _out_of_order(self, extended: int, item: Packet) -> None:
        self.missing.pop(extended, None)
        if self.kind == "video" and self.gop and extended > self.gop[0][0]:
            at = bisect_left(self.gop, extended, key=lambda kept: kept[0])
            if at == len(self.gop) or self.gop[at][0] != extended:
                self.gop.insert(at, (extended, item))
        for follower in self.followers:
            follower.late(extended, item)

    def _keep(self, extended: int, item: Packet, now: float) -> None:
        """Keep the packet behind the last keyframe, or begin anew with it."""
        packet, timestamp = item[0], item[4]
        if timestamp != self._gop_timestamp and rtp.starts_keyframe(packet):
            self.gop, self._gop_timestamp, self.gop_at = [(extended, item)], timestamp, now
            if self.waiting:
                self.forward()
                for follower in list(self.waiting):
                    follower.keyframe_begins(extended, timestamp, now)
            return
        if self.gop:
            if len(self.gop) < GOP_PACKETS:
                self.gop.append((extended, item))
            else:
                self.gop = []
                self.request_keyframe()

    def _measure_jitter(self, timestamp: int, now: float) -> None:
        transit = now * self.clock - timestamp
        difference = abs(transit - self._transit)
        self._transit = transit
        if difference < self.clock * 10:
            self._jitter += (difference - self._jitter) / 16
