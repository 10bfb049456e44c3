"""The loop that looks what is due: reminders, digests, the day ahead, stars, thanks.

Level-triggered: every look asks what should have been told by now. So a slot that moves is reminded
of at its new time, one that falls is not, and a worker that was away catches up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import structlog
from redis.asyncio import Redis

from app.attendees import invites
from app.clock import now as present
from app.conferences.tables import Conference
from app.notices import approval, day_before, digest, followup, soon
from app.programme import releases
from app.programme import tables as t
from app.programme.releases import Released
from app.settings import Settings

logger = structlog.get_logger(__name__)

_LOOK_S = 15.0
_SELDOM = 4
"""Every how many looks what is not pressing is looked at."""


async def run(settings: Settings, _redis: Redis) -> None:
    """Look for ever."""
    looks = 0
    while True:
        try:
            await remind(settings, now=present())
            await invites.follow_stars(settings, now=present())
            if looks % _SELDOM == 0:
                await look_ahead(settings, now=present())
        except Exception as error:
            logger.warning("reminders could not be drafted", error=repr(error))
        looks += 1
        await asyncio.sleep(_LOOK_S)


async def remind(settings: Settings, *, now: datetime) -> int:
    """Write the reminders of what begins soon, in every conference; returns how many are new."""
    count = 0
    async for conference, released in _running():
        count += await soon.remind(conference, released, settings=settings, now=now)
    return count


async def look_ahead(settings: Settings, *, now: datetime) -> int:
    """Write the morning's digest, the evening's mail of the day ahead, and the thanks; returns how
    many mails are new."""
    count = 0
    async for conference, released in _running():
        await approval.stand(conference, released, now=now)
        count += await digest.remind(conference, released, settings=settings, now=now)
        count += await day_before.remind(conference, released, settings=settings, now=now)
        await followup.look(conference, released, now=now)
    return count


async def _running() -> AsyncIterator[tuple[Conference, Released]]:
    """Every conference that has a release, with its latest."""
    rows: list[dict[str, Any]] = await t.Release.select(t.Release.conference).distinct()
    for row in rows:
        released = await releases.latest(row["conference"])
        conference = await Conference.objects().where(Conference.id == row["conference"]).first()
        if released is not None and conference is not None:
            yield conference, released
