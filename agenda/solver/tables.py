"""A problem as tables of numbers, in which the search looks up what a place costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from agenda.solver import constraints as c
from agenda.solver.constraints import weight
from agenda.solver.problem import Assignment, Place, Problem, Rules, Speaker, Talk, Timeslot, Wishes

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

Spot = tuple[int, int]
"""Where a talk is: the index of its timeslot and that of its room."""

MEDIUM = 100_000_000
"""What one medium penalty counts for in the search: more than the soft cost of any one move."""

AWAY_MINUTES = 480


@dataclass(frozen=True, slots=True)
class Tables:
    """Costs and prohibitions by index of talk (n), timeslot (t) and room (r).

    The cost of a pair of talks is the sum of a few talk-by-talk coefficients, each times a
    timeslot-by-timeslot or room-by-room factor; so it is exact and small.
    """

    problem: Problem
    may: Bools
    """n × t × r: no hard demand on the talk alone forbids the place."""
    unary: Ints
    """n × t × r: what the place costs by itself."""
    minutes: Ints
    days: Ints
    starts: Ints
    ends: Ints
    capacity: Ints
    overlap: Ints
    """t × t: shared minutes."""
    meets: Bools
    """t × t: one room cannot hold both, changeover included."""
    rests: bool
    """Whether a room's changeover counts."""
    factors: tuple[tuple[Ints, Ints], ...]
    """Pairs of an n × n coefficient and a t × t factor; their products add up."""
    stable: Ints
    """n × n: the weighted count of shared theme tracks, where rooms should be the same."""
    popular: Ints
    """n × n: the weight where the first is the less popular one."""
    forbidden: tuple[tuple[tuple[int, Bools], ...], ...]
    """By talk: other talks with the t × t prohibition of both at once."""
    risky: tuple[int, ...]
    speakers: tuple[tuple[int, ...], ...]
    """The talks of each person who has several."""
    makespan: int
    day_limit: Bools
    """t × t: both used would make a day too long."""

    @property
    def size(self) -> int:
        return len(self.problem.talks)

    def spots(self, assignment: Assignment) -> list[Spot | None]:
        """The indices of an assignment."""
        slots = {slot.id: index for index, slot in enumerate(self.problem.timeslots)}
        rooms = {room.name: index for index, room in enumerate(self.problem.rooms)}
        found: list[Spot | None] = []
        for talk in self.problem.talks:
            place = assignment.get(talk.code)
            found.append((slots[place.timeslot], rooms[place.room]) if place else None)
        return found

    def assignment(self, spots: Iterable[Spot | None]) -> dict[str, Place]:
        """The assignment that the indices stand for."""
        slots, rooms = self.problem.timeslots, self.problem.rooms
        return {
            talk.code: Place(timeslot=slots[spot[0]].id, room=rooms[spot[1]].name)
            for talk, spot in zip(self.problem.talks, spots, strict=True)
            if spot is not None
        }

    def pair(self, one: int, two: int) -> Ints:
        """t × t: what the times of two talks, the first by row, cost together."""
        total = np.zeros_like(self.overlap)
        for coefficient, factor in self.factors:
            if coefficient[one, two]:
                total += coefficient[one, two] * factor
        return total


def tabulate(problem: Problem) -> Tables:
    """Build the tables of a problem."""
    slots, rooms, talks = problem.timeslots, problem.rooms, problem.talks
    starts = np.array([_minute(slot.start) for slot in slots], dtype=np.int64)
    ends = np.array([_minute(slot.end) for slot in slots], dtype=np.int64)
    days = np.array([slot.date.toordinal() for slot in slots], dtype=np.int64)
    shared = np.minimum.outer(ends, ends) - np.maximum.outer(starts, starts)
    overlap = np.maximum(shared, 0)
    rest = problem.rules.changeover_minutes if weight(problem, c.CHANGEOVER) else 0
    popularity = np.array([talk.popularity for talk in talks], dtype=np.int64)
    may, unary = _alone(problem)
    return Tables(
        problem=problem,
        may=may,
        unary=unary,
        minutes=ends - starts,
        days=days,
        starts=starts,
        ends=ends,
        capacity=np.array([room.capacity for room in rooms], dtype=np.int64),
        overlap=overlap,
        meets=-shared < rest,
        rests=rest > 0,
        factors=_factors(problem, overlap, starts, ends, days),
        stable=weight(problem, c.THEME_STABILITY) * _common(talks, lambda talk: talk.themes),
        popular=weight(problem, c.POPULAR) * np.less.outer(popularity, popularity).astype(np.int64),
        forbidden=prohibitions(problem, starts, ends, days),
        risky=_risky(problem),
        speakers=tuple(tuple(group) for group in _by_speaker(talks).values() if len(group) > 1),
        makespan=weight(problem, c.MAKESPAN) * AWAY_MINUTES,
        day_limit=_day_limit(problem.rules, starts, ends, days)
        if weight(problem, c.DAY_LENGTH)
        else np.zeros_like(overlap, dtype=np.bool_),
    )


