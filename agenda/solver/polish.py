"""Moves single talks and swaps pairs, thousands of times a second, with all costs kept up to date."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from agenda.solver.board import Board
from agenda.solver.tables import Ints, Spot

Floats = NDArray[np.float64]

NEVER = np.iinfo(np.int64).max // 4


class Polisher:
    """A complete board in which any talk's move or swap is priced at once.

    No step breaks a hard constraint that holds; risky talks keep their timeslots, so crowds stay
    as they are. Talks without a place keep out of it.
    """

    def __init__(self, board: Board, movable: Sequence[int], rng: random.Random) -> None:
        tables = self._tables = board.tables
        self._homeless = {talk for talk, spot in enumerate(board.spots) if spot is None}
        self._movable = tuple(talk for talk in movable if talk not in self._homeless)
        self._rng = rng
        self._may = tables.may.copy()
        spots = [spot or (0, 0) for spot in board.spots]
        self._time = np.array([spot[0] for spot in spots], dtype=np.int64)
        self._room = np.array([spot[1] for spot in spots], dtype=np.int64)
        for talk in tables.risky:
            others = np.arange(len(tables.minutes)) != self._time[talk]
            self._may[talk, others, :] = False
        self._can_move = np.zeros(tables.size, dtype=np.bool_)
        self._can_move[list(self._movable)] = True
        self._meets = tables.meets
        _, self._day = np.unique(tables.days, return_inverse=True)
        n, slots, rooms = tables.may.shape
        days = int(self._day.max()) + 1
        self._larger = tables.capacity[:, None] > tables.capacity[None, :]
        self._has_popular = bool(tables.popular.any())
        self._has_stable = bool(tables.stable.any())
        self._spans = days > 2 and tables.makespan > 0
        self._groups: list[list[tuple[int, ...]]] = [[] for _ in range(n)]
        for group in tables.speakers if self._spans else ():
            for talk in group:
                self._groups[talk].append(group)
        self._taken = np.zeros((slots, rooms), dtype=np.int64)
        self._banned = np.zeros((n, slots), dtype=np.int64)
        self._by_time = np.zeros((n, slots), dtype=np.int64)
        self._inverted = np.zeros((n, rooms), dtype=np.int64)
        self._inverted_minutes = np.zeros((n, rooms), dtype=np.int64)
        self._near = np.zeros((n, days, rooms), dtype=np.int64)
        self._near_minutes = np.zeros((n, days, rooms), dtype=np.int64)
        for talk, spot in enumerate(board.spots):
            if spot is not None:
                self._count(talk, 1)

    def _count(self, talk: int, sign: int) -> None:
        """Add or remove what a talk in its present spot means for all others."""
        tables, t, r = self._tables, self._time[talk], self._room[talk]
        minutes = tables.minutes[t]
        self._taken[:, r] += sign * self._meets[:, t]
        for other, forbidden in tables.forbidden[talk]:
            self._banned[other] += sign * forbidden[t, :]
        for coefficient, factor in tables.factors:
            self._by_time += sign * np.multiply.outer(coefficient[:, talk], factor[:, t])
        if self._has_popular:
            worse = np.multiply.outer(tables.popular[:, talk], self._larger[:, r])
            worse += np.multiply.outer(tables.popular[talk, :], self._larger[r, :])
            self._inverted += sign * worse
            self._inverted_minutes += sign * minutes * worse
        if self._has_stable:
            shared, day = tables.stable[:, talk], self._day[t]
            self._near[:, day, r] += sign * shared
            self._near_minutes[:, day, r] += sign * minutes * shared

    def _costs(self, talk: int) -> Ints:
        """t × r: what the talk costs in each place, with all others where they are."""
        tables = self._tables
        total = tables.unary[talk] + self._by_time[talk][:, None]
        if self._has_popular:
            total = total + tables.minutes[:, None] * self._inverted[talk][None, :]
            total += self._inverted_minutes[talk][None, :]
        if self._has_stable:
            near, near_minutes = self._near[talk], self._near_minutes[talk]
            apart = near.sum(axis=1, keepdims=True) - near
            apart_minutes = near_minutes.sum(axis=1, keepdims=True) - near_minutes
            total = total + tables.minutes[:, None] * apart[self._day] + apart_minutes[self._day]
        if self._groups[talk]:
            total = total + self._spans_of(talk)[:, None]
        return np.asarray(total)

    def _spans_of(self, talk: int) -> Ints:
        """By timeslot: what the talk makes its speakers' stay cost."""
        tables = self._tables
        total = np.zeros(len(tables.days), dtype=np.int64)
        for group in self._groups[talk]:
            others = [
                tables.days[self._time[other]]
                for other in group
                if other != talk and other not in self._homeless
            ]
            if not others:
                continue
            low = np.minimum(tables.days, min(others))
            high = np.maximum(tables.days, max(others))
            total += tables.makespan * np.maximum(high - low - 1, 0)
        return total

    def _costs_at(self, times: Ints, rooms: Ints) -> Ints:
        """What every talk costs at a spot of its own."""
        tables, every = self._tables, np.arange(self._tables.size)
        total = tables.unary[every, times, rooms] + self._by_time[every, times]
        if self._has_popular:
            total += tables.minutes[times] * self._inverted[every, rooms]
            total += self._inverted_minutes[every, rooms]
        if self._has_stable:
            days = self._day[times]
            near = self._near.sum(axis=2)[every, days] - self._near[every, days, rooms]
            total += tables.minutes[times] * near
            total += self._near_minutes.sum(axis=2)[every, days]
            total -= self._near_minutes[every, days, rooms]
        return total

    def _between(self, talk: int, mine: tuple[Ints, Ints], theirs: tuple[Ints, Ints]) -> Ints:
        """What a talk and each other one cost together, at these times and rooms."""
        tables = self._tables
        total = np.zeros(tables.size, dtype=np.int64)
        for coefficient, factor in tables.factors:
            total += coefficient[talk] * factor[mine[0], theirs[0]]
        both = tables.minutes[mine[0]] + tables.minutes[theirs[0]]
        if self._has_popular:
            worse = tables.popular[talk] * self._larger[mine[1], theirs[1]]
            worse = worse + tables.popular[:, talk] * self._larger[theirs[1], mine[1]]
            total += worse * both
        if self._has_stable:
            apart = (self._day[mine[0]] == self._day[theirs[0]]) & (mine[1] != theirs[1])
            total += tables.stable[talk] * apart * both
        return total

    def _moves(self, talk: int) -> tuple[Ints, Ints]:
        """t × r: what moving the talk there would change. By other talk: what a swap would."""
        t, r = self._time[talk], self._room[talk]
        costs = self._costs(talk)
        now = int(costs[t, r])
        busy = self._taken.copy()
        busy[:, r] -= self._meets[:, t]
        open_times = self._banned[talk] == 0
        fits = self._may[talk] & open_times[:, None]
        moves = np.where(fits & (busy == 0), costs - now, NEVER)
        moves[t, r] = NEVER
        return moves, self._swaps(talk, costs, busy)

    def _swaps(self, talk: int, costs: Ints, busy: Ints) -> Ints:
        tables, t, r = self._tables, self._time[talk], self._room[talk]
        times, rooms = self._time, self._room
        here = np.full_like(times, t), np.full_like(times, r)
        there = times, rooms
        change = costs[times, rooms] - costs[t, r]
        change = change + self._costs_at(*here) - self._costs_at(*there)
        change -= self._between(talk, there, there) + self._between(talk, here, here)
        change += self._between(talk, there, here) + self._between(talk, here, there)
        same_room = rooms == r
        # Without the two, their places must be free for the other.
        mine = busy[times, rooms] - 1
        back = self._taken[t, r] - 1 - (same_room & self._meets[t, times])
        fits = self._can_move & (mine == 0) & (back == 0)
        fits &= self._may[talk, times, rooms] & self._may[:, t, r]
        fits &= ~(same_room & self._meets[t, times])
        banned_mine, banned_theirs = self._banned[talk, times].copy(), self._banned[:, t].copy()
        for other, forbidden in tables.forbidden[talk]:
            u = times[other]
            banned_mine[other] += int(forbidden[u, t]) - int(forbidden[u, u])
            banned_theirs[other] += int(forbidden[u, t]) - int(forbidden[t, t])
            if self._spans:
                fits[other] = False
        fits &= (banned_mine == 0) & (banned_theirs == 0)
        fits[talk] = False
        if self._spans:
            for other in np.flatnonzero(fits).tolist():
                if self._groups[other]:
                    spans = self._spans_of(other)
                    change[other] += spans[t] - spans[times[other]]
        return np.where(fits, change, NEVER)

    def _go(self, talk: int, spot: Spot) -> None:
        self._count(talk, -1)
        self._time[talk], self._room[talk] = spot
        self._count(talk, 1)

    def _swap(self, one: int, two: int) -> None:
        first, second = self._spot(one), self._spot(two)
        self._go(one, second)
        self._go(two, first)

    def spots(self) -> list[Spot | None]:
        """Where every talk is now."""
        every = range(self._tables.size)
        return [None if talk in self._homeless else self._spot(talk) for talk in every]

    def _spot(self, talk: int) -> Spot:
        return int(self._time[talk]), int(self._room[talk])

    def heat(self, sample: int = 30) -> float:
        """A cost that a step typically has: the lowest tenth of what makes things worse."""
        worse: list[int] = []
        for talk in self._rng.sample(self._movable, min(sample, len(self._movable))):
            moves, swaps = self._moves(talk)
            options = np.concatenate([moves.ravel(), swaps])
            worse.extend(options[(options > 0) & (options < NEVER)].tolist())
        return float(np.percentile(worse, 10)) if worse else 1.0

    def anneal(
        self, steps: int, heat: float, goes_on: Callable[[], bool]
    ) -> list[Spot | None] | None:
        """Try so many talks, cooling from `heat` (a cost) to nothing; the best spots that were
        passed, or None when none was better than the start."""
        change = best = 0
        kept: list[Spot | None] | None = None
        noise = np.random.default_rng(self._rng.getrandbits(63))
        for step in range(steps if self._movable else 0):
            if step % 64 == 0 and not goes_on():
                break
            warmth = heat * (1 - step / steps) ** 2
            change += self._step(self._rng.choice(self._movable), warmth, noise)
            if change < best:
                best, kept = change, self.spots()
        return kept

    def _step(self, talk: int, warmth: float, noise: np.random.Generator) -> int:
        moves, swaps = self._moves(talk)
        options = np.concatenate([moves.ravel(), swaps])
        possible = np.flatnonzero(options < NEVER)
        if not possible.size:
            return 0
        values = options[possible]
        tempered: Floats = values + (noise.gumbel(size=values.size) * -warmth if warmth else 0.0)
        chosen = int(tempered.argmin())
        amount = int(values[chosen])
        if amount > 0 and (warmth <= 0 or self._rng.random() >= math.exp(-amount / warmth)):
            return 0
        option = int(possible[chosen])
        if option < moves.size:
            t, r = np.unravel_index(option, moves.shape)
            self._go(talk, (int(t), int(r)))
        else:
            self._swap(talk, option - moves.size)
        return amount
