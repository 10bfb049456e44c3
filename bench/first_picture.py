"""Opening a room: from the start of the page's script to the first picture, in Chromium.

What is measured is the media part: offer, WHEP, ICE, DTLS, keyframe, decoding, showing.
"""

from __future__ import annotations

import asyncio
import random

from bench.media_browser import COLOURS, percentile, stage
from bench.report import Report

RUNS = 30
MOST_MS = 1000


def run() -> Report:
    """Open a room, leave it, and again."""
    times = asyncio.run(_measure())
    return Report(
        bench="first-picture",
        figures={
            "runs": len(times),
            "p50_ms": percentile(times, 0.5),
            "p95_ms": percentile(times, 0.95),
        },
        most={"p95_ms": MOST_MS},
        least={"runs": RUNS},
    )


async def _measure() -> list[float]:
    rooms, dice, times = list(COLOURS), random.Random(4), []
    async with stage() as watching:
        await watching.watch(rooms[0])
        await watching.leave()
        for _ in range(RUNS):
            await asyncio.sleep(0.2 + dice.random() * 0.5)
            times.append(await watching.watch(dice.choice(rooms)))
            await watching.leave()
    return times
