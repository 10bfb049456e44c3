"""A hundred rooms that change at the same instants, on the running system: how late an open page knows.

Every process runs. The rooms' sessions follow each other without a gap, so that at each change a
hundred end and a hundred go live. Lateness is from the planned instant until an open page, a client
of the event stream over HTTP, has the event.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path

from app.clock import now
from app.stages import store
from app.stages.tables import PhaseChange
from bench.report import Report
from tests.e2e import house as h
from tests.e2e.follower import Follower

ROOMS, ROUNDS = 100, 4
BEGINS_S, LASTS_S = 22, 6
MOST_MS = 500.0
NO_LEADS = {"green_room_lead": 0, "doors_lead": 0}
"""Green rooms and doors would open in the past: only going live and ending are measured."""


def run() -> Report:
    """A hundred rooms, four sessions each."""
    with tempfile.TemporaryDirectory(prefix="plenary-doors-") as folder:
        figures = asyncio.run(_measure(Path(folder)))
    return Report(
        bench="doors",
        figures={"rooms": ROOMS, **figures},
        most={"p99_ms": MOST_MS, "missed": 0, "repeated": 0},
    )


async def _measure(folder: Path) -> dict[str, float]:
    async with h.running(folder / "var") as house:
        await house.open_conference()
        await store.set_policy(house.conference, (), NO_LEADS)
        follower = Follower(house.url, "trial")
        following = asyncio.create_task(follower.run())
        acts = [
            h.Act(f"Room {room}", f"{room}.{n}", f"S{room}.{n}", BEGINS_S + LASTS_S * n, LASTS_S)
            for room in range(ROOMS)
            for n in range(ROUNDS)
        ]
        slots = await h.put_on(house, acts)
        planned = {(slot.id, "live"): slot.start for slot in slots.values()}
        planned |= {(slot.id, "ended"): slot.end for slot in slots.values()}
        assert now() < min(planned.values()), "the programme was written too late"
        await asyncio.sleep(max(0.0, h.seconds_from(max(planned.values()))) + 3)
        following.cancel()
        recorded = await PhaseChange.select(PhaseChange.slot, PhaseChange.phase)
    heard = [(event["slot"], event["phase"]) for _, event in follower.seen]
    late = sorted(
        (at - planned[key]).total_seconds() * 1000
        for key, at in zip(heard, follower.heard_at, strict=True)
        if key in planned
    )
    rows = Counter((str(row["slot"]), row["phase"]) for row in recorded)
    twice = sum(n - 1 for n in (*rows.values(), *Counter(heard).values()) if n > 1)
    return {
        "changes": len(planned),
        "p50_ms": round(late[len(late) // 2], 1) if late else float("nan"),
        "p99_ms": round(late[int(len(late) * 0.99)], 1) if late else float("nan"),
        "missed": len(planned.keys() - set(heard)) + len(planned.keys() - rows.keys()),
        "repeated": twice,
    }
