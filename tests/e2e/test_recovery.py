"""Any process killed in the middle of changes: none is lost, none happens twice, pages follow."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from app.stages.tables import PhaseChange
from tests.e2e import house as h
from tests.e2e.follower import Follower

ROOMS = 8
ROUNDS = 4


async def test_every_process_killed_while_doors_open(tmp_path: Path) -> None:
    async with h.running(tmp_path / "var") as house:
        await house.open_conference()
        acts = [
            h.Act(f"Room {room}", f"{room}.{n}", f"S{room}.{n}", 8 + 7 * n + room * 0.8, 5)
            for room in range(ROOMS)
            for n in range(ROUNDS)
        ]
        follower = Follower(house.url, "trial")
        following = asyncio.create_task(follower.run())
        await asyncio.sleep(1)
        slots = await h.put_on(house, acts)
        ends = max(slot.end for slot in slots.values())
        for name in ("worker-fast", "web", "media", "redis", "worker-heavy", "worker-fast"):
            await asyncio.sleep(4)
            os.kill(house.line(name), signal.SIGKILL)

        async def all_over() -> bool:
            return await PhaseChange.count().where(PhaseChange.phase == "ended") == len(acts)

        await h.until(all_over, seconds=h.seconds_from(ends) + 12, what="every session ended")
        rows = await PhaseChange.select(PhaseChange.slot, PhaseChange.phase, PhaseChange.late_ms)
        happened = sorted((str(row["slot"]), row["phase"]) for row in rows)
        wanted = sorted(
            (slot.id, phase) for slot in slots.values() for phase in ("doors", "live", "ended")
        )
        assert happened == wanted
        assert max(row["late_ms"] for row in rows) < 8000

        async def page_knows() -> bool:
            return len(follower.seen) >= len(wanted)

        await h.until(page_knows, what="the page to have heard of everything")
        following.cancel()
        assert sorted((e["slot"], e["phase"]) for _, e in follower.seen) == wanted
        numbers = [number for number, _ in follower.seen]
        assert numbers == sorted(set(numbers))

        # The node was killed, too; told again, it holds nothing on air that is over.
        state = await house.node_rooms()
        assert all(room["on_air"] is None for room in state["rooms"].values())
