"""Makes a drafted schedule possible again after one small edit, with the fewest moves.

`bench repair [--sessions N] [--seed N]`: a speaker of a conference of that size, by default one
of FOSDEM's, is suddenly away on the day on which he or she speaks.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import replace
from time import monotonic

from agenda.solver.eject import settle
from agenda.solver.greedy import construct
from agenda.solver.problem import Assignment, Problem
from agenda.solver.repair import repair
from agenda.solver.score import evaluate
from agenda.solver.search import Budget
from agenda.solver.tabulate import tabulate
from bench.problems import raster
from bench.report import Report


def run(arguments: Sequence[str] = ()) -> Report:
    """Repair one conference; the time starts when the edit is known."""
    parser = argparse.ArgumentParser(prog="bench repair")
    parser.add_argument("--sessions", type=int, default=780)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(list(arguments))
    problem = raster(chosen.sessions)
    tables = tabulate(problem)
    rng = random.Random(chosen.seed)
    board = settle(construct(tables), range(tables.size), rng, lambda steps: steps < 20_000)
    before = tables.assignment(board.spots)
    edited = _without_a_speaker(problem, before, rng)
    began = monotonic()
    repaired = repair(edited, before, budget=Budget(seconds=10), clock=monotonic)
    seconds = monotonic() - began
    hard = evaluate(edited, repaired.assignment).hard
    had_to_move = len(repaired.had_to_move)
    return Report(
        bench="repair",
        figures={
            "sessions": chosen.sessions,
            "seconds": round(seconds, 3),
            "moved": len(repaired.moved),
            "had_to_move": had_to_move,
            "hard": hard,
        },
        most={"seconds": 3, "moved": had_to_move, "hard": 0},
    )


def _without_a_speaker(problem: Problem, before: Assignment, rng: random.Random) -> Problem:
    """The problem in which somebody who speaks is away on that day."""
    slots = {slot.id: slot for slot in problem.timeslots}
    speaking = {
        name: slots[before[t.code].timeslot].date for t in problem.talks for name in t.speakers
    }
    chosen = rng.choice(
        [s.name for s in problem.speakers if s.name in speaking and not s.unavailable]
    )
    away = frozenset(slot.id for slot in problem.timeslots if slot.date == speaking[chosen])
    return replace(
        problem,
        speakers=tuple(
            replace(s, unavailable=s.unavailable | away) if s.name == chosen else s
            for s in problem.speakers
        ),
    )
