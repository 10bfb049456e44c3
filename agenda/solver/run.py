"""Runs CP-SAT on a model: bounded in time and memory, stoppable, repeatable for a seed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from ortools.sat.python import cp_model

from agenda.solver.model import MoveModel
from agenda.solver.tables import Spot

POSING_S = 50e-6
"""About what one place of a talk costs to pose in a model, with room to spare."""

Found = Callable[[list[Spot | None], float], None]
"""Told of each better board: its spots, and the bound on the whole cost known by then."""


class Stop:
    """A request to stop, from any thread; it ends a running search as well."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._running: cp_model.CpSolver | None = None

    def ask(self) -> None:
        """Stop soon and keep the best."""
        self._asked.set()
        running = self._running
        if running is not None:
            running.stop_search()

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    @property
    def left(self) -> float:
        """Seconds until it stops by itself."""
        return inf

    def watch(self, solver: cp_model.CpSolver | None) -> None:
        """Name the search that `ask` has to end."""
        self._running = solver
        if solver is not None and self.asked:
            solver.stop_search()


class StopAt(Stop):
    """A request that comes from another one, or from a clock that has reached an instant."""

    def __init__(self, stop: Stop, clock: Callable[[], float], at: float) -> None:
        super().__init__()
        self._stop = stop
        self._clock = clock
        self._at = at

    @property
    def asked(self) -> bool:
        return self._stop.asked or self._clock() >= self._at

    @property
    def left(self) -> float:
        return min(self._stop.left, self._at - self._clock())

    def watch(self, solver: cp_model.CpSolver | None) -> None:
        self._stop.watch(solver)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how a search may run. `effort` is CP-SAT's deterministic time, the same on
    every machine; the shorter limit holds. A search ends when nothing can be better by `slack`."""

    seconds: float
    effort: float | None = None
    workers: int = 1
    seed: int = 0
    slack: float = 0.0
    memory_mb: int = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a run found: the board's spots (None: nothing), and what is known about better ones."""

    spots: list[Spot | None] | None
    cost: int
    bound: float
    optimal: bool
    infeasible: bool
    seconds: float


def run(model: MoveModel, limits: Limits, stop: Stop, found: Found | None = None) -> Answer:
    """Search until a limit is reached, nothing better exists, or somebody asks to stop."""
    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.max_time_in_seconds = max(min(limits.seconds, stop.left), 0.01)
    if limits.effort is not None:
        parameters.max_deterministic_time = limits.effort
    parameters.num_workers = limits.workers
    parameters.random_seed = limits.seed
    parameters.absolute_gap_limit = limits.slack
    parameters.max_memory_in_mb = limits.memory_mb
    parameters.catch_sigint_signal = False
    callback = _Callback(model, found) if found else None
    stop.watch(solver)
    status = solver.solve(model.cp, callback)
    stop.watch(None)
    known = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return Answer(
        spots=_spots(model, solver.boolean_value) if known else None,
        cost=model.constant + round(solver.objective_value) if known else 0,
        bound=model.constant + solver.best_objective_bound,
        optimal=status == cp_model.OPTIMAL,
        infeasible=status == cp_model.INFEASIBLE,
        seconds=solver.wall_time,
    )


def _spots(model: MoveModel, value: Callable[[cp_model.LiteralT], bool]) -> list[Spot | None]:
    spots = list(model.board.spots)
    for talk, x in model.x.items():
        spots[talk] = next((spot for spot, literal in x.items() if value(literal)), None)
    return spots


class _Callback(cp_model.CpSolverSolutionCallback):
    def __init__(self, model: MoveModel, found: Found) -> None:
        super().__init__()
        self._model = model
        self._found = found

    def on_solution_callback(self) -> None:
        bound = self._model.constant + self.best_objective_bound
        self._found(_spots(self._model, self.boolean_value), bound)
