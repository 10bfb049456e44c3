"""The exact model of a few talks that may move while all others stay, for the CP-SAT solver."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from agenda.solver.board import LONELY, Board
from agenda.solver.tables import MEDIUM, Bools, Ints, Spot, Tables

UNPLACED = 1_000_000_000_000
CROWDED = 1_000_000
"""For each unit of the second part of a board's key."""

MEDIUM_ALONE = 10_000
"""What a medium penalty counts for in a model that looks at no soft ones."""

Literal = cp_model.IntVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a model is asked to minimise.

    Crowds are minimised, or, with `crowd_cap`, only kept at so many units. Without `soft` only missing places, crowds and medium penalties count. `may_drop` lets talks go
    without a place. `stay` are spots that cost `move` each to leave.
    """

    soft: bool = True
    may_drop: bool = False
    crowd_cap: int | None = None
    stay: Mapping[int, Spot] | None = None
    move: int = 0


class MoveModel:
    """A CP-SAT model over the places of the `free` talks of a board."""

    def __init__(self, board: Board, free: Sequence[int], aim: Aim) -> None:
        self.tables: Tables = board.tables
        self.board = board
        self.free = tuple(free)
        self.aim = aim
        self.cp = cp_model.CpModel()
        self.constant = 0
        self.terms: list[cp_model.LinearExprT] = []
        self.x: dict[int, dict[Spot, Literal]] = {}
        self.y: dict[int, dict[int, Literal]] = {}
        self.z: dict[int, dict[int, Literal]] = {}
        self.dropped: dict[int, Literal] = {}
        self._above: dict[tuple[int, int], cp_model.LinearExprT] = {}
        self.rest = Board(board.tables, self._frozen())
        for talk in self.free:
            self._add_talk(talk)
        self._rooms()
        self._hard_pairs()
        self._day_limit()
        self._crowds()
        if aim.soft:
            self._soft_pairs()
            self._makespans()
        self.cp.minimize(sum(self.terms))

    def _frozen(self) -> list[Spot | None]:
        moving = set(self.free)
        return [None if i in moving else spot for i, spot in enumerate(self.board.spots)]

    def _add_talk(self, talk: int) -> None:
        allowed = self.rest.allowed(talk)
        cost = self._place_costs(talk)
        new = self.cp.new_bool_var
        x = {(int(t), int(r)): new("") for t, r in np.argwhere(allowed)}
        y: dict[int, list[Literal]] = defaultdict(list)
        z: dict[int, list[Literal]] = defaultdict(list)
        for (t, r), literal in x.items():
            y[t].append(literal)
            z[r].append(literal)
        self.x[talk] = x
        self.y[talk] = {t: self._either(group) for t, group in y.items()}
        self.z[talk] = {r: self._either(group) for r, group in z.items()}
        choices = list(x.values())
        if self.aim.may_drop or not choices:
            self.dropped[talk] = new("")
            choices.append(self.dropped[talk])
            self.terms.append(UNPLACED * self.dropped[talk])
        self.cp.add_exactly_one(choices)
        least = min((int(cost[spot]) for spot in x), default=0) if talk not in self.dropped else 0
        self.constant += least
        self.terms.extend(
            (int(cost[spot]) - least) * literal for spot, literal in x.items() if cost[spot] > least
        )
        self._hint(talk)

    def _either(self, group: list[Literal]) -> Literal:
        """A literal that is true when one of the group is; at most one is."""
        if len(group) == 1:
            return group[0]
        literal = self.cp.new_bool_var("")
        self.cp.add(sum(group) == literal)
        return literal

    def _place_costs(self, talk: int) -> Ints:
        if self.aim.soft:
            cost = self.rest.cost(talk)
        else:
            cost = self.tables.unary[talk] // MEDIUM * MEDIUM_ALONE
        home = (self.aim.stay or {}).get(talk)
        if home is not None:
            cost = cost + self.aim.move
            cost[home] -= self.aim.move
        return cost

    def _hint(self, talk: int) -> None:
        spot = self.board.spots[talk]
        if spot is None or spot not in self.x[talk]:
            return
        for other, literal in self.x[talk].items():
            self.cp.add_hint(literal, other == spot)
        for t, literal in self.y[talk].items():
            if len(self.x[talk]) > 1:
                self._hint_once(literal, t == spot[0], talk)
        for r, literal in self.z[talk].items():
            self._hint_once(literal, r == spot[1], talk)

    def _hint_once(self, literal: Literal, value: bool, talk: int) -> None:
        if all(literal is not known for known in self.x[talk].values()):
            self.cp.add_hint(literal, value)

    def _rooms(self) -> None:
        """No two talks in one room at once: at each start, at most one of those that cover it."""
        tables = self.tables
        moments = sorted(set(tables.starts.tolist()))
        rest = tables.problem.rules.changeover_minutes if tables.rests else 0
        covers = [
            [t for t in range(len(tables.starts)) if tables.starts[t] <= m < tables.ends[t] + rest]
            for m in moments
        ]
        by_spot: dict[Spot, list[Literal]] = defaultdict(list)
        for x in self.x.values():
            for spot, literal in x.items():
                by_spot[spot].append(literal)
        for room in range(len(tables.capacity)):
            seen: set[tuple[int, ...]] = set()
            for cover in covers:
                there = tuple(t for t in cover if (t, room) in by_spot)
                if there not in seen:
                    seen.add(there)
                    rivals = [literal for t in there for literal in by_spot[t, room]]
                    if len(rivals) > 1:
                        self.cp.add_at_most_one(rivals)

    def _hard_pairs(self) -> None:
        for one, two, forbidden in self._pairs():
            for t, literal in self.y[one].items():
                rivals = [other for u, other in self.y[two].items() if forbidden[t, u]]
                if rivals:
                    self.cp.add_at_most_one([literal, *rivals])

    def _pairs(self) -> Iterable[tuple[int, int, Bools]]:
        moving = set(self.free)
        for one in self.free:
            for two, forbidden in self.tables.forbidden[one]:
                if two > one and two in moving:
                    yield one, two, forbidden

    def _day_limit(self) -> None:
        limit = self.tables.day_limit
        if not limit.any():
            return
        used: dict[int, Literal] = {}
        for y in self.y.values():
            for t, literal in y.items():
                used.setdefault(t, self.cp.new_bool_var(""))
                self.cp.add_implication(literal, used[t])
        for t, early in used.items():
            for u, late in used.items():
                if limit[t, u]:
                    self.cp.add_at_most_one([early, late] if t != u else [early])
                    if t == u:
                        self.cp.add(early == 0)

    def _times(self, talk: int) -> dict[int, Literal | int]:
        """The timeslots that a talk may have, with 1 for the one of a talk that stays."""
        if talk in self.y:
            return dict(self.y[talk])
        spot = self.board.spots[talk]
        return {} if spot is None else {spot[0]: 1}

    def _crowds(self) -> None:
        risky = self.tables.risky
        if not any(talk in self.y for talk in risky):
            return
        times = {talk: self._times(talk) for talk in risky}
        same = np.eye(len(self.tables.starts), dtype=np.bool_)
        lonely: list[tuple[int, cp_model.LinearExprT]] = []
        for unit, meets in ((LONELY, self.tables.overlap > 0), (1, same)):
            count: dict[int, list[Literal]] = {talk: [] for talk in risky}
            for position, one in enumerate(risky):
                for two in risky[position + 1 :]:
                    together = self._meeting(times[one], times[two], meets)
                    count[one].append(together)
                    count[two].append(together)
            for talk, others in count.items():
                if times[talk]:
                    paired = self.cp.new_bool_var("")
                    self.cp.add(sum(others) == 1).only_enforce_if(paired)
                    alone = 1 - paired
                    lonely.append((unit, alone - self.dropped.get(talk, 0)))
        if self.aim.crowd_cap is None:
            self.terms.extend(CROWDED * unit * term for unit, term in lonely)
        else:
            self.cp.add(sum(unit * term for unit, term in lonely) <= self.aim.crowd_cap)

    def _meeting(
        self, one: Mapping[int, Literal | int], two: Mapping[int, Literal | int], meets: Bools
    ) -> Literal:
        """Whether two talks meet; a talk without a place meets nobody."""
        together = self.cp.new_bool_var("")
        for t, literal in one.items():
            there = sum(other for u, other in two.items() if meets[t, u])
            self.cp.add(together == there).only_enforce_if(literal)
        self.cp.add(together <= sum(one.values()))
        return together

    def _soft_pairs(self) -> None:
        for position, one in enumerate(self.free):
            for two in self.free[position + 1 :]:
                if self.x[one] and self.x[two]:
                    self._time_pair(one, two)
                    self._popularity(one, two)
                    self._popularity(two, one)
                    self._stability(one, two)

    def _time_pair(self, one: int, two: int) -> None:
        rows, columns = list(self.y[one]), list(self.y[two])
        cost = self.tables.pair(one, two)[np.ix_(rows, columns)]
        if not cost.any():
            return
        least, most = min(0, int(cost.min())), int(cost.max())
        if least == most and not self.dropped:
            self.constant += least
            return
        value = self.cp.new_int_var(least, max(most, 0), "")
        self.terms.append(value)
        for t, row in zip(rows, cost.tolist(), strict=True):
            if max(row) == least == min(row):
                continue
            there = sum(
                amount * self.y[two][u] for u, amount in zip(columns, row, strict=True) if amount
            )
            self.cp.add(value >= there).only_enforce_if(self.y[one][t])
        if least < 0 and (one in self.dropped or two in self.dropped):
            for talk in (one, two):
                if talk in self.dropped:
                    self.cp.add(value >= 0).only_enforce_if(self.dropped[talk])

    def _minute_classes(self, talk: int) -> dict[int, list[Literal]]:
        """The timeslots that a talk may have, by how long they last."""
        found: dict[int, list[Literal]] = defaultdict(list)
        for t, literal in self.y[talk].items():
            found[int(self.tables.minutes[t])].append(literal)
        return found

    def _charge(self, rate: int, happens: Literal, one: int, two: int) -> None:
        """Add `rate` for each minute of either talk when something happens."""
        for talk in (one, two):
            classes = self._minute_classes(talk)
            if len(classes) == 1:
                self.terms.append(rate * next(iter(classes)) * happens)
                continue
            for minutes, literals in classes.items():
                both = self.cp.new_bool_var("")
                self.cp.add(both >= happens + sum(literals) - 1)
                self.terms.append(rate * minutes * both)

    def _popularity(self, less: int, more: int) -> None:
        """The less popular talk in the larger room."""
        rate = int(self.tables.popular[less, more])
        seats = self.tables.capacity
        sizes = sorted(
            {int(seats[r]) for r in self.z[less]} | {int(seats[r]) for r in self.z[more]}
        )
        if not rate or max(seats[r] for r in self.z[less]) <= min(seats[r] for r in self.z[more]):
            return
        inverted = self.cp.new_bool_var("")
        for size in sizes[:-1]:
            here, there = self._larger(less, size), self._larger(more, size)
            placed = 1 - self.dropped.get(more, 0)
            self.cp.add(inverted >= here - there - 1 + placed)
        self._charge(rate, inverted, less, more)

    def _larger(self, talk: int, size: int) -> Any:
        """Whether a talk's room has more seats than `size`."""
        key = talk, size
        if key not in self._above:
            rooms = [z for r, z in self.z[talk].items() if self.tables.capacity[r] > size]
            self._above[key] = self._either(rooms) if rooms else 0
        return self._above[key]

    def _stability(self, one: int, two: int) -> None:
        """Talks of one theme track on one day, in different rooms."""
        rate = int(self.tables.stable[one, two])
        days = set(self._days(one)) & set(self._days(two))
        if not rate or not days:
            return
        apart = self.cp.new_bool_var("")
        moving = 1 - self.dropped.get(one, 0) - self.dropped.get(two, 0)
        elsewhere = self.cp.new_bool_var("")
        for room in set(self.z[one]) | set(self.z[two]):
            here: Any = self.z[one].get(room, 0)
            there: Any = self.z[two].get(room, 0)
            self.cp.add(elsewhere >= here - there - 1 + moving)
        if set(self._days(one)) == set(self._days(two)) and len(days) == 1:
            self.cp.add(apart >= elsewhere)
        for day in days:
            first: Any = self._on_day(one, day)
            together = first + self._on_day(two, day)
            self.cp.add(apart >= elsewhere + together - 2)
        self._charge(rate, apart, one, two)

    def _days(self, talk: int) -> dict[int, list[Literal]]:
        found: dict[int, list[Literal]] = defaultdict(list)
        for t, literal in self.y[talk].items():
            found[int(self.tables.days[t])].append(literal)
        return found

    def _on_day(self, talk: int, day: int) -> cp_model.LinearExprT:
        return sum(self._days(talk)[day])

    def _makespans(self) -> None:
        tables = self.tables
        if not tables.makespan:
            return
        first, last = int(tables.days.min()), int(tables.days.max())
        for group in tables.speakers:
            if last - first < 2 or not any(talk in self.y for talk in group):
                continue
            low, high = self.cp.new_int_var(first, last, ""), self.cp.new_int_var(first, last, "")
            for talk in group:
                for t, literal in self._times(talk).items():
                    day = int(tables.days[t])
                    self.cp.add(low <= day).only_enforce_if(literal)
                    self.cp.add(high >= day).only_enforce_if(literal)
            away = self.cp.new_int_var(0, last - first, "")
            self.cp.add(away >= high - low - 1)
            self.terms.append(tables.makespan * away)
