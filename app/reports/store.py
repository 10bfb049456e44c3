"""A conference's report: rows in, figures out."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from agenda.model import Day, RoomId, SessionId, SessionState, SlotId
from app.attendees.tables import Registration
from app.conferences.tables import Conference
from app.programme import releases
from app.programme.releases import Released
from app.programme.tables import Star
from app.reports import connections, figures, flow, forecast, parts, taking
from app.reports.connections import Connections
from app.reports.figures import Attendance, Live, Present, Punctuality, Whole
from app.reports.flow import Move, Return
from app.reports.forecast import Check, Held, Model
from app.reports.taking import Taking, Told
from app.stages.tables import PhaseChange

DAY_STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One session of the report. `stars` is how many wanted to see it, `starred_came` how many of
    them were there, `half_left` minutes after the fullest one until half of the people were gone.
    """

    title: str
    room: str
    track: str
    speakers: str
    session: str
    stars: int
    starred_came: int
    half_left: int | None
    taking: Taking
    attendance: Attendance


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A session that is still to come, and how many people are expected."""

    session: str
    title: str
    room: str
    start: datetime
    stars: int
    expected: int
    between: tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCurve:
    """How many people were in the rooms over one day, every DAY_STEP from `start`.

    `number` is which of the conference's days it is, from 0.
    """

    number: int
    day: Day
    start: datetime
    end: datetime
    counts: tuple[int, ...]
    people: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that the report says, as of `until`. `lines` are in order of time.

    `moves` are between slots, by their ids; `titles` says what is on in each, `tracks` where it
    belongs.
    """

    until: datetime
    registered: int
    planned: int
    whole: Whole
    lines: tuple[Line, ...]
    days: tuple[DayCurve, ...]
    rooms: tuple[Punctuality, ...]
    moves: tuple[Move, ...]
    returns: tuple[Return, ...]
    coming: tuple[Coming, ...]
    model: Model
    checked: Check | None
    connections: Connections
    titles: Mapping[str, str]
    tracks: Mapping[str, str]

    @cached_property
    def ranked(self) -> list[Line]:
        """The sessions with an audience, the best attended first."""
        held = [line for line in self.lines if line.attendance.unique]
        return sorted(held, key=lambda line: -line.attendance.unique)

    @property
    def most_at_once(self) -> int:
        return max((max(day.counts, default=0) for day in self.days), default=0)

    @property
    def changes(self) -> int:
        return sum(room.changes for room in self.rooms)

    @property
    def on_time(self) -> int:
        return sum(room.on_time for room in self.rooms)

    @property
    def worst_ms(self) -> int:
        return max((room.worst_ms for room in self.rooms), default=0)

    @cached_property
    def track_moves(self) -> tuple[Move, ...]:
        """Moves between tracks, added up."""
        return flow.grouped(self.moves, self.tracks)


async def gather(conference: Conference, *, now: datetime) -> Report | None:
    """The report of all that happened until `now`; None before the first release."""
    released = await releases.latest(conference.id)
    if released is None:
        return None
    changes = await PhaseChange.select(
        PhaseChange.slot, PhaseChange.room, PhaseChange.phase, PhaseChange.at, PhaseChange.late_ms
    ).where(PhaseChange.conference == conference.id)
    registered = await Registration.count().where(Registration.conference == conference.id)
    known = [live for live in lives(changes, now=now) if SlotId(live.slot) in released.slots]
    present = await parts.present(conference.id, known, now=now)
    spans = _spans(released)
    curves = await parts.over_time(
        conference.id,
        [room.id for room in released.schedule.rooms],
        [(start, end) for _day, start, end in spans],
        DAY_STEP,
        now=now,
    )
    facts = _Facts(
        released=released,
        present=present,
        changes=changes,
        registered=registered,
        starred=await _starred(conference.id),
        days=list(zip(spans, curves, strict=True)),
        connections=await connections.gather(conference.id),
        told=await taking.read(conference.id),
        now=now,
    )
    return await asyncio.to_thread(_compose, facts)


async def _starred(conference: UUID) -> dict[str, frozenset[str]]:
    """Who starred each session."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in await Star.select(Star.session, Star.person).where(Star.conference == conference):
        found[str(row["session"])].add(str(row["person"]))
    return {session: frozenset(people) for session, people in found.items()}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What was read, for _compose."""

    released: Released
    present: Sequence[tuple[Live, Present]]
    changes: list[dict[str, Any]]
    registered: int
    starred: Mapping[str, frozenset[str]]
    days: list[tuple[tuple[Day, datetime, datetime], tuple[int, ...]]]
    connections: Connections
    told: Told
    now: datetime


