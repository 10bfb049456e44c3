"""The search: exact where it can be counted out, never worse than greedy, repeatable."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from time import monotonic

import pytest

from agenda.solver.board import Board
from agenda.solver.bound import lower_bound
from agenda.solver.compare import compare
from agenda.solver.constraints import Level
from agenda.solver.greedy import construct
from agenda.solver.model import Aim, MoveModel
from agenda.solver.problem import Place, Problem
from agenda.solver.run import Limits, Stop, StopAt, run
from agenda.solver.score import evaluate
from agenda.solver.search import Budget, Progress, Search
from agenda.solver.tables import MEDIUM, Tables
from agenda.solver.tabulate import tabulate
from bench.problems import raster, workshop
from tests.agenda.solver.problems import easy_problem, random_assignment, random_problem

LIMITS = Limits(seconds=20, seed=1)


def best_by_hand(tables: Tables) -> int | None:
    """The least cost of all boards on which everybody has an allowed place."""
    best: int | None = None
    choices = [
        [(int(s[0]), int(s[1])) for s in zip(*tables.may[t].nonzero(), strict=True)]
        for t in range(tables.size)
    ]
    for spots in product(*choices):
        board = Board(tables)
        for talk, spot in enumerate(spots):
            if not board.allowed(talk)[spot]:
                break
            board.put(talk, spot)
        else:
            total = board.total()
            best = total if best is None else min(best, total)
    return best


@pytest.mark.parametrize("seed", range(12))
def test_the_model_of_everything_finds_what_counting_out_finds(seed: int) -> None:
    problem = easy_problem(seed, talks=4)
    tables = tabulate(problem)
    by_hand = best_by_hand(tables)
    answer = run(MoveModel(Board(tables), range(tables.size), Aim()), LIMITS, Stop())
    assert by_hand is not None
    assert (answer.optimal, answer.cost, round(answer.bound)) == (True, by_hand, by_hand)
    assert answer.spots is not None
    assert Board(tables, answer.spots).total() == by_hand
    outcome = Search(problem, budget=Budget(seconds=20, rounds=20), clock=monotonic).run()
    assert (outcome.objective, outcome.optimal) == (by_hand, True)
    bound = lower_bound(tables, 5)
    assert bound is not None
    assert bound <= by_hand


@pytest.mark.parametrize("seed", range(25))
def test_the_model_prices_what_it_chooses(seed: int) -> None:
    problem = random_problem(seed, talks=7)
    tables = tabulate(problem)
    answer = run(MoveModel(Board(tables), range(tables.size), Aim(may_drop=True)), LIMITS, Stop())
    assert answer.spots is not None
    board = Board(tables, answer.spots)
    assert answer.cost % 1_000_000 == board.total() % 1_000_000
    hard = evaluate(problem, tables.assignment(answer.spots)).violations(Level.HARD)
    assert {name for name, n in hard.items() if n} <= {"Unplaced talk", "Crowd control"}


@pytest.mark.parametrize("seed", range(8))
def test_nothing_that_is_found_is_below_the_bound(seed: int) -> None:
    problem = random_problem(seed, talks=6)
    bound = lower_bound(tabulate(problem), 5)
    outcome = Search(problem, budget=Budget(seconds=20, rounds=3), clock=monotonic).run()
    if bound is not None and len(outcome.assignment) == len(problem.talks):
        assert outcome.objective >= bound


@pytest.mark.parametrize(
    "problem",
    [raster(60), workshop(54, slots=12, rooms=8), workshop(40, slots=12, rooms=6)],
    ids=["raster", "workshop", "tight"],
)
def test_a_draft_beats_the_greedy_constructor_and_holds_every_hard_demand(
    problem: Problem,
) -> None:
    told: list[Progress] = []
    outcome = Search(
        problem, budget=Budget(seconds=60, rounds=3), clock=monotonic, listen=told.append
    ).run()
    score, greedy = evaluate(problem, outcome.assignment), evaluate(problem, outcome.greedy)
    hard = score.violations(Level.HARD)
    risky = sum(talk.crowd_risk > 0 for talk in problem.talks)
    assert hard.pop("Crowd control") == risky % 2
    assert not any(hard.values())
    assert score.soft + MEDIUM * score.medium == outcome.objective
    assert outcome.optimal or score.rank() < greedy.rank()
    assert score.soft <= greedy.soft
    pins = problem.pinned()
    assert pins.items() <= outcome.assignment.items()
    keys = [(p.unplaced, p.objective) for p in told if p.phase != "bound"]
    assert [k[0] for k in keys] == sorted((k[0] for k in keys), reverse=True)
    assert outcome.bound is None or outcome.bound <= outcome.objective


def test_one_worker_and_one_seed_give_one_schedule() -> None:
    problem = raster(50)

    def drafted(seed: int) -> object:
        budget = Budget(seconds=60, rounds=1, seed=seed)
        return Search(problem, budget=budget, clock=monotonic).run().assignment

    assert drafted(5) == drafted(5)
    assert drafted(5) != drafted(6)


def test_pins_stay_even_where_they_clash() -> None:
    problem = easy_problem(1)
    pin = Place(timeslot=problem.timeslots[0].id, room="R0")
    talks = tuple(replace(t, pin=pin) if n < 2 else t for n, t in enumerate(problem.talks))
    pinned = replace(problem, talks=talks)
    outcome = Search(pinned, budget=Budget(seconds=20, rounds=3), clock=monotonic).run()
    assert outcome.assignment["T0"] == outcome.assignment["T1"] == pin
    assert len(outcome.assignment) == len(problem.talks)


def test_a_search_can_begin_from_what_there_is() -> None:
    problem = easy_problem(4, talks=6)
    start = random_assignment(problem, 4, missing=0.5)
    outcome = Search(problem, budget=Budget(seconds=20, rounds=2), clock=monotonic).run(start)
    assert set(outcome.assignment) == {talk.code for talk in problem.talks}


def test_published_places_are_kept_above_all_soft_wishes() -> None:
    problem = easy_problem(3)
    home = {"T0": Place(timeslot=problem.timeslots[3].id, room="R0")}
    talks = tuple(
        replace(t, published_timeslot=home[t.code].timeslot, published_room=home[t.code].room)
        if t.code in home
        else t
        for t in problem.talks
    )
    outcome = Search(
        replace(problem, talks=talks), budget=Budget(seconds=20, rounds=3), clock=monotonic
    ).run()
    assert outcome.assignment["T0"] == home["T0"]


def test_a_weight_of_zero_switches_a_constraint_off() -> None:
    problem = replace(
        easy_problem(2), weights={"Speaker conflict": 0, "Consecutive talks pause": 0}
    )
    talks = tuple(replace(talk, speakers=("P0",)) for talk in problem.talks)
    crowded = replace(problem, talks=talks, timeslots=problem.timeslots[:3])
    outcome = Search(crowded, budget=Budget(seconds=20, rounds=2), clock=monotonic).run()
    assert len(outcome.assignment) == 5


def test_a_comparison_names_what_moved_and_what_it_costs() -> None:
    problem = easy_problem(7)
    tables = tabulate(problem)
    before = tables.assignment(construct(tables).spots)
    after = {code: place for code, place in before.items() if code != "T4"}
    swapped = {**after, "T0": before["T1"], "T1": before["T0"]}
    found = compare(problem, before, swapped)
    assert (found.moved, found.placed, found.removed) == (("T0", "T1"), (), ("T4",))
    assert found.penalties["Unplaced talk"] == (0, 1_000_000)
    assert compare(problem, before, before).penalties == {}
    old, new = evaluate(problem, before).soft, evaluate(problem, swapped).soft
    changes = {n: b - a for n, (a, b) in found.penalties.items() if n != "Unplaced talk"}
    assert sum(changes.values()) == new - old


def test_a_timed_stop_is_asked_by_clock_or_by_hand() -> None:
    stop, now = Stop(), [0.0]
    timed = StopAt(stop, lambda: now[0], 5.0)
    assert not timed.asked
    now[0] = 5.0
    assert timed.asked
    now[0] = 0.0
    stop.ask()
    assert timed.asked
