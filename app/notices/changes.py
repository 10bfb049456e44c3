"""What a release asks to be told: invites to speakers, and changes to those who starred a session.

Changes are told late on purpose: what is moved five times in ten minutes is one mail, which says
the difference between the release before the first of them and the latest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agenda.model import SessionId
from agenda.schedule import Place
from agenda.told import whom_to_tell
from app.clock import now as present
from app.conferences.tables import Conference
from app.html import day_words, zone_city
from app.html import gettext as _
from app.jobs import outbox, store
from app.jobs.outbox import Delivery, Handler
from app.jobs.tables import Outbox
from app.notices import kinds, letters, mailings
from app.notices.letters import Draft
from app.programme import releases
from app.programme import tables as t
from app.programme.releases import Released
from app.settings import Settings
from app.words import local

PATIENCE = timedelta(minutes=10)
"""How long to wait for further changes."""

HURRY = timedelta(minutes=1)
"""The same where a changed session is close."""

_CLOSE = timedelta(hours=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of one session's place. `after` is None where it no longer takes place."""

    session: SessionId
    title: str
    before: Place | None
    after: Place | None


def between(before: Released, after: Released) -> list[Change]:
    """What those who starred a session hear of a release, against an earlier one, in order of time."""
    return [
        Change(session=one.session, title=one.title, before=one.before, after=one.after)
        for one in whom_to_tell(before.schedule, after.schedule)
        if one.starred
    ]


async def on_release(delivery: Delivery) -> None:
    """The outbox handler for `released`."""
    release = UUID(delivery.payload["release"])
    row = (
        await t.Release.select(t.Release.conference, t.Release.number)
        .where(t.Release.id == release)
        .first()
    )
    if row is None:
        return
    instant = present()
    conference = row["conference"]
    modes = await kinds.modes(conference)
    if modes["invites"] == kinds.SEND:
        key = f"invites:{release}"
        await store.ask("invites", key, {}, conference=conference, asked_by=None, now=instant)
    elif modes["invites"] == kinds.DRAFT:
        await mailings.stand(conference, "invites", {}, now=instant)
    if row["number"] > 1 and modes["changes"] != kinds.OFF:
        await schedule(conference, row["number"], now=instant)


async def schedule(conference: UUID, number: int, *, now: datetime) -> None:
    """Plan the mail about release `number`, or let the one that is planned already tell it too."""
    before, after = await _numbered(conference, number - 1), await _numbered(conference, number)
    if before is None or after is None:
        return
    found = await asyncio.to_thread(between, before, after)
    if not found:
        return
    close = any(
        now <= place[1] <= now + _CLOSE
        for change in found
        for place in (change.before, change.after)
        if place is not None
    )
    due_at = now + (HURRY if close else PATIENCE)
    prefix = f"changes:{conference}:"
    standing = (
        await Outbox.select(Outbox.id, Outbox.due_at)
        .where(
            Outbox.kind == "changes", Outbox.delivered_at.is_null(), Outbox.key.like(f"{prefix}%")
        )
        .first()
    )
    if standing is None:
        facts = {"conference": str(conference), "since": number - 1}
        await outbox.put("changes", f"{prefix}{number - 1}", facts, now=now, due_at=due_at)
    elif due_at < standing["due_at"]:
        await Outbox.update({Outbox.due_at: due_at}).where(Outbox.id == standing["id"])


def deliverer(settings: Settings) -> Handler:
    """The outbox handler for `changes`: the mails, or the draft that the organizer wants to see."""

    async def handle(delivery: Delivery) -> None:
        conference = UUID(delivery.payload["conference"])
        since = delivery.payload["since"]
        mode = await kinds.mode(conference, "changes")
        if mode == kinds.SEND:
            await draft(conference, since, settings=settings, now=present())
        elif mode == kinds.DRAFT and await compose(conference, since, settings=settings):
            await mailings.stand(conference, "changes", {"since": since}, now=present())

    return handle


