"""The score of an assignment, constraint by constraint, computed straight from the problem.

Nothing here is shared with the search: it recomputes from the values alone what the search claims.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

from agenda.solver import constraints as c
from agenda.solver.constraints import BY_NAME, CONSTRAINTS, Level, weight
from agenda.solver.problem import (
    Assignment,
    Place,
    Problem,
    Room,
    Speaker,
    Talk,
    TalkCode,
    Timeslot,
)

MINUTES_OF_A_DAY_AWAY = 8 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One case in which a constraint costs; a negative amount is a reward. Unweighted."""

    constraint: str
    amount: int
    talks: tuple[TalkCode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """All breaches of an assignment, with the weights that apply."""

    breaches: tuple[Breach, ...]
    weights: Mapping[str, int]

    def violations(self, level: Level) -> dict[str, int]:
        """How many breaches each constraint of a level has; all its constraints are named."""
        found = {constraint.name: 0 for constraint in CONSTRAINTS if constraint.level is level}
        for breach in self.breaches:
            if breach.constraint in found and self.weights[breach.constraint]:
                found[breach.constraint] += 1
        return found

    def penalties(self, level: Level) -> dict[str, int]:
        """The weighted penalty of each constraint of a level."""
        found = {constraint.name: 0 for constraint in CONSTRAINTS if constraint.level is level}
        for breach in self.breaches:
            if breach.constraint in found:
                found[breach.constraint] += breach.amount * self.weights[breach.constraint]
        return found

    @property
    def hard(self) -> int:
        """How many hard breaches there are."""
        return sum(self.violations(Level.HARD).values())

    @property
    def medium(self) -> int:
        """The weighted medium penalty."""
        return sum(self.penalties(Level.MEDIUM).values())

    @property
    def soft(self) -> int:
        """The weighted soft penalty; rewards may make it negative."""
        return sum(self.penalties(Level.SOFT).values())

    def rank(self) -> tuple[int, int, int]:
        """Smaller is better: hard breaches, then medium, then soft penalty."""
        return self.hard, self.medium, self.soft


@dataclass(frozen=True, slots=True)
class _Placed:
    talk: Talk
    slot: Timeslot
    room: Room
    speakers: tuple[Speaker, ...]
    names: frozenset[str]
    start: int
    end: int
    minutes: int


def evaluate(problem: Problem, assignment: Assignment) -> Score:
    """Recompute every penalty of an assignment."""
    placed = _placed(problem, assignment)
    missing = [talk.code for talk in problem.talks if talk.code not in assignment]
    return _score(problem, placed, missing, combinations(placed, 2), placed)


class Around:
    """What one talk costs, with all others where they are; asked for many places of the talk."""

    def __init__(self, problem: Problem, assignment: Assignment, code: TalkCode) -> None:
        self._problem = problem
        self._alone = replace(problem, talks=tuple(t for t in problem.talks if t.code == code))
        self._code = code
        rest = replace(problem, talks=tuple(t for t in problem.talks if t.code != code))
        self._others = _placed(rest, assignment)

    def at(self, place: Place) -> Score:
        """The penalties in which the talk has a part, were it there."""
        (me,) = _placed(self._alone, {self._code: place})
        pairs = ((me, other) for other in self._others)
        score = _score(self._problem, [me], [], pairs, [me, *self._others])
        return replace(score, breaches=tuple(b for b in score.breaches if self._code in b.talks))

    def is_open(self, place: Place) -> bool:
        """Whether the talk has the room for itself there, and breaks nothing hard on its own."""
        (me,) = _placed(self._alone, {self._code: place})
        if any(n and BY_NAME[name].level is Level.HARD for name, n in _alone(self._problem, me)):
            return False
        return not any(
            _overlap(me, other) and (other.room.name == place.room or me.names & other.names)
            for other in self._others
        )


def _score(
    problem: Problem,
    placed: list[_Placed],
    missing: list[TalkCode],
    pairs: Iterable[tuple[_Placed, _Placed]],
    everyone: list[_Placed],
) -> Score:
    weights = {constraint.name: weight(problem, constraint.name) for constraint in CONSTRAINTS}
    breaches = _breaches(problem, placed, missing, pairs, everyone)
    return Score(breaches=tuple(b for b in breaches if weights[b.constraint]), weights=weights)


def _breaches(
    problem: Problem,
    placed: list[_Placed],
    missing: list[TalkCode],
    pairs: Iterable[tuple[_Placed, _Placed]],
    everyone: list[_Placed],
) -> Iterator[Breach]:
    for code in missing:
        yield Breach(constraint=c.UNPLACED, amount=1, talks=(code,))
    for one in placed:
        for name, amount in _alone(problem, one):
            if amount:
                yield Breach(constraint=name, amount=amount, talks=(one.talk.code,))
    for first, second in pairs:
        for name, amount in _pair(problem, first, second):
            if amount:
                codes = (first.talk.code, second.talk.code)
                yield Breach(constraint=name, amount=amount, talks=codes)
    yield from _crowds(everyone)
    yield from _makespans(everyone)
    yield from _days(problem, everyone)


def _placed(problem: Problem, assignment: Assignment) -> list[_Placed]:
    slots = {slot.id: slot for slot in problem.timeslots}
    rooms = {room.name: room for room in problem.rooms}
    people = {speaker.name: speaker for speaker in problem.speakers}
    found = []
    for talk in problem.talks:
        place = assignment.get(talk.code)
        if place is not None:
            slot = slots[place.timeslot]
            crew = [people.get(name, Speaker(name=name)) for name in dict.fromkeys(talk.speakers)]
            start, end = int(slot.start.timestamp()) // 60, int(slot.end.timestamp()) // 60
            found.append(
                _Placed(
                    talk,
                    slot,
                    rooms[place.room],
                    tuple(crew),
                    frozenset(person.name for person in crew),
                    start,
                    end,
                    end - start,
                )
            )
    return found


def _alone(problem: Problem, one: _Placed) -> Iterator[tuple[str, int]]:
    talk, slot, room, minutes = one.talk, one.slot, one.room, one.slot.minutes
    if slot.id in room.unavailable:
        yield c.ROOM_UNAVAILABLE, minutes
    for speaker in one.speakers:
        if slot.id in speaker.unavailable:
            yield c.SPEAKER_UNAVAILABLE, minutes
        if problem.rules.night and _at_night(speaker, slot, problem):
            yield c.NIGHT, minutes
    for start, end in problem.rules.breaks:
        if slot.start < end and start < slot.end:
            yield c.BREAK, minutes
    yield from _tags(one, minutes)
    if talk.published_timeslot is not None and talk.published_timeslot != slot.id:
        yield c.PUBLISHED_TIMESLOT, 1
    if talk.published_room is not None and talk.published_room != room.name:
        yield c.PUBLISHED_ROOM, 1
    if room.capacity:
        yield c.SEATS, max(0, talk.demand - room.capacity)


def _tags(one: _Placed, minutes: int) -> Iterator[tuple[str, int]]:
    talk, times, rooms = one.talk, one.slot.tags, one.room.tags
    yield c.TALK_REQUIRED_TIMES, len(talk.times.required - times) * minutes
    yield c.TALK_PROHIBITED_TIMES, len(talk.times.prohibited & times) * minutes
    yield c.TALK_PREFERRED_TIMES, len(talk.times.preferred - times) * minutes
    yield c.TALK_UNDESIRED_TIMES, len(talk.times.undesired & times) * minutes
    yield c.TALK_REQUIRED_ROOMS, len(talk.rooms.required - rooms) * minutes
    yield c.TALK_PROHIBITED_ROOMS, len(talk.rooms.prohibited & rooms) * minutes
    yield c.TALK_PREFERRED_ROOMS, len(talk.rooms.preferred - rooms) * minutes
    yield c.TALK_UNDESIRED_ROOMS, len(talk.rooms.undesired & rooms) * minutes
    people = one.speakers
    yield c.SPEAKER_REQUIRED_TIMES, _sum(len(p.times.required - times) for p in people) * minutes
    yield (
        c.SPEAKER_PROHIBITED_TIMES,
        _sum(len(p.times.prohibited & times) for p in people) * minutes,
    )
    yield c.SPEAKER_PREFERRED_TIMES, _sum(len(p.times.preferred - times) for p in people) * minutes
    yield c.SPEAKER_UNDESIRED_TIMES, _sum(len(p.times.undesired & times) for p in people) * minutes
    yield c.SPEAKER_REQUIRED_ROOMS, _sum(len(p.rooms.required - rooms) for p in people) * minutes
    yield (
        c.SPEAKER_PROHIBITED_ROOMS,
        _sum(len(p.rooms.prohibited & rooms) for p in people) * minutes,
    )
    yield c.SPEAKER_PREFERRED_ROOMS, _sum(len(p.rooms.preferred - rooms) for p in people) * minutes
    yield c.SPEAKER_UNDESIRED_ROOMS, _sum(len(p.rooms.undesired & rooms) for p in people) * minutes


def _sum(counts: Iterable[int]) -> int:
    return sum(counts)


def _at_night(speaker: Speaker, slot: Timeslot, problem: Problem) -> bool:
    """Whether the talk shares an instant with a night at the speaker's home."""
    if not speaker.zone or speaker.any_hour or problem.rules.night is None:
        return False
    zone = ZoneInfo(speaker.zone)
    falls, breaks = problem.rules.night
    first = slot.start.astimezone(zone).date() - timedelta(days=1)
    for offset in range(4):
        evening = first + timedelta(days=offset)
        morning = evening if falls < breaks else evening + timedelta(days=1)
        dusk = datetime.combine(evening, falls, zone)
        dawn = datetime.combine(morning, breaks, zone)
        if slot.start.timestamp() < dawn.timestamp() and dusk.timestamp() < slot.end.timestamp():
            return True
    return False


def _overlap(a: _Placed, b: _Placed) -> int:
    """Shared minutes of two timeslots."""
    start = a.start if a.start > b.start else b.start
    end = a.end if a.end < b.end else b.end
    return end - start if end > start else 0


def _pair(problem: Problem, a: _Placed, b: _Placed) -> Iterator[tuple[str, int]]:
    overlap = _overlap(a, b)
    both = a.minutes + b.minutes
    if overlap:
        yield from _while_overlapping(problem, a, b, overlap)
    elif a.room.name == b.room.name:
        rest = max(a.slot.start - b.slot.end, b.slot.start - a.slot.end)
        if rest < timedelta(minutes=problem.rules.changeover_minutes):
            yield c.CHANGEOVER, both
    if a.slot.id == b.slot.id:
        yield from _in_one_timeslot(a.talk, b.talk, a.minutes)
    if not a.names.isdisjoint(b.names):
        yield from _people(problem, a, b, overlap, both)
    for earlier, later in ((a, b), (b, a)):
        if earlier.talk.code in later.talk.prerequisites and earlier.end > later.start:
            yield c.PREREQUISITE, both
    themes = len(a.talk.themes & b.talk.themes)
    contents = len(a.talk.contents & b.talk.contents)
    if a.slot.date != b.slot.date:
        yield c.SAME_DAY, (themes + contents) * both
    elif a.room.name != b.room.name:
        yield c.THEME_STABILITY, themes * both
    if contents:
        easier, harder = (a, b) if a.talk.level < b.talk.level else (b, a)
        if easier.talk.level < harder.talk.level and easier.end > harder.start:
            yield c.LEVEL_FLOW, contents * both
    less, more = (a, b) if a.talk.popularity < b.talk.popularity else (b, a)
    if less.talk.popularity < more.talk.popularity and less.room.capacity > more.room.capacity:
        yield c.POPULAR, both


def _while_overlapping(
    problem: Problem, a: _Placed, b: _Placed, overlap: int
) -> Iterator[tuple[str, int]]:
    one, two = a.talk, b.talk
    if a.room.name == b.room.name:
        yield c.ROOM_CONFLICT, overlap
    themes = len(one.themes & two.themes)
    yield c.EXCLUSIVE, len(one.exclusive & two.exclusive) * overlap
    yield c.THEME_CONFLICT, themes * overlap
    yield c.SECTOR_CONFLICT, len(one.sectors & two.sectors) * overlap
    yield c.AUDIENCE_THEME_CONFLICT, themes * len(one.audiences & two.audiences) * overlap
    yield c.CONTENT_CONFLICT, len(one.contents & two.contents) * overlap
    low, high = sorted((one.code, two.code))
    yield c.STARRED, problem.together.get((low, high), 0) * overlap
    if problem.rules.keynotes_alone and (one.keynote or two.keynote):
        yield c.KEYNOTE, overlap


def _in_one_timeslot(one: Talk, two: Talk, minutes: int) -> Iterator[tuple[str, int]]:
    if one.audiences and two.audiences and not one.audiences & two.audiences:
        yield c.AUDIENCE_DIVERSITY, -minutes
    if one.level != two.level:
        yield c.LEVEL_DIVERSITY, -minutes
    if one.language != two.language:
        yield c.LANGUAGE_DIVERSITY, -minutes


def _people(
    problem: Problem, a: _Placed, b: _Placed, overlap: int, both: int
) -> Iterator[tuple[str, int]]:
    shared = len(a.names & b.names)
    yield c.SPEAKER_CONFLICT, shared * overlap
    if overlap:
        yield c.PAUSE, both
    elif a.slot.date == b.slot.date:
        pause = max(a.slot.start - b.slot.end, b.slot.start - a.slot.end)
        if pause < timedelta(minutes=problem.rules.pause_minutes):
            yield c.PAUSE, both


def _crowds(placed: list[_Placed]) -> Iterator[Breach]:
    risky = [one for one in placed if one.talk.crowd_risk > 0]
    for one in risky:
        others = sum(1 for two in risky if two is not one and _overlap(one, two) > 0)
        if others != 1:
            yield Breach(constraint=c.CROWD, amount=one.slot.minutes, talks=(one.talk.code,))


def _makespans(placed: list[_Placed]) -> Iterator[Breach]:
    talks: dict[str, list[_Placed]] = defaultdict(list)
    for one in placed:
        for speaker in one.speakers:
            talks[speaker.name].append(one)
    for group in talks.values():
        dates = [one.slot.date for one in group]
        between = (max(dates) - min(dates)).days - 1
        if between > 0:
            codes = tuple(one.talk.code for one in group)
            yield Breach(constraint=c.MAKESPAN, amount=between * MINUTES_OF_A_DAY_AWAY, talks=codes)


def _days(problem: Problem, placed: list[_Placed]) -> Iterator[Breach]:
    if problem.rules.hours_per_day is None:
        return
    most = problem.rules.hours_per_day * 60
    for date in sorted({one.slot.date for one in placed}):
        today = [one for one in placed if one.slot.date == date]
        first = min(today, key=lambda one: one.slot.start)
        last = max(today, key=lambda one: one.slot.end)
        minutes = int((last.slot.end - first.slot.start).total_seconds()) // 60
        if minutes > most:
            codes = (first.talk.code, last.talk.code)
            yield Breach(constraint=c.DAY_LENGTH, amount=int(minutes - most), talks=codes)


def explain(score: Score, *, most: int = 5) -> Iterator[tuple[str, int, tuple[Breach, ...]]]:
    """Each constraint that costs, dearest first: its name, penalty and its dearest cases."""
    by_name: dict[str, list[Breach]] = defaultdict(list)
    for breach in score.breaches:
        if breach.amount > 0:
            by_name[breach.constraint].append(breach)
    levels = list(Level)

    def gravity(name: str) -> tuple[int, int]:
        total = sum(b.amount for b in by_name[name]) * score.weights[name]
        return levels.index(BY_NAME[name].level), -total

    by_amount: Callable[[Breach], int] = lambda breach: -breach.amount  # noqa: E731
    for name in sorted(by_name, key=gravity):
        cases = sorted(by_name[name], key=by_amount)
        total = sum(breach.amount for breach in cases) * score.weights[name]
        yield name, total, tuple(cases[:most])
