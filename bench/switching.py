"""Switching to a parallel track: from the request to the first picture of it, in Chromium.

Three rooms of one process, 720p with a keyframe a second, on the same connection throughout.
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
    times = asyncio.run(_measure())
    return Report(
        bench="switching",
        figures={
            "switches": len(times),
            "p50_ms": percentile(times, 0.5),
            "p95_ms": percentile(times, 0.95),
        },
        most={"p95_ms": MOST_MS},
        least={"switches": SWITCHES},
    )


async def _measure() -> list[float]:
    rooms, dice, times = list(COLOURS), random.Random(3), []
    async with stage() as watching:
        present = rooms[0]
        await watching.watch(present)
        await asyncio.sleep(1)
        for _ in range(SWITCHES):
            await asyncio.sleep(0.4 + dice.random() * 0.5)
            present = dice.choice([room for room in rooms if room != present])
            times.append(await watching.switch(present))
    return times
