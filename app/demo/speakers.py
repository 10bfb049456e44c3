"""The synthetic speakers' process: `python -m app.demo.speakers`, in the demo only.

Follows the phases in the database, makes each loop when it is first wanted, and tells a player of
the media package which loop to play in which room and group.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import structlog
from redis.asyncio import Redis

from agenda.model import SpeakerId
from app import db
from app.clock import now as present
from app.demo import loops
from app.demo.cast import Part, parts, without_those_here
from app.demo.links import demo_conference
from app.demo.looks import Look
from app.programme import releases
from app.programme.tables import Speaker
from app.settings import ROOT, Settings, from_environment
from app.stages import store
from app.stages.node import Node
from app.stages.nodes import Nodes
from app.stages.tables import PhaseChange
from media.grant import Grant, sign

logger = structlog.get_logger(__name__)

_POLL_S = 1.0
_TERM = timedelta(minutes=30)
_BACKOFF_S = 2.0
_MAKERS = 2
_SETTLE_S = 6.0


@dataclass(slots=True)
class _Known:
    """What was read of the demo's conference, until its phases or its release change."""

    key: tuple[UUID, int] | None = None
    parts: tuple[Part, ...] = ()
    persons: Mapping[SpeakerId, str] = field(default_factory=dict)


class Speakers:
    """Compares who should be in the rooms with the player's orders, once a second."""

    def __init__(self, settings: Settings, node: Node, folder: Path) -> None:
        self._settings = settings
        self._node = node
        self._folder = folder
        self._known = _Known()
        self._wanted: tuple[Part, ...] = ()
        self._claimed: set[Look] = set()

    async def order(self, now: datetime) -> dict[str, dict[str, str]]:
        """Who should be played now, as the player wants to hear it."""
        conference = await demo_conference()
        if conference is None:
            self._wanted = ()
            return {}
        await self._look(conference.id)
        here = await self._here(now)
        self._wanted = without_those_here(self._known.parts, self._known.persons, here)
        return {
            part.key: self._line(conference.id, part, now)
            for part in self._wanted
            if loops.path_of(part.look, self._folder).exists()
        }

    async def make_loops(self) -> None:
        """Make what is missing, the most urgent first, for ever. May run more than once at a time."""
        begun = time.monotonic()
        while True:
            look = self._missing()
            # While the house comes up, what is drawn already is enough: it needs the CPU itself.
            settling = time.monotonic() - begun < _SETTLE_S and self._something_drawn()
            if look is None or settling:
                await asyncio.sleep(_POLL_S / 4)
                continue
            self._claimed.add(look)
            try:
                await asyncio.to_thread(loops.make, look, self._folder)
            except (loops.NotMade, OSError) as error:
                logger.error("loop not made", room=look.room, error=str(error))
            else:
                self._claimed.discard(look)

    def _something_drawn(self) -> bool:
        return any(loops.path_of(part.look, self._folder).exists() for part in self._wanted)

    def _missing(self) -> Look | None:
        """The next look without a loop, unless somebody is at it or it could not be made."""
        for part in self._wanted:
            made = loops.path_of(part.look, self._folder).exists()
            if not made and part.look not in self._claimed:
                return part.look
        return None

    async def _look(self, conference: UUID) -> None:
        released = await releases.latest(conference)
        if released is None:
            return
        changes = await PhaseChange.count().where(PhaseChange.conference == conference)
        key = (released.id, changes)
        if key == self._known.key:
            return
        reached, _ = await store.phases(conference)
        self._known = _Known(
            key=key, parts=parts(released, reached), persons=await _persons(conference)
        )

    async def _here(self, now: datetime) -> frozenset[tuple[str, str]]:
        """Who publishes where, as (group, person); empty while the node does not answer."""
        try:
            rooms = (await self._node.rooms(now=now))["rooms"]
        except httpx.HTTPError as error:
            logger.debug("node not asked", error=repr(error))
            return frozenset()
        return frozenset(
            (publisher["group"], publisher["person"])
            for room in rooms.values()
            for publisher in room["publishers"]
        )

    def _line(self, conference: UUID, part: Part, now: datetime) -> dict[str, str]:
        grant = Grant(
            conference=str(conference),
            rooms=(part.slot.room,),
            person=part.stand_in,
            name=part.name,
            publish=part.slot.id,
            expires=now + _TERM,
        )
        return {
            "room": part.slot.room,
            "grant": sign(grant, self._settings.media_secret),
            "loop": str(loops.path_of(part.look, self._folder)),
        }


async def _persons(conference: UUID) -> dict[SpeakerId, str]:
    rows = await Speaker.select(Speaker.id, Speaker.person).where(
        Speaker.conference == conference, Speaker.person.is_not_null()
    )
    return {SpeakerId(str(row["id"])): str(row["person"]) for row in rows}


async def run(settings: Settings) -> None:
    """Keep a player alive and tell it every second what to play."""
    redis = Redis.from_url(settings.redis_url)
    nodes = Nodes(settings, redis)
    speakers = Speakers(settings, Node(settings, nodes), settings.var / "loops")
    makers = [asyncio.create_task(speakers.make_loops()) for _ in range(_MAKERS)]
    try:
        while True:
            await _with_player(f"unix:{settings.media_socket}", speakers)
            await asyncio.sleep(_BACKOFF_S)
    finally:
        for maker in makers:
            maker.cancel()
        await nodes.aclose()
        await redis.aclose()


async def _with_player(address: str, speakers: Speakers) -> None:
    """One player's life; returns when it is gone."""
    player = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media.play", address, cwd=ROOT, stdin=asyncio.subprocess.PIPE
    )
    assert player.stdin is not None
    try:
        while player.returncode is None:
            order = await speakers.order(present())
            player.stdin.write(json.dumps({"play": order}).encode() + b"\n")
            await player.stdin.drain()
            await asyncio.sleep(_POLL_S)
    except (BrokenPipeError, ConnectionResetError) as error:
        logger.warning("player is gone, starting another", error=repr(error))
    finally:
        player.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            player.terminate()


async def main() -> None:
    settings = from_environment()
    async with db.opened(settings.database_url):
        await run(settings)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