def covered(tables: Tables, slots: Ints) -> int:
    """How many minutes some timeslots cover, shared ones counted once."""
    total, until = 0, -(1 << 60)
    for start, end in sorted((int(tables.starts[t]), int(tables.ends[t])) for t in slots):
        total += max(0, end - max(start, until))
        until = max(until, end)
    return total


def _minute(instant: datetime) -> int:
    return int(instant.timestamp()) // 60


def _risky(problem: Problem) -> tuple[int, ...]:
    if not weight(problem, c.CROWD):
        return ()
    return tuple(index for index, talk in enumerate(problem.talks) if talk.crowd_risk > 0)


def _by_speaker(talks: tuple[Talk, ...]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for index, talk in enumerate(talks):
        for name in dict.fromkeys(talk.speakers):
            found[name].append(index)
    return found


def _common(talks: tuple[Talk, ...], tags: Callable[[Talk], frozenset[str]]) -> Ints:
    """n × n: how many tags two talks share; a talk shares none with itself."""
    columns = {tag: index for index, tag in enumerate(sorted({t for k in talks for t in tags(k)}))}
    has = np.zeros((len(talks), max(len(columns), 1)), dtype=np.int64)
    for row, talk in enumerate(talks):
        for tag in tags(talk):
            has[row, columns[tag]] = 1
    common: Ints = has @ has.T
    np.fill_diagonal(common, 0)
    return common


def _factors(
    problem: Problem, overlap: Ints, starts: Ints, ends: Ints, days: Ints
) -> tuple[tuple[Ints, Ints], ...]:
    talks = problem.talks
    minutes = ends - starts
    both = np.add.outer(minutes, minutes)
    contents = _common(talks, lambda talk: talk.contents)
    themes = _common(talks, lambda talk: talk.themes)
    audiences = _common(talks, lambda talk: talk.audiences)
    levels = np.array([talk.level for talk in talks], dtype=np.int64)
    easier = np.less.outer(levels, levels)
    away = (days[:, None] != days[None, :]) * both
    late = (ends[:, None] > starts[None, :]) * both
    flow = weight(problem, c.LEVEL_FLOW) * contents * easier
    found = [
        (_at_once(problem, themes, audiences, contents), overlap),
        (-_variety(problem, audiences, levels), np.diag(minutes)),
        (weight(problem, c.SAME_DAY) * (themes + contents), away),
        (flow, late),
        (flow.T.copy(), late.T.copy()),
    ]
    return tuple((coefficient, factor) for coefficient, factor in found if coefficient.any())


def _at_once(problem: Problem, themes: Ints, audiences: Ints, contents: Ints) -> Ints:
    """n × n: what a minute costs in which both talks run."""
    talks = problem.talks
    total = weight(problem, c.THEME_CONFLICT) * themes
    total += weight(problem, c.SECTOR_CONFLICT) * _common(talks, lambda talk: talk.sectors)
    total += weight(problem, c.AUDIENCE_THEME_CONFLICT) * themes * audiences
    total += weight(problem, c.CONTENT_CONFLICT) * contents
    index = {talk.code: number for number, talk in enumerate(talks)}
    for (low, high), people in problem.together.items():
        if low in index and high in index and low < high:
            total[index[low], index[high]] += weight(problem, c.STARRED) * people
            total[index[high], index[low]] += weight(problem, c.STARRED) * people
    return total


def _variety(problem: Problem, audiences: Ints, levels: Ints) -> Ints:
    """n × n: the reward for each minute of sharing one timeslot."""
    talks = problem.talks
    named = np.array([bool(talk.audiences) for talk in talks], dtype=np.bool_)
    languages = {word: i for i, word in enumerate(sorted({talk.language for talk in talks}))}
    tongues = np.array([languages[talk.language] for talk in talks], dtype=np.int64)
    total = weight(problem, c.AUDIENCE_DIVERSITY) * (
        (audiences == 0) & named[:, None] & named[None, :]
    ).astype(np.int64)
    total += weight(problem, c.LEVEL_DIVERSITY) * np.not_equal.outer(levels, levels)
    total += weight(problem, c.LANGUAGE_DIVERSITY) * np.not_equal.outer(tongues, tongues)
    np.fill_diagonal(total, 0)
    return total


def prohibitions(
    problem: Problem, starts: Ints, ends: Ints, days: Ints
) -> tuple[tuple[tuple[int, Bools], ...], ...]:
    """By talk: the others whose times its own must respect, with the t × t prohibition."""
    talks = problem.talks
    before = ends[:, None] <= starts[None, :]
    clash = ~(before | before.T)
    gap = np.maximum(starts[None, :] - ends[:, None], starts[:, None] - ends[None, :])
    close = clash | ((days[:, None] == days[None, :]) & (gap < problem.rules.pause_minutes))
    rows: list[dict[int, Bools]] = [{} for _ in talks]

    def forbid(one: int, two: int, when: Bools) -> None:
        for a, b, table in ((one, two, when), (two, one, when.T)):
            rows[a][b] = rows[a][b] | table if b in rows[a] else table

    meet = close if weight(problem, c.PAUSE) else clash
    if weight(problem, c.SPEAKER_CONFLICT) or weight(problem, c.PAUSE):
        for group in _by_speaker(talks).values():
            for position, one in enumerate(group):
                for two in group[position + 1 :]:
                    forbid(one, two, meet)
    index = {talk.code: number for number, talk in enumerate(talks)}
    if weight(problem, c.PREREQUISITE):
        for later, talk in enumerate(talks):
            for code in sorted(talk.prerequisites):
                if code in index and index[code] != later:
                    forbid(index[code], later, ~before)
    if weight(problem, c.EXCLUSIVE):
        for one, two in np.argwhere(np.triu(_common(talks, lambda talk: talk.exclusive))):
            forbid(int(one), int(two), clash)
    if problem.rules.keynotes_alone and weight(problem, c.KEYNOTE):
        for one, talk in enumerate(talks):
            for two in range(len(talks)) if talk.keynote else ():
                if one != two and (two > one or not talks[two].keynote):
                    forbid(one, two, clash)
    return tuple(tuple(sorted(row.items(), key=lambda item: item[0])) for row in rows)


def _day_limit(rules: Rules, starts: Ints, ends: Ints, days: Ints) -> Bools:
    if rules.hours_per_day is None:
        return np.zeros((len(starts), len(starts)), dtype=np.bool_)
    same = days[:, None] == days[None, :]
    return np.asarray(same & (ends[None, :] - starts[:, None] > rules.hours_per_day * 60))


def _alone(problem: Problem) -> tuple[Bools, Ints]:
    """Where each talk may be on its own account, and what each such place costs.

    A pinned talk may be where it is pinned, whatever it demands, and nowhere else.
    """
    slots, rooms = problem.timeslots, problem.rooms
    people = {speaker.name: speaker for speaker in problem.speakers}
    closed = np.zeros((len(slots), len(rooms)), dtype=np.bool_)
    if weight(problem, c.ROOM_UNAVAILABLE):
        for r, room in enumerate(rooms):
            for t, slot in enumerate(slots):
                closed[t, r] = slot.id in room.unavailable
    breaks = np.array([_in_break(slot, problem) for slot in slots], dtype=np.bool_)
    nights = dict(_nights(problem))
    minutes = np.array([slot.minutes for slot in slots], dtype=np.int64)
    shape = (len(problem.talks), len(slots), len(rooms))
    time_of = {slot.id: index for index, slot in enumerate(slots)}
    room_of = {room.name: index for index, room in enumerate(rooms)}
    may, cost = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.int64)
    for i, talk in enumerate(problem.talks):
        crew = [people.get(name, Speaker(name=name)) for name in dict.fromkeys(talk.speakers)]
        no_time, time_cost = _time_wishes(problem, talk, crew, minutes)
        no_room, room_rate, room_cost = _room_wishes(problem, talk, crew)
        no_time |= breaks
        for speaker in crew:
            if speaker.name in nights:
                no_time |= nights[speaker.name]
        may[i] = ~(closed | no_time[:, None] | no_room[None, :])
        if talk.pin is not None:
            may[i] = False
            may[i, time_of[talk.pin.timeslot], room_of[talk.pin.room]] = True
        cost[i] = time_cost[:, None] + room_cost[None, :] + minutes[:, None] * room_rate[None, :]
    return may, cost


