"""How far somebody's clock is from ours, by their sender reports."""

from __future__ import annotations

import time

from media import rtcp

NTP_EPOCH = 2_208_988_800
DRIFT_S = 0.0005
JUMP_S = 5.0


class Skew:
    """`offset_s` added to their clock gives ours (Unix seconds); None before the first report."""

    def __init__(self) -> None:
        self.offset_s: float | None = None

    def note(self, report: rtcp.SenderReport) -> None:
        """Keep the smallest difference: the one with the least delay on the way."""
        offset = time.time() - (report.ntp / (1 << 32) - NTP_EPOCH)
        if self.offset_s is None or abs(offset - self.offset_s) > JUMP_S:
            self.offset_s = offset
        else:
            self.offset_s = min(offset, self.offset_s + DRIFT_S)
