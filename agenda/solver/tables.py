"""A problem as tables of numbers, in which the search looks up what a place costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agenda.solver.problem import Assignment, Place, Problem

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

Spot = tuple[int, int]
"""Where a talk is: the index of its timeslot and that of its room."""

MEDIUM = 100_000_000
"""What one medium penalty counts for in the search: more than the soft cost of any one move."""


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


def covered(tables: Tables, slots: Ints) -> int:
    """How many minutes some timeslots cover, shared ones counted once."""
    total, until = 0, -(1 << 60)
    for start, end in sorted((int(tables.starts[t]), int(tables.ends[t])) for t in slots):
        total += max(0, end - max(start, until))
        until = max(until, end)
    return total
