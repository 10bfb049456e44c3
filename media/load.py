"""How busy this process is: its share of a core, and what one packet costs."""

from __future__ import annotations

import time

SMOOTH = 0.3


class Load:
    """`busy` is the share of one core (0…1 and more), `us_per_packet` the CPU of a sent packet."""

    def __init__(self) -> None:
        self.busy = 0.0
        self.us_per_packet = 0.0
        self.packets_per_s = 0.0
        self._cpu_s = time.process_time()
        self._at = time.monotonic()
        self._packets = 0

    def second(self, packets_out: int) -> None:
        """Look again, about a second after the last time."""
        cpu_s, at = time.process_time(), time.monotonic()
        seconds, used = max(at - self._at, 1e-3), cpu_s - self._cpu_s
        packets = packets_out - self._packets
        self._cpu_s, self._at, self._packets = cpu_s, at, packets_out
        self.busy += SMOOTH * (used / seconds - self.busy)
        self.packets_per_s += SMOOTH * (packets / seconds - self.packets_per_s)
        if packets > 50:
            cost = used / packets * 1e6
            self.us_per_packet += SMOOTH * (cost - self.us_per_packet)
