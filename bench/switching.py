"""Switching to a parallel track: from the request to the first picture of it, in Chromium.

Three rooms, 720p with a keyframe a second, on the same connection throughout: all of one process,
and then two of them on another one, which relays them.
"""

from __future__ import annotations

import asyncio
import random

from bench.media_browser import COLOURS, percentile, stage
from bench.report import Report

SWITCHES = 50
MOST_MS = 300


def run() -> Report:
    """Switch at random moments among the rooms."""
    times = asyncio.run(_measure(across=False))
    far = asyncio.run(_measure(across=True))
    return Report(
        bench="switching",
        figures={
            "switches": len(times),
            "p50_ms": percentile(times, 0.5),
            "p95_ms": percentile(times, 0.95),
            "across_switches": len(far),
            "across_p50_ms": percentile(far, 0.5),
            "across_p95_ms": percentile(far, 0.95),
        },
        most={"p95_ms": MOST_MS},
        least={"switches": SWITCHES},
    )


async def _measure(*, across: bool) -> list[float]:
    rooms, dice, times = list(COLOURS), random.Random(3), []
    async with stage(across=across) as watching:
        present = rooms[0]
        await watching.watch(present)
        await asyncio.sleep(1)
        for _ in range(SWITCHES):
            await asyncio.sleep(0.4 + dice.random() * 0.5)
            present = dice.choice([room for room in rooms if room != present])
            times.append(await watching.switch(present))
    return times
