"""A quarter of an hour and five minutes before one is on, and before what one starred begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from agenda.model import SessionId, SessionState, Slot
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import zone_city
from app.notices import approval, letters
from app.notices.letters import Draft
from app.programme import tables as t
from app.programme.releases import Released
from app.settings import Settings
from app.words import local

AHEAD = timedelta(minutes=15)
LAST_CALL = timedelta(minutes=5)

KINDS: Mapping[str, int] = MappingProxyType({"soon": 15, "last_call": 5})
"""The kinds of reminders, and how many minutes before they are due."""


def due(released: Released, *, now: datetime) -> list[Slot]:
    """The slots that begin within AHEAD and will take place, in order of time."""
    return sorted(
        (
            slot
            for slot in released.schedule.slots
            if now < slot.start <= now + AHEAD
            and released.sessions[slot.session].state
            not in (SessionState.CANCELLED, SessionState.DRAFT)
        ),
        key=lambda slot: (slot.start, slot.id),
    )


def stage(slot: Slot, *, now: datetime) -> int:
    """Which reminder is due: 15, or 5 minutes before."""
    return 5 if slot.start - now <= LAST_CALL else 15


async def remind(
    conference: Conference, released: Released, *, settings: Settings, now: datetime
) -> int:
    """Write what is due; returns how many mails are new. Each goes once, however often this is asked."""
    near = due(released, now=now)
    if not near:
        return 0
    count = 0
    for kind, minutes in KINDS.items():
        due_now = [slot for slot in near if stage(slot, now=now) == minutes]
        slots = await approval.passed(conference, kind, due_now)
        if not slots:
            continue
        drafts = await compose(conference, released, slots, minutes, settings=settings)
        fresh = await letters.fresh(drafts)
        count += await letters.put(conference, kind, fresh, settings=settings, now=now)
    return count


async def compose(
    conference: Conference,
    released: Released,
    slots: list[Slot],
    minutes: int,
    *,
    settings: Settings,
) -> list[Draft]:
    """The reminders of these slots, so many minutes before: of who is on, and of who starred them."""
    speakers = await _speakers(released, slots)
    drafts = [
        _to_speaker(speakers[key], slot, released, conference, settings, minutes)
        for slot in slots
        for key in released.sessions[slot.session].speakers
        if key in speakers
    ]
    own = {row["person"] for row in speakers.values()}
    starrers = await _to_starrers(conference, released, slots, settings, minutes)
    return drafts + [one for one in starrers if one.person not in own]


async def _speakers(released: Released, near: Iterable[Slot]) -> dict[str, dict[str, Any]]:
    wanted = {UUID(key) for slot in near for key in released.sessions[slot.session].speakers}
    if not wanted:
        return {}
    rows = await t.Speaker.select(
        t.Speaker.id,
        t.Speaker.name,
        t.Speaker.person,
        t.Speaker.person.email,
        t.Speaker.person.zone,
    ).where(t.Speaker.id.is_in(list(wanted)), t.Speaker.person.email.is_not_null())
    return {str(row["id"]): row for row in rows}


def _to_speaker(
    speaker: Mapping[str, Any],
    slot: Slot,
    released: Released,
    conference: Conference,
    settings: Settings,
    minutes: int,
) -> Draft:
    zone = speaker["person.zone"] or conference.time_zone
    title = released.sessions[slot.session].title
    begins = f"{local(slot.start, zone):%H:%M}"
    words = _("On at {clock}: {title}") if minutes == 15 else _("On in 5 minutes: {title}")
    return Draft(
        key=f"remind:{slot.id}:{int(slot.start.timestamp())}:{speaker['id']}:{minutes}",
        person=speaker["person"],
        to=speaker["person.email"],
        name=speaker["name"],
        payload={
            "speaking": True,
            "subject": words.format(clock=begins, title=title),
            "opening": _("You are on at {clock} ({place}):").format(
                clock=begins, place=zone_city(zone)
            ),
            "cards": [{"title": title, "lines": [released.rooms[slot.room].name]}],
            "action": {
                "words": _("Come to your green room"),
                "url": f"{settings.base_url}/c/{conference.slug}/green-room/{slot.id}",
            },
            "closing": _("Check camera and microphone there first."),
        },
        over=slot.start,
    )


async def _to_starrers(
    conference: Conference,
    released: Released,
    slots: list[Slot],
    settings: Settings,
    minutes: int,
) -> list[Draft]:
    """One for each person and instant, also where they starred two that begin together."""
    by_session = {slot.session: slot for slot in slots}
    rows = await t.Star.select(
        t.Star.person,
        t.Star.session,
        t.Star.person.name,
        t.Star.person.email,
        t.Star.person.zone,
    ).where(
        t.Star.conference == conference.id,
        t.Star.session.is_in([UUID(key) for key in by_session]),
        t.Star.person.email.is_not_null(),
    )
    groups: dict[tuple[UUID, datetime], list[dict[str, Any]]] = {}
    for row in rows:
        slot = by_session[SessionId(str(row["session"]))]
        groups.setdefault((row["person"], slot.start), []).append({**row, "slot": slot})
    return [
        _to_starrer(group, released, conference, settings, minutes) for group in groups.values()
    ]


def _to_starrer(
    group: list[dict[str, Any]],
    released: Released,
    conference: Conference,
    settings: Settings,
    minutes: int,
) -> Draft:
    person = group[0]
    zone = person["person.zone"] or conference.time_zone
    root = f"{settings.base_url}/c/{conference.slug}"
    slots: list[Slot] = [row["slot"] for row in group]
    start = slots[0].start
    begins = f"{local(start, zone):%H:%M}"
    titles = [released.sessions[slot.session].title for slot in slots]
    one, many = (
        (_("At {clock}: {title}"), _("At {clock}: {count} sessions that you starred"))
        if minutes == 15
        else (_("In 5 minutes: {title}"), _("In 5 minutes: {count} sessions that you starred"))
    )
    words = one if len(titles) == 1 else many
    doors = [f"{root}/rooms/{released.room_slugs[slot.room]}" for slot in slots]
    cards = [
        {"title": title, "lines": [released.rooms[slot.room].name], "link": door}
        for title, slot, door in zip(titles, slots, doors, strict=True)
    ]
    return Draft(
        key=f"{'soon' if minutes == 15 else 'last'}:{conference.id}:{person['person']}:{int(start.timestamp())}",
        person=person["person"],
        to=person["person.email"],
        name=person["person.name"],
        payload={
            "subject": words.format(clock=begins, title=titles[0], count=len(titles)),
            "opening": _("You starred this; it begins at {clock} ({place}):").format(
                clock=begins, place=zone_city(zone)
            ),
            "cards": cards,
            "action": {"words": _("Open the room"), "url": doors[0]},
        },
        over=start,
    )
