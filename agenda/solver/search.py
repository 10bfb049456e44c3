"""The search: a first schedule, its hard demands settled, then better ones until time is up."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agenda.solver.board import Board
from agenda.solver.bound import lower_bound
from agenda.solver.eject import settle
from agenda.solver.greedy import construct
from agenda.solver.model import Aim, MoveModel
from agenda.solver.neighbourhoods import Neighbourhoods
from agenda.solver.polish import Polisher
from agenda.solver.problem import Assignment, Place, Problem, TalkCode
from agenda.solver.run import Limits, Stop, run
from agenda.solver.tables import MEDIUM, Spot, Tables
from agenda.solver.tabulate import tabulate

WHOLE_PLACES = 6_000
"""Up to so many talk-places, and so many talks, one model holds the whole problem."""
WHOLE_TALKS = 30

EJECTIONS = 20_000
SMALLEST, LARGEST = 5, 60
POLISH_STEPS = 8_000
STEPS_PER_TALK = 150
HEATS = (3.0, 1.0, 0.3, 0.0)
"""How warm one anneal after the other starts, in typical steps' costs."""

EFFORT = 0.3
"""CP-SAT's deterministic time for one small set of talks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a search may use. With `rounds` set it ends after so many, however long they take:
    then, with one worker, the same seed gives the same schedule on every machine."""

    seconds: float = 30.0
    rounds: int | None = None
    workers: int = 1
    seed: int = 0
    memory_mb: int = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a search stands. `gap` is the share of the objective that might still be saved."""

    seconds: float
    phase: str
    unplaced: int
    objective: int
    bound: float | None
    gap: float | None
    assignment: Mapping[TalkCode, Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The best schedule that was found, and what is known about better ones.

    The objective is the soft penalty, medium ones included at MEDIUM each.
    """

    assignment: Mapping[TalkCode, Place]
    greedy: Mapping[TalkCode, Place]
    objective: int
    bound: float | None
    gap: float | None
    first_feasible_s: float | None
    seconds: float
    optimal: bool
    rounds: int


Clock = Callable[[], float]
"""Seconds that only grow, from any start."""

Listener = Callable[[Progress], None]


def gap_of(objective: int, bound: float | None) -> float | None:
    """The distance between objective and bound, as a share of the objective's size."""
    if bound is None:
        return None
    return max(0.0, objective - bound) / max(1.0, abs(objective))


