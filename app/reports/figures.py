"""Attendance, from who was in which room when, and when sessions were really live. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

STEP = timedelta(minutes=1)
K = 5
"""Groups smaller than this are not shown to readers who may not see people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One stay of one person in one room. Instants are aware UTC; `left` is exclusive."""

    person: str
    room: str
    joined: datetime
    left: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """When a slot was really on air in its room."""

    slot: str
    room: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """What is known of one session's audience.

    `unique` people, `peak` of them at once, `seconds` watched by all together. `curve` holds how
    many were there at the start of each STEP since the session went live.
    """

    live: Live
    unique: int
    peak: int
    seconds: float
    curve: tuple[int, ...]

    @property
    def average_minutes(self) -> float:
        """How long one of them stayed, on average; 0.0 for an empty session."""
        return self.seconds / self.unique / 60 if self.unique else 0.0

    @property
    def average_audience(self) -> float:
        """How many were there at a moment, on average."""
        length = (self.live.end - self.live.start).total_seconds()
        return self.seconds / length if length > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A conference's audience. `people` saw at least a moment of a live session."""

    sessions: tuple[Attendance, ...]
    people: int
    people_by_day: Mapping[int, int]
    seconds: float
    returned: int

    @property
    def hours(self) -> float:
        return self.seconds / 3600


Interval = tuple[datetime, datetime]
Present = Mapping[str, list[Interval]]
"""Who was in one live session, and when, inside of it: in order, without overlaps."""


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The union of intervals, in order; empty and backward ones are dropped."""
    found: list[Interval] = []
    for start, end in sorted(i for i in intervals if i[0] < i[1]):
        if found and start <= found[-1][1]:
            if end > found[-1][1]:
                found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def attendance(stays: Iterable[Stay], lives: Sequence[Live]) -> tuple[Attendance, ...]:
    """The audience of each live session, in the order of `lives`.

    Somebody with two tabs, or who left and came back, is one person; only time inside of a live
    session counts.
    """
    return tuple(_figures(live, held) for live, held in present(stays, lives))


def whole(stays: Sequence[Stay], lives: Sequence[Live], *, days: Sequence[datetime]) -> Whole:
    """All figures. `days` are the starts of the conference's days, in order: return is by day."""
    return whole_of(present(stays, lives), days=days)


def whole_of(present: Sequence[tuple[Live, Present]], *, days: Sequence[datetime]) -> Whole:
    """The same of who was there when, as `present` gives it."""
    seen: dict[int, set[str]] = {n: set() for n in range(len(days))}
    for live, people in present:
        day = max(bisect_right(days, live.start) - 1, 0)
        seen.setdefault(day, set()).update(people)
    everybody = set().union(*seen.values()) if seen else set()
    sessions = tuple(_figures(live, people) for live, people in present)
    counted: dict[str, int] = defaultdict(int)
    for people_of_day in seen.values():
        for person in people_of_day:
            counted[person] += 1
    return Whole(
        sessions=sessions,
        people=len(everybody),
        people_by_day={day: len(people) for day, people in seen.items()},
        seconds=sum(session.seconds for session in sessions),
        returned=sum(1 for days_seen in counted.values() if days_seen > 1),
    )


def present(stays: Iterable[Stay], lives: Sequence[Live]) -> list[tuple[Live, Present]]:
    """Each live session with who was there when, inside of it."""
    by_room: dict[str, dict[str, list[Interval]]] = defaultdict(lambda: defaultdict(list))
    for stay in stays:
        by_room[stay.room][stay.person].append((stay.joined, stay.left))
    rooms: dict[str, list[int]] = defaultdict(list)
    for at, live in enumerate(lives):
        rooms[live.room].append(at)
    found: list[dict[str, list[Interval]]] = [{} for _ in lives]
    for room, indices in rooms.items():
        for person, intervals in by_room.get(room, {}).items():
            _cut(person, merged(intervals), [(at, lives[at]) for at in indices], found)
    return list(zip(lives, found, strict=True))


def _cut(
    person: str,
    intervals: Sequence[Interval],
    lives: Sequence[tuple[int, Live]],
    found: Sequence[dict[str, list[Interval]]],
) -> None:
    for at, live in lives:
        inside = [
            (max(start, live.start), min(end, live.end))
            for start, end in intervals
            if start < live.end and live.start < end
        ]
        if inside and live.start < live.end:
            found[at][person] = inside


def _figures(live: Live, present: Present) -> Attendance:
    steps = max(math.ceil((live.end - live.start) / STEP), 0)
    change = [0] * (steps + 1)
    edges: list[tuple[datetime, int]] = []
    seconds = 0.0
    for intervals in present.values():
        for start, end in intervals:
            seconds += (end - start).total_seconds()
            edges.append((start, 1))
            edges.append((end, -1))
            change[min(math.ceil((start - live.start) / STEP), steps)] += 1
            change[min(math.ceil((end - live.start) / STEP), steps)] -= 1
    return Attendance(
        live=live,
        unique=len(present),
        peak=_peak(edges),
        seconds=seconds,
        curve=_running(change[:steps]),
    )


def _peak(edges: list[tuple[datetime, int]]) -> int:
    """The most at once; who leaves at an instant is gone before who comes at it."""
    most = now = 0
    for _, step in sorted(edges):
        now += step
        most = max(most, now)
    return most


def _running(changes: Sequence[int]) -> tuple[int, ...]:
    total, found = 0, []
    for change in changes:
        total += change
        found.append(total)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Punctuality:
    """How late a room's doors, stages and ends were. Lengths in milliseconds."""

    room: str
    changes: int
    on_time: int
    median_ms: int
    worst_ms: int


ON_TIME_MS = 1000


def punctuality(changes: Iterable[tuple[str, int]]) -> tuple[Punctuality, ...]:
    """From (room, late_ms) of every phase change: one record for each room."""
    by_room: dict[str, list[int]] = defaultdict(list)
    for room, late_ms in changes:
        by_room[room].append(max(late_ms, 0))
    return tuple(
        Punctuality(
            room=room,
            changes=len(late),
            on_time=sum(1 for ms in late if ms <= ON_TIME_MS),
            median_ms=sorted(late)[len(late) // 2],
            worst_ms=max(late),
        )
        for room, late in by_room.items()
    )


def shown(count: int, *, people_seen: bool) -> int | None:
    """A count of people as its reader may see it: None for a group smaller than K."""
    return count if people_seen or count == 0 or count >= K else None


def over_time(
    stays: Sequence[Stay], start: datetime, end: datetime, step: timedelta
) -> tuple[int, ...]:
    """How many different people were in any room at the start of each step in [start, end)."""
    steps = max(math.ceil((end - start) / step), 0)
    change = [0] * (steps + 1)
    by_person: dict[str, list[Interval]] = defaultdict(list)
    for stay in stays:
        if stay.joined < end and start < stay.left:
            by_person[stay.person].append((max(stay.joined, start), min(stay.left, end)))
    for intervals in by_person.values():
        for since, until in merged(intervals):
            change[min(math.ceil((since - start) / step), steps)] += 1
            change[min(math.ceil((until - start) / step), steps)] -= 1
    return _running(change[:steps])
