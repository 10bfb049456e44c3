"""Who watches the broadcast: pages say so now and then, and a keeper writes their stays down.

A sign of life costs one signature and one write to Redis; the database hears only of those who came
and went. A stay by broadcast is a Presence like any other, so that figures, certificates and the
desk count whoever watches, whichever way.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app import db, live
from app.clock import now as present
from app.settings import Settings
from app.stages import lease, store
from app.stages.attendance import BROADCAST
from app.stages.tables import Presence
from media.access import check_path, sign_path

logger = structlog.get_logger(__name__)

SIGNS = "plenary:broadcast:viewers"
"""A sorted set: “conference/room/person”, by the second of the last sign of life."""

LEASE = "viewers"
SILENT = timedelta(seconds=130)
"""Whoever gave no sign for so long is gone. Browsers wake a page in the background once a minute."""

LEAST_S, MOST_S = 20, 60
_PER_S = 100
_TICK_S = 2.0
_TERM = timedelta(seconds=8)
_ROWS = 400
_WATCHING = "watching"


@dataclass(frozen=True, slots=True)
class Viewer:
    """One person in one room's broadcast, in however many windows."""

    conference: UUID
    room: UUID
    person: UUID

    def __str__(self) -> str:
        return f"{self.conference}/{self.room}/{self.person}"


def address(settings: Settings, viewer: Viewer, *, now: datetime) -> str:
    """Where this viewer's page says that it is still watching."""
    token = sign_path(_WATCHING, str(viewer), settings.secret, now=now)
    return f"/watching/{token}/{viewer}"


def check(settings: Settings, token: str, viewer: Viewer, *, now: datetime) -> None:
    """Raises NoGrant for an address that was not signed for this viewer, or has expired."""
    check_path(token, _WATCHING, str(viewer), settings.secret, now=now)


async def sign_of_life(redis: Redis, viewer: Viewer, *, now: datetime) -> int:
    """Note that somebody watches; in how many seconds the next sign is wanted: the more there are,
    the seldomer."""
    try:
        async with redis.pipeline(transaction=False) as pipe:
            pipe.zadd(SIGNS, {str(viewer): now.timestamp()})
            pipe.zcard(SIGNS)
            _added, count = await pipe.execute()
    except (RedisError, OSError) as error:
        logger.info("a viewer's sign not noted", error=str(error))
        return LEAST_S
    return int(min(max(LEAST_S, count // _PER_S), MOST_S))


async def gone(redis: Redis, viewer: Viewer) -> None:
    """Somebody watches no more. Where that gets lost, silence says it later."""
    try:
        await redis.zrem(SIGNS, str(viewer))
    except (RedisError, OSError) as error:
        logger.info("a viewer's goodbye not noted", error=str(error))


async def settle(redis: Redis, *, now: datetime) -> int:
    """Make the stays in the database those of the viewers who gave a sign; how many changed."""
    signs = {
        viewer: datetime.fromtimestamp(at, UTC)
        for member, at in await redis.zrange(SIGNS, 0, -1, withscores=True)
        if (viewer := _read(member)) is not None
    }
    silent = {viewer for viewer, at in signs.items() if at <= now - SILENT}
    standing = await _standing()
    came = {v: at for v, at in signs.items() if v not in silent and v not in standing}
    left = {
        standing[v]: signs[v] + timedelta(seconds=LEAST_S / 2) if v in silent else now
        for v in standing
        if v in silent or v not in signs
    }
    if came or left:
        touched = {v.conference for v in (*came, *(v for v in standing if standing[v] in left))}
        async with db.transaction():
            await _begin(came)
            await _end(left)
            for conference in touched:
                watching = {"rooms": await store.watching(conference)}
                await live.announce(conference, "audience", watching, now=now)
        await live.nudge(redis)
    if silent:
        await redis.zremrangebyscore(SIGNS, "-inf", (now - SILENT).timestamp())
    return len(came) + len(left)


async def _standing() -> dict[Viewer, UUID]:
    """The stays by broadcast that have not ended."""
    rows = await Presence.select(
        Presence.id, Presence.conference, Presence.room, Presence.person
    ).where(Presence.node == BROADCAST, Presence.left_at.is_null())
    return {Viewer(r["conference"], r["room"], UUID(r["person"])): r["id"] for r in rows}


async def _begin(came: Mapping[Viewer, datetime]) -> None:
    rows = [
        Presence(
            id=(stay := uuid4()),
            conference=viewer.conference,
            uid=f"{BROADCAST}:{stay}",
            subscriber=f"{BROADCAST}:{stay}",
            node=BROADCAST,
            room=viewer.room,
            person=str(viewer.person),
            joined_at=at,
        )
        for viewer, at in came.items()
    ]
    for first in range(0, len(rows), _ROWS):
        await Presence.insert(*rows[first : first + _ROWS])


async def _end(left: Mapping[UUID, datetime]) -> None:
    """Most leave with a word and so at one instant: few statements for many stays."""
    together: dict[datetime, list[UUID]] = {}
    for stay, at in left.items():
        together.setdefault(at, []).append(stay)
    for at, stays in together.items():
        for first in range(0, len(stays), _ROWS):
            await Presence.update({Presence.left_at: at}).where(
                Presence.id.is_in(stays[first : first + _ROWS])
            )


def _read(member: bytes) -> Viewer | None:
    try:
        return Viewer(*(UUID(part) for part in member.decode().split("/")))
    except (ValueError, TypeError):
        return None


async def run(settings: Settings, redis: Redis) -> None:
    """Stand by for ever, keep the stays when elected."""
    holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
    try:
        while True:
            try:
                if await lease.hold(LEASE, holder, term=_TERM, now=present()):
                    await settle(redis, now=present())
            except (RedisError, OSError) as error:
                logger.info("broadcast's viewers not looked at", error=str(error))
            except Exception as error:
                logger.error("the keeper of viewers stumbled, goes on", exc_info=error)
            await asyncio.sleep(_TICK_S)
    finally:
        await lease.let_go(LEASE, holder)
