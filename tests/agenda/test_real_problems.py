"""Real scheduling problems: read, drafted, and every penalty recomputed."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import pytest

from agenda.solver.constraints import BY_NAME, Level
from agenda.solver.problem_files import read_problem
from agenda.solver.score import evaluate
from agenda.solver.search import Budget, Search
from bench.solver import draft
from tests.agenda.conftest import FOLDER

FILES = {
    "scheduling-18talks-6timeslots-5rooms.json": (18, 6, 5, 12),
    "scheduling-72talks-12timeslots-10rooms.json": (72, 12, 10, 48),
}


def test_every_problem_file_is_tested() -> None:
    assert FOLDER is not None
    assert {path.name for path in FOLDER.glob("scheduling-*.json")} == set(FILES)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_is_drafted_without_a_hard_breach_and_better_than_greedy(
    name: str, real: Callable[[str], bytes]
) -> None:
    problem = read_problem(name, real(name))
    sizes = (problem.talks, problem.timeslots, problem.rooms, problem.speakers)
    assert tuple(map(len, sizes)) == FILES[name]
    outcome = Search(problem, budget=Budget(seconds=60, rounds=4), clock=monotonic).run()
    score, greedy = evaluate(problem, outcome.assignment), evaluate(problem, outcome.greedy)
    hard = score.violations(Level.HARD)
    # Of the first file's two risky talks, one speaker gives both: they cannot be a pair.
    assert hard.pop("Crowd control") == {18: 2, 72: 1}[len(problem.talks)]
    assert not any(hard.values())
    assert score.medium == 0
    assert score.soft < greedy.soft
    assert problem.pinned().items() <= outcome.assignment.items()


def test_the_bench_prints_the_contract(real: Callable[[str], bytes]) -> None:
    assert FOLDER is not None
    name = "scheduling-18talks-6timeslots-5rooms.json"
    drafted = draft(str(FOLDER / name), seconds=4)
    assert set(drafted.document) == {
        "file",
        "seconds",
        "first_feasible_s",
        "hard",
        "medium",
        "soft",
        "objective",
        "bound",
        "gap",
        "assignments",
    }
    document = drafted.document
    assert (document["file"], document["medium"]) == (name, 0)
    assert document["seconds"] < 6
    for level in (Level.HARD, Level.SOFT):
        names = {key for key, constraint in BY_NAME.items() if constraint.level is level}
        assert set(document[str(level)]) == names
    assert sum(document["soft"].values()) == document["objective"]
    assert document["bound"] <= document["objective"]
    problem = read_problem(name, real(name))
    assert [a["talk"] for a in document["assignments"]] == [t.code for t in problem.talks]
    assert set(document["assignments"][0]) == {"talk", "day", "start", "end", "room"}
    assert document["assignments"][10]["room"] == "R 1"
    assert drafted.met
    assert "greedy constructor: 1 unplaced" in drafted.gain