def _in_break(slot: Timeslot, problem: Problem) -> bool:
    return bool(weight(problem, c.BREAK)) and any(
        slot.start < end and start < slot.end for start, end in problem.rules.breaks
    )


def _nights(problem: Problem) -> Iterator[tuple[str, Bools]]:
    """Whom a night keeps from timeslots, and from which; each zone is looked at once."""
    night = problem.rules.night
    if night is None or not weight(problem, c.NIGHT):
        return
    known: dict[str, Bools] = {}
    for person in problem.speakers:
        if person.zone and not person.any_hour:
            if person.zone not in known:
                zone = ZoneInfo(person.zone)
                asleep = [_asleep(zone, slot, night) for slot in problem.timeslots]
                known[person.zone] = np.array(asleep, dtype=np.bool_)
            yield person.name, known[person.zone]


def _asleep(zone: ZoneInfo, slot: Timeslot, night: tuple[time, time]) -> bool:
    """Whether a timeslot touches the night on a clock."""
    moment = slot.start
    while moment < slot.end:
        clock = moment.astimezone(zone).time()
        if night[0] < night[1]:
            asleep = night[0] <= clock < night[1]
        else:
            asleep = clock >= night[0] or clock < night[1]
        if asleep:
            return True
        moment += timedelta(minutes=1)
    return False