async def draft(
    conference: UUID,
    since: int,
    *,
    settings: Settings,
    now: datetime,
    notice: UUID | None = None,
) -> int:
    """Put one mail for each person who starred something that changed; returns how many.

    From release `since` to the latest. Drafting twice sends once.
    """
    row = await Conference.objects().where(Conference.id == conference).first()
    if row is None:
        return 0
    drafts = await compose(conference, since, settings=settings)
    return await letters.put(row, "changes", drafts, settings=settings, notice=notice, now=now)


async def compose(conference: UUID, since: int, *, settings: Settings) -> list[Draft]:
    """The mails about everything that changed from release `since` to the latest."""
    row = await Conference.objects().where(Conference.id == conference).first()
    before, after = await _numbered(conference, since), await releases.latest(conference)
    if row is None or before is None or after is None:
        return []
    found = await asyncio.to_thread(between, before, after)
    people = await starrers(conference, {change.session for change in found})
    return [
        Draft(
            key=f"change:{conference}:{since}:{after.number}:{person['person']}",
            person=person["person"],
            to=person["person.email"],
            name=person["person.name"],
            payload=_mail(person, _of(found, person["sessions"]), row, (before, after), settings),
        )
        for person in people
    ]


async def _numbered(conference: UUID, number: int) -> Released | None:
    row = (
        await t.Release.select(t.Release.id)
        .where(t.Release.conference == conference, t.Release.number == number)
        .first()
    )
    return None if row is None else await releases.by_id(row["id"])


async def starrers(conference: UUID, sessions: set[SessionId]) -> list[dict[str, Any]]:
    """Who starred one of the sessions and has an address, each with their sessions."""
    if not sessions:
        return []
    rows = await t.Star.select(
        t.Star.session, t.Star.person, t.Star.person.name, t.Star.person.email, t.Star.person.zone
    ).where(t.Star.conference == conference, t.Star.person.email.is_not_null())
    found: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        session = SessionId(str(row["session"]))
        if session in sessions:
            found.setdefault(row["person"], {**row, "sessions": set()})["sessions"].add(session)
    return list(found.values())


def _of(changes: Iterable[Change], sessions: set[SessionId]) -> list[Change]:
    return [change for change in changes if change.session in sessions]


def _mail(
    person: Mapping[str, Any],
    changes: Sequence[Change],
    conference: Conference,
    between_: tuple[Released, Released],
    settings: Settings,
) -> dict[str, Any]:
    zone = person["person.zone"] or conference.time_zone
    root = f"{settings.base_url}/c/{conference.slug}"
    subject = (
        _("Changed: {title}").format(title=changes[0].title)
        if len(changes) == 1
        else _("{count} sessions that you starred have changed").format(count=len(changes))
    )
    return {
        "subject": subject,
        "opening": _("Sessions that you starred at {conference} have changed.").format(
            conference=conference.title
        ),
        "cards": [card(change, between_, zone, root) for change in changes],
        "action": {"words": _("Open my agenda"), "url": f"{root}/agenda?mine=1"},
        "closing": _("All times are on the clock of {place}.").format(place=zone_city(zone)),
    }


def card(
    change: Change, between_: tuple[Released, Released], zone: str, root: str
) -> dict[str, Any]:
    """A change as a mail shows it, on the clock of `zone`."""
    before, after = between_
    was = _place(change.before, before, zone) if change.before is not None else ""
    if change.after is None:
        return {"title": change.title, "was": was, "gone": True}
    return {
        "title": change.title,
        "lines": [_("now {when}").format(when=_place(change.after, after, zone))],
        "was": was,
        "link": f"{root}/sessions/{change.session}",
    }


def _place(place: Place, released: Released, zone: str) -> str:
    room, start, length = place
    begins, ends = local(start, zone), local(start + length, zone)
    words = f"{day_words(begins.date())} {begins:%H:%M}–{ends:%H:%M}"
    name = released.rooms[room].name
    return f"{words}, {name}" if name else words
