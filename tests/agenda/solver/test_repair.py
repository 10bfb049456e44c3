"""Repairs move as little as can be, and what cannot be is told as a smallest set of demands."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations, product
from time import monotonic

import pytest

from agenda.solver.board import Board
from agenda.solver.clash import clash
from agenda.solver.constraints import Level
from agenda.solver.greedy import construct
from agenda.solver.problem import Place, Problem, Talk, Wishes
from agenda.solver.repair import Repair, repair
from agenda.solver.run import Stop
from agenda.solver.score import evaluate
from agenda.solver.search import Budget
from agenda.solver.tabulate import tabulate
from bench.problems import raster
from tests.agenda.solver.problems import easy_problem


def mend(problem: Problem, before: dict[str, Place]) -> Repair:
    return repair(problem, before, budget=Budget(seconds=20), clock=monotonic)


def placed(problem: Problem) -> dict[str, Place]:
    tables = tabulate(problem)
    return tables.assignment(construct(tables).spots)


def hard(problem: Problem, assignment: dict[str, Place]) -> dict[str, int]:
    found = evaluate(problem, assignment).violations(Level.HARD)
    return {name: n for name, n in found.items() if n}


def fewest_moves(problem: Problem, before: dict[str, Place]) -> int | None:
    """By counting out: how many talks have to move so that nothing hard is broken."""
    places = [Place(timeslot=s.id, room=r.name) for s in problem.timeslots for r in problem.rooms]
    for count in range(len(problem.talks) + 1):
        for moving in combinations([talk.code for talk in problem.talks], count):
            for choice in product(places, repeat=count):
                if not hard(problem, {**before, **dict(zip(moving, choice, strict=True))}):
                    return count
        if count == 2:
            return None
    return None


@pytest.mark.parametrize("seed", range(25))
def test_a_repair_needs_no_more_moves_than_counting_out_finds(seed: int) -> None:
    rng = random.Random(seed)
    problem = easy_problem(seed, talks=5)
    before = placed(problem)
    hurt = rng.choice(problem.talks)
    away = frozenset({before[hurt.code].timeslot, rng.choice(problem.timeslots).id})
    speakers = tuple(
        replace(s, unavailable=away) if s.name in hurt.speakers else s for s in problem.speakers
    )
    edited = replace(problem, speakers=speakers)
    least = fewest_moves(edited, before)
    repaired = mend(edited, before)
    if least is None:
        assert repaired.unplaced or len(repaired.moved) > 2
    else:
        assert hard(edited, dict(repaired.assignment)) == {}
        assert len(repaired.moved) == least
        assert set(repaired.had_to_move) <= set(repaired.moved)


def test_what_is_whole_stays_as_it_is() -> None:
    problem = easy_problem(3)
    before = placed(problem)
    repaired = mend(problem, before)
    assert (repaired.assignment, repaired.moved, repaired.fewest) == (before, (), True)


def test_pins_stay_and_the_other_one_moves() -> None:
    problem = easy_problem(3)
    spot = Place(timeslot=problem.timeslots[0].id, room="R0")
    talks = tuple(
        replace(t, speakers=(), pin=spot if t.code == "T1" else None) for t in problem.talks
    )
    pinned = replace(problem, talks=talks)
    before = {**placed(pinned), "T0": spot, "T1": spot}
    repaired = mend(pinned, before)
    assert repaired.assignment["T1"] == spot
    assert "T0" in repaired.moved
    assert repaired.had_to_move[0] == "T0"


def test_a_cancellation_moves_nobody() -> None:
    problem = raster(80)
    before = placed(problem)
    gone = replace(problem, talks=problem.talks[1:])
    left = {code: place for code, place in before.items() if code != problem.talks[0].code}
    assert mend(gone, left).moved == ()


def test_a_repair_of_a_large_schedule_is_quick_and_small() -> None:
    problem = raster(300)
    tables = tabulate(problem)
    before = tables.assignment(construct(tables).spots)
    assert len(before) >= 299
    placed_talks = tuple(talk for talk in problem.talks if talk.code in before)
    problem = replace(problem, talks=placed_talks)
    first = placed_talks[7]
    closed = tuple(
        replace(r, unavailable=r.unavailable | {before[first.code].timeslot})
        if r.name == before[first.code].room
        else r
        for r in problem.rooms
    )
    edited = replace(problem, rooms=closed)
    repaired = mend(edited, before)
    assert repaired.had_to_move == (first.code,)
    assert first.code in repaired.moved
    assert hard(edited, dict(repaired.assignment)) == {}
    assert len(repaired.moved) == 1 or not repaired.fewest


def test_two_talks_of_one_speaker_with_one_timeslot_left() -> None:
    problem = easy_problem(0, talks=2)
    problem = replace(
        problem,
        timeslots=problem.timeslots[:1],
        talks=tuple(replace(t, title=f"Talk {t.code}", speakers=("P0",)) for t in problem.talks),
    )
    sentences = [demand.sentence for demand in clash(problem)]
    assert sentences == [
        "“Talk T0” takes place.",
        "“Talk T1” takes place.",
        "P0 is in one place at a time.",
    ]


CASES: list[tuple[dict[str, object], str]] = [
    ({"times": Wishes(required=frozenset({"moon"}))}, "“Only” has its demands on the time."),
    ({"rooms": Wishes(required=frozenset({"moon"}))}, "“Only” has its demands on the room."),
]


@pytest.mark.parametrize(("facts", "sentence"), CASES)
def test_demands_of_one_talk_that_nothing_meets(facts: dict[str, object], sentence: str) -> None:
    problem = replace(easy_problem(0), talks=(Talk(code="T", title="Only", **facts),))  # type: ignore[arg-type]
    assert [d.sentence for d in clash(problem)] == ["“Only” takes place.", sentence]


def test_what_is_possible_has_no_clash() -> None:
    assert clash(easy_problem(5)) == ()


@pytest.mark.parametrize("seed", range(6))
def test_no_demand_of_a_clash_can_be_spared(seed: int) -> None:
    """Four slots, two rooms, nine talks: one too many, whichever is left out."""
    problem = easy_problem(seed, talks=9)
    tables = tabulate(problem)
    assert Board(tables, construct(tables).spots).unplaced >= 1
    found = clash(problem)
    exists = [d for d in found if d.sentence.endswith("takes place.")]
    assert found
    assert len({code for d in exists for code in d.talks}) == len(exists) <= 9
    for demand in exists:
        rest = [t for t in problem.talks if t.code not in demand.talks]
        rest = [t for t in rest if any(t.code in d.talks for d in exists)]
        assert clash(replace(problem, talks=tuple(rest))) == ()


def test_a_stop_ends_the_search_for_a_clash() -> None:
    stop = Stop()
    stop.ask()
    assert clash(easy_problem(0, talks=9), stop=stop) == ()