def _compose(facts: _Facts) -> Report:
    released = facts.released
    starts = [day.start for day in released.schedule.conference.days]
    total = figures.whole_of(facts.present, days=starts)
    session_of = {slot.id: slot.session for slot in released.schedule.slots}
    came = flow.starred_and_came(
        facts.present, {str(k): str(v) for k, v in session_of.items()}, facts.starred
    )
    took = taking.of(
        facts.told,
        [one.live for one in total.sessions],
        {str(k): str(v) for k, v in session_of.items()},
    )
    lines = tuple(
        _line(facts, one, came[one.live.slot], took[one.live.slot]) for one in total.sessions
    )
    held = [
        Held(session=line.session, stars=line.stars, came=line.attendance.unique)
        for line in lines
        if line.attendance.live.end < facts.now and line.speakers
    ]
    model, checked = forecast.fit(held), forecast.check(held)
    numbers = {day.date: n for n, day in enumerate(released.schedule.conference.days)}
    return Report(
        until=facts.now,
        registered=facts.registered,
        planned=len(released.schedule.slots),
        whole=total,
        lines=lines,
        days=tuple(
            DayCurve(
                number=numbers[day.date],
                day=day,
                start=start,
                end=end,
                counts=counts,
                people=total.people_by_day.get(numbers[day.date], 0),
            )
            for (day, start, end), counts in facts.days
        ),
        rooms=_punctuality(facts),
        moves=flow.moves(facts.present),
        returns=tuple(flow.returns(facts.present, starts)),
        coming=tuple(_coming(facts, model, checked)),
        model=model,
        checked=checked,
        connections=facts.connections,
        titles={slot.id: released.sessions[slot.session].title for slot in released.schedule.slots},
        tracks={slot.id: _track(released, slot.session) for slot in released.schedule.slots},
    )


def _track(released: Released, session: SessionId) -> str:
    key = released.sessions[session].track
    return released.tracks[key].name if key is not None and key in released.tracks else ""


def _line(facts: _Facts, attendance: Attendance, starred_came: int, took: Taking) -> Line:
    released = facts.released
    slot = released.slots[SlotId(attendance.live.slot)]
    session = released.sessions[slot.session]
    return Line(
        title=session.title,
        room=released.rooms[slot.room].name,
        track=_track(released, session.id),
        speakers=", ".join(released.speakers[key].name for key in session.speakers),
        session=session.id,
        stars=len(facts.starred.get(session.id, ())),
        starred_came=starred_came,
        half_left=flow.half_left(attendance.curve),
        taking=took,
        attendance=attendance,
    )


def _coming(facts: _Facts, model: Model, checked: Check | None) -> list[Coming]:
    released = facts.released
    begun = {live.slot for live, _people in facts.present}
    ahead = [
        slot
        for slot in released.schedule.slots
        if slot.start > facts.now
        and slot.id not in begun
        and released.sessions[slot.session].speakers
        and released.sessions[slot.session].state is not SessionState.CANCELLED
    ]
    found = []
    for slot in sorted(ahead, key=lambda one: (one.start, one.id)):
        stars = len(facts.starred.get(slot.session, ()))
        found.append(
            Coming(
                session=slot.session,
                title=released.sessions[slot.session].title,
                room=released.rooms[slot.room].name,
                start=slot.start,
                stars=stars,
                expected=round(model.people(stars)),
                between=forecast.between(model, checked, stars),
            )
        )
    return found


def _punctuality(facts: _Facts) -> tuple[Punctuality, ...]:
    names = {room.id: room.name for room in facts.released.schedule.rooms}
    late = [(str(row["room"]), row["late_ms"]) for row in facts.changes]
    records = figures.punctuality(
        (names[RoomId(room)], ms) for room, ms in late if RoomId(room) in names
    )
    return tuple(sorted(records, key=lambda record: record.room))


def _spans(released: Released) -> list[tuple[Day, datetime, datetime]]:
    """Each day that has slots, from its first start to its last end."""
    found = []
    for day in released.schedule.conference.days:
        slots = [s for s in released.schedule.slots if day.start <= s.start < day.end]
        if slots:
            found.append((day, min(s.start for s in slots), max(s.end for s in slots)))
    return found
