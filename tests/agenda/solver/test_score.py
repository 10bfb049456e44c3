"""The score: each constraint counts what its sentence says, and the search prices the same."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from agenda.solver import constraints as c
from agenda.solver.board import Board
from agenda.solver.constraints import BY_NAME, CONSTRAINTS, Level
from agenda.solver.polish import NEVER, Polisher
from agenda.solver.problem import Place, Problem, Room, Rules, Speaker, Talk, Timeslot, Wishes
from agenda.solver.score import Around, evaluate, explain
from agenda.solver.tables import MEDIUM
from agenda.solver.tabulate import tabulate
from tests.agenda.solver.problems import random_assignment, random_problem

SEEDS = range(60)


def slot(
    key: str, start: float, length: float = 60, day: int = 0, tags: Iterable[str] = ()
) -> Timeslot:
    on = date(2026, 5, 4) + timedelta(days=day)
    begin = datetime(on.year, on.month, on.day, 10, tzinfo=UTC) + timedelta(minutes=start)
    return Timeslot(
        id=key, start=begin, end=begin + timedelta(minutes=length), date=on, tags=frozenset(tags)
    )


SLOTS = (
    slot("am", 0, tags=["early"]),
    slot("mid", 30),
    slot("pm", 65, 30),
    slot("next", 0, day=1),
    slot("later", 0, day=3),
)
ROOMS = (Room(name="A", capacity=50, tags=frozenset({"large"})), Room(name="B", capacity=20))


def penalty(
    name: str,
    *places: str,
    rules: Rules | None = None,
    rooms: tuple[Room, ...] = ROOMS,
    speakers: tuple[Speaker, ...] = (),
    together: int = 0,
    talks: Iterable[dict[str, object]],
) -> int:
    """The unweighted penalty of talks a, b, … in places such as `am A`; others count nothing."""
    made = tuple(Talk(code="abcdef"[n], **facts) for n, facts in enumerate(talks))  # type: ignore[arg-type]
    problem = Problem(
        talks=made,
        timeslots=SLOTS,
        rooms=rooms,
        speakers=speakers,
        rules=rules or Rules(),
        weights={name: 1},
        together={("a", "b"): together} if together else {},
    )
    assignment = {
        talk.code: Place(timeslot=words.split()[0], room=words.split()[1])
        for talk, words in zip(made, places, strict=False)
    }
    return evaluate(problem, assignment).penalties(BY_NAME[name].level)[name]


ADA = {"speakers": ("Ada",)}
EARLY, LARGE = frozenset({"early"}), frozenset({"large"})
T = frozenset({"t"})


@pytest.mark.parametrize(
    ("name", "places", "talks", "more", "expected"),
    [
        (c.UNPLACED, ["am A"], [{}, {}], {}, 1),
        (
            c.ROOM_UNAVAILABLE,
            ["am A"],
            [{}],
            {"rooms": (replace(ROOMS[0], unavailable=frozenset({"am"})),)},
            60,
        ),
        (c.ROOM_CONFLICT, ["am A", "mid A"], [{}, {}], {}, 30),
        (c.ROOM_CONFLICT, ["am A", "mid B"], [{}, {}], {}, 0),
        (
            c.SPEAKER_UNAVAILABLE,
            ["am A"],
            [ADA],
            {"speakers": (Speaker(name="Ada", unavailable=frozenset({"am"})),)},
            60,
        ),
        (c.SPEAKER_CONFLICT, ["am A", "mid B"], [ADA, ADA], {}, 30),
        (c.SPEAKER_CONFLICT, ["am A", "pm B"], [ADA, ADA], {}, 0),
        (c.PREREQUISITE, ["mid A", "am B"], [{}, {"prerequisites": frozenset("a")}], {}, 120),
        (c.PREREQUISITE, ["am A", "pm B"], [{}, {"prerequisites": frozenset("a")}], {}, 0),
        (c.EXCLUSIVE, ["am A", "mid B"], [{"exclusive": T}, {"exclusive": T}], {}, 30),
        (c.PAUSE, ["am A", "pm B"], [ADA, ADA], {"rules": Rules(pause_minutes=15)}, 90),
        (c.PAUSE, ["am A", "pm B"], [ADA, ADA], {"rules": Rules(pause_minutes=5)}, 0),
        (c.CROWD, ["am A", "am B", "pm A"], [{"crowd_risk": 1}] * 3, {}, 30),
        (c.CROWD, ["am A", "am B", "mid A"], [{"crowd_risk": 1}] * 3, {}, 180),
        (
            c.SPEAKER_REQUIRED_TIMES,
            ["pm A"],
            [ADA],
            {"speakers": (Speaker(name="Ada", times=Wishes(required=EARLY)),)},
            30,
        ),
        (
            c.SPEAKER_PROHIBITED_TIMES,
            ["am A"],
            [ADA],
            {"speakers": (Speaker(name="Ada", times=Wishes(prohibited=EARLY)),)},
            60,
        ),
        (
            c.SPEAKER_PREFERRED_TIMES,
            ["pm A"],
            [ADA],
            {"speakers": (Speaker(name="Ada", times=Wishes(preferred=EARLY)),)},
            30,
        ),
        (
            c.SPEAKER_UNDESIRED_TIMES,
            ["am A"],
            [ADA],
            {"speakers": (Speaker(name="Ada", times=Wishes(undesired=EARLY)),)},
            60,
        ),
        (
            c.SPEAKER_REQUIRED_ROOMS,
            ["am B"],
            [ADA],
            {"speakers": (Speaker(name="Ada", rooms=Wishes(required=LARGE)),)},
            60,
        ),
        (
            c.SPEAKER_PROHIBITED_ROOMS,
            ["am A"],
            [ADA],
            {"speakers": (Speaker(name="Ada", rooms=Wishes(prohibited=LARGE)),)},
            60,
        ),
        (
            c.SPEAKER_PREFERRED_ROOMS,
            ["am B"],
            [ADA],
            {"speakers": (Speaker(name="Ada", rooms=Wishes(preferred=LARGE)),)},
            60,
        ),
        (
            c.SPEAKER_UNDESIRED_ROOMS,
            ["am A"],
            [ADA],
            {"speakers": (Speaker(name="Ada", rooms=Wishes(undesired=LARGE)),)},
            60,
        ),
        (c.TALK_REQUIRED_TIMES, ["pm A"], [{"times": Wishes(required=EARLY)}], {}, 30),
        (c.TALK_PROHIBITED_TIMES, ["am A"], [{"times": Wishes(prohibited=EARLY)}], {}, 60),
        (c.TALK_PREFERRED_TIMES, ["pm A"], [{"times": Wishes(preferred=EARLY)}], {}, 30),
        (c.TALK_UNDESIRED_TIMES, ["am A"], [{"times": Wishes(undesired=EARLY)}], {}, 60),
        (c.TALK_REQUIRED_ROOMS, ["am B"], [{"rooms": Wishes(required=LARGE)}], {}, 60),
        (c.TALK_PROHIBITED_ROOMS, ["am A"], [{"rooms": Wishes(prohibited=LARGE)}], {}, 60),
        (c.TALK_PREFERRED_ROOMS, ["am B"], [{"rooms": Wishes(preferred=LARGE)}], {}, 60),
        (c.TALK_UNDESIRED_ROOMS, ["am A"], [{"rooms": Wishes(undesired=LARGE)}], {}, 60),
        (
            c.NIGHT,
            ["am A"],
            [ADA],
            {
                "speakers": (Speaker(name="Ada", zone="America/Los_Angeles"),),
                "rules": Rules(night=(time(23), time(7))),
            },
            60,
        ),
        (
            c.NIGHT,
            ["am A"],
            [ADA],
            {
                "speakers": (Speaker(name="Ada", zone="America/Los_Angeles", any_hour=True),),
                "rules": Rules(night=(time(23), time(7))),
            },
            0,
        ),
        (c.BREAK, ["mid A"], [{}], {"rules": Rules(breaks=((SLOTS[2].start, SLOTS[2].end),))}, 60),
        (
            c.KEYNOTE,
            ["am A", "mid B"],
            [{"keynote": True}, {}],
            {"rules": Rules(keynotes_alone=True)},
            30,
        ),
        (c.DAY_LENGTH, ["am A", "pm B"], [{}, {}], {"rules": Rules(hours_per_day=1.0)}, 35),
        (c.CHANGEOVER, ["am A", "pm A"], [{}, {}], {"rules": Rules(changeover_minutes=10)}, 90),
        (c.CHANGEOVER, ["am A", "pm B"], [{}, {}], {"rules": Rules(changeover_minutes=10)}, 0),
        (c.PUBLISHED_TIMESLOT, ["pm A"], [{"published_timeslot": "am"}], {}, 1),
        (c.PUBLISHED_ROOM, ["pm A"], [{"published_room": "B"}], {}, 1),
        (c.THEME_CONFLICT, ["am A", "mid B"], [{"themes": T}, {"themes": T}], {}, 30),
        (c.THEME_STABILITY, ["am A", "pm B"], [{"themes": T}, {"themes": T}], {}, 90),
        (c.THEME_STABILITY, ["am A", "next B"], [{"themes": T}, {"themes": T}], {}, 0),
        (c.SECTOR_CONFLICT, ["am A", "mid B"], [{"sectors": T}, {"sectors": T}], {}, 30),
        (c.AUDIENCE_DIVERSITY, ["am A", "am B"], [{"audiences": T}, {"audiences": EARLY}], {}, -60),
        (c.AUDIENCE_THEME_CONFLICT, ["am A", "mid B"], [{"audiences": T, "themes": T}] * 2, {}, 30),
        (c.LEVEL_DIVERSITY, ["am A", "am B"], [{"level": 1}, {"level": 2}], {}, -60),
        (
            c.LEVEL_FLOW,
            ["pm A", "am B"],
            [{"contents": T, "level": 1}, {"contents": T, "level": 2}],
            {},
            90,
        ),
        (
            c.LEVEL_FLOW,
            ["am A", "pm B"],
            [{"contents": T, "level": 1}, {"contents": T, "level": 2}],
            {},
            0,
        ),
        (c.CONTENT_CONFLICT, ["am A", "mid B"], [{"contents": T}, {"contents": T}], {}, 30),
        (c.LANGUAGE_DIVERSITY, ["am A", "am B"], [{"language": "en"}, {"language": "nl"}], {}, -60),
        (c.SAME_DAY, ["am A", "next B"], [{"contents": T, "themes": T}] * 2, {}, 240),
        (c.POPULAR, ["am A", "pm B"], [{"popularity": 1}, {"popularity": 2}], {}, 90),
        (c.POPULAR, ["am A", "pm B"], [{"popularity": 2}, {"popularity": 1}], {}, 0),
        (c.MAKESPAN, ["am A", "later B"], [ADA, ADA], {}, 960),
        (c.MAKESPAN, ["am A", "next B"], [ADA, ADA], {}, 0),
        (c.STARRED, ["am A", "mid B"], [{}, {}], {"together": 7}, 210),
        (c.SEATS, ["am B"], [{"demand": 30}], {}, 10),
    ],
)
def test_each_constraint_counts_what_its_sentence_says(
    name: str,
    places: list[str],
    talks: list[dict[str, object]],
    more: dict[str, object],
    expected: int,
) -> None:
    assert penalty(name, *places, talks=talks, **more) == expected  # type: ignore[arg-type]


def test_every_constraint_is_one_of_the_cases_above() -> None:
    marks = test_each_constraint_counts_what_its_sentence_says.pytestmark  # type: ignore[attr-defined]
    assert {case[0] for case in marks[0].args[1]} == set(BY_NAME)


def test_the_list_holds_optaplanners_constraints_and_ours() -> None:
    levels = [constraint.level for constraint in CONSTRAINTS]
    ours = {c.UNPLACED, c.NIGHT, c.BREAK, c.KEYNOTE, c.DAY_LENGTH, c.CHANGEOVER, c.STARRED, c.SEATS}
    theirs = [x.level for x in CONSTRAINTS if x.name not in ours]
    assert [theirs.count(level) for level in Level] == [16, 2, 20]
    assert levels == sorted(levels, key=list(Level).index)
    assert all(x.sentence.endswith(".") or x.sentence.endswith(").") for x in CONSTRAINTS)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_search_prices_a_board_as_the_score_does(seed: int) -> None:
    problem = random_problem(seed)
    assignment = random_assignment(problem, seed)
    tables = tabulate(problem)
    board = Board(tables, tables.spots(assignment))
    score = evaluate(problem, assignment)
    assert board.total() == score.soft + MEDIUM * score.medium
    assert board.unplaced == score.violations(Level.HARD)[c.UNPLACED]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_the_board_allows_breaks_nothing_hard(seed: int) -> None:
    problem = random_problem(seed)
    tables = tabulate(problem)
    board = Board(tables)
    soft = {c.CROWD, c.UNPLACED}
    for talk in range(tables.size):
        allowed = board.allowed(talk)
        before = _hard(problem, board) - soft
        for time_index in range(len(problem.timeslots)):
            for room in range(len(problem.rooms)):
                board.put(talk, (time_index, room))
                broken = _hard(problem, board) - soft
                assert (broken == before) == bool(allowed[time_index, room]), (talk, broken)
        board.take(talk)
        if allowed.any():
            board.put(talk, divmod(int(allowed.argmax()), allowed.shape[1]))


def _hard(problem: Problem, board: Board) -> set[str]:
    found = evaluate(problem, board.tables.assignment(board.spots)).violations(Level.HARD)
    return {name for name, count in found.items() if count}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_move_and_swap_is_priced_exactly(seed: int) -> None:
    problem = random_problem(seed, talks=6)
    tables = tabulate(problem)
    board = Board(tables)
    for talk in range(tables.size):
        allowed = board.allowed(talk)
        if allowed.any():
            board.put(talk, divmod(int(allowed.argmax()), allowed.shape[1]))
    polisher = Polisher(board, range(tables.size), random.Random(seed))
    before = board.total()
    for talk in range(tables.size):
        if board.spots[talk] is None:
            continue
        moves, swaps = polisher._moves(talk)
        for t, r in zip(*(moves < NEVER).nonzero(), strict=True):
            there = Board(tables, board.spots)
            there.put(talk, (int(t), int(r)))
            assert there.total() - before == moves[t, r]
        for other in (swaps < NEVER).nonzero()[0].tolist():
            there = Board(tables, board.spots)
            mine, theirs = board.spots[talk], board.spots[other]
            assert mine is not None
            assert theirs is not None
            there.put(talk, theirs)
            there.put(other, mine)
            assert there.total() - before == swaps[other]


@pytest.mark.parametrize("seed", range(20))
def test_what_concerns_one_talk_is_the_difference_that_it_makes(seed: int) -> None:
    problem = random_problem(seed)
    assignment = random_assignment(problem, seed, missing=0)
    whole = evaluate(problem, assignment)
    around = Around(problem, assignment, "T0").at(assignment["T0"])
    assert set(around.breaches) == {b for b in whole.breaches if "T0" in b.talks}


def test_an_explanation_names_the_dearest_first_and_few_cases() -> None:
    problem = random_problem(3, weights=False)
    score = evaluate(problem, random_assignment(problem, 3))
    lines = list(explain(score, most=2))
    levels = [list(Level).index(BY_NAME[name].level) for name, _, _ in lines]
    assert levels == sorted(levels)
    assert all(1 <= len(cases) <= 2 for _, _, cases in lines)
    assert sum(total for _, total, _ in lines) > 0
