"""Fills an empty database with the demo: the conference, its people, and what happened so far."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid5

import structlog
from piccolo.table import Table

from agenda import formats
from agenda.doors import Phase, plan
from agenda.model import Schedule, Slot, scoped
from app import db
from app.conferences import store as conferences
from app.conferences.tables import Conference, Organization
from app.demo import history, meeting, people, places, voices
from app.demo.conference import SLUG, booths, demo_schedule, shifted, written
from app.demo.links import ORGANIZATION, Links, links
from app.programme import draft, releases
from app.settings import Settings
from app.stages.store import policy_from
from app.stages.tables import OnStage, PhaseChange, Presence

logger = structlog.get_logger(__name__)

DOORS = {
    "green_room_lead": 20,
    "doors_lead": 10,
    "auto_live": True,
    "overrun": 10,
    "archive_after": 60,
}
_CHUNK = 200
_LEFT = timedelta(minutes=45)


async def seed(
    settings: Settings,
    now: datetime,
    import_file: Path | None = None,
    zone: str | None = None,
) -> Links:
    """The demo in the bound database, with `now` (aware) in the middle of its first day.

    A demo of the same conference is kept while enough of its first day is left; otherwise the
    database's demo is replaced. Everything is one transaction. Raises agenda.errors.Unreadable for a file that
    can't be read, OSError for one that isn't there.
    """
    schedule = await asyncio.to_thread(_schedule, now, import_file, zone)
    slug = _slug(schedule, import_file)
    standing = await _standing(slug, now)
    if standing is not None:
        logger.info("demo kept", conference=slug)
        return links(settings, standing)
    async with db.transaction():
        await _clear()
        made = await _make(schedule, slug, now)
    logger.info("demo made", conference=slug, sessions=len(schedule.sessions), zone=made.time_zone)
    return links(settings, made.id)


def _schedule(now: datetime, import_file: Path | None, zone: str | None) -> Schedule:
    if import_file is None:
        return demo_schedule(now, zone)
    imported = formats.read(import_file.name, import_file.read_bytes(), zone=zone)
    return shifted(imported.schedule, now)


def _slug(schedule: Schedule, import_file: Path | None) -> str:
    if import_file is None:
        return SLUG
    conference = schedule.conference
    return draft.slugify(conference.acronym) or draft.slugify(conference.title) or "imported"


def _first_day(schedule: Schedule) -> list[Slot]:
    conference = schedule.conference
    first = min(conference.date_of(slot.start) for slot in schedule.slots)
    return [slot for slot in schedule.slots if conference.date_of(slot.start) == first]


async def _standing(slug: str, now: datetime) -> UUID | None:
    """The demo of this name, if its first day has begun and has _LEFT still to go."""
    row = (
        await Conference.select(Conference.id)
        .where(Conference.slug == slug, Conference.organization.slug == ORGANIZATION)
        .first()
    )
    released = await releases.latest(row["id"]) if row else None
    if row is None or released is None:
        return None
    today = _first_day(released.schedule)
    began, ends = min(slot.start for slot in today), max(slot.end for slot in today)
    conference: UUID = row["id"]
    return conference if began <= now < ends - _LEFT else None


async def _clear() -> None:
    """Take away the demo that is there; everything that belongs to it goes with it."""
    house = await Organization.objects().where(Organization.slug == ORGANIZATION).first()
    if house is not None:
        await Conference.delete().where(Conference.organization == house.id)


async def _make(schedule: Schedule, slug: str, now: datetime) -> Conference:
    organizer = people.Newcomer(
        email=people.address(written("conference")["producer"], slug),
        name=written("conference")["producer"],
    )
    (owner,) = await people.introduce([organizer], now=now)
    conference = await _found(schedule, slug, owner, now)
    stored = scoped(schedule, conference.id)
    await draft.write(conference.id, stored, expected=0)
    speakers = await people.seat_speakers(conference.id, stored, slug, now=now)
    listeners = people.listeners(slug)
    audience = await people.introduce(listeners, now=now)
    await people.register(conference.id, listeners, audience, now=now)
    await places.offer(conference.id, audience, slug, now=now)
    await people.star(conference.id, stored, audience, now=now)
    sponsors = await people.open_booths(conference.id, booths(), slug, now=now)
    await releases.publish(conference.id, by=owner, name="Demo", now=now)
    began = min(slot.start for slot in stored.slots)
    await people.chat_at_booths(conference.id, sponsors, audience[1:], now=now)
    await people.visit_booths(
        dict(zip(sponsors, booths(), strict=True)), audience[1:], since=min(began, now), now=now
    )
    await people.sponsor_sessions(stored, sponsors, now=now)
    await people.furnish_booths(stored, dict(zip(sponsors, booths(), strict=True)), now=now)
    await meeting.introduce(conference, audience, now=now)
    await _remember(conference.id, stored, audience[1:], speakers, now)
    await voices.speak_up(
        conference.id, voices.talked_about(stored.slots, now), audience[1:], by=owner, now=now
    )
    return conference


async def _found(schedule: Schedule, slug: str, owner: UUID, now: datetime) -> Conference:
    conference = await conferences.create(
        organization=ORGANIZATION,
        slug=slug,
        title=schedule.conference.title,
        time_zone=schedule.conference.zone,
        owner=owner,
        now=now - timedelta(days=90),
    )
    await conferences.grant_role(conference.id, owner, "producer")
    name = written("conference")["organization"] if slug == SLUG else schedule.conference.title
    await Organization.update({Organization.name: name}).where(Organization.slug == ORGANIZATION)
    await Conference.update(
        {
            Conference.tagline: schedule.conference.subtitle,
            Conference.doors: json.dumps(DOORS),
        }
    ).where(Conference.id == conference.id)
    return conference


async def _remember(
    conference: UUID,
    schedule: Schedule,
    audience: list[UUID],
    speakers: Mapping[str, UUID],
    now: datetime,
) -> None:
    """The rows of what happened before the demo began, marked as history."""
    chance = Random(1953)
    past = history.happened(plan(schedule.slots, policy_from(DOORS)), now, chance)
    shown = history.appearances(past)
    live = {one.change.slot for one in past if one.change.phase is Phase.LIVE}
    begun = [slot for slot in schedule.slots if slot.id in live]
    walked = history.stays(begun, [str(person) for person in audience], now, chance)
    await _insert(PhaseChange, [_phase_row(conference, one) for one in past])
    await _insert(
        Presence,
        [_presence_row(conference, number, stay) for number, stay in enumerate(walked)],
    )
    await _insert(OnStage, _on_stage_rows(conference, schedule, shown, speakers))


def _phase_row(conference: UUID, one: history.Happened) -> PhaseChange:
    change = one.change
    return PhaseChange(
        id=uuid5(conference, f"{history.HISTORY}:{change.slot}:{change.phase}"),
        conference=conference,
        slot=UUID(change.slot),
        room=UUID(change.room),
        phase=str(change.phase),
        due=change.due,
        at=one.at,
        late_ms=round(one.late.total_seconds() * 1000),
    )


def _presence_row(conference: UUID, number: int, stay: history.Stay) -> Presence:
    uid = f"{history.HISTORY}:{conference}:{number}"
    return Presence(
        id=uuid5(conference, uid),
        conference=conference,
        uid=uid,
        subscriber=uid,
        node=history.HISTORY,
        room=UUID(stay.room),
        person=stay.person,
        joined_at=stay.joined,
        left_at=stay.left,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cast:
    """Who speaks in a slot: (speaker id, name) each."""

    speakers: tuple[tuple[str, str], ...]


def _casts(schedule: Schedule) -> dict[str, _Cast]:
    names = {speaker.id: speaker.name for speaker in schedule.speakers}
    of_session = {s.id: s.speakers for s in schedule.sessions}
    return {
        slot.id: _Cast(speakers=tuple((key, names[key]) for key in of_session[slot.session]))
        for slot in schedule.slots
    }


def _on_stage_rows(
    conference: UUID,
    schedule: Schedule,
    shown: tuple[history.Appearance, ...],
    persons: Mapping[str, UUID],
) -> list[OnStage]:
    casts = _casts(schedule)
    rows = []
    for appearance in shown:
        for speaker, name in casts[appearance.slot].speakers:
            uid = f"{history.HISTORY}:{appearance.slot}:{speaker}"
            rows.append(
                OnStage(
                    id=uuid5(conference, uid),
                    conference=conference,
                    uid=uid,
                    publisher=str(uuid5(conference, uid)),
                    node=history.HISTORY,
                    room=UUID(appearance.room),
                    slot=appearance.slot,
                    person=str(persons[speaker]),
                    name=name,
                    began_at=appearance.began,
                    ended_at=appearance.ended,
                )
            )
    return rows


async def _insert(table: type[Table], rows: list[Any]) -> None:
    for begin in range(0, len(rows), _CHUNK):
        await table.insert(*rows[begin : begin + _CHUNK])
