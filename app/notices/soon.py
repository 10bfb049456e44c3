"""A quarter of an hour and five minutes before one is on, and before what one starred begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agenda.model import SessionId, SessionState, Slot
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import zone_city
from app.notices import kinds, letters
from app.notices.letters import Draft
from app.programme import tables as t
from app.programme.releases import Released
from app.settings import Settings
from app.words import local

AHEAD = timedelta(minutes=15)
LAST_CALL = timedelta(minutes=5)


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
    """Write what is due; returns how many mails are new. Each goes once, however often this is asked.

    Speakers hear twice, who starred once by mail: the last call to them is on the page.
    """
    near = due(released, now=now)
    if not near or await kinds.mode(conference.id, "soon") == kinds.OFF:
        return 0
    speakers = await _speakers(released, near)
    drafts = [
        _to_speaker(speakers[key], slot, released, conference, settings, now=now)
        for slot in near
        for key in released.sessions[slot.session].speakers
        if key in speakers
    ]
    own = {row["person"] for row in speakers.values()}
    drafts += [
        one
        for one in await _to_starrers(conference, released, near, settings, now=now)
        if one.person not in own
    ]
    fresh = await letters.fresh(drafts)
    return await letters.put(conference, "soon", fresh, settings=settings, now=now)


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
    *,
    now: datetime,
) -> Draft:
    zone = speaker["person.zone"] or conference.time_zone
    title = released.sessions[slot.session].title
    begins = f"{local(slot.start, zone):%H:%M}"
    at = stage(slot, now=now)
    words = _("On at {clock}: {title}") if at == 15 else _("On in 5 minutes: {title}")
    return Draft(
        key=f"remind:{slot.id}:{int(slot.start.timestamp())}:{speaker['id']}:{at}",
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
    )


async def _to_starrers(
    conference: Conference,
    released: Released,
    near: list[Slot],
    settings: Settings,
    *,
    now: datetime,
) -> list[Draft]:
    """One mail for each person and instant, also where they starred two that begin together."""
    first = [slot for slot in near if stage(slot, now=now) == 15]
    by_session = {slot.session: slot for slot in first}
    if not by_session:
        return []
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
    return [_to_starrer(group, released, conference, settings) for group in groups.values()]


def _to_starrer(
    group: list[dict[str, Any]], released: Released, conference: Conference, settings: Settings
) -> Draft:
    person = group[0]
    zone = person["person.zone"] or conference.time_zone
    root = f"{settings.base_url}/c/{conference.slug}"
    slots: list[Slot] = [row["slot"] for row in group]
    start = slots[0].start
    begins = f"{local(start, zone):%H:%M}"
    titles = [released.sessions[slot.session].title for slot in slots]
    subject = (
        _("At {clock}: {title}").format(clock=begins, title=titles[0])
        if len(titles) == 1
        else _("At {clock}: {count} sessions that you starred").format(
            clock=begins, count=len(titles)
        )
    )
    doors = [f"{root}/rooms/{released.room_slugs[slot.room]}" for slot in slots]
    cards = [
        {"title": title, "lines": [released.rooms[slot.room].name], "link": door}
        for title, slot, door in zip(titles, slots, doors, strict=True)
    ]
    return Draft(
        key=f"soon:{conference.id}:{person['person']}:{int(start.timestamp())}",
        person=person["person"],
        to=person["person.email"],
        name=person["person.name"],
        payload={
            "subject": subject,
            "opening": _("You starred this; it begins at {clock} ({place}):").format(
                clock=begins, place=zone_city(zone)
            ),
            "cards": cards,
            "action": {"words": _("Open the room"), "url": doors[0]},
        },
        over=start,
    )
