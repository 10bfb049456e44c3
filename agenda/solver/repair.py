"""Makes an existing schedule possible again with the fewest moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from agenda.solver.board import Board
from agenda.solver.model import Aim, MoveModel
from agenda.solver.problem import Assignment, Place, Problem, TalkCode
from agenda.solver.run import POSING_S, Limits, Stop, StopAt, run
from agenda.solver.search import Budget, Clock
from agenda.solver.tables import Bools, Spot, Tables
from agenda.solver.tabulate import prohibitions, tabulate

MOVE = 10_000_000_000
"""What one move counts for: more than anything but a talk without a place."""

RINGS = (0, 12, 30, 60, 120)
"""How many talks that are in the way may move too, one attempt after the other."""


MOST_PLACES = 80_000
"""Talks × places in one attempt; a larger one would not end in time."""

NOWHERE = 1 << 62
"""What a place costs that cannot be had."""

EFFORT = 4.0
KIND_EFFORT = 1.0
"""How hard an attempt tries to move few, and then how hard to find them kinder places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A repaired schedule. `had_to_move` are talks that cannot stay, whatever else moves;
    `unplaced` are those for which no place was found; `fewest` says that fewer moves are proved
    to be impossible."""

    assignment: Mapping[TalkCode, Place]
    moved: tuple[TalkCode, ...]
    had_to_move: tuple[TalkCode, ...]
    unplaced: tuple[TalkCode, ...]
    fewest: bool
    seconds: float


def repair(
    problem: Problem,
    before: Assignment,
    *,
    budget: Budget,
    clock: Clock,
    stop: Stop | None = None,
    lenient: bool = False,
) -> Repair:
    """Change as few places of `before` as the hard constraints allow; pins stay.

    Among the repairs with the fewest moves the cheapest one is sought, without proof. `lenient`
    lets alone what is only unkind where it is now: short pauses and changeovers, nights, company for
    keynotes; what moves is held to them.
    """
    began = clock()
    stop = StopAt(stop or Stop(), clock, began + budget.seconds)
    tables = tabulate(problem)
    spots = tables.spots({**before, **problem.pinned()})
    pinned = {i for i, talk in enumerate(problem.talks) if talk.pin is not None}
    breaking = _breaking(tables, spots, pinned, lenient)
    hurt = sorted({*breaking.alone, *(talk for pair in breaking.pairs for talk in pair)} - pinned)
    best, best_key, freed = spots, (len(spots) + 1, 0), hurt

    def limits(effort: float) -> Limits:
        left = budget.seconds - (clock() - began)
        return Limits(seconds=left, effort=effort, seed=budget.seed)

    for ring in RINGS if hurt else ():
        free = sorted({*hurt, *_in_the_way(tables, spots, hurt, pinned, ring)})
        if ring and tables.may[free].sum() > MOST_PLACES:
            break
        if stop.asked or limits(EFFORT).seconds <= 0.05 + (_posing_s(tables, free) if ring else 0):
            break
        found = _attempt(tables, spots, free, limits(EFFORT), stop)
        key = _key(tables, spots, found)
        if key < best_key:
            best, best_key, freed = found, key, free
        if not best_key[0] and best_key[1] <= breaking.least:
            break
        if len(free) == tables.size - len(pinned):
            break
    if best is not spots:
        best = _kinder(tables, spots, best, freed, limits(KIND_EFFORT), stop)
    codes = [talk.code for talk in problem.talks]
    return Repair(
        assignment=tables.assignment(best),
        moved=tuple(
            code for code, old, new in zip(codes, spots, best, strict=True) if new and old != new
        ),
        had_to_move=tuple(codes[i] for i in breaking.alone if i not in pinned),
        unplaced=tuple(code for code, new in zip(codes, best, strict=True) if new is None),
        fewest=not hurt or best_key <= (0, breaking.least),
        seconds=clock() - began,
    )


@dataclass(frozen=True, slots=True)
class _Breaking:
    alone: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]

    @property
    def least(self) -> int:
        """So many talks have to move at least: those alone, and one of each disjoint pair."""
        met = set(self.alone)
        count = len(met)
        for one, two in self.pairs:
            if one not in met and two not in met:
                met |= {one, two}
                count += 1
        return count


def _breaking(
    tables: Tables, spots: list[Spot | None], pinned: set[int], lenient: bool
) -> _Breaking:
    """Talks that cannot stay on their own account, or beside a pinned one; other pairs that clash."""
    alone = {
        talk
        for talk, spot in enumerate(spots)
        if talk not in pinned and (spot is None or not tables.may[talk][spot])
    }
    if lenient:
        alone -= _only_unkind(tables.problem, spots, alone)
        tables = replace(tables, meets=tables.overlap > 0, forbidden=_forbidden_alone(tables))
    pairs = []
    for one, two in _clashing(tables, spots):
        if one in pinned and two in pinned:
            continue
        if one in pinned or two in pinned:
            alone.add(two if one in pinned else one)
        else:
            pairs.append((one, two))
    return _Breaking(tuple(sorted(alone)), tuple(pairs))


def _only_unkind(problem: Problem, spots: list[Spot | None], talks: set[int]) -> set[int]:
    """Those of some talks that may stay if their speakers are not asked about the night."""
    here = [(talk, spot) for talk in sorted(talks) if (spot := spots[talk]) is not None]
    if problem.rules.night is None or not here:
        return set()
    sleepless = replace(
        problem,
        rules=replace(problem.rules, night=None),
        talks=tuple(problem.talks[talk] for talk, _ in here),
        together={},
    )
    may = tabulate(sleepless).may
    return {talk for row, (talk, spot) in enumerate(here) if may[row][spot]}


def _forbidden_alone(tables: Tables) -> tuple[tuple[tuple[int, Bools], ...], ...]:
    """What pairs of talks may not do at all, pauses and company for keynotes aside."""
    rules = replace(tables.problem.rules, pause_minutes=0, keynotes_alone=False)
    problem = replace(tables.problem, rules=rules)
    return prohibitions(problem, tables.starts, tables.ends, tables.days)


def _clashing(tables: Tables, spots: list[Spot | None]) -> list[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    placed = [(talk, spot) for talk, spot in enumerate(spots) if spot is not None]
    times = np.array([spot[0] for _, spot in placed], dtype=np.int64)
    rooms = np.array([spot[1] for _, spot in placed], dtype=np.int64)
    for position, (talk, spot) in enumerate(placed):
        same = (rooms == spot[1]) & tables.meets[spot[0], times]
        found.update((talk, placed[int(k)][0]) for k in np.flatnonzero(same) if k > position)
        for other, forbidden in tables.forbidden[talk]:
            there = spots[other]
            if other > talk and there is not None and forbidden[spot[0], there[0]]:
                found.add((talk, other))
    return sorted(found)


def _in_the_way(
    tables: Tables, spots: list[Spot | None], hurt: list[int], pinned: set[int], most: int
) -> list[int]:
    """Talks that sit where the hurt ones could go, those in most places first."""
    if not most:
        return []
    count = np.zeros(tables.size, dtype=np.int64)
    for talk in hurt:
        may = tables.may[talk]
        for other, spot in enumerate(spots):
            if spot is not None and other not in pinned and other not in hurt:
                count[other] += int((may[:, spot[1]] & tables.meets[:, spot[0]]).sum())
        for other, _ in tables.forbidden[talk]:
            if other not in pinned and other not in hurt:
                count[other] += 1000
    order = np.argsort(-count, kind="stable")
    return [int(other) for other in order[:most] if count[other]]


def _attempt(
    tables: Tables, spots: list[Spot | None], free: list[int], limits: Limits, stop: Stop
) -> list[Spot | None]:
    """Where the free talks go with the fewest moves; one after the other where they are too many.

    Wishes are left out: with them a large conference's model finds nothing before its time is up.
    """
    if tables.may[free].sum() <= MOST_PLACES:
        answer = run(MoveModel(Board(tables, spots), free, _aim(spots, free)), limits, stop)
        if answer.spots is not None:
            return answer.spots
    return _one_by_one(tables, spots, free, stop)


def _one_by_one(
    tables: Tables, spots: list[Spot | None], free: list[int], stop: Stop
) -> list[Spot | None]:
    """Who can stay stays; the others take the cheapest place that is left, the choosiest first."""
    moving = set(free)
    board = Board(tables, [None if talk in moving else spot for talk, spot in enumerate(spots)])
    homeless = []
    for talk in free:
        home = spots[talk]
        if home is not None and board.allowed(talk)[home]:
            board.put(talk, home)
        else:
            homeless.append(talk)
    for talk in sorted(homeless, key=lambda talk: int(tables.may[talk].sum())):
        allowed = board.allowed(talk)
        if allowed.any() and not stop.asked:
            cost = np.where(allowed, board.cost(talk), NOWHERE)
            time, room = np.unravel_index(cost.argmin(), cost.shape)
            board.put(talk, (int(time), int(room)))
    return board.spots


def _kinder(
    tables: Tables,
    before: list[Spot | None],
    found: list[Spot | None],
    free: list[int],
    limits: Limits,
    stop: Stop,
) -> list[Spot | None]:
    """From a repair that was found to one with as few moves that costs less, if there is time."""
    too_many = tables.may[free].sum() > MOST_PLACES
    if stop.asked or too_many or limits.seconds < _posing_s(tables, free):
        return found
    aim = replace(_aim(before, free), soft=True)
    return run(MoveModel(Board(tables, found), free, aim), limits, stop).spots or found


def _aim(spots: list[Spot | None], free: list[int]) -> Aim:
    stay = {talk: spot for talk in free if (spot := spots[talk]) is not None}
    return Aim(soft=False, may_drop=True, stay=stay, move=MOVE)


def _posing_s(tables: Tables, free: list[int]) -> float:
    """About how long it takes to pose some talks, with room to spare."""
    return float(tables.may[free].sum()) * POSING_S


def _key(tables: Tables, before: list[Spot | None], after: list[Spot | None]) -> tuple[int, int]:
    unplaced = sum(spot is None for spot in after)
    return unplaced, sum(old != new for old, new in zip(before, after, strict=True) if new)
