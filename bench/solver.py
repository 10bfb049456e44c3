"""Drafts a schedule for a problem file, or a generated one, and says how good it is.

`bench solver FILE [--seconds S] [--seed N] [--workers N]`; FILE is a scheduling problem, or
`sessions:600`, or `talks:216`. Without FILE the sizes of the targets are run one by one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from agenda.solver.constraints import Level
from agenda.solver.problem import Assignment, Problem
from agenda.solver.problem_files import read_problem
from agenda.solver.score import evaluate
from agenda.solver.search import Budget, Outcome, Search, medium_of
from agenda.solver.tables import MEDIUM
from bench.problems import raster, workshop
from bench.report import Figure, Report

TARGETS = (
    ("talks:216", 20.0),
    ("sessions:100", 20.0),
    ("sessions:300", 30.0),
    ("sessions:600", 60.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The object that one draft prints."""

    document: Mapping[str, Any]
    greedy: Mapping[str, int]
    met: bool

    def dumps(self) -> str:
        return json.dumps(self.document, ensure_ascii=False)

    def table(self) -> str:
        """The draft for people, without its places."""
        lines = []
        for key, value in self.document.items():
            if key == "assignments":
                continue
            if isinstance(value, dict):
                lines.append(f"{key}:")
                lines.extend(f"  {name:<40} {amount}" for name, amount in value.items() if amount)
            else:
                lines.append(f"{key}: {value}")
        return "\n".join(lines)

    @property
    def gain(self) -> str:
        """What a greedy constructor made of the same problem, in the same run."""
        return (
            f"greedy constructor: {self.greedy['unplaced']} unplaced, {self.greedy['hard']} hard,"
            f" {self.greedy['medium']} medium, {self.greedy['soft']} soft;"
            f" searched: {sum(self.document['hard'].values())} hard,"
            f" {self.document['medium']} medium, {self.document['objective']} soft"
        )


def run(arguments: Sequence[str] = ()) -> Report | Draft:
    """Draft what the arguments name, or, without any, every size that has a target."""
    parser = argparse.ArgumentParser(prog="bench solver")
    parser.add_argument("file", nargs="?", metavar="FILE")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    chosen = parser.parse_args(list(arguments))
    if chosen.file is None:
        return _targets(chosen.seed, chosen.workers)
    drafted = draft(chosen.file, chosen.seconds, chosen.seed, chosen.workers)
    print(drafted.gain, file=sys.stderr)
    return drafted


def draft(file: str, seconds: float, seed: int = 0, workers: int = 1) -> Draft:
    """Draft one problem for so many seconds, reading included."""
    began = monotonic()
    problem = problem_named(file)
    reading = monotonic() - began
    budget = Budget(seconds=max(0.5, seconds - reading - 0.5), seed=seed, workers=workers)
    outcome = Search(problem, budget=budget, clock=monotonic).run()
    return _document(file, problem, outcome, monotonic() - began)


def problem_named(file: str) -> Problem:
    """The problem in a file, or the generated one that `sessions:N` or `talks:N` names."""
    kind, _, size = file.partition(":")
    if kind == "sessions" and size.isdigit():
        return raster(int(size))
    if kind == "talks" and size.isdigit():
        talks = int(size)
        return workshop(talks, slots=18, rooms=max(5, -(-talks * 20 // 216)))
    return read_problem(Path(file).name, Path(file).read_bytes())


def _document(file: str, problem: Problem, outcome: Outcome, seconds: float) -> Draft:
    score, greedy = (evaluate(problem, a) for a in (outcome.assignment, outcome.greedy))
    bound = None if outcome.bound is None else outcome.bound - medium_of(outcome.objective) * MEDIUM
    document = {
        "file": Path(file).name,
        "seconds": round(seconds, 2),
        "first_feasible_s": _rounded(outcome.first_feasible_s),
        "hard": score.violations(Level.HARD),
        "medium": score.medium,
        "soft": score.penalties(Level.SOFT),
        "objective": score.soft,
        "bound": bound,
        "gap": None if outcome.gap is None else round(outcome.gap, 4),
        "assignments": _assignments(problem, outcome.assignment),
    }
    met = score.soft < greedy.soft and not score.violations(Level.HARD)["Unplaced talk"]
    made = {
        "unplaced": len(problem.talks) - len(outcome.greedy),
        "hard": greedy.hard,
        "medium": greedy.medium,
        "soft": greedy.soft,
    }
    return Draft(document=document, greedy=made, met=met)


def _assignments(problem: Problem, assignment: Assignment) -> list[dict[str, str]]:
    slots = {slot.id: slot for slot in problem.timeslots}
    found = []
    for talk in problem.talks:
        place = assignment.get(talk.code)
        if place is not None:
            slot = slots[place.timeslot]
            found.append(
                {
                    "talk": talk.code,
                    "day": slot.date.strftime("%a %Y-%m-%d"),
                    "start": f"{slot.start:%H:%M}",
                    "end": f"{slot.end:%H:%M}",
                    "room": place.room,
                }
            )
    return found


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _targets(seed: int, workers: int) -> Report:
    figures: dict[str, Figure] = {}
    for name, seconds in TARGETS:
        drafted = draft(name, seconds, seed, workers)
        document = drafted.document
        key = name.replace(":", "_")
        figures[f"{key}_first_feasible_s"] = document["first_feasible_s"]
        figures[f"{key}_hard"] = sum(document["hard"].values()) - document["hard"]["Crowd control"]
        figures[f"{key}_gap_percent"] = (
            100 * document["gap"] if document["gap"] is not None else None
        )
        figures[f"{key}_share_of_greedy"] = document["objective"] / drafted.greedy["soft"]
    return Report(
        bench="solver",
        figures=figures,
        most={
            "talks_216_first_feasible_s": 15,
            "sessions_600_first_feasible_s": 10,
            "sessions_600_gap_percent": 20,
            **{f"{name.replace(':', '_')}_hard": 0 for name, _ in TARGETS},
        },
    )
