"""An invented conference whose audience is known second by second, and the truth about it.

It shares no code with app.reports: every figure is counted from one flag for each person, room and
second. Whatever the media node might write of it (two tabs, a lost connection that came back, a
stay across sessions, an entry without an end) comes out of the same walks as rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import numpy as np

START = datetime.fromisoformat("2027-05-11T08:00:00+00:00")
DAY_S = 9 * 3600
PATIENCE_S = 300


@dataclass
class Truth:
    """What happened: sessions as (room, begin, end) in seconds from their day's start."""

    days: int
    rooms: int
    people: int
    sessions: list[tuple[int, int, int, int]] = field(default_factory=list)
    rows: list[tuple[int, int, datetime, datetime]] = field(default_factory=list)
    stars: dict[int, set[int]] = field(default_factory=dict)
    late: list[tuple[int, int]] = field(default_factory=list)
    there: list[Any] = field(default_factory=list)

    def instant(self, day: int, second: float) -> datetime:
        return START + timedelta(days=day, seconds=second)


def made(*, people: int = 1000, days: int = 3, rooms: int = 5, seed: int = 2027) -> Truth:
    """The conference: per_day sessions of 45 minutes each hour, in every room, slightly uneven."""
    chance = Random(seed)
    truth = Truth(days=days, rooms=rooms, people=people)
    for day in range(days):
        for hour in range(8):
            for room in range(rooms):
                begin = hour * 3600 + chance.randrange(0, 3)
                end = begin + 2700 + chance.randrange(-240, 300)
                truth.sessions.append((day, room, begin, end))
                truth.late.append((room, chance.choice((4, 12, 31, 44, 90, 1001, 1500))))
    for number in range(len(truth.sessions)):
        fans = chance.randrange(0, people // 6)
        truth.stars[number] = set(chance.sample(range(people), fans))
    truth.there = [np.zeros((rooms, people, DAY_S), dtype=bool) for _ in range(days)]
    for day in range(days):
        for person in range(people):
            if chance.random() < 0.82 - 0.12 * day:
                _walk(truth, day, person, chance)
    return truth


def _walk(truth: Truth, day: int, person: int, chance: Random) -> None:
    """One person's day: rooms one after the other, with all that goes wrong on the way."""
    second = chance.randrange(0, 5400)
    while second < DAY_S - 600:
        if chance.random() < 0.15:
            second += chance.randrange(300, 3600)
            continue
        room = chance.randrange(truth.rooms)
        left = min(second + chance.choice((40, 200, 900, 1800, 2700, 4000)), DAY_S)
        left = max(left - chance.randrange(0, 30), second + 1)
        _stay(truth, day, person, room, second, left, chance)
        second = left + chance.choice((0, 1, 5, 30, 299, 300, 301, 900))


def _stay(
    truth: Truth, day: int, person: int, room: int, begin: int, end: int, chance: Random
) -> None:
    truth.there[day][room, person, begin:end] = True
    pieces = [(begin, end)]
    if chance.random() < 0.1 and end - begin > 60:
        # A connection that was lost and taken over: the stays overlap.
        cut = chance.randrange(begin + 20, end - 20)
        pieces = [(begin, cut + chance.randrange(0, 15)), (cut, end)]
    if chance.random() < 0.05:
        # A second tab, within the first one's time.
        pieces.append((begin, begin + max((end - begin) // 2, 1)))
    for first, last in pieces:
        truth.rows.append(
            (person, room, truth.instant(day, first), truth.instant(day, min(last, end)))
        )


def session_figures(truth: Truth, number: int) -> dict[str, Any]:
    """Every figure of one session, counted second by second."""
    day, room, begin, end = truth.sessions[number]
    inside = truth.there[day][room, :, begin:end]
    per_second = inside.sum(axis=0)
    came = set(np.flatnonzero(inside.any(axis=1)).tolist())
    curve = per_second[::60].tolist()
    top = curve.index(max(curve))
    return {
        "people": len(came),
        "peak": int(per_second.max()),
        "minutes_watched": round(float(inside.sum()) / 60, 1),
        "average_audience": round(float(per_second.mean()), 2),
        "average_minutes": round(float(inside.sum()) / 60 / len(came), 2) if came else 0.0,
        "minute_by_minute": curve,
        "starred": len(truth.stars[number]),
        "starred_and_came": len(truth.stars[number] & came),
        "half_left_after_minutes": next(
            (at - top for at in range(top, len(curve)) if curve[at] * 2 <= curve[top]), None
        )
        if max(curve)
        else None,
    }


def people_of_day(truth: Truth, day: int) -> set[int]:
    """Who was in a live session on this day."""
    found: set[int] = set()
    for which, room, begin, end in truth.sessions:
        if which == day:
            inside = truth.there[day][room, :, begin:end].any(axis=1)
            found.update(np.flatnonzero(inside).tolist())
    return found


def day_curve(truth: Truth, day: int, step_s: int = 300) -> list[int]:
    """People in any room every five minutes, from the day's first start to its last end."""
    begins = [b for which, _, b, _ in truth.sessions if which == day]
    ends = [e for which, _, _, e in truth.sessions if which == day]
    anywhere = truth.there[day].any(axis=0).sum(axis=0)
    return anywhere[min(begins) : max(ends) : step_s].tolist()


def moves(truth: Truth) -> dict[tuple[int, int], int]:
    """How many people left each session, while it ran, for another that ran at that moment."""
    found: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for day in range(truth.days):
        own = [(n, r, b, e) for n, (d, r, b, e) in enumerate(truth.sessions) if d == day]
        for person in range(truth.people):
            visits = []
            for number, room, begin, end in own:
                flags = truth.there[day][room, person, begin:end].astype(np.int8)
                edges = np.flatnonzero(np.diff(np.concatenate(([0], flags, [0]))))
                for at in range(0, len(edges), 2):
                    visits.append((begin + int(edges[at]), begin + int(edges[at + 1]), number))
            visits.sort()
            for at, (_came, left, number) in enumerate(visits):
                if left >= truth.sessions[number][3]:
                    continue
                after = next((v for v in visits[at + 1 :] if v[0] >= left), None)
                if after is None or after[0] > left + PATIENCE_S or after[2] == number:
                    continue
                _, _, begin, end = truth.sessions[after[2]]
                if begin <= left < end:
                    found.setdefault((number, after[2]), set()).add((day, person))
    return {pair: len(people) for pair, people in found.items()}
