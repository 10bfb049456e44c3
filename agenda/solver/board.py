"""Talks on a board of timeslots and rooms: what each place would cost a talk, given the others."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from agenda.solver.tables import Bools, Ints, Spot, Tables

LONELY = 1000
"""How much worse it is for a risky talk not to overlap exactly one other than to overlap it in
another timeslot."""


class Board:
    """Who is where. Talks are put and taken by index; a talk that is nowhere costs nothing."""

    def __init__(self, tables: Tables, spots: Iterable[Spot | None] = ()) -> None:
        self.tables = tables
        self.spots: list[Spot | None] = [None] * tables.size
        self._is_on = np.zeros(tables.size, dtype=np.bool_)
        self._time = np.zeros(tables.size, dtype=np.int64)
        self._room = np.zeros(tables.size, dtype=np.int64)
        for index, spot in enumerate(spots):
            if spot is not None:
                self.put(index, spot)

    def put(self, talk: int, spot: Spot) -> None:
        """Place a talk, wherever it was before."""
        self.spots[talk] = spot
        self._is_on[talk] = True
        self._time[talk], self._room[talk] = spot

    def take(self, talk: int) -> None:
        """Remove a talk from the board."""
        self.spots[talk] = None
        self._is_on[talk] = False

    def allowed(self, talk: int) -> Bools:
        """t × r: the places that break no hard constraint with the talks on the board.

        Crowd control, which is about pairs, and the length of days are not looked at.
        """
        tables = self.tables
        free = tables.may[talk].copy()
        for other in np.flatnonzero(self._is_on).tolist():
            if other != talk:
                free[tables.meets[self._time[other]], self._room[other]] = False
        for other, forbidden in tables.forbidden[talk]:
            if self._is_on[other] and other != talk:
                free[forbidden[:, self._time[other]], :] = False
        return self._within_day(free, talk)

    def _within_day(self, free: Bools, talk: int) -> Bools:
        limit = self.tables.day_limit
        if limit.any():
            for other in np.flatnonzero(self._is_on):
                if other != talk:
                    time = self._time[other]
                    free[limit[:, time] | limit[time, :], :] = False
        return free

    def cost(self, talk: int) -> Ints:
        """t × r: what the talk would cost in each place, with the talks on the board.

        What depends on more than two talks (crowds, makespan) is left out.
        """
        tables = self.tables
        on = self._is_on.copy()
        on[talk] = False
        times, rooms = self._time[on], self._room[on]
        total = tables.unary[talk].copy()
        for coefficient, factor in tables.factors:
            total += (factor[:, times] @ coefficient[talk, on])[:, None]
        total += self._popularity(talk, on, times, rooms)
        if tables.stable[talk].any():
            total += self._stability(talk, on, times, rooms)
        return total

    def _popularity(self, talk: int, on: Bools, times: Ints, rooms: Ints) -> Ints:
        tables = self.tables
        seats, theirs = tables.capacity, tables.capacity[rooms]
        less = tables.popular[talk, on] * (seats[:, None] > theirs[None, :])
        more = tables.popular[on, talk] * (theirs[None, :] > seats[:, None])
        inverted = less + more
        their_minutes = inverted @ tables.minutes[times]
        own: Ints = tables.minutes[:, None] * inverted.sum(axis=1)[None, :] + their_minutes[None, :]
        return own

    def _stability(self, talk: int, on: Bools, times: Ints, rooms: Ints) -> Ints:
        tables = self.tables
        shared = tables.stable[talk, on]
        same_day = tables.days[:, None] == tables.days[times][None, :]
        weights = same_day * shared[None, :]
        lasting = weights * (tables.minutes[:, None] + tables.minutes[times][None, :])
        total = np.repeat(lasting.sum(axis=1)[:, None], len(tables.capacity), axis=1)
        for room in np.unique(rooms):
            total[:, room] -= lasting[:, rooms == room].sum(axis=1)
        return total

    def crowding(self) -> int:
        """How far the risky talks are from pairs: LONELY for each that does not overlap exactly
        one other, and 1 for each that does not share its very timeslot with exactly one other."""
        tables = self.tables
        on = [talk for talk in tables.risky if self._is_on[talk]]
        total = 0
        for one in on:
            others = self._time[[two for two in on if two != one]]
            total += LONELY * bool((tables.overlap[self._time[one], others] > 0).sum() != 1)
            total += bool((others == self._time[one]).sum() != 1)
        return total

    def makespans(self) -> int:
        """The weighted cost of speakers' days between their talks."""
        total = 0
        for group in self.tables.speakers:
            days = [int(self.tables.days[self._time[talk]]) for talk in group if self._is_on[talk]]
            if days:
                total += max(0, max(days) - min(days) - 1) * self.tables.makespan
        return total

    def cost_of(self, talks: Iterable[int]) -> int:
        """What these talks cost among themselves and with all others, makespans of all included."""
        total = self.makespans()
        moving = [talk for talk in talks if self.spots[talk] is not None]
        rest = Board(self.tables, self.spots)
        for talk in moving:
            rest.take(talk)
        for talk in moving:
            spot = self.spots[talk]
            if spot is not None:
                total += int(rest.cost(talk)[spot])
                rest.put(talk, spot)
        return total

    def total(self) -> int:
        """The whole cost, medium penalties included, without unplaced talks and crowds."""
        return self.cost_of(range(self.tables.size))

    @property
    def unplaced(self) -> int:
        """How many talks have no place."""
        return self.tables.size - int(self._is_on.sum())

    def key(self) -> tuple[int, int, int]:
        """Smaller is better: talks without a place, crowds, cost."""
        return self.unplaced, self.crowding(), self.total()
