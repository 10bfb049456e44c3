"""What a mailing's letters say, by its kind; and the worker that writes them when it is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.attendees import invites
from app.clock import now as present
from app.conferences.tables import Conference
from app.jobs import store
from app.jobs.outbox import Delivery, Handler
from app.notices import (
    approval,
    changes,
    day_before,
    digest,
    followup,
    letters,
    mailings,
    messages,
    soon,
)
from app.notices.letters import Draft
from app.notices.tables import Notice
from app.programme import releases
from app.settings import Settings

Composer = Callable[
    [Conference, Mapping[str, Any], UUID, Settings, datetime], Awaitable[list[Draft]]
]


async def _invites(
    conference: Conference, _facts: Mapping[str, Any], _key: UUID, settings: Settings, now: datetime
) -> list[Draft]:
    return await invites.preview(conference, settings=settings, now=now)


async def _changes(
    conference: Conference, facts: Mapping[str, Any], _key: UUID, settings: Settings, now: datetime
) -> list[Draft]:
    return await changes.compose(conference.id, facts["since"], settings=settings)


async def _followup(
    conference: Conference, facts: Mapping[str, Any], _key: UUID, settings: Settings, now: datetime
) -> list[Draft]:
    return await followup.compose(conference, facts, settings=settings)


async def _message(
    conference: Conference, facts: Mapping[str, Any], key: UUID, settings: Settings, now: datetime
) -> list[Draft]:
    return await messages.compose(conference, facts, key)


async def _day_before(
    conference: Conference, facts: Mapping[str, Any], _key: UUID, settings: Settings, now: datetime
) -> list[Draft]:
    released = await releases.latest(conference.id)
    if released is None:
        return []
    slots = approval.slots_of(released, date.fromisoformat(facts["day"]), conference.time_zone)
    return await day_before.compose(conference, released, slots, settings=settings)


def _before_start(kind: str) -> Composer:
    async def compose_soon(
        conference: Conference,
        facts: Mapping[str, Any],
        _key: UUID,
        settings: Settings,
        now: datetime,
    ) -> list[Draft]:
        released = await releases.latest(conference.id)
        if released is None:
            return []
        slots = approval.slots_of(released, date.fromisoformat(facts["day"]), conference.time_zone)
        return await soon.compose(conference, released, slots, soon.KINDS[kind], settings=settings)

    return compose_soon


async def _digest(
    conference: Conference, facts: Mapping[str, Any], _key: UUID, settings: Settings, now: datetime
) -> list[Draft]:
    released = await releases.latest(conference.id)
    if released is None:
        return []
    day = date.fromisoformat(facts["day"])
    return await digest.compose(conference, released, day, settings=settings, now=now)


COMPOSERS: Mapping[str, Composer] = {
    "invites": _invites,
    "changes": _changes,
    "followup": _followup,
    "message": _message,
    "day_before": _day_before,
    "soon": _before_start("soon"),
    "last_call": _before_start("last_call"),
    "digest": _digest,
}


async def compose(
    conference: Conference, notice: Mapping[str, Any], settings: Settings, *, now: datetime
) -> list[Draft]:
    """The letters of a mailing as they would go out now."""
    write = COMPOSERS[notice["kind"]]
    return await write(conference, notice["facts"], notice["id"], settings, now)


def deliverer(settings: Settings) -> Handler:
    """The outbox handler for `mailing`. Invites are many: they get a job with its progress."""

    async def handle(delivery: Delivery) -> None:
        key = UUID(delivery.payload["notice"])
        row = await Notice.select(Notice.conference).where(Notice.id == key).first()
        conference = row and await Conference.objects().get(Conference.id == row["conference"])
        if not conference:
            return
        notice = await mailings.find(conference.id, key)
        assert notice is not None
        instant = present()
        if notice["kind"] == "invites":
            await store.ask(
                "invites",
                f"invites:{key}",
                {"notice": str(key)},
                conference=conference.id,
                asked_by=notice["sent_by"],
                now=instant,
            )
            return
        if notice["kind"] in approval.BY_DAY:
            return  # Its letters go one by one, when each is due.
        drafts = await compose(conference, notice, settings, now=instant)
        await letters.put(
            conference, notice["kind"], drafts, settings=settings, notice=key, now=instant
        )

    return handle
