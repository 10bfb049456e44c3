"""Releases: what the public sees. Immutable, so that each is read from the database once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from agenda import document
from agenda.model import (
    Release,
    Room,
    RoomId,
    Schedule,
    Session,
    SessionId,
    SessionState,
    Slot,
    SlotId,
    Speaker,
    SpeakerId,
    Track,
    TrackId,
)
from agenda.schedule import place
from app import db, live
from app.conferences.tables import Conference
from app.jobs import outbox
from app.programme import draft
from app.programme import tables as t
from app.programme.marks import Mark, marks

_KEPT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """A slot that an earlier release had and this one has no more, for calendars that still show it."""

    slot: SlotId
    session: SessionId
    title: str
    room: str
    start: datetime
    duration: timedelta


@dataclass(frozen=True)
class Released:
    """A release with the look-ups that pages need; made once for each release and process.

    `sequences` counts for each slot how often its time, place, title, speakers or whether it takes
    place has changed since it was first released (RFC 5545, SEQUENCE).
    """

    id: UUID
    release: Release
    room_slugs: Mapping[RoomId, str]
    sequences: Mapping[SlotId, int]
    withdrawn: tuple[Withdrawn, ...]

    @property
    def schedule(self) -> Schedule:
        return self.release.schedule

    @property
    def number(self) -> int:
        return self.release.number

    @cached_property
    def sessions(self) -> dict[SessionId, Session]:
        return {s.id: s for s in self.schedule.sessions}

    @cached_property
    def rooms(self) -> dict[RoomId, Room]:
        return {r.id: r for r in self.schedule.rooms}

    @cached_property
    def room_by_slug(self) -> dict[str, Room]:
        return {self.room_slugs[r.id]: r for r in self.schedule.rooms}

    @cached_property
    def tracks(self) -> dict[TrackId, Track]:
        return {track.id: track for track in self.schedule.tracks}

    @cached_property
    def marks(self) -> dict[TrackId, Mark]:
        return marks(self.schedule.tracks)

    @cached_property
    def speakers(self) -> dict[SpeakerId, Speaker]:
        return {s.id: s for s in self.schedule.speakers}

    @cached_property
    def slots(self) -> dict[SlotId, Slot]:
        return {s.id: s for s in self.schedule.slots}

    @cached_property
    def slots_of_room(self) -> dict[RoomId, list[Slot]]:
        found: dict[RoomId, list[Slot]] = {room.id: [] for room in self.schedule.rooms}
        for slot in sorted(self.schedule.slots, key=lambda s: (s.start, s.id)):
            found[slot.room].append(slot)
        return found

    @cached_property
    def slots_of_session(self) -> dict[SessionId, list[Slot]]:
        found: dict[SessionId, list[Slot]] = {s.id: [] for s in self.schedule.sessions}
        for slot in sorted(self.schedule.slots, key=lambda s: (s.start, s.id)):
            found[slot.session].append(slot)
        return found


_read: dict[UUID, Released] = {}
_reading = asyncio.Lock()


async def latest(conference: UUID) -> Released | None:
    """The release that the public sees now, or None before the first one."""
    row = (
        await t.Release.select(t.Release.id)
        .where(t.Release.conference == conference)
        .order_by(t.Release.number, ascending=False)
        .first()
    )
    return None if row is None else await by_id(row["id"])


async def by_id(release: UUID) -> Released:
    """A release by its id; from memory after the first time."""
    found = _read.get(release)
    if found is None:
        found = await _load(release)
        _read[release] = found
        while len(_read) > _KEPT:
            del _read[next(iter(_read))]
    return found


async def numbered(conference: UUID, number: int) -> Released | None:
    """A release by its number, or None where there is none."""
    row = (
        await t.Release.select(t.Release.id)
        .where(t.Release.conference == conference, t.Release.number == number)
        .first()
    )
    return None if row is None else await by_id(row["id"])


async def roll_back(
    conference: UUID,
    to: Released,
    *,
    expected: int,
    by: UUID | None,
    comment: str,
    publish_now: bool,
    now: datetime,
) -> None:
    """Make a release's schedule the draft again, and, if wanted, the next release; all or nothing.

    Raises DraftMoved when the draft is not the `expected` version any more.
    """
    async with db.transaction():
        await draft.write(conference, to.schedule, expected=expected)
        if publish_now:
            await publish(conference, by=by, name=to.release.name, comment=comment, now=now)


async def _load(release: UUID) -> Released:
    row = await t.Release.select().where(t.Release.id == release).first()
    assert row is not None
    held = json.loads(row["document"])
    return Released(
        id=release,
        room_slugs=held["room_slugs"],
        sequences=held["sequences"],
        withdrawn=tuple(
            Withdrawn(
                slot=SlotId(one["slot"]),
                session=SessionId(one["session"]),
                title=one["title"],
                room=one["room"],
                start=datetime.fromisoformat(one["start"]),
                duration=timedelta(seconds=one["duration_s"]),
            )
            for one in held["withdrawn"]
        ),
        release=Release(
            number=row["number"],
            name=row["name"],
            comment=row["comment"],
            created_at=row["created_at"],
            schedule=document.load(held["schedule"]),
        ),
    )


async def publish(
    conference: UUID,
    *,
    expected: int | None = None,
    by: UUID | None,
    name: str = "",
    comment: str = "",
    now: datetime,
    schedule: Schedule | None = None,
) -> int:
    """Make the present draft the next release, in one transaction; returns its number.

    Raises DraftMoved when the draft is not the `expected` version any more. With a `schedule` that
    is released instead of the draft.
    """
    async with db.transaction():
        if db.on_postgres():
            await (
                Conference.select(Conference.id)
                .where(Conference.id == conference)
                .lock_rows("UPDATE")
            )
        last = (
            await t.Release.select(t.Release.number)
            .where(t.Release.conference == conference)
            .order_by(t.Release.number, ascending=False)
            .first()
        )
        number = last["number"] + 1 if last else 1
        present = await draft.read(conference)
        if expected is not None and present.version != expected:
            raise draft.DraftMoved
        schedule = schedule or present.schedule
        before = await latest(conference)
        sequences, withdrawn = _history_of_slots(before, schedule)
        slugs = await t.Room.select(t.Room.id, t.Room.slug).where(t.Room.conference == conference)
        release = uuid4()
        await t.Release(
            id=release,
            conference=conference,
            number=number,
            name=name,
            comment=comment,
            created_at=now,
            created_by=by,
            document=json.dumps(
                {
                    "schedule": document.dump(schedule),
                    "room_slugs": {
                        **(before.room_slugs if before else {}),
                        **{str(row["id"]): row["slug"] for row in slugs},
                    },
                    "sequences": sequences,
                    "withdrawn": [
                        {
                            "slot": one.slot,
                            "session": one.session,
                            "title": one.title,
                            "room": one.room,
                            "start": one.start.isoformat(),
                            "duration_s": one.duration.total_seconds(),
                        }
                        for one in withdrawn
                    ],
                },
                ensure_ascii=False,
            ),
        ).save()
        await live.announce(conference, "release", {"number": number}, now=now)
        await outbox.put("released", f"released:{release}", {"release": str(release)}, now=now)
    return number


def _history_of_slots(
    before: Released | None, after: Schedule
) -> tuple[dict[SlotId, int], list[Withdrawn]]:
    """How often each slot has changed by now, and which ones are gone."""
    if before is None:
        return dict.fromkeys((slot.id for slot in after.slots), 0), []
    was, now = _told(before.schedule), _told(after)
    sequences: dict[SlotId, int] = {}
    for slot in after.slots:
        count = before.sequences.get(slot.id, 0)
        # One that was withdrawn and comes back has changed, too.
        known = slot.id in before.sequences
        sequences[slot.id] = count + (known and was.get(slot.id) != now[slot.id])
    gone = [one for one in before.withdrawn if one.slot not in sequences]
    for old in before.schedule.slots:
        if old.id not in sequences:
            gone.append(_withdrawn(before, old))
    for one in gone:
        fresh = one.slot in before.slots
        sequences[one.slot] = before.sequences.get(one.slot, 0) + fresh
    return sequences, gone


def _told(schedule: Schedule) -> dict[SlotId, tuple[object, ...]]:
    """What calendars tell of each slot."""
    sessions = {session.id: session for session in schedule.sessions}
    rooms = {room.id: room.name for room in schedule.rooms}
    return {
        slot.id: (
            place(slot),
            rooms[slot.room],
            sessions[slot.session].title,
            frozenset(sessions[slot.session].speakers),
            sessions[slot.session].state is SessionState.CANCELLED,
        )
        for slot in schedule.slots
    }


def _withdrawn(before: Released, slot: Slot) -> Withdrawn:
    return Withdrawn(
        slot=slot.id,
        session=slot.session,
        title=before.sessions[slot.session].title,
        room=before.rooms[slot.room].name,
        start=slot.start,
        duration=slot.duration,
    )


async def history(conference: UUID) -> list[dict[str, Any]]:
    """Number, name, comment and instant of every release, newest first."""
    return (
        await t.Release.select(
            t.Release.number, t.Release.name, t.Release.comment, t.Release.created_at
        )
        .where(t.Release.conference == conference)
        .order_by(t.Release.number, ascending=False)
    )
