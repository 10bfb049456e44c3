"""Real scheduling problems: read, drafted, and every penalty recomputed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import pytest

from agenda.formats import frab
from agenda.model import Schedule
from agenda.solver.constraints import BY_NAME, Level
from agenda.solver.frame import Mode
from agenda.solver.problem_files import read_problem
from agenda.solver.score import evaluate
from agenda.solver.search import Budget, Search
from app.editor import blockers
from app.editor.desk import Desk, Wanted, open_desk
from app.editor.solving import Wish, request
from app.jobs.solver_child import solve_line
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


def closed(schedule: Schedule, named: str, *, begins: float, hours: float) -> Desk:
    """FOSDEM as the editor holds it, with some rooms closed from an hour of the first day."""
    day = schedule.conference.days[0].date
    midnight = datetime(day.year, day.month, day.day, tzinfo=schedule.conference.tz)
    start = midnight.astimezone(UTC) + timedelta(hours=begins)
    blocks = {
        str(room.id): blockers.dump(
            blockers.Block(
                id=room.id,
                kind=blockers.ROOM,
                subject=room.id,
                start=start,
                end=start + timedelta(hours=hours),
            )
        )
        for room in schedule.rooms
        if room.name.startswith(named)
    }
    return open_desk(
        version=1,
        schedule=schedule,
        locked=frozenset(),
        blocked=blocks,
        planning={},
        wanted=Wanted(),
    )


async def repaired(desk: Desk, seconds: int) -> tuple[dict[str, Any], float]:
    """What the job's child says in the end, and how long all of it took."""
    began = monotonic()
    line = request(desk, Wish(mode=Mode.REPAIR, seconds=seconds), now=datetime.now(UTC))
    told = [one async for one in solve_line(line, asyncio.Event())]
    return told[-1], monotonic() - began


async def test_a_closed_room_of_fosdem_is_cured_with_the_fewest_moves(
    real: Callable[[str], bytes],
) -> None:
    schedule = frab.read(real("fosdem-2023.pentabarf.xml"), zone="Europe/Brussels").schedule
    told, took = await repaired(closed(schedule, "H.1301", begins=11, hours=1.5), 30)
    assert (told["kind"], told["hard_before"], told["hard"]) == ("solution", 5, 0)
    # Four are in the closed room; of two that share a speaker elsewhere, one.
    assert (len(told["had_to_move"]), len(told["edits"]), told["optimal"]) == (4, 5, True)
    assert told["left"] == []
    assert took < 20, "a few seconds on a machine that does nothing else"


async def test_a_building_that_closes_for_two_days_is_emptied_within_the_time(
    real: Callable[[str], bytes],
) -> None:
    schedule = frab.read(real("fosdem-2023.pentabarf.xml"), zone="Europe/Brussels").schedule
    told, took = await repaired(closed(schedule, "H.", begins=8, hours=36), 30)
    assert (told["hard_before"], told["hard"], len(told["edits"])) == (204, 0, 204)
    assert took < 32


async def test_where_there_is_no_place_the_time_is_kept_all_the_same(
    real: Callable[[str], bytes],
) -> None:
    schedule = frab.read(real("fosdem-2023.pentabarf.xml"), zone="Europe/Brussels").schedule
    told, took = await repaired(closed(schedule, "", begins=8, hours=36), 15)
    assert (told["kind"], told["edits"], len(told["left"])) == ("solution", [], 780)
    assert took < 17
