"""What talks that belong together cost at least, because a room and a day hold only so many of them.

Each tag is looked at by itself, as if all places were its own: talks of one theme track want one
room on one day, talks of one content want one day but not one time. Pairs beyond what fits are
counted by their number alone, so that nothing here depends on a choice of places.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb, inf

import numpy as np

from agenda.solver import constraints as c
from agenda.solver.constraints import weight
from agenda.solver.problem import Talk
from agenda.solver.tables import Bools, Ints, Tables

MOST_TOGETHER = 120
"""Larger groups of one content are not counted through."""


@dataclass(frozen=True, slots=True)
class Apart:
    """The least cost of themes, and of contents; the latter holds what their overlaps cost."""

    themes: int
    contents: int


def apart(tables: Tables) -> Apart:
    """Below what every schedule pays that places every talk."""
    if (tables.minutes <= 0).any() or _pins_meet(tables):
        return Apart(0, 0)
    themes = sum(_theme(tables, group) for group in _groups(tables, lambda talk: talk.themes))
    contents = sum(_content(tables, group) for group in _groups(tables, lambda talk: talk.contents))
    return Apart(themes, contents)


def _pins_meet(tables: Tables) -> bool:
    """Whether talks are pinned into one room at one time, so that it holds more than it can."""
    pins = [spot for spot in tables.spots(tables.problem.pinned()) if spot is not None]
    return any(
        one[1] == two[1] and tables.meets[one[0], two[0]] for one, two in combinations(pins, 2)
    )


def _groups(tables: Tables, tags: Callable[[Talk], frozenset[str]]) -> Iterator[list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for index, talk in enumerate(tables.problem.talks):
        for tag in tags(talk):
            found[tag].append(index)
    yield from (found[tag] for tag in sorted(found) if len(found[tag]) > 1)


def _theme(tables: Tables, group: list[int]) -> int:
    """Two talks pay unless they share a room on one day: all pairs, less those that may share."""
    same_day, same_room = (weight(tables.problem, n) for n in (c.SAME_DAY, c.THEME_STABILITY))
    rate = min(same_day, same_room) if len(np.unique(tables.days)) > 1 else same_room
    if not rate:
        return 0
    lasting = _least_minutes(tables, group)
    reach, holds = _cells(tables, group)
    pairs = rate * np.add.outer(lasting, lasting)
    together = reach.astype(np.int64) @ reach.T.astype(np.int64) > 0
    np.fill_diagonal(together, False)
    most = np.where(reach, holds[None, :], 1).max(axis=1)
    every = int(np.triu(pairs, 1).sum())
    return every - sum(
        _spared(pairs, together, most, part) for part in _parts(together) if len(part) > 1
    )


def _spared(pairs: Ints, together: Bools, most: Ints, part: list[int]) -> int:
    """What those can save at most who may share rooms with one another."""
    size, holds = len(part), int(most[part].max())
    values = pairs[np.ix_(part, part)]
    if values.min() == values.max():
        full, rest = divmod(size, holds)
        return int(values[0, 0]) * (full * comb(holds, 2) + comb(rest, 2))
    total = 0
    for one in part:
        mine = np.sort(pairs[one, together[one]])[::-1]
        total += int(mine[: int(most[one]) - 1].sum())
    return total // 2


def _parts(together: Bools) -> Iterator[list[int]]:
    """The groups that have nothing to do with one another."""
    left = set(range(len(together)))
    while left:
        frontier, part = [left.pop()], []
        while frontier:
            one = frontier.pop()
            part.append(one)
            near = {int(other) for other in np.flatnonzero(together[one])} & left
            left -= near
            frontier.extend(sorted(near))
        yield sorted(part)


def _cells(tables: Tables, group: list[int]) -> tuple[Bools, Ints]:
    """Which rooms on which days each talk may be in (n × cells), and how many talks each holds."""
    may = tables.may[group]
    reach, holds = [], []
    for day in np.unique(tables.days):
        slots = np.flatnonzero(tables.days == day)
        for room in range(len(tables.capacity)):
            there = may[:, slots, room]
            if there.any():
                reach.append(there.any(axis=1))
                rest = tables.problem.rules.changeover_minutes if tables.rests else 0
                holds.append(_in_a_row(tables, slots[there.any(axis=0)], rest))
    return np.array(reach, dtype=np.bool_).T, np.array(holds, dtype=np.int64)


def _in_a_row(tables: Tables, slots: Ints, rest: int = 0) -> int:
    """The most of these timeslots that lie one after the other."""
    count, until = 0, -inf
    for slot in sorted(slots.tolist(), key=lambda t: int(tables.ends[t])):
        if int(tables.starts[slot]) >= until:
            count, until = count + 1, int(tables.ends[slot]) + rest
    return count


def _content(tables: Tables, group: list[int]) -> int:
    """Two talks pay for different days, and for running at once; counted by talks a day."""
    day_rate, rate = (weight(tables.problem, n) for n in (c.SAME_DAY, c.CONTENT_CONFLICT))
    size = len(group)
    if not (day_rate or rate) or size > MOST_TOGETHER:
        return 0
    lasting = _least_minutes(tables, group)
    slots = np.flatnonzero(tables.may[group].any(axis=(0, 2)))
    shared = tables.overlap[np.ix_(slots, slots)]
    at_once = rate * int(shared[shared > 0].min())
    days = [slots[tables.days[slots] == day] for day in np.unique(tables.days[slots])]
    rows = [_in_a_row(tables, held) for held in days]
    shortest = int(lasting.min())
    longer = int((lasting - shortest).sum())
    least = inf
    for most in range(-(-size // len(days)), size + 1):
        # With no more than `most` on any day, each talk has so many others on other days at least.
        away = day_rate * longer * (size - most)
        least = min(least, away + _days(size, rows, most, 2 * day_rate * shortest, at_once))
    return int(least)


def _days(size: int, rows: list[int], most: int, a_pair: int, at_once: int) -> float:
    """The least cost of so many talks on days that hold so many one after the other."""
    best = [0.0] + [inf] * size
    for row in rows:
        best = [
            min(
                best[done - here] + at_once * _crowded(here, row) + a_pair * here * (done - here)
                for here in range(min(done, most) + 1)
            )
            for done in range(size + 1)
        ]
    return best[size]


def _crowded(talks: int, row: int) -> int:
    """The fewest pairs at once among talks of which no more than `row` can avoid one another."""
    each, more = divmod(talks, row)
    return row * comb(each, 2) + more * each


def _least_minutes(tables: Tables, group: list[int]) -> Ints:
    open_ = tables.may[group].any(axis=2)
    found: Ints = np.where(open_, tables.minutes[None, :], np.iinfo(np.int64).max).min(axis=1)
    return found
