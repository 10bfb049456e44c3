"""Each morning, for who asked: what changed since the last digest, and what one starred for today."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from piccolo.query import Max

from agenda.model import SessionId, SessionState
from app.conferences.tables import Conference
from app.html import day_words, ngettext, zone_city
from app.html import gettext as _
from app.notices import approval, changes, kinds, letters, messages
from app.notices.changes import Change
from app.notices.letters import Draft
from app.notices.preference_tables import NoticeWish
from app.notices.tables import Letter
from app.programme import releases
from app.programme import tables as t
from app.programme.releases import Released
from app.settings import Settings
from app.words import local

MORNING = time(7, 0)
"""When it is sent, on the reader's own clock."""

_DAY = timedelta(days=1)
_MOST_CHANGES = 20


async def remind(
    conference: Conference, released: Released, *, settings: Settings, now: datetime
) -> int:
    """Write the digests whose reader's morning it is; returns how many are new. Each day once.

    Nobody gets one that says nothing.
    """
    ends = [slot.end for slot in released.schedule.slots]
    mode = await kinds.mode(conference.id, "digest")
    if not ends or max(ends) < now or mode == kinds.OFF:
        return 0
    passed = await approval.let_go(conference, "digest") if mode == kinds.DRAFT else None
    readers = [
        (row, day)
        for row in await _readers(conference.id)
        if (day := _day(now, row["zone"] or conference.time_zone)) is not None
        and (passed is None or day in passed)
    ]
    if not readers:
        return 0
    drafts = await _drafts(conference, released, readers, settings, now)
    fresh = await letters.fresh(drafts)
    return await letters.put(conference, "digest", fresh, settings=settings, now=now)


async def compose(
    conference: Conference, released: Released, day: date, *, settings: Settings, now: datetime
) -> list[Draft]:
    """The digests of a day, as they would go out now."""
    readers = [(row, day) for row in await _readers(conference.id)]
    return await _drafts(conference, released, readers, settings, now)


async def _readers(conference: UUID) -> list[dict[str, Any]]:
    """Who of this conference asked for digests."""
    asked = await NoticeWish.select(NoticeWish.person).where(
        NoticeWish.kind == "digest", NoticeWish.way == "mail", NoticeWish.wanted.eq(True)
    )
    wanted = {row["person"] for row in asked}
    if not wanted:
        return []
    return [
        row for row in await messages.people(conference, "everybody") if row["person"] in wanted
    ]


def _day(now: datetime, zone: str) -> date | None:
    """The day to tell of, where it is this zone's morning now."""
    here = local(now, zone)
    return here.date() if MORNING <= here.time() < approval.DIGESTS_END else None


async def _drafts(
    conference: Conference,
    released: Released,
    readers: list[tuple[dict[str, Any], date]],
    settings: Settings,
    now: datetime,
) -> list[Draft]:
    last = await _last(conference.id)
    stars = await _stars(conference.id)
    differences: dict[UUID, tuple[Released, list[Change]]] = {}
    found = []
    for row, day in readers:
        since = await _before(conference.id, last.get(row["person"], now - _DAY))
        if since is not None and since not in differences:
            before = await releases.by_id(since)
            differences[since] = before, await asyncio.to_thread(changes.between, before, released)
        told = differences.get(since) if since is not None else None
        draft = _draft(
            row, stars.get(row["person"], set()), told, released, conference, settings, day
        )
        if draft is not None:
            found.append(draft)
    return found


async def _last(conference: UUID) -> dict[UUID, datetime]:
    """When each reader's last digest was written, not today's."""
    rows = await (
        Letter.select(Letter.person, Max(Letter.created_at))
        .where(Letter.conference == conference, Letter.kind == "digest")
        .group_by(Letter.person)
    )
    return {row["person"]: row["max"] for row in rows}


async def _before(conference: UUID, instant: datetime) -> UUID | None:
    """The release that stood at an instant."""
    row = await (
        t.Release.select(t.Release.id)
        .where(t.Release.conference == conference, t.Release.created_at <= instant)
        .order_by(t.Release.number, ascending=False)
        .first()
    )
    return None if row is None else row["id"]


async def _stars(conference: UUID) -> dict[UUID, set[SessionId]]:
    found: dict[UUID, set[SessionId]] = {}
    for row in await t.Star.select(t.Star.person, t.Star.session).where(
        t.Star.conference == conference
    ):
        found.setdefault(row["person"], set()).add(SessionId(str(row["session"])))
    return found


def _draft(
    reader: Mapping[str, Any],
    starred: set[SessionId],
    told: tuple[Released, list[Change]] | None,
    released: Released,
    conference: Conference,
    settings: Settings,
    day: date,
) -> Draft | None:
    zone = reader["zone"] or conference.time_zone
    root = f"{settings.base_url}/c/{conference.slug}"
    before, every = told or (released, [])
    own = [change for change in every if change.session in starred]
    changed = [
        changes.card(change, (before, released), zone, root) for change in own[:_MOST_CHANGES]
    ]
    today = _today(released, starred, day, zone, root)
    if not changed and not today and not every:
        return None
    return Draft(
        key=f"digest:{conference.id}:{reader['person']}:{day.isoformat()}",
        person=reader["person"],
        to=reader["email"],
        name=reader["name"],
        payload={
            "subject": _("{conference}: your digest of {day}").format(
                conference=conference.title, day=day_words(day)
            ),
            "opening": _opening(changed, today),
            "cards": changed + today,
            "action": {"words": _("Open my agenda"), "url": f"{root}/agenda?mine=1"},
            "closing": _closing(len(every) - len(changed), zone, root),
        },
    )


def _opening(changed: list[dict[str, Any]], today: list[dict[str, Any]]) -> str:
    parts = []
    if changed:
        words = ngettext(
            "%(num)d session that you starred has changed since the last digest.",
            "%(num)d sessions that you starred have changed since the last digest.",
            len(changed),
        )
        parts.append(words % {"num": len(changed)})
    if today:
        words = ngettext(
            "You starred %(num)d session for today.",
            "You starred %(num)d sessions for today.",
            len(today),
        )
        parts.append(words % {"num": len(today)})
    return " ".join(parts) or _("Nothing that you starred has changed.")


def _closing(others: int, zone: str, root: str) -> str:
    clock = _("All times are on the clock of {place}.").format(place=zone_city(zone))
    if others <= 0:
        return clock
    words = ngettext(
        "%(num)d other session is new, was moved or no longer takes place: %(link)s",
        "%(num)d other sessions are new, were moved or no longer take place: %(link)s",
        others,
    ) % {"num": others, "link": f"{root}/changes"}
    return f"{words}\n\n{clock}"


def _today(
    released: Released, starred: Iterable[SessionId], day: date, zone: str, root: str
) -> list[dict[str, Any]]:
    """What one starred and takes place today, in order of time."""
    wanted = set(starred)
    slots = sorted(
        (
            slot
            for slot in released.schedule.slots
            if slot.session in wanted
            and local(slot.start, zone).date() == day
            and released.sessions[slot.session].state
            not in (SessionState.CANCELLED, SessionState.DRAFT)
        ),
        key=lambda slot: (slot.start, slot.id),
    )
    return [
        {
            "title": released.sessions[slot.session].title,
            "lines": [
                f"{local(slot.start, zone):%H:%M}–{local(slot.end, zone):%H:%M}, "
                f"{released.rooms[slot.room].name}"
            ],
            "link": f"{root}/sessions/{slot.session}",
        }
        for slot in slots
    ]
