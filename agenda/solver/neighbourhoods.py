"""Which talks to move together: small sets in which a better arrangement may hide."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np

from agenda.solver.board import Board
from agenda.solver.tables import Ints, Tables


class Neighbourhoods:
    """Draws sets of movable talks, by turns from what binds talks together."""

    def __init__(self, tables: Tables, movable: Sequence[int], rng: random.Random) -> None:
        self._tables = tables
        self._movable = tuple(movable)
        self._rng = rng
        self._ties = _ties(tables)
        self._kinds: tuple[Callable[[Board, int], list[int]], ...] = (
            self._in_some_times,
            self._in_some_rooms,
            self._tied,
            self._dear,
            self._anywhere,
        )

    def draw(self, board: Board, size: int) -> list[int]:
        """At most `size` talks, those without a place among them."""
        homeless = [talk for talk in self._movable if board.spots[talk] is None]
        chosen = dict.fromkeys(self._shuffled(homeless)[: max(1, size // 2)])
        for talk in self._rng.choice(self._kinds)(board, size):
            if len(chosen) >= size:
                break
            chosen.setdefault(talk)
        return sorted(chosen)

    def _shuffled(self, talks: Sequence[int]) -> list[int]:
        return self._rng.sample(talks, len(talks))

    def _in_some_times(self, board: Board, size: int) -> list[int]:
        """All talks of one timeslot after the other."""
        groups: dict[int, list[int]] = {}
        for talk in self._movable:
            spot = board.spots[talk]
            if spot is not None:
                groups.setdefault(spot[0], []).append(talk)
        return [t for key in self._shuffled(sorted(groups)) for t in self._shuffled(groups[key])]

    def _in_some_rooms(self, board: Board, size: int) -> list[int]:
        """The talks of a few rooms."""
        groups: dict[int, list[int]] = {}
        for talk in self._movable:
            spot = board.spots[talk]
            if spot is not None:
                groups.setdefault(spot[1], []).append(talk)
        rooms = self._shuffled(sorted(groups))[:3]
        return self._shuffled([talk for room in rooms for talk in groups[room]])

    def _tied(self, board: Board, size: int) -> list[int]:
        """A talk and those that have most to do with it, with some chance."""
        seed = self._rng.choice(self._movable)
        strength = self._ties[seed, list(self._movable)]
        luck = np.array([self._rng.random() for _ in self._movable])
        order = np.argsort(-(strength / max(1, strength.max()) + 0.5 * luck), kind="stable")
        return [seed, *(self._movable[int(position)] for position in order)]

    def _dear(self, board: Board, size: int) -> list[int]:
        """Talks that cost much where they are, with some chance."""
        sample = self._shuffled(self._movable)[: 3 * size]
        costs = {}
        for talk in sample:
            spot = board.spots[talk]
            cost = board.cost(talk)
            costs[talk] = int(cost[spot] - cost.min()) if spot is not None else 0
        return sorted(sample, key=lambda talk: -costs[talk])

    def _anywhere(self, board: Board, size: int) -> list[int]:
        return self._shuffled(self._movable)


def _ties(tables: Tables) -> Ints:
    """n × n: how much two talks have to do with each other."""
    total = np.zeros_like(tables.stable) + tables.stable
    for coefficient, _ in tables.factors:
        total += abs(coefficient)
    return total
