"""Hopeless input: every mode ends in its time and says in words what cannot be."""

from __future__ import annotations

from time import process_time

import pytest

from agenda.model import Schedule
from agenda.rules import Rules, Span
from agenda.solver.frame import Frame, Mode
from agenda.solver.search import Budget
from agenda.solver.solve import Request, Solution, solve
from tests.agenda.builders import at
from tests.agenda.solver.builders import HOURS, make_schedule

SECONDS = 1.5
GRACE_S = 2.0
ROOMS = "ABCDEFGHIJ"


def crowd(sessions: int, *, placed: bool, speakers: int = 40) -> Schedule:
    """So many half hours in ten rooms of eight hours, one upon the other."""
    acts = [
        (f"t{n}:P{n % speakers}", ROOMS[n % 10] if placed else None, n // 10 * 30 % 450, 30)
        for n in range(sessions)
    ]
    return make_schedule(*acts, rooms=ROOMS)


def timed(schedule: Schedule, mode: Mode, rules: Rules = Rules()) -> Solution:  # noqa: B008
    """What comes out, after at most the budget and the grace; by this process's own time, so that
    a busy machine changes nothing."""
    began = process_time()
    frame = Frame(mode=mode, hours=(HOURS,))
    found = solve(
        Request(schedule=schedule, rules=rules, frame=frame, budget=Budget(seconds=SECONDS)),
        clock=process_time,
    )
    assert process_time() - began < SECONDS + GRACE_S
    return found


@pytest.mark.parametrize("mode", [Mode.DRAFT, Mode.COMPLETE])
def test_more_sessions_than_there_is_room_for(mode: Mode) -> None:
    found = timed(crowd(400, placed=False), mode)
    assert len(found.left) >= 400 - 160
    assert found.clash == (
        "400 sessions last 200 hours.",
        "10 rooms are open to them for 80 hours.",
    )


@pytest.mark.parametrize("mode", [Mode.DRAFT, Mode.REPAIR])
def test_one_person_with_more_talks_than_hours(mode: Mode) -> None:
    found = timed(crowd(60, placed=True, speakers=1), mode)
    assert found.left
    assert found.clash == (
        "P0 speaks in 60 sessions.",
        "They last 30 hours.",
        "There are 8 hours in which they may run.",
        "P0 is in one place at a time.",
    )


def test_a_repair_where_every_room_is_closed() -> None:
    made = crowd(120, placed=True)
    always = (Span(start=at(-900), end=at(3000)),)
    found = timed(made, Mode.REPAIR, Rules(closed_rooms={room.id: always for room in made.rooms}))
    assert len(found.left) == 120
    assert "A is closed at times." in found.clash


def test_a_repair_of_an_empty_grid_changes_nothing() -> None:
    found = timed(crowd(40, placed=False), Mode.REPAIR)
    assert (found.edits, found.left, found.clash) == ((), (), ())
