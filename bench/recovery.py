"""Every process killed while doors open: how long until an open page knows what it should, and what is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections import Counter
from pathlib import Path

from app.stages.tables import PhaseChange
from bench.report import Report
from tests.e2e import house as h
from tests.e2e.follower import Follower

ROOMS, ROUNDS = 10, 6
LINES = ("worker-fast", "web", "media", "redis", "worker-heavy")
KILLS = (*LINES, *LINES)
BETWEEN_S = 4.0
WORST_S = 30.0


def run() -> Report:
    """Kill each process twice, while ten rooms change all the time."""
    with tempfile.TemporaryDirectory(prefix="plenary-recovery-") as folder:
        figures = asyncio.run(_measure(Path(folder)))
    return Report(
        bench="recovery",
        figures={"kills": len(KILLS), **figures},
        most={"worst_s": WORST_S, "lost": 0, "doubled": 0},
    )


async def _measure(folder: Path) -> dict[str, float]:
    async with h.running(folder / "var") as house:
        await house.open_conference()
        acts = [
            h.Act(f"Room {room}", f"{room}.{n}", f"S{room}.{n}", 8 + 7 * n + room * 0.6, 5)
            for room in range(ROOMS)
            for n in range(ROUNDS)
        ]
        follower = Follower(house.url, "trial")
        following = asyncio.create_task(follower.run())
        await asyncio.sleep(1)
        slots = await h.put_on(house, acts)
        for name in KILLS:
            await asyncio.sleep(BETWEEN_S)
            os.kill(house.line(name), signal.SIGKILL)
        await asyncio.sleep(
            max(0.0, h.seconds_from(max(slot.end for slot in slots.values()))) + WORST_S / 2
        )
        following.cancel()
        wanted = {(slot.id, p) for slot in slots.values() for p in ("doors", "live", "ended")}
        rows = await PhaseChange.select(PhaseChange.slot, PhaseChange.phase, PhaseChange.due)
    due = {(str(row["slot"]), row["phase"]): row["due"] for row in rows}
    heard = [(event["slot"], event["phase"]) for _, event in follower.seen]
    waits = [
        (at - due[key]).total_seconds()
        for key, at in zip(heard, follower.heard_at, strict=True)
        if key in due
    ]
    return {
        "worst_s": round(max(waits), 2),
        "lost": len(wanted - set(heard)),
        "doubled": sum(count - 1 for count in Counter(heard).values()),
    }
