"""Compares two schedules of one problem, place by place and constraint by constraint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agenda.solver.constraints import Level
from agenda.solver.problem import Assignment, Problem, TalkCode
from agenda.solver.score import evaluate


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What sets two schedules apart; `penalties` holds, by constraint, the weighted penalty before
    and after, where the two differ."""

    moved: tuple[TalkCode, ...]
    placed: tuple[TalkCode, ...]
    removed: tuple[TalkCode, ...]
    penalties: Mapping[str, tuple[int, int]]


def compare(problem: Problem, before: Assignment, after: Assignment) -> Comparison:
    """What changes from one schedule to the other, in the order of the problem's talks."""
    codes = [talk.code for talk in problem.talks]
    old, new = evaluate(problem, before), evaluate(problem, after)
    penalties = {
        name: (amount, new.penalties(level)[name])
        for level in Level
        for name, amount in old.penalties(level).items()
        if amount != new.penalties(level)[name]
    }
    return Comparison(
        moved=tuple(k for k in codes if k in before and k in after and before[k] != after[k]),
        placed=tuple(k for k in codes if k not in before and k in after),
        removed=tuple(k for k in codes if k in before and k not in after),
        penalties=penalties,
    )