def _time_wishes(
    problem: Problem, talk: Talk, crew: list[Speaker], minutes: Ints
) -> tuple[Bools, Ints]:
    slots = problem.timeslots
    no = np.array(
        [bool(slot.kinds) and talk.kind not in slot.kinds for slot in slots], dtype=np.bool_
    )
    if weight(problem, c.SPEAKER_UNAVAILABLE):
        away = frozenset().union(*(speaker.unavailable for speaker in crew))
        no |= np.array([slot.id in away for slot in slots], dtype=np.bool_)
    cost = np.zeros(len(slots), dtype=np.int64)
    for wishes, names in [(talk.times, _TALK_TIMES), *((p.times, _SPEAKER_TIMES) for p in crew)]:
        if wishes != _NONE:
            bad, rate = _weigh(problem, wishes, names, [slot.tags for slot in slots])
            no |= bad
            cost += rate * minutes
    if talk.published_timeslot is not None:
        moved = np.array([slot.id != talk.published_timeslot for slot in slots])
        cost += MEDIUM * weight(problem, c.PUBLISHED_TIMESLOT) * moved
    return no, cost


def _room_wishes(problem: Problem, talk: Talk, crew: list[Speaker]) -> tuple[Bools, Ints, Ints]:
    """Which rooms do not suit, what each costs for a minute, and what it costs at all."""
    rooms = problem.rooms
    no = np.array(
        [bool(room.kinds) and talk.kind not in room.kinds for room in rooms], dtype=np.bool_
    )
    rate = np.zeros(len(rooms), dtype=np.int64)
    for wishes, names in [(talk.rooms, _TALK_ROOMS), *((p.rooms, _SPEAKER_ROOMS) for p in crew)]:
        if wishes != _NONE:
            bad, more = _weigh(problem, wishes, names, [room.tags for room in rooms])
            no |= bad
            rate += more
    short = [max(0, talk.demand - room.capacity) if room.capacity else 0 for room in rooms]
    cost = weight(problem, c.SEATS) * np.array(short, dtype=np.int64)
    if talk.published_room is not None:
        moved = np.array([room.name != talk.published_room for room in rooms])
        cost = cost + MEDIUM * weight(problem, c.PUBLISHED_ROOM) * moved
    return no, rate, cost


_NONE = Wishes()
_TALK_TIMES = (
    c.TALK_REQUIRED_TIMES,
    c.TALK_PROHIBITED_TIMES,
    c.TALK_PREFERRED_TIMES,
    c.TALK_UNDESIRED_TIMES,
)
_SPEAKER_TIMES = (
    c.SPEAKER_REQUIRED_TIMES,
    c.SPEAKER_PROHIBITED_TIMES,
    c.SPEAKER_PREFERRED_TIMES,
    c.SPEAKER_UNDESIRED_TIMES,
)
_TALK_ROOMS = (
    c.TALK_REQUIRED_ROOMS,
    c.TALK_PROHIBITED_ROOMS,
    c.TALK_PREFERRED_ROOMS,
    c.TALK_UNDESIRED_ROOMS,
)
_SPEAKER_ROOMS = (
    c.SPEAKER_REQUIRED_ROOMS,
    c.SPEAKER_PROHIBITED_ROOMS,
    c.SPEAKER_PREFERRED_ROOMS,
    c.SPEAKER_UNDESIRED_ROOMS,
)


def _weigh(
    problem: Problem,
    wishes: Wishes,
    names: tuple[str, str, str, str],
    tags: list[frozenset[str]],
) -> tuple[Bools, Ints]:
    """Which of the tagged things are out of the question, and what each costs for a minute."""
    required, prohibited, preferred, undesired = (weight(problem, name) for name in names)
    bad = np.array(
        [
            bool(required and wishes.required - own) or bool(prohibited and wishes.prohibited & own)
            for own in tags
        ],
        dtype=np.bool_,
    )
    rate = np.array(
        [
            preferred * len(wishes.preferred - own) + undesired * len(wishes.undesired & own)
            for own in tags
        ],
        dtype=np.int64,
    )
    return bad, rate
