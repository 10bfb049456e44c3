"""What belongs together and has no room: counted by hand, and never above what a schedule pays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agenda.solver import constraints as c
from agenda.solver.apart import Apart, apart
from agenda.solver.bound import lower_bound
from agenda.solver.constraints import Level
from agenda.solver.greedy import construct
from agenda.solver.problem import Place, Problem, Room, Talk
from agenda.solver.score import evaluate
from agenda.solver.tabulate import tabulate
from bench.problems import workshop
from tests.agenda.solver.problems import easy_problem, random_assignment, random_problem

COUNTED = (c.SAME_DAY, c.THEME_STABILITY, c.CONTENT_CONFLICT)


def of_one_tag(count: int, days: tuple[str, ...], **tags: frozenset[str]) -> Problem:
    """So many talks of one tag, on days of four timeslots of 40 minutes, in as many rooms."""
    slots = [
        replace(
            slot,
            id=f"{day}-{number}",
            start=slot.start.replace(day=int(day)),
            end=slot.end.replace(day=int(day)),
            date=slot.date.replace(day=int(day)),
        )
        for day in days
        for number, slot in enumerate(easy_problem(1).timeslots)
    ]
    return Problem(
        talks=tuple(Talk(code=f"T{n}", **tags) for n in range(count)),  # type: ignore[arg-type]
        timeslots=tuple(slots),
        rooms=tuple(Room(name=f"R{n}") for n in range(count)),
    )


def test_a_theme_of_nine_fills_two_rooms_and_leaves_one_talk_over() -> None:
    problem = of_one_tag(9, ("4", "5"), themes=frozenset({"x"}))
    # 4 + 4 + 1 share a room: 6 + 6 of 36 pairs are spared; a pair is 80 minutes at 10.
    assert apart(tabulate(problem)) == Apart(24 * 800, 0)


def test_on_one_day_only_the_room_counts() -> None:
    problem = of_one_tag(5, ("4",), themes=frozenset({"x"}))
    free = replace(problem, weights={c.SAME_DAY: 0})
    assert apart(tabulate(problem)) == apart(tabulate(free)) == Apart(4 * 800, 0)
    assert apart(tabulate(replace(problem, weights={c.THEME_STABILITY: 0}))) == Apart(0, 0)


def test_a_content_goes_to_another_day_before_it_overlaps() -> None:
    # 6 + 3, and no two at once on either day but two pairs: 18 pairs apart, or 4 + 5: 20 and one.
    problem = of_one_tag(9, ("4", "5"), contents=frozenset({"x"}))
    weights = {c.CONTENT_CONFLICT: 100}
    assert apart(tabulate(replace(problem, weights=weights))) == Apart(0, 20 * 800 + 4000)
    cheap = replace(problem, weights={c.CONTENT_CONFLICT: 1})
    # All on one day: 9 talks on 4 times are 2 + 2 + 2 + 3.
    assert apart(tabulate(cheap)) == Apart(0, 6 * 40)


def test_talks_pinned_upon_each_other_prove_nothing() -> None:
    problem = of_one_tag(3, ("4",), themes=frozenset({"x"}))
    here = Place(timeslot=problem.timeslots[0].id, room="R0")
    pinned = tuple(replace(talk, pin=here) for talk in problem.talks)
    assert apart(tabulate(replace(problem, talks=pinned))) == Apart(0, 0)


@pytest.mark.parametrize("talks", [5, 8])
def test_no_schedule_pays_less(talks: int) -> None:
    looked, said = 0, 0
    for seed in range(150):
        problem = random_problem(seed, talks=talks)
        tables = tabulate(problem)
        board = construct(tables, random_assignment(problem, seed))
        if board.unplaced:
            continue
        paid = evaluate(problem, tables.assignment(board.spots)).penalties(Level.SOFT)
        least = apart(tables)
        assert least.themes + least.contents <= sum(paid[name] for name in COUNTED)
        looked, said = looked + 1, said + (least.themes + least.contents > 0)
    assert looked > 10
    assert said > 5


def test_the_bound_of_a_full_conference_says_something() -> None:
    """Where every place is taken, themes and contents can't all be together."""
    tables = tabulate(workshop(216, slots=18, rooms=20))
    greedy = construct(tables)
    bound = lower_bound(tables, 10)
    assert bound is not None
    assert 4_000_000 < bound < greedy.total()
