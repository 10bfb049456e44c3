"""Plays loops into rooms as it is told: `python -m media.play ADDRESS`, one order a line on stdin.

An order is the whole desired state as JSON: `{"play": {key: {"room": …, "grant": …, "loop": file}}}`.
What is new begins, what is no longer named hangs up, and a fresh grant is kept for the next
connection. At the end of the input everything hangs up. ADDRESS is http://host:port or unix:/path.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from media.log import Log, write_to_stdout
from media.loop_publisher import LoopPublisher
from media.loops import Loop, read_loop

logger = Log(__name__)

_LONGEST_ORDER = 4 * 1024 * 1024
_KEPT_LOOPS = 96

Order = Mapping[str, Mapping[str, str]]


class Player:
    """The publishers that run, by the key under which they were ordered."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._running: dict[str, LoopPublisher] = {}
        self._grants: dict[str, str] = {}

    async def obey(self, order: Order) -> None:
        """Make what runs what is ordered. A loop that can't be read is left out, and said so."""
        for key in [key for key in self._running if key not in order]:
            del self._grants[key]
            await self._running.pop(key).close()
        for key, wanted in order.items():
            self._grants[key] = wanted["grant"]
            if key not in self._running:
                await self._begin(key, wanted)

    async def close(self) -> None:
        """Hang up everywhere."""
        publishers, self._running = list(self._running.values()), {}
        await asyncio.gather(*(publisher.close() for publisher in publishers))

    async def _begin(self, key: str, wanted: Mapping[str, str]) -> None:
        try:
            loop = _loop(wanted["loop"])
        except (OSError, ValueError) as error:
            logger.warning("loop cannot be played", key=key, reason=str(error))
            return
        publisher = LoopPublisher(
            self._address, wanted["room"], lambda: self._grants.get(key, wanted["grant"]), loop
        )
        self._running[key] = publisher
        await publisher.start()


@lru_cache(maxsize=_KEPT_LOOPS)
def _loop(path: str) -> Loop:
    return read_loop(Path(path))


async def run(address: str) -> None:
    """Obey the orders on stdin until it ends."""
    orders = asyncio.StreamReader(limit=_LONGEST_ORDER)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    player = Player(address)
    try:
        while line := await orders.readline():
            await player.obey(json.loads(line)["play"])
    finally:
        await player.close()


if __name__ == "__main__":
    write_to_stdout()
    asyncio.run(run(sys.argv[1]))
