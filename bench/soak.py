"""Ten minutes of seven rooms whose audience comes, switches and goes: growth in memory, gaps.

Growth is what a line through all samples of resident memory, taken every five seconds after the
warm-up, gains over the run: one sample more or less at its ends says little. `PLENARY_SOAK_MINUTES`
in the environment makes it shorter or longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import statistics
import tempfile
from pathlib import Path

from bench.media_load import RECEIVING, Watcher, loop_file
from bench.node_process import NodeProcess, node_process, private_redis
from bench.report import Report
from media.client import Session
from media.loop_publisher import LoopPublisher
from media.loops import read_loop

ROOMS = tuple(f"room-{number}" for number in range(1, 8))
AUDIENCE = 28
MINUTES = float(os.environ.get("PLENARY_SOAK_MINUTES", "10"))
WARM_UP_S = 30.0
SAMPLE_S = 5.0
MOST_GROWTH_PERCENT = 5.0


def run() -> Report:
    """Let them come and go."""
    with (
        tempfile.TemporaryDirectory() as name,
        private_redis(Path(name)) as redis_url,
        node_process(redis_url=redis_url) as node,
    ):
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
        samples = [node.resident_mb()]
        sampling = asyncio.create_task(_sample(node, samples))
        await crowd.move_about(MINUTES * 60, dice)
        sampling.cancel()
    return {
        "rss_growth_percent": round(max(0.0, growth(samples)) * 100, 2),
        "rss_mb_first": round(samples[0], 1),
        "rss_mb": round(samples[-1], 1),
        "packets": watcher.packets,
        "switches": crowd.switches,
        "joins": crowd.joins,
        "gaps": watcher.gaps,
    }


async def _sample(node: NodeProcess, samples: list[float]) -> None:
    while True:
        await asyncio.sleep(SAMPLE_S)
        samples.append(node.resident_mb())


def growth(samples: list[float]) -> float:
    """What the least-squares line through these evenly spaced samples gains from the first to the
    last, as a share of where it begins; 0 for fewer than three."""
    if len(samples) < 3:
        return 0.0
    slope, start = statistics.linear_regression(range(len(samples)), samples)
    return slope * (len(samples) - 1) / start


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
