"""Reminders to speakers, a quarter of an hour before they are on.

Level-triggered: every look asks which slots begin soon. So a slot that moves is reminded of at
its new time, one that falls is not, and a worker that was away catches up.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from redis.asyncio import Redis

from agenda.model import SessionState, Slot
from app.clock import now as present
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import zone_city
from app.jobs import outbox
from app.programme import releases
from app.programme import tables as t
from app.programme.releases import Released
from app.settings import Settings
from app.words import local

logger = structlog.get_logger(__name__)

AHEAD = timedelta(minutes=15)
_LOOK_S = 15.0


async def run(settings: Settings, _redis: Redis) -> None:
    """Look for ever."""
    while True:
        try:
            await remind(settings, now=present())
        except Exception as error:
            logger.warning("reminders could not be drafted", error=repr(error))
        await asyncio.sleep(_LOOK_S)


async def remind(settings: Settings, *, now: datetime) -> int:
    """Draft the reminders that are due in every conference; returns how many are due.

    A speaker gets one for each slot and start, however often this is asked.
    """
    count = 0
    for row in await t.Release.select(t.Release.conference).distinct():
        released = await releases.latest(row["conference"])
        if released is not None and (soon := due(released, now=now)):
            count += await _draft(row["conference"], released, soon, settings, now=now)
    return count


def due(released: Released, *, now: datetime) -> list[Slot]:
    """The slots that begin within AHEAD and will take place."""
    return [
        slot
        for slot in released.schedule.slots
        if now < slot.start <= now + AHEAD
        and released.sessions[slot.session].state
        not in (SessionState.CANCELLED, SessionState.DRAFT)
    ]


async def _draft(
    conference: UUID, released: Released, soon: list[Slot], settings: Settings, *, now: datetime
) -> int:
    wanted = {key for slot in soon for key in released.sessions[slot.session].speakers}
    if not wanted:
        return 0
    people = {
        str(row["id"]): row
        for row in await t.Speaker.select(
            t.Speaker.id, t.Speaker.name, t.Speaker.person.email, t.Speaker.person.zone
        ).where(
            t.Speaker.id.is_in([UUID(key) for key in wanted]),
            t.Speaker.person.email.is_not_null(),
        )
    }
    own = await Conference.objects().where(Conference.id == conference).first()
    assert own is not None
    mails = [
        (
            f"remind:{slot.id}:{int(slot.start.timestamp())}:{key}",
            _mail(people[key], slot, released, own, settings),
        )
        for slot in soon
        for key in released.sessions[slot.session].speakers
        if key in people
    ]
    await outbox.put_many("mail", mails, now=now)
    return len(mails)


def _mail(
    speaker: dict[str, Any], slot: Slot, released: Released, own: Conference, settings: Settings
) -> dict[str, Any]:
    zone = speaker["person.zone"] or own.time_zone
    title = released.sessions[slot.session].title
    facts = {
        "title": title,
        "clock": f"{local(slot.start, zone):%H:%M}",
        "place": zone_city(zone),
        "room": released.rooms[slot.room].name,
        "link": f"{settings.base_url}/c/{own.slug}/green-room/{slot.id}",
    }
    return {
        "to": speaker["person.email"],
        "name": speaker["name"],
        "from_name": own.title,
        "subject": _("On at {clock}: {title}").format(**facts),
        "text": _(
            "You are on at {clock} ({place}) in {room}:\n\n{title}\n\n"
            "Come to your green room now, and check camera and microphone there:\n\n{link}"
        ).format(**facts),
    }
