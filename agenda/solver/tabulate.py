"""How the tables of a problem are made: times, and what pairs of talks cost and forbid each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

import numpy as np

from agenda.solver import constraints as c
from agenda.solver.alone import alone
from agenda.solver.constraints import weight
from agenda.solver.problem import Problem, Rules, Talk
from agenda.solver.tables import Bools, Ints, Tables

AWAY_MINUTES = 480


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
    may, unary = alone(problem)
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
