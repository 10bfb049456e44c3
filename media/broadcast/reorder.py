"""Puts packets of one source back in order, and gives up on those that do not come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

PATIENCE_S = 0.3
ASK_AGAIN_S = 0.05
MOST_WAITING = 512
JUMP = 2000


@dataclass(frozen=True, slots=True)
class Packet:
    """What is used of an RTP packet; `after_loss` when others before it are missing for good."""

    payload: bytes
    timestamp: int
    marker: bool
    after_loss: bool = False


class Reorder:
    """Holds packets back only while one before them is missing, and at most PATIENCE_S."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._waiting: dict[int, Packet] = {}
        self._since = 0.0
        self._asked = 0.0

    def push(self, seq: int, packet: Packet, now: float) -> Iterator[Packet]:
        """Take a packet (16-bit number); those that can go on, in order."""
        if self._next is None:
            self._next = seq
        ahead = ((seq - self._next + 0x8000) & 0xFFFF) - 0x8000
        if ahead > JUMP or ahead < -JUMP:
            self._next, ahead = seq, 0
            self._waiting.clear()
            packet = Packet(packet.payload, packet.timestamp, packet.marker, True)
        if ahead < 0:
            return
        if ahead == 0 and not self._waiting:
            self._next = (seq + 1) & 0xFFFF
            yield packet
            return
        if not self._waiting:
            self._since, self._asked = now, 0.0
        self._waiting[seq] = packet
        yield from self._release()
        if len(self._waiting) > MOST_WAITING:
            yield from self._skip(now)

    def expire(self, now: float) -> Iterator[Packet]:
        """Those that have waited long enough for others."""
        while self._waiting and now - self._since > PATIENCE_S:
            yield from self._skip(now)

    def missing(self, now: float) -> list[int]:
        """Numbers to ask for again now, ascending."""
        if not self._waiting or self._next is None or now - self._asked < ASK_AGAIN_S:
            return []
        self._asked = now
        first = self._next
        furthest = max((seq - first) & 0xFFFF for seq in self._waiting)
        found = [(first + step) & 0xFFFF for step in range(min(furthest, 128))]
        return [seq for seq in found if seq not in self._waiting]

    def _release(self) -> Iterator[Packet]:
        assert self._next is not None
        while (packet := self._waiting.pop(self._next, None)) is not None:
            self._next = (self._next + 1) & 0xFFFF
            yield packet

    def _skip(self, now: float) -> Iterator[Packet]:
        """Go on behind the gap."""
        assert self._next is not None
        first = self._next
        seq = min(self._waiting, key=lambda waiting: (waiting - first) & 0xFFFF)
        packet = self._waiting.pop(seq)
        self._next = (seq + 1) & 0xFFFF
        self._since = now
        yield Packet(packet.payload, packet.timestamp, packet.marker, True)
        yield from self._release()
