"""A conference's report: rows in, figures and their words out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agenda.model import Day, RoomId, SessionId, SlotId
from app.attendees.tables import Registration
from app.conferences.tables import Conference
from app.programme import releases, stars
from app.programme.releases import Released
from app.reports import figures
from app.reports.figures import Attendance, Live, Punctuality, Stay, Whole
from app.stages.tables import PhaseChange, Presence

DAY_STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One session of the report. `stars` is how many wanted to see it."""

    title: str
    room: str
    speakers: str
    session: str
    stars: int
    attendance: Attendance


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCurve:
    """How many people were in the rooms over one day, every DAY_STEP from `start`."""

    day: Day
    start: datetime
    end: datetime
    counts: tuple[int, ...]
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that the report says, as of `until`. `lines` are in order of time."""

    until: datetime
    registered: int
    planned: int
    whole: Whole
    lines: tuple[Line, ...]
    days: tuple[DayCurve, ...]
    rooms: tuple[Punctuality, ...]

    @property
    def ranked(self) -> list[Line]:
        """The sessions with an audience, the best attended first."""
        held = [line for line in self.lines if line.attendance.unique]
        return sorted(held, key=lambda line: -line.attendance.unique)

    @property
    def changes(self) -> int:
        return sum(room.changes for room in self.rooms)

    @property
    def on_time(self) -> int:
        return sum(room.on_time for room in self.rooms)

    @property
    def worst_ms(self) -> int:
        return max((room.worst_ms for room in self.rooms), default=0)


async def gather(conference: Conference, *, now: datetime) -> Report | None:
    """The report of all that happened until `now`; None before the first release."""
    released = await releases.latest(conference.id)
    if released is None:
        return None
    stays = await _stays(conference.id, now=now)
    changes = await PhaseChange.select(
        PhaseChange.slot, PhaseChange.room, PhaseChange.phase, PhaseChange.at, PhaseChange.late_ms
    ).where(PhaseChange.conference == conference.id)
    registered = await Registration.count().where(Registration.conference == conference.id)
    starred = await stars.counts(conference.id)
    return await asyncio.to_thread(_compose, released, stays, changes, registered, starred, now)


async def _stays(conference: UUID, *, now: datetime) -> list[Stay]:
    rows = await Presence.select(
        Presence.person, Presence.room, Presence.joined_at, Presence.left_at
    ).where(Presence.conference == conference)
    return [
        Stay(
            person=row["person"],
            room=str(row["room"]),
            joined=row["joined_at"],
            left=row["left_at"] or now,
        )
        for row in rows
    ]


def lives(changes: list[dict[str, Any]], *, now: datetime) -> list[Live]:
    """When each slot was on air, from its recorded changes; until `now` while it still is."""
    began: dict[UUID, tuple[datetime, UUID]] = {}
    ended: dict[UUID, datetime] = {}
    for row in changes:
        if row["phase"] == "live":
            began[row["slot"]] = (row["at"], row["room"])
        elif row["phase"] in ("ended", "cancelled"):
            ended[row["slot"]] = row["at"]
    found = [
        Live(slot=str(slot), room=str(room), start=at, end=max(ended.get(slot, now), at))
        for slot, (at, room) in began.items()
    ]
    return sorted(found, key=lambda live: (live.start, live.room, live.slot))


def _compose(
    released: Released,
    stays: list[Stay],
    changes: list[dict[str, Any]],
    registered: int,
    starred: Mapping[SessionId, int],
    now: datetime,
) -> Report:
    days = released.schedule.conference.days
    known = [live for live in lives(changes, now=now) if SlotId(live.slot) in released.slots]
    total = figures.whole(stays, known, days=[day.start for day in days])
    late = [(str(row["room"]), row["late_ms"]) for row in changes]
    names = {room.id: room.name for room in released.schedule.rooms}
    records = figures.punctuality(
        (names.get(RoomId(room), ""), ms) for room, ms in late if RoomId(room) in names
    )
    return Report(
        until=now,
        registered=registered,
        planned=len(released.schedule.slots),
        whole=total,
        lines=tuple(_line(released, session, starred) for session in total.sessions),
        days=tuple(_days(released, stays, total, now)),
        rooms=tuple(sorted(records, key=lambda record: record.room)),
    )


def _line(released: Released, attendance: Attendance, starred: Mapping[SessionId, int]) -> Line:
    slot = released.slots[SlotId(attendance.live.slot)]
    session = released.sessions[slot.session]
    return Line(
        title=session.title,
        room=released.rooms[slot.room].name,
        speakers=", ".join(released.speakers[key].name for key in session.speakers),
        session=session.id,
        stars=starred.get(session.id, 0),
        attendance=attendance,
    )


def _days(released: Released, stays: list[Stay], total: Whole, now: datetime) -> list[DayCurve]:
    found = []
    for number, day in enumerate(released.schedule.conference.days):
        slots = [s for s in released.schedule.slots if day.start <= s.start < day.end]
        if not slots:
            continue
        start, end = min(s.start for s in slots), max(s.end for s in slots)
        until = max(min(end, now), start)
        found.append(
            DayCurve(
                day=day,
                start=start,
                end=end,
                counts=figures.over_time(stays, start, until, DAY_STEP),
                people=total.people_by_day.get(number, 0),
            )
        )
    return found
