"""When a lane's packets were captured, as the node's sender reports say."""

from __future__ import annotations

from media import rtcp

NTP_EPOCH = 2_208_988_800
_SLEW_S = 0.001
_JUMP_S = 0.5
_NEAR_S = 0.005


class LaneClock:
    """Turns a lane's 32-bit timestamps into wall-clock seconds, smoothly.

    Until a sender report comes, the time of arrival has to do. A report that disagrees by little
    pulls the clock over by a millisecond each picture, so that no picture lasts wrongly; one that
    disagrees by much (another publisher, another clock) is believed at once.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._extended: int | None = None
        self._offset: float | None = None
        self._wanted: float | None = None
        self._reported = False

    def report(self, report: rtcp.SenderReport) -> None:
        """What the node says: an instant of its clock for a timestamp of this lane."""
        if self._extended is None:
            return
        wall = report.ntp / (1 << 32) - NTP_EPOCH
        self._wanted = wall - self._near(report.rtp) / self._rate
        if not self._reported:
            self._reported, self._offset = True, self._wanted

    def at(self, timestamp: int, arrived: float) -> float:
        """When this was captured, in seconds of the wall clock; `arrived` is when it came."""
        extended = self._extended = self._near(timestamp)
        seconds = extended / self._rate
        if self._offset is None:
            self._offset = arrived - seconds
        if self._wanted is None:
            # Without reports the earliest arrival is the truest.
            self._offset = min(self._offset, arrived - seconds)
        else:
            self._approach(self._wanted)
        return seconds + self._offset

    def _approach(self, wanted: float) -> None:
        assert self._offset is not None
        away = wanted - self._offset
        if abs(away) > _JUMP_S:
            self._offset = wanted
        elif abs(away) > _NEAR_S:
            self._offset += max(-_SLEW_S, min(_SLEW_S, away))

    def _near(self, timestamp: int) -> int:
        """The timestamp continued beyond 32 bits."""
        before = self._extended
        if before is None:
            return timestamp
        return before + ((timestamp - before + 0x80000000) & 0xFFFFFFFF) - 0x80000000
