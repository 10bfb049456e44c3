"""Ten minutes of seven rooms whose audience comes, switches and goes: growth in memory, gaps.

`PLENARY_SOAK_MINUTES` in the environment makes it shorter or longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import tempfile
from pathlib import Path

from bench.media_load import RECEIVING, Watcher, loop_file
from bench.node_process import NodeProcess, node_process
from bench.report import Report
from media.client import Session
from media.loop_publisher import LoopPublisher
from media.loops import read_loop

ROOMS = tuple(f"room-{number}" for number in range(1, 8))
AUDIENCE = 28
MINUTES = float(os.environ.get("PLENARY_SOAK_MINUTES", "10"))
WARM_UP_S = 30.0
MOST_GROWTH_PERCENT = 5.0


def run() -> Report:
    """Let them come and go."""
    with tempfile.TemporaryDirectory() as name, node_process() as node:
        figures = asyncio.run(_measure(node, loop_file(Path(name))))
    return Report(
        bench="soak",
        figures={
            "minutes": MINUTES,
            "rooms": len(ROOMS),
            "subscribers": AUDIENCE,
            **figures,
        },
        most={"rss_growth_percent": MOST_GROWTH_PERCENT, "gaps": 0},
    )


async def _measure(node: NodeProcess, file: Path) -> dict[str, float]:
    node.put_on_air(*ROOMS)
    watcher, dice, loop = Watcher(), random.Random(5), read_loop(file)
    async with contextlib.AsyncExitStack() as stack:
        for room in ROOMS:
            token = node.token(person=room, publish="stage")
            await stack.enter_async_context(LoopPublisher(node.address, room, token, loop))
        crowd = Crowd(node, watcher)
        stack.push_async_callback(crowd.close)
        for _ in range(AUDIENCE):
            await crowd.come(dice.choice(ROOMS))
        await crowd.move_about(WARM_UP_S, dice)
        before = node.resident_mb()
        await crowd.move_about(MINUTES * 60, dice)
        after = node.resident_mb()
    return {
        "rss_growth_percent": round(max(0.0, after / before - 1) * 100, 2),
        "rss_mb": round(after, 1),
        "packets": watcher.packets,
        "switches": crowd.switches,
        "joins": crowd.joins,
        "gaps": watcher.gaps,
    }


class Crowd:
    """The audience: sessions that move to other rooms, and now and then one new for one old."""

    def __init__(self, node: NodeProcess, watcher: Watcher) -> None:
        self.switches = 0
        self.joins = 0
        self._node = node
        self._watcher = watcher
        self._sessions: list[Session] = []
        self._numbers = itertools.count()

    async def come(self, room: str) -> None:
        """One more enters a room."""
        session = Session(self._node.address, self._watcher.connection())
        token = self._node.token(person=f"guest {next(self._numbers)}", subscribe=True)
        await session.open(f"/media/whep/{room}", token, RECEIVING)
        self._sessions.append(session)
        self.joins += 1

    async def move_about(self, seconds: float, dice: random.Random) -> None:
        """Somebody switches twice a second; every five somebody goes and another comes."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        for turn in itertools.count(1):
            if loop.time() > end:
                return
            await asyncio.sleep(0.5)
            session = dice.choice(self._sessions)
            await session.request(
                "PUT",
                f"{session.location}/room",
                f'{{"room": "{dice.choice(ROOMS)}", "group": null}}',
                {"content-type": "application/json"},
            )
            self.switches += 1
            if turn % 10 == 0:
                await self._sessions.pop(0).close()
                await self.come(dice.choice(ROOMS))

    async def close(self) -> None:
        for session in self._sessions:
            await session.close()
