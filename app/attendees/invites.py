"""Invites by iTIP, level-triggered: what is missing or stale is told, what is not wanted withdrawn.

Whoever speaks, and whoever asked for invites and starred, should hold a REQUEST that says what the
latest release says. The ledger (`invitation`) is written with the mails, in one transaction.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agenda.formats.ical import Party
from agenda.model import SessionId, SessionState, SlotId
from app import db
from app.attendees.errands import Errand, Guest, Key, Told, errands
from app.attendees.invite_mails import Writer
from app.attendees.tables import CalendarWish, Invitation
from app.clock import now as present
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import ngettext
from app.jobs.runner import JobFailed, Task
from app.jobs.store import Made
from app.notices import kinds, letters
from app.notices.letters import Draft
from app.programme import releases
from app.programme import tables as t
from app.programme.releases import Released
from app.settings import Settings

_CHUNK = 100
SETTLED = timedelta(seconds=45)
"""A star is told of when it is so old, so that one which was set by mistake is no mail."""


async def make_all(task: Task) -> Made:
    """Write every invite that is missing, stale or to be withdrawn by the latest release."""
    if await releases.latest(task.conference) is None:
        raise JobFailed(_("Nothing has been released yet, so there is nothing to invite to."))
    notice = task.arguments.get("notice")
    count = await draft_invites(
        task.conference,
        settings=task.settings,
        now=present(),
        notice=UUID(notice) if notice else None,
        progress=task.progress,
    )
    words = ngettext("%(num)d invite", "%(num)d invites", count) % {"num": count}
    return Made(words=words)


async def guests_of(conference: UUID, released: Released, *, now: datetime) -> dict[Key, Guest]:
    """Who should hold an invite, by slot and person. A speaker who starred their own is a speaker."""
    found: dict[Key, Guest] = {}
    wishes = CalendarWish.select(CalendarWish.person).where(CalendarWish.conference == conference)
    rows = await t.Star.select(
        t.Star.session, t.Star.person, t.Star.person.name, t.Star.person.email
    ).where(
        t.Star.conference == conference,
        t.Star.created_at <= now - SETTLED,
        t.Star.person.email.is_not_null(),
        t.Star.person.is_in(wishes),
    )
    for row in rows:
        _invite(found, released, SessionId(str(row["session"])), row, row["person.name"], False)
    speakers = await t.Speaker.select(
        t.Speaker.id, t.Speaker.name, t.Speaker.person, t.Speaker.person.email
    ).where(t.Speaker.conference == conference, t.Speaker.person.email.is_not_null())
    by_id = {str(row["id"]): row for row in speakers}
    for session in released.schedule.sessions:
        for speaker in session.speakers:
            own = by_id.get(str(speaker))
            if own is not None:
                _invite(found, released, session.id, own, own["name"], True)
    return found


def _invite(
    found: dict[Key, Guest],
    released: Released,
    session: SessionId,
    row: Mapping[str, Any],
    name: str,
    speaking: bool,
) -> None:
    known = released.sessions.get(session)
    if known is None or known.state in (SessionState.DRAFT, SessionState.CANCELLED):
        return
    party = Party(name=name, email=row["person.email"])
    for slot in released.slots_of_session[session]:
        found[slot.id, row["person"]] = Guest(person=row["person"], party=party, speaking=speaking)


async def told_of(conference: UUID, keys: Sequence[Key] | None = None) -> dict[Key, Told]:
    """The ledger of a conference, or of some of its lines."""
    where = [Invitation.conference == conference]
    if keys is not None:
        where.append(Invitation.slot.is_in([UUID(slot) for slot, _person in keys]))
    rows = await Invitation.select(
        *Invitation.all_columns(), Invitation.person.name, Invitation.person.email
    ).where(*where)
    return {
        (SlotId(str(row["slot"])), row["person"]): Told(
            facts=json.loads(row["facts"]) if row["method"] == "REQUEST" else None,
            sequence=row["sequence"],
            answer=row["answer"],
            session=str(row["session"]),
            speaking=row["speaking"],
            party=Party(name=row["person.name"], email=row["person.email"] or ""),
        )
        for row in rows
    }


async def waiting(conference: UUID, *, now: datetime) -> list[Errand]:
    """What is to be told now."""
    released = await releases.latest(conference)
    if released is None:
        return []
    guests = await guests_of(conference, released, now=now)
    return errands(released, guests, await told_of(conference), now=now)


async def draft_invites(
    conference: UUID,
    *,
    settings: Settings,
    now: datetime,
    notice: UUID | None = None,
    speaking: bool = True,
    progress: Callable[[int, int], Awaitable[None]] | None = None,
) -> int:
    """Tell everybody what they must be told, or all but speakers; returns how many mails that is.

    Mails and ledger are one transaction for each chunk, and a mail's key is made of slot, person
    and sequence: whoever does this again, or at the same time, sends nothing twice.
    """
    released = await releases.latest(conference)
    own = await Conference.objects().where(Conference.id == conference).first()
    if released is None or own is None:
        return 0
    guests = await guests_of(conference, released, now=now)
    told = await told_of(conference)
    wanted = [
        errand
        for errand in errands(released, guests, told, now=now)
        if speaking or not _speaks(errand, guests, told)
    ]
    writer = Writer(own, released, settings, guests=guests, told=told)
    for at in range(0, len(wanted), _CHUNK):
        chunk = wanted[at : at + _CHUNK]
        drafts = await asyncio.to_thread(writer.drafts, chunk)
        async with db.transaction():
            if await _taken(conference, chunk, told):
                continue
            await letters.put(own, "invites", drafts, settings=settings, notice=notice, now=now)
            await _record(own.id, writer, chunk, now=now)
        if progress is not None:
            await progress(at + len(chunk), len(wanted))
    return len(wanted)


def _speaks(errand: Errand, guests: Mapping[Key, Guest], told: Mapping[Key, Told]) -> bool:
    key = (errand.slot, errand.person)
    return guests[key].speaking if key in guests else told[key].speaking


async def _taken(conference: UUID, chunk: Sequence[Errand], told: Mapping[Key, Told]) -> bool:
    """True where somebody else told one of these meanwhile; the next look sees what is left."""
    keys = [(errand.slot, errand.person) for errand in chunk]
    present = await told_of(conference, keys)
    return any(
        (line := present.get(key)) is not None and (key not in told or line != told[key])
        for key in keys
    )


async def _record(
    conference: UUID, writer: Writer, chunk: Sequence[Errand], *, now: datetime
) -> None:
    rows = [writer.line(conference, errand, now=now) for errand in chunk]
    await Invitation.insert(*rows).on_conflict(
        target=(Invitation.slot, Invitation.person),
        action="DO UPDATE",
        values=[
            Invitation.method,
            Invitation.sequence,
            Invitation.facts,
            Invitation.speaking,
            Invitation.told_at,
            Invitation.answer,
            Invitation.answer_words,
        ],
    )


async def preview(conference: Conference, *, settings: Settings, now: datetime) -> list[Draft]:
    """The mails that `draft_invites` would write now, without telling anybody."""
    released = await releases.latest(conference.id)
    if released is None:
        return []
    guests = await guests_of(conference.id, released, now=now)
    told = await told_of(conference.id)
    wanted = errands(released, guests, told, now=now)
    writer = Writer(conference, released, settings, guests=guests, told=told)
    return await asyncio.to_thread(writer.drafts, wanted)


async def follow_stars(settings: Settings, *, now: datetime) -> int:
    """Tell whoever asked for invites of what they starred and unstarred; returns how many mails."""
    wishes = await CalendarWish.select(CalendarWish.conference).distinct()
    held = await (
        Invitation.select(Invitation.conference)
        .where(Invitation.speaking.eq(False), Invitation.method == "REQUEST")
        .distinct()
    )
    count = 0
    for conference in {row["conference"] for row in (*wishes, *held)}:
        if await kinds.mode(conference, "invites") != kinds.OFF:
            count += await draft_invites(conference, settings=settings, now=now, speaking=False)
    return count