class Search:
    """One search over one problem."""

    def __init__(
        self,
        problem: Problem,
        *,
        budget: Budget,
        clock: Clock,
        stop: Stop | None = None,
        listen: Listener | None = None,
        spare: float = 0.0,
    ) -> None:
        """`spare` are seconds of the budget that are left alone while a talk has no place."""
        self._clock = clock
        self._began = clock()
        self._budget = budget
        self._stop = stop or Stop()
        self._listen = listen
        self._spare = spare
        self._rng = random.Random(budget.seed)
        self.tables: Tables = tabulate(problem)
        pinned = problem.pinned()
        self.movable = [i for i, talk in enumerate(problem.talks) if talk.code not in pinned]
        self._best = Board(self.tables)
        self._key = self._best.key()
        self._bound: float | None = None
        self._first: float | None = None
        self._rounds = 0
        self._heat: float | None = None

    def run(self, start: Assignment | None = None) -> Outcome:
        """Draft from nothing, or from `start`, of which everything but the pins may change."""
        greedy = construct(self.tables)
        self._take(greedy, "greedy")
        if start:
            self._take(construct(self.tables, start), "start")
        if self._key[:2] > (0, 0):
            self._settle()
        if self._first is None and self._key[0] == 0:
            self._first = self._elapsed()
        optimal = self._improve()
        return Outcome(
            assignment=self.tables.assignment(self._best.spots),
            greedy=self.tables.assignment(greedy.spots),
            objective=self._key[2],
            bound=self._bound,
            gap=gap_of(self._key[2], self._bound),
            first_feasible_s=self._first,
            seconds=self._elapsed(),
            optimal=optimal,
            rounds=self._rounds,
        )

    def _elapsed(self) -> float:
        return self._clock() - self._began

    def _left(self) -> float:
        spared = self._spare if self._key[0] else 0.0
        return self._budget.seconds - spared - self._elapsed()

    def _goes_on(self) -> bool:
        if self._stop.asked or (self._budget.rounds is None and self._left() <= 0.05):
            return False
        return self._budget.rounds is None or self._rounds < self._budget.rounds

    def _limits(self, seconds: float, effort: float | None = None) -> Limits:
        bounded = self._budget.rounds is None
        return Limits(
            seconds=min(seconds, self._left()) if bounded else 600.0,
            effort=effort,
            workers=self._budget.workers,
            seed=self._budget.seed + self._rounds,
            memory_mb=self._budget.memory_mb,
        )

    def _take(self, board: Board, phase: str) -> bool:
        """Keep a board if it is no worse; tell it if it is better."""
        return self._take_known(board, board.key(), phase)

    def _take_known(self, board: Board, key: tuple[int, int, int], phase: str) -> bool:
        better = key < self._key
        if better or key == self._key:
            self._best, self._key = board, key
        if better:
            if key[0] == 0 and self._first is None:
                self._first = self._elapsed()
            self._tell(phase)
        return better

    def _tell(self, phase: str) -> None:
        if self._listen is None:
            return
        self._listen(
            Progress(
                seconds=self._elapsed(),
                phase=phase,
                unplaced=self._key[0],
                objective=self._key[2],
                bound=self._bound,
                gap=gap_of(self._key[2], self._bound),
                assignment=self.tables.assignment(self._best.spots),
            )
        )

    def _settle(self) -> None:
        """Look for a place for everybody, and for the least crowding."""
        paired = self._paired()
        if paired.crowding() < self._best.crowding():
            built = construct(self.tables, self.tables.assignment(paired.spots))
            movable = [talk for talk in self.movable if talk not in self.tables.risky]
            self._eject(built, movable)
        if self._best.unplaced:
            self._eject(self._best, self.movable)
        if self._best.unplaced:
            self._settle_some()

    def _eject(self, board: Board, movable: list[int]) -> None:
        share = self._elapsed() + 0.25 * self._budget.seconds

        def goes_on(steps: int) -> bool:
            in_time = self._budget.rounds is not None or self._elapsed() < share
            return steps < EJECTIONS and in_time and not self._stop.asked

        self._take(settle(board, movable, self._rng, goes_on), "settle")

    def _paired(self) -> Board:
        """Risky talks as well paired as can be if only they mattered, and nobody else."""
        pinned = self.tables.problem.pinned()
        spots = self.tables.spots(pinned)
        risky = set(self.tables.risky)
        alone = Board(self.tables, [s if i in risky else None for i, s in enumerate(spots)])
        free = [talk for talk in self.tables.risky if spots[talk] is None]
        if not free:
            return alone
        answer = run(MoveModel(alone, free, Aim(soft=False)), self._limits(3.0, 5.0), self._stop)
        return alone if answer.spots is None else Board(self.tables, answer.spots)

    def _settle_some(self) -> None:
        """Make room for those without a place, a few talks at a time."""
        neighbourhoods = Neighbourhoods(self.tables, self.movable, self._rng)
        tries, share = 0, self._elapsed() + 0.2 * self._budget.seconds
        while self._best.unplaced and tries < 20 and self._elapsed() < share and self._goes_on():
            tries += 1
            free = neighbourhoods.draw(self._best, 30)
            model = MoveModel(self._best, free, Aim(soft=False, may_drop=True))
            answer = run(model, self._limits(5.0, 1.0), self._stop)
            if answer.spots is not None:
                self._take(Board(self.tables, answer.spots), "settle")

    def _improve(self) -> bool:
        places = int(self.tables.may[self.movable].sum())
        if places <= WHOLE_PLACES and len(self.movable) <= WHOLE_TALKS and not self._best.unplaced:
            for self._rounds in range(len(HEATS)):
                self._polish(POLISH_STEPS // 2)
            return self._whole()
        self._bound = lower_bound(self.tables, min(self._left() * 0.4, 20.0))
        self._tell("bound")
        self._wander()
        return self._bound is not None and self._key[2] <= self._bound

    def _whole(self) -> bool:
        """One model of everything: it can prove that nothing is better."""
        aim = Aim(crowd_cap=self._best.crowding())
        model = MoveModel(self._best, self.movable, aim)

        def found(spots: list[Spot | None], bound: float) -> None:
            self._bound = bound if least is None else max(bound, least)
            self._take(Board(self.tables, spots), "improve")

        effort = None if self._budget.rounds is None else EFFORT * self._budget.rounds
        least = lower_bound(self.tables, min(self._left() * 0.4, 20.0))
        answer = run(model, self._limits(self._budget.seconds, effort), self._stop, found)
        self._bound = answer.bound if least is None else max(answer.bound, least)
        if answer.spots is not None:
            self._take(Board(self.tables, answer.spots), "improve")
        return answer.optimal

    def _wander(self) -> None:
        """By turns: many single moves, and one small set of talks moved as well as can be."""
        neighbourhoods = Neighbourhoods(self.tables, self.movable, self._rng)
        size = 10.0
        while self.movable and self._goes_on():
            self._rounds += 1
            self._polish(POLISH_STEPS)
            if not self._goes_on():
                return
            free = neighbourhoods.draw(self._best, min(round(size), len(self.movable)))
            aim = Aim(may_drop=self._best.unplaced > 0, crowd_cap=self._best.crowding())
            answer = run(MoveModel(self._best, free, aim), self._limits(10.0, EFFORT), self._stop)
            size = min(size * 1.05, LARGEST) if answer.optimal else max(size * 0.93, SMALLEST)
            if answer.spots is not None:
                self._step(Board(self.tables, answer.spots), free)
            if self._bound is not None and self._key[2] <= self._bound and not self._key[0]:
                return

    def _polish(self, steps: int) -> None:
        if not self.movable:
            return
        polisher = Polisher(self._best, self.movable, self._rng)
        if self._heat is None:
            self._heat = polisher.heat()
        heat = self._heat * HEATS[self._rounds % len(HEATS)]
        steps = min(steps, STEPS_PER_TALK * len(self.movable))
        spots = polisher.anneal(steps, heat, self._goes_on_polishing)
        if spots is not None:
            self._take(Board(self.tables, spots), "improve")

    def _goes_on_polishing(self) -> bool:
        return not self._stop.asked and (self._budget.rounds is not None or self._left() > 0.05)

    def _step(self, board: Board, free: list[int]) -> None:
        change = board.cost_of(free) - self._best.cost_of(free)
        key = board.unplaced, board.crowding(), self._key[2] + change
        self._take_known(board, key, "improve")


def medium_of(objective: int) -> int:
    """How many medium penalties an objective holds."""
    return (objective + MEDIUM // 2) // MEDIUM
