"""On the evening before: what one starred and where one speaks tomorrow, on one's own clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from agenda.model import SessionId, SessionState, Slot
from app.conferences.tables import Conference
from app.html import day_words, zone_city
from app.html import gettext as _
from app.notices import approval, letters
from app.notices.letters import Draft
from app.programme import tables as t
from app.programme.releases import Released
from app.settings import Settings
from app.words import local

EVENING = time(18, 0)
"""When it is sent, on the reader's own clock."""

_UNTIL = time(22, 0)
_REACH = timedelta(hours=36)


async def remind(
    conference: Conference, released: Released, *, settings: Settings, now: datetime
) -> int:
    """Write the mails whose reader's evening it is; returns how many are new. Each day once."""
    near = [
        slot
        for slot in released.schedule.slots
        if now < slot.start <= now + _REACH
        and released.sessions[slot.session].state
        not in (SessionState.CANCELLED, SessionState.DRAFT)
    ]
    near = await approval.passed(conference, "day_before", near)
    if not near:
        return 0
    drafts = await _drafts(conference, released, near, settings, lambda zone: tomorrow(now, zone))
    fresh = await letters.fresh(drafts)
    return await letters.put(conference, "day_before", fresh, settings=settings, now=now)


async def compose(
    conference: Conference, released: Released, slots: list[Slot], *, settings: Settings
) -> list[Draft]:
    """The mails of these slots' day, as they would go out now."""
    if not slots:
        return []
    first = min(slot.start for slot in slots)
    return await _drafts(
        conference, released, slots, settings, lambda zone: local(first, zone).date()
    )


async def _drafts(
    conference: Conference,
    released: Released,
    near: list[Slot],
    settings: Settings,
    day_in: Callable[[str], date | None],
) -> list[Draft]:
    people = await _people(conference.id, released, {slot.session for slot in near})
    found = []
    for row in people.values():
        zone = row["person.zone"] or conference.time_zone
        draft = _draft(row, near, released, conference, settings, day=day_in(zone))
        if draft is not None:
            found.append(draft)
    return found


async def _people(
    conference: UUID, released: Released, sessions: set[SessionId]
) -> dict[UUID, dict[str, Any]]:
    """Who starred or speaks in one of the sessions, with the sessions and where they speak."""
    found: dict[UUID, dict[str, Any]] = {}
    stars = await t.Star.select(
        t.Star.person, t.Star.session, t.Star.person.name, t.Star.person.email, t.Star.person.zone
    ).where(t.Star.conference == conference, t.Star.person.email.is_not_null())
    for row in stars:
        _add(found, row, {SessionId(str(row["session"]))} & sessions, speaking=False)
    speakers = await t.Speaker.select(
        t.Speaker.id,
        t.Speaker.person,
        t.Speaker.person.name,
        t.Speaker.person.email,
        t.Speaker.person.zone,
    ).where(t.Speaker.conference == conference, t.Speaker.person.email.is_not_null())
    for row in speakers:
        own = {key for key in sessions if str(row["id"]) in released.sessions[key].speakers}
        _add(found, row, own, speaking=True)
    return {key: row for key, row in found.items() if row["sessions"]}


def _add(
    found: dict[UUID, dict[str, Any]],
    row: Mapping[str, Any],
    sessions: Iterable[SessionId],
    *,
    speaking: bool,
) -> None:
    known = found.setdefault(row["person"], {**row, "sessions": set(), "speaks": set()})
    known["sessions"].update(sessions)
    if speaking:
        known["speaks"].update(sessions)


def tomorrow(now: datetime, zone: str) -> date | None:
    """The day to tell of, where it is this zone's evening now."""
    here = local(now, zone)
    return here.date() + timedelta(days=1) if EVENING <= here.time() < _UNTIL else None


def _draft(
    person: Mapping[str, Any],
    near: list[Slot],
    released: Released,
    conference: Conference,
    settings: Settings,
    *,
    day: date | None,
) -> Draft | None:
    zone = person["person.zone"] or conference.time_zone
    slots = sorted(
        (
            slot
            for slot in near
            if slot.session in person["sessions"] and local(slot.start, zone).date() == day
        ),
        key=lambda slot: (slot.start, slot.id),
    )
    if day is None or not slots:
        return None
    root = f"{settings.base_url}/c/{conference.slug}"
    speaks = person["speaks"]
    return Draft(
        key=f"day:{conference.id}:{person['person']}:{day.isoformat()}",
        person=person["person"],
        to=person["person.email"],
        name=person["person.name"],
        payload={
            "subject": _("Your {day} at {conference}").format(
                day=day_words(day, "EEEE"), conference=conference.title
            ),
            "opening": _("{day}, on the clock of {place}:").format(
                day=day_words(day), place=zone_city(zone)
            ),
            "cards": [_card(slot, released, zone, root, slot.session in speaks) for slot in slots],
            "action": {"words": _("Open my agenda"), "url": f"{root}/agenda?mine=1"},
        },
        over=slots[0].start,
    )


def _card(slot: Slot, released: Released, zone: str, root: str, speaks: bool) -> dict[str, Any]:
    when = f"{local(slot.start, zone):%H:%M}–{local(slot.end, zone):%H:%M}"
    room = released.rooms[slot.room].name
    lines = [f"{when}, {room}" if room else when]
    if speaks:
        lines.append(_("You are on: come to your green room 20 minutes before."))
    return {
        "title": released.sessions[slot.session].title,
        "lines": lines,
        "link": f"{root}/green-room/{slot.id}" if speaks else f"{root}/sessions/{slot.session}",
    }
