"""Live updates: numbered events, written in the database; live_hub pushes them to open pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app import db
from app.live_tables import LiveEvent

logger = structlog.get_logger(__name__)

NUDGE = "plenary:live"
_KEPT = timedelta(hours=6)

EVERYBODY = ""
"""The channel that every page of a conference gets."""


def of_room(room: object) -> str:
    """The channel of those who are in a room."""
    return f"r:{room}"


def of_hosts(room: object) -> str:
    """The channel of those who moderate a room; whoever asks for the room gets it too, by role."""
    return f"m:{room}"


def of_role(role: str) -> str:
    """The channel of those who hold a role in the conference."""
    return f"a:{role}"


def of_person(person: object) -> str:
    """The channel of one person's own pages."""
    return f"p:{person}"


async def announce(
    conference: UUID,
    topic: str,
    payload: Mapping[str, Any],
    *,
    channel: str = EVERYBODY,
    audience: str = "",
    now: datetime,
) -> None:
    """Write one numbered event in the caller's transaction; pages get it after the commit.

    With an `audience` only pages of people who hold that role in the conference get it.
    """
    await announce_many(conference, topic, [payload], channel=channel, audience=audience, now=now)


async def announce_many(
    conference: UUID,
    topic: str,
    payloads: Sequence[Mapping[str, Any]],
    *,
    channel: str = EVERYBODY,
    audience: str = "",
    now: datetime,
) -> None:
    """Write numbered events of one topic, in order, for the pages that follow a channel.

    Numbers are handed out in commit order: on PostgreSQL a transaction-scoped lock makes
    announcers take turns, or a page could see number 8 and never ask for a 7 that came later.
    """
    if not payloads:
        return
    async with db.transaction():
        if db.on_postgres():
            await LiveEvent.raw("SELECT pg_advisory_xact_lock(7900)")
        await LiveEvent.insert(
            *(
                LiveEvent(
                    uid=uuid4(),
                    conference=conference,
                    channel=of_role(audience) if audience else channel,
                    topic=topic,
                    audience=audience,
                    payload=json.dumps(payload, separators=(",", ":"), ensure_ascii=False),
                    at=now,
                )
                for payload in payloads
            )
        )


async def nudge(redis: Redis) -> None:
    """Tell every web process to look now instead of within a second. Losing it is harmless."""
    try:
        await redis.publish(NUDGE, b"")
    except (RedisError, OSError) as error:
        logger.info("nobody nudged", error=str(error))


async def latest() -> int:
    """The number of the newest event: what a page that is made now has seen. Read it first."""
    row = await LiveEvent.select(LiveEvent.id).order_by(LiveEvent.id, ascending=False).first()
    return row["id"] if row else 0


async def prune(*, now: datetime) -> None:
    """Forget events that no page can still want; the newest stays, so that numbers never restart."""
    last = await LiveEvent.select(LiveEvent.id).order_by(LiveEvent.id, ascending=False).first()
    if last is not None:
        await LiveEvent.delete().where(LiveEvent.at < now - _KEPT, LiveEvent.id < last["id"])
