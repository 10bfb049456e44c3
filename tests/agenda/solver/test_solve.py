"""A request to the solver: what it may move, what it must not, and what it says about the rest."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import time, timedelta
from time import monotonic

import pytest

from agenda import edit_document
from agenda.edits import Move, Place
from agenda.errors import Unreadable
from agenda.findings import Severity, scan
from agenda.model import RoomId, SessionId, SessionState, SlotId, SpeakerId
from agenda.rules import Rules, Span
from agenda.solver import wire
from agenda.solver.frame import Frame, Mode, SessionAsk, SpeakerAsk
from agenda.solver.pose import MOST_CELLS, first_slot, pose
from agenda.solver.problem import Wishes
from agenda.solver.run import Stop
from agenda.solver.search import Budget
from agenda.solver.solve import News, Request, Solution, solve
from tests.agenda.builders import at, minutes
from tests.agenda.solver.builders import HOURS, applied, make_schedule

FEW_ROUNDS = Budget(seconds=20, rounds=2, seed=1)


def run(request: Request, stop: Stop | None = None) -> Solution:
    return solve(request, clock=monotonic, stop=stop)


def musts(schedule: object, rules: Rules = Rules()) -> list[str]:  # noqa: B008
    return [f.message for f in scan(schedule, rules) if f.severity is Severity.MUST]  # type: ignore[arg-type]


def test_completing_places_what_has_no_place_and_moves_nothing_else() -> None:
    made = make_schedule(
        ("a:Ada", "A", 0, 60), ("b:Bo", "A", 60, 60), ("c:Ada", None, 0, 60), ("d", None, 0, 30)
    )
    found = run(Request(schedule=made, frame=Frame(hours=(HOURS,)), budget=FEW_ROUNDS))
    assert [type(edit) for edit in found.edits] == [Place, Place]
    after = applied(made, found.edits)
    assert {slot.id: slot for slot in made.slots}.items() <= {s.id: s for s in after.slots}.items()
    assert musts(after) == []
    assert (found.hard, found.left, found.clash) == (0, (), ())
    assert {s.id for s in after.slots} == {
        "slot0",
        "slot1",
        first_slot(SessionId("s2")),
        first_slot(SessionId("s3")),
    }


def test_a_draft_may_move_everything_but_what_is_locked_or_begun() -> None:
    made = make_schedule(
        ("begun", "A", 0, 60), ("locked", "A", 60, 60), ("free", "A", 60, 60), ("x", "B", 90, 60)
    )
    frame = Frame(mode=Mode.DRAFT, hours=(HOURS,), locked=frozenset({SlotId("slot1")}), line=at(30))
    found = run(Request(schedule=made, frame=frame, budget=FEW_ROUNDS))
    assert {edit.slot for edit in found.edits if isinstance(edit, Move)} <= {"slot2", "slot3"}
    after = applied(made, found.edits)
    assert musts(after) == []
    assert all(s.start >= at(30) for s in after.slots if s.id != "slot0")


def test_a_repair_moves_only_what_must_and_says_so() -> None:
    made = make_schedule(
        ("a:Ada", "A", 0, 60), ("b:Bo", "A", 60, 60), ("c:Cy", "B", 0, 60), ("d:Di", "B", 60, 60)
    )
    rules = Rules(closed_rooms={RoomId("A"): (Span(start=at(0), end=at(45)),)})
    frame = Frame(mode=Mode.REPAIR, hours=(HOURS,))
    found = run(Request(schedule=made, rules=rules, frame=frame))
    assert found.had_to_move == ("slot0",)
    assert [edit.slot for edit in found.edits if isinstance(edit, Move)] == ["slot0"]
    assert (found.optimal, found.hard, found.hard_before) == (True, 0, 1)
    assert musts(applied(made, found.edits), rules) == []


def test_a_repair_lets_alone_what_is_only_unkind() -> None:
    made = make_schedule(("a:Ada", "A", 0, 60), ("b:Ada", "B", 65, 60), ("c", "A", 62, 30))
    rules = Rules(pause=minutes(15), changeover=minutes(10))
    frame = Frame(
        mode=Mode.REPAIR,
        hours=(HOURS,),
        speakers={SpeakerId("Ada"): SpeakerAsk(zone="America/New_York")},
    )
    found = run(Request(schedule=made, rules=rules, frame=frame))
    assert found.edits == ()
    assert found.optimal


def test_what_cannot_be_repaired_stays_and_the_clash_is_told_in_words() -> None:
    made = make_schedule(("a:Ada", "A", 0, 60), rooms="A")
    whole = Span(start=at(-10_000), end=at(10_000))
    rules = Rules(absent_speakers={SpeakerId("Ada"): (whole,)})
    found = run(Request(schedule=made, rules=rules, frame=Frame(mode=Mode.REPAIR, hours=(HOURS,))))
    assert (found.edits, found.left) == ((), ("a",))
    assert found.clash == ("“a” takes place.", "Ada is away at times.")


def test_sentences_name_rooms_and_people_as_people_do() -> None:
    made = make_schedule(("a:Ada", None, 0, 60), rooms="A")
    made = replace(made, rooms=(replace(made.rooms[0], name="Harbour Hall"),))
    closed = Rules(closed_rooms={RoomId("A"): (Span(start=at(-9999), end=at(9999)),)})
    found = run(
        Request(schedule=made, rules=closed, frame=Frame(hours=(HOURS,)), budget=FEW_ROUNDS)
    )
    assert found.left == ("a",)
    assert found.clash == ("“a” takes place.", "Harbour Hall is closed at times.")


def test_only_chosen_slots_move_when_asked_so() -> None:
    made = make_schedule(
        ("a", "A", 0, 60), ("b", "A", 30, 60), ("c", "B", 0, 60), ("d", "B", 30, 60)
    )
    frame = Frame(mode=Mode.DRAFT, hours=(HOURS,), only=frozenset({SlotId("slot1")}))
    found = run(Request(schedule=made, frame=frame, budget=FEW_ROUNDS))
    assert [edit.slot for edit in found.edits if isinstance(edit, Move)] == ["slot1"]


def test_the_night_at_home_is_kept_free_unless_they_offered_it() -> None:
    made = make_schedule(("a:Ada", None, 0, 60), rooms="A")
    # 10:00–18:00 in Brussels is 1:00–9:00 in Los Angeles.
    asks = {SpeakerId("Ada"): SpeakerAsk(zone="America/Los_Angeles")}
    frame = Frame(hours=(HOURS,), night=(time(23), time(7)), speakers=asks)
    found = run(Request(schedule=made, frame=frame, budget=FEW_ROUNDS))
    (edit,) = found.edits
    assert isinstance(edit, Place)
    assert edit.at.start >= at(6 * 60)
    early = replace(frame, hours=(Span(start=at(0), end=at(120)),))
    assert run(Request(schedule=made, frame=early, budget=FEW_ROUNDS)).left == ("a",)
    owls = {SpeakerId("Ada"): replace(asks[SpeakerId("Ada")], any_hour=True)}
    offered = replace(early, speakers=owls)
    assert run(Request(schedule=made, frame=offered, budget=FEW_ROUNDS)).left == ()


def test_breaks_keynotes_changeover_tags_and_order_are_respected() -> None:
    made = make_schedule(
        ("keynote", None, 0, 60), ("a", None, 0, 60), ("b", None, 0, 60), ("c", None, 0, 60)
    )
    lunch = Span(start=at(120), end=at(180))
    frame = Frame(
        hours=(Span(start=at(0), end=at(300)),),
        breaks=(lunch,),
        room_tags={RoomId("B"): frozenset({"stage"})},
        sessions={
            SessionId("s0"): SessionAsk(keynote=True),
            SessionId("s1"): SessionAsk(rooms=Wishes(required=frozenset({"stage"}))),
            SessionId("s2"): SessionAsk(times=Wishes(required=frozenset({"afternoon"}))),
        },
    )
    rules = Rules(changeover=minutes(30), earlier={SessionId("s1"): (SessionId("s3"),)})
    found = run(Request(schedule=made, rules=rules, frame=frame, budget=FEW_ROUNDS))
    assert (found.hard, found.left) == (0, ())
    after = applied(made, found.edits)
    placed = {slot.session: slot for slot in after.slots}
    key = placed[SessionId("s0")]
    assert not any(s is not key and s.start < key.end and key.start < s.end for s in after.slots)
    assert not any(lunch.touches(slot) for slot in after.slots)
    assert placed[SessionId("s1")].room == "B"
    assert made.conference.local(placed[SessionId("s2")].start).hour >= 12
    assert placed[SessionId("s3")].end <= placed[SessionId("s1")].start
    assert scan(after, rules) == tuple(f for f in scan(after, rules) if f.code == "no_speaker")


def test_stars_part_what_the_same_people_want_to_see() -> None:
    made = make_schedule(("a", "A", 0, 60), ("b", None, 0, 60), ("c", None, 0, 60))
    wanted = {(SessionId("s0"), SessionId("s1")): 40}
    frame = Frame(hours=(Span(start=at(0), end=at(120)),))
    found = run(
        Request(schedule=made, rules=Rules(wanted_together=wanted), frame=frame, budget=FEW_ROUNDS)
    )
    placed = {slot.session: slot.start for slot in applied(made, found.edits).slots}
    assert placed[SessionId("s1")] == at(60)


def test_cancelled_sessions_and_marks_stay_out() -> None:
    made = make_schedule(("gone", "A", 0, 60), ("mark", "A", 0, 0), ("a", None, 0, 60))
    gone = replace(made.sessions[0], state=SessionState.CANCELLED)
    made = replace(made, sessions=(gone, *made.sessions[1:]))
    posed = pose(made, Rules(), Frame(hours=(HOURS,)))
    assert [talk.title for talk in posed.problem.talks] == ["a"]


def test_the_same_seed_gives_the_same_schedule() -> None:
    made = make_schedule(
        *((f"t{n % 3}/x{n}:p{n % 7}", None, 0, 30 + 30 * (n % 2)) for n in range(18)), rooms="ABC"
    )
    asked = Request(schedule=made, frame=Frame(mode=Mode.DRAFT, hours=(HOURS,)), budget=FEW_ROUNDS)
    assert run(asked).edits == run(asked).edits


def test_a_stop_keeps_the_best() -> None:
    made = make_schedule(*((f"t{n % 3}/x{n}:p{n}", None, 0, 30) for n in range(60)), rooms="ABCD")
    stop = Stop()
    heard: list[News] = []

    def tell(news: News) -> None:
        heard.append(news)
        stop.ask()

    asked = Request(
        schedule=made, frame=Frame(mode=Mode.DRAFT, hours=(HOURS,)), budget=Budget(seconds=60)
    )
    began = monotonic()
    found = solve(asked, clock=monotonic, stop=stop, tell=tell)
    assert monotonic() - began < 15
    assert found.stopped
    assert heard
    assert musts(applied(made, found.edits)) == []


def test_lines_explain_what_costs_before_and_after() -> None:
    made = make_schedule(("t/a", "A", 0, 60), ("t/b", "B", 0, 60))
    found = run(
        Request(schedule=made, frame=Frame(mode=Mode.DRAFT, hours=(HOURS,)), budget=FEW_ROUNDS)
    )
    lines = {line.constraint: line for line in found.lines}
    assert lines["Theme track conflict"].before == 600
    assert lines["Theme track conflict"].after == 0
    assert found.soft < found.soft_before


def test_large_schedules_get_a_coarser_raster() -> None:
    made = make_schedule(
        *((f"x{n}", "A", 5 * n, 5 + 5 * (n % 12)) for n in range(400)),
        rooms="ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    )
    posed = pose(made, Rules(), Frame(mode=Mode.DRAFT, step=minutes(5)))
    own = len({(slot.start, slot.duration) for slot in made.slots})
    cells = len(posed.problem.talks) * len(posed.problem.rooms)
    assert (len(posed.problem.timeslots) - own) * cells <= MOST_CELLS


def test_a_request_survives_the_wire() -> None:
    made = make_schedule(("a:Ada", "A", 0, 60), ("b", None, 0, 30))
    asked = Request(
        schedule=made,
        rules=Rules(
            changeover=minutes(10),
            absent_speakers={SpeakerId("Ada"): (HOURS,)},
            earlier={SessionId("s1"): (SessionId("s0"),)},
            wanted_together={(SessionId("s0"), SessionId("s1")): 7},
        ),
        frame=Frame(
            mode=Mode.REPAIR,
            hours=(HOURS,),
            step=minutes(15),
            locked=frozenset({SlotId("b"), SlotId("a")}),
            line=at(3),
            only=frozenset(),
            sessions={SessionId("s0"): SessionAsk(level=3, times=Wishes(required=frozenset("xy")))},
            speakers={SpeakerId("Ada"): SpeakerAsk(zone="Asia/Tokyo")},
            room_tags={RoomId("A"): frozenset({"stage"})},
            night=(time(22, 30), time(6)),
            weights={"Starred talks overlap": 4},
        ),
        budget=Budget(seconds=4, rounds=2),
    )
    assert wire.load_request(wire.dump_request(asked)) == asked


@pytest.mark.parametrize(
    "line", ["", "[]", "{}", '{"schedule": {}}', '{"schedule": 3, "rules": []}']
)
def test_what_is_no_request_is_refused_in_words(line: str) -> None:
    with pytest.raises(Unreadable):
        wire.load_request(line)


def run_child(*lines: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agenda.solver"],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=60,
    )


def child(*lines: str) -> list[dict[str, object]]:
    done = run_child(*lines)
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_process_of_its_own_stops_when_asked_and_says_what_it_found() -> None:
    made = make_schedule(*((f"x{n}:p{n}", None, 0, 30) for n in range(40)), rooms="ABC")
    frame = Frame(mode=Mode.DRAFT, hours=(HOURS,))
    asked = Request(schedule=made, frame=frame, budget=Budget(seconds=50))
    *before, last = child(wire.dump_request(asked), "stop")
    assert {line["kind"] for line in before} <= {"progress"}
    assert (last["kind"], last["stopped"]) == ("solution", True)
    edits = last["edits"]
    assert isinstance(edits, list)
    assert len(edits) == 40
    after = applied(made, tuple(edit_document.load(edit) for edit in edits))
    assert musts(after) == []


def test_a_process_that_gets_nonsense_says_so() -> None:
    (said,) = child("{}")
    assert said["kind"] == "error"
    assert "Request" in str(said["sentence"])


def test_a_process_without_enough_memory_says_so() -> None:
    made = make_schedule(*((f"x{n}", "A", 5 * n, 5) for n in range(300)), rooms="ABCDEFGHIJKL")
    frame = Frame(mode=Mode.DRAFT, step=timedelta(minutes=5))
    asked = Request(schedule=made, frame=frame, budget=Budget(seconds=9, memory_mb=-1950))
    done = run_child(wire.dump_request(asked))
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(line["kind"] != "solution" for line in said)
    if done.returncode == -signal.SIGABRT:
        # It was native code that got no memory first; whoever started it tells (app.editor).
        assert "bad_alloc" in done.stderr
        return
    assert done.returncode == 3
    assert said[-1] == {
        "kind": "error",
        "sentence": "The conference is too large for the memory that the solver may use.",
    }
