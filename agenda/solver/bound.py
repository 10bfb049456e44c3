"""What no schedule can beat: the cost of a relaxed problem, by linear programming.

Times and rooms are chosen apart, talks may be split, talks of one tag are also counted by
themselves (see apart.py), and only what is listed there and here costs anything;
every cost that is left out is never negative, so that the sum is below every schedule's cost.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise, product

import numpy as np
from ortools.linear_solver import pywraplp

from agenda.solver import constraints as c
from agenda.solver.apart import apart
from agenda.solver.constraints import weight
from agenda.solver.problem import Talk
from agenda.solver.tables import Ints, Tables, covered

MOST_AT_ONCE = 6
"""The cost of crowds of one tag is followed exactly up to so many talks at once."""


def lower_bound(tables: Tables, seconds: float) -> float | None:
    """A bound on the cost of every schedule that places every talk; None if some cannot be."""
    if any(not tables.may[talk].any() for talk in range(tables.size)):
        return None
    times, rooms = _parts(tables)
    together = apart(tables)
    bounds = (
        _times(tables, times, seconds / 2, contents=not together.contents),
        _rooms(tables, rooms, seconds / 2),
    )
    fallbacks = sum(min(row.values()) for row in times), sum(min(row.values()) for row in rooms)
    found = [
        fallback if bound is None else bound
        for bound, fallback in zip(bounds, fallbacks, strict=True)
    ]
    return float(math.floor(sum(found) + together.themes + together.contents + 1e-6))


Costs = list[dict[int, float]]
"""By talk: what each possible timeslot, or room, costs at least."""


def _parts(tables: Tables) -> tuple[Costs, Costs]:
    """Part what a place costs into a share of its time and a share of its room."""
    rewards = _rewards(tables)
    times: Costs = []
    rooms: Costs = []
    for talk in range(tables.size):
        may, cost = tables.may[talk], tables.unary[talk].astype(float)
        cost = np.where(may, cost, np.inf)
        by_time = cost.min(axis=1)
        possible = np.flatnonzero(may.any(axis=1))
        rest = (cost[possible] - by_time[possible, None]).min(axis=0)
        times.append({int(t): float(by_time[t] - rewards[talk, t]) for t in possible})
        rooms.append({int(r): float(rest[r]) for r in np.flatnonzero(np.isfinite(rest))})
    return times, rooms


def _rewards(tables: Tables) -> Ints:
    """n × t: half of what a talk may earn at most by sharing a timeslot with others."""
    most = np.zeros(tables.size)
    diagonal = np.diag(tables.minutes)
    for coefficient, factor in tables.factors:
        if (coefficient < 0).any() and np.array_equal(factor, diagonal):
            most = -coefficient.min(axis=1).astype(float)
    others = np.maximum(tables.may.any(axis=0).sum(axis=1) - 1, 0)
    found: Ints = np.ceil(np.multiply.outer(most, tables.minutes * others) / 2)
    return found


def _rooms(tables: Tables, costs: Costs, seconds: float) -> float | None:
    """Each talk to rooms, none for longer than it is open to talks at all."""
    solver = _solver(seconds)
    loads: dict[int, list[pywraplp.LinearExpr]] = defaultdict(list)
    total: list[pywraplp.LinearExpr] = []
    for talk, row in enumerate(costs):
        shares = {room: solver.NumVar(0, 1, "") for room in row}
        solver.Add(solver.Sum(list(shares.values())) == 1)
        lasting = int(tables.minutes[tables.may[talk].any(axis=1)].min())
        for room, share in shares.items():
            loads[room].append(lasting * share)
            total.append(row[room] * share)
    for room, load in loads.items():
        open_at = np.flatnonzero(tables.may[:, :, room].any(axis=0))
        solver.Add(solver.Sum(load) <= covered(tables, open_at))
    return _solve(solver, total)


def _times(tables: Tables, costs: Costs, seconds: float, *, contents: bool = True) -> float | None:
    """Each talk to timeslots, no more at once than there are rooms; shared tags at once cost, those
    of `contents` where they are not counted elsewhere."""
    solver = _solver(seconds)
    shares: list[dict[int, pywraplp.Variable]] = []
    total: list[pywraplp.LinearExpr] = []
    for row in costs:
        mine = {slot: solver.NumVar(0, 1, "") for slot in row}
        solver.Add(solver.Sum(list(mine.values())) == 1)
        total.extend(row[slot] * share for slot, share in mine.items())
        shares.append(mine)
    edges = sorted({*tables.starts.tolist(), *tables.ends.tolist()})
    pieces = list(pairwise(edges))
    covering = [
        [t for t in range(len(tables.starts)) if tables.starts[t] <= a and b <= tables.ends[t]]
        for a, b in pieces
    ]
    for cover in covering:
        if cover:
            there = [mine[t] for mine in shares for t in cover if t in mine]
            rooms = int(tables.may[:, cover, :].any(axis=(0, 1)).sum())
            solver.Add(solver.Sum(there) <= rooms)
    for rate, members in _tagged(tables, contents=contents):
        for (a, b), cover in zip(pieces, covering, strict=True):
            there = [shares[i][t] for i in members for t in cover if t in shares[i]]
            if len(there) > 1:
                total.append(rate * (b - a) * _pairs(solver, there, len(members)))
    return _solve(solver, total)


def _pairs(solver: pywraplp.Solver, there: list[pywraplp.Variable], most: int) -> pywraplp.Variable:
    """At least the number of pairs among the talks that are there."""
    count = solver.NumVar(0, most, "")
    solver.Add(count == solver.Sum(there))
    pairs = solver.NumVar(0, solver.infinity(), "")
    for others in range(1, min(most, MOST_AT_ONCE)):
        solver.Add(pairs >= others * count - others * (others + 1) / 2)
    return pairs


def _tagged(tables: Tables, *, contents: bool) -> Iterator[tuple[int, list[int]]]:
    """Groups of talks that share a tag, with what a minute of any two of them at once costs."""
    problem = tables.problem
    kinds: tuple[tuple[str, Callable[[Talk], set[str | tuple[str, str]]]], ...] = (
        (c.THEME_CONFLICT, lambda talk: set(talk.themes)),
        (c.SECTOR_CONFLICT, lambda talk: set(talk.sectors)),
        (c.CONTENT_CONFLICT, lambda talk: set(talk.contents)),
        (c.AUDIENCE_THEME_CONFLICT, lambda talk: set(product(talk.themes, talk.audiences))),
    )
    for name, tags in kinds:
        rate = 0 if name == c.CONTENT_CONFLICT and not contents else weight(problem, name)
        groups: dict[str | tuple[str, str], list[int]] = defaultdict(list)
        for index, talk in enumerate(problem.talks):
            for tag in tags(talk) if rate else ():
                groups[tag].append(index)
        for tag in sorted(groups, key=str):
            if len(groups[tag]) > 1:
                yield rate, groups[tag]


def _solver(seconds: float) -> pywraplp.Solver:
    solver = pywraplp.Solver.CreateSolver("GLOP")
    solver.SetTimeLimit(max(1, int(seconds * 1000)))
    return solver


def _solve(solver: pywraplp.Solver, total: list[pywraplp.LinearExpr]) -> float | None:
    solver.Minimize(solver.Sum(total))
    if solver.Solve() != pywraplp.Solver.OPTIMAL:
        return None
    return float(solver.Objective().Value())
