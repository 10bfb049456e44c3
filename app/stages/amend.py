"""Changes of a released schedule while it runs: shown first, then released at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agenda import document
from agenda.model import Schedule, SessionState, Slot
from app import db
from app.conferences.tables import Conference
from app.programme import releases
from app.programme import tables as t


class ReleaseMoved(Exception):
    """The release that was shown is not the latest any more."""


Make = Callable[[Schedule], Schedule]


async def amend(
    conference: UUID, make: Make, *, expected: int, by: UUID | None, name: str, now: datetime
) -> int:
    """Release what `make` makes of the latest release, in one transaction; returns its number.

    The working draft takes over the same changes where nobody has worked on those slots since.
    Raises ReleaseMoved when the latest release is not the `expected` one.
    """
    async with db.transaction():
        before = await releases.latest(conference)
        if before is None or before.number != expected:
            raise ReleaseMoved
        after = make(before.schedule)
        number = await releases.publish(conference, by=by, name=name, now=now, schedule=after)
        await _into_draft(conference, before.schedule, after)
    return number


async def _into_draft(conference: UUID, before: Schedule, after: Schedule) -> None:
    old = {slot.id: slot for slot in before.slots}
    new = {slot.id: slot for slot in after.slots}
    for key, slot in old.items():
        there = new.get(key)
        if there is None:
            await t.Slot.delete().where(*_untouched(conference, slot))
        elif there != slot:
            await t.Slot.update(
                {
                    t.Slot.room: UUID(there.room),
                    t.Slot.start: there.start,
                    t.Slot.duration_s: _seconds(there.duration),
                }
            ).where(*_untouched(conference, slot))
    states = {session.id: session.state for session in before.sessions}
    for session in after.sessions:
        if session.state is not states[session.id]:
            await _set_state(conference, UUID(session.id), session.state)
    await Conference.update({Conference.draft_version: Conference.draft_version + 1}).where(
        Conference.id == conference
    )


def _untouched(conference: UUID, slot: Slot) -> tuple[Any, ...]:
    return (
        t.Slot.conference == conference,
        t.Slot.id == UUID(slot.id),
        t.Slot.room == UUID(slot.room),
        t.Slot.start == slot.start,
        t.Slot.duration_s == _seconds(slot.duration),
    )


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())


async def _set_state(conference: UUID, session: UUID, state: SessionState) -> None:
    row = (
        await t.Session.select(t.Session.details)
        .where(t.Session.conference == conference, t.Session.id == session)
        .first()
    )
    if row is None:
        return
    details = json.loads(row["details"])
    details["state"] = document.dump_value(state)
    await t.Session.update(
        {t.Session.state: str(state), t.Session.details: json.dumps(details, ensure_ascii=False)}
    ).where(t.Session.id == session)
