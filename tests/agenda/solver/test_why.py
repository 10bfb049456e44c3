"""Why a talk is where it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agenda.solver.problem import Place
from agenda.solver.score import evaluate
from agenda.solver.why import why
from tests.agenda.solver.problems import easy_problem, random_assignment


@pytest.mark.parametrize("seed", range(10))
def test_elsewhere_is_priced_as_the_score_prices_it(seed: int) -> None:
    problem = easy_problem(seed)
    assignment = random_assignment(problem, seed, missing=0)
    here = evaluate(problem, assignment)
    found = why(problem, assignment, "T2", most=100)
    for option in found.elsewhere:
        there = evaluate(problem, {**assignment, "T2": option.place})
        assert option.soft == there.soft - here.soft
        assert option.medium == there.medium - here.medium
    softs = [(o.hard, o.medium, o.soft) for o in found.elsewhere]
    assert softs == sorted(softs)


def test_reasons_name_the_others_and_the_sentence() -> None:
    problem = easy_problem(1, talks=2)
    talks = tuple(replace(t, themes=frozenset({"x"}), speakers=()) for t in problem.talks)
    problem = replace(problem, talks=talks)
    at = {n: Place(timeslot=problem.timeslots[0].id, room=f"R{n}") for n in (0, 1)}
    found = why(problem, {"T0": at[0], "T1": at[1]}, "T0")
    (first, *_) = (r for r in found.reasons if r.constraint == "Theme track conflict")
    assert first.others == ("T1",)
    assert first.penalty > 0
    assert first.sentence.startswith("Talks of one theme track")
    assert not found.pinned


def test_a_talk_without_a_place_has_no_reasons() -> None:
    with pytest.raises(KeyError):
        why(easy_problem(1), {}, "T0")
