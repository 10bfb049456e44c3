"""Where a session could go: never on anything, and everywhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from agenda.cures import cure
from agenda.edits import Move, Place, Resize, board, spot
from agenda.findings import Finding, Severity, scan
from agenda.model import RoomId, Schedule, SessionId, SlotId, SpeakerId
from agenda.openings import Window, openings
from agenda.rules import Rules, Span
from tests.agenda.builders import at, minutes
from tests.agenda.solver.builders import HOURS, applied, make_schedule

NO_RULES = Rules()


def new_slot(session: SessionId) -> SlotId:
    return SlotId(f"new {session}")


def windows(
    schedule: Schedule, number: int, length: float, rules: Rules = NO_RULES
) -> dict[str, list[tuple[float, float]]]:
    """By room: first and last start of each window, in minutes of the test's morning."""
    found = openings(
        schedule,
        rules,
        SessionId(f"s{number}"),
        minutes(length),
        without=SlotId(f"slot{number}"),
        hours=(HOURS,),
    )
    minute = timedelta(minutes=1)
    return {
        room: [((w.first - at(0)) / minute, (w.last - at(0)) / minute) for w in spans]
        for room, spans in found.items()
    }


def test_a_room_is_open_between_what_is_in_it() -> None:
    made = make_schedule(("a", "A", 60, 60), ("b", "A", 180, 60), ("c", "B", 0, 30))
    assert windows(made, 2, 60) == {"A": [(0, 0), (120, 120), (240, 420)], "B": [(0, 420)]}


def test_speakers_absences_closures_rest_and_order_close_it() -> None:
    made = make_schedule(("a:Ada", "A", 60, 60), ("b:Ada", "B", 0, 30), ("c", "B", 300, 60))
    assert windows(made, 1, 30)["B"] == [(0, 30), (120, 270), (360, 450)]
    rules = Rules(
        changeover=minutes(10),
        pause=minutes(15),
        absent_speakers={SpeakerId("Ada"): (Span(start=at(200), end=at(220)),)},
        closed_rooms={RoomId("B"): (Span(start=at(240), end=at(250)),)},
        earlier={SessionId("s1"): (SessionId("s2"),)},
    )
    assert windows(made, 1, 30, rules) == {"A": [(360, 450)], "B": [(370, 450)]}
    assert windows(made, 2, 30, rules)["B"] == []


ITEMS = st.lists(
    st.tuples(
        st.sampled_from(["x:Ada", "x:Bo", "x:Ada+Bo", "x"]),
        st.sampled_from("AB"),
        st.integers(0, 28).map(lambda n: 15 * n),
        st.integers(1, 6).map(lambda n: 15 * n),
    ),
    min_size=1,
    max_size=7,
)


@given(ITEMS, st.integers(0, 28))
@settings(max_examples=60)
def test_a_start_is_offered_exactly_where_nothing_hard_would_speak_against_it(
    items: list[tuple[str, str, int, int]], quarter: int
) -> None:
    made = make_schedule(*items)
    slot = made.slots[0]
    rest = {f.slots for f in scan(made) if f.severity is Severity.MUST and slot.id not in f.slots}
    start = at(15 * quarter)
    offered = openings(made, NO_RULES, slot.session, slot.duration, without=slot.id, hours=(HOURS,))
    for room, spans in offered.items():
        to = Move(slot=slot.id, was=spot(slot), to=replace(spot(slot), room=room, start=start))
        after = applied(made, (to,))
        musts = {f.slots for f in scan(after) if f.severity is Severity.MUST}
        inside = start + slot.duration <= HOURS.end
        assert any(w.first <= start <= w.last for w in spans) == (inside and musts <= rest)


def cured(made: Schedule, rules: Rules, finding: Finding) -> Schedule:
    found = cure(finding, made, rules, new_slot=new_slot)
    assert found is not None
    assert found.edit is not None
    return applied(made, (found.edit,))


def test_an_overlap_is_cured_by_the_nearest_free_place() -> None:
    made = make_schedule(("a", "A", 0, 60), ("b", "A", 30, 60), ("c", "B", 30, 60))
    (finding,) = [f for f in scan(made) if f.code == "room_overlap"]
    found = cure(finding, made, NO_RULES, new_slot=new_slot)
    assert found is not None
    assert found.sentence == "Move “b” to A, 2026-05-04 11:00."
    assert not [f for f in scan(cured(made, NO_RULES, finding)) if f.code == "room_overlap"]


def test_a_locked_slot_stays_and_the_other_one_moves() -> None:
    made = make_schedule(("a", "A", 0, 60), ("b", "A", 30, 60))
    (finding,) = [f for f in scan(made) if f.code == "room_overlap"]
    found = cure(finding, made, NO_RULES, new_slot=new_slot, locked=frozenset({SlotId("slot1")}))
    assert found is not None
    assert isinstance(found.edit, Move)
    assert found.edit.slot == "slot0"
    both = frozenset({SlotId("slot0"), SlotId("slot1")})
    assert cure(finding, made, NO_RULES, new_slot=new_slot, locked=both) is None
    assert cure(finding, made, NO_RULES, new_slot=new_slot, line=at(31)) is None


def test_what_has_no_place_goes_where_its_track_is() -> None:
    made = make_schedule(("t/a", "B", 0, 60), ("t/b", None, 0, 45), ("u/c", "A", 0, 30))
    (finding,) = [f for f in scan(made) if f.code == "unplaced"]
    found = cure(finding, made, NO_RULES, new_slot=new_slot)
    assert found is not None
    assert isinstance(found.edit, Place)
    assert (found.edit.at.room, found.edit.at.duration) == ("B", minutes(45))
    assert not [f for f in scan(applied(made, (found.edit,))) if f.code == "unplaced"]


def test_a_small_room_is_changed_for_the_smallest_that_holds_all() -> None:
    made = make_schedule(("a", "A", 0, 60), rooms="ABCD")
    seats = {"A": 10, "B": 500, "C": 60, "D": 40}
    made = replace(made, rooms=tuple(replace(r, capacity=seats[r.id]) for r in made.rooms))
    rules = Rules(demand={SessionId("s0"): 55})
    (finding,) = [f for f in scan(made, rules) if f.code == "room_too_small"]
    assert cured(made, rules, finding).slots[0].room == "C"
    assert scan(cured(made, rules, finding), rules) == tuple(
        f for f in scan(made, rules) if f.code == "no_speaker"
    )


def test_a_mark_gets_the_length_of_its_session() -> None:
    made = make_schedule(("a", "A", 0, 0))
    (finding,) = [f for f in scan(made) if f.code == "zero_length"]
    found = cure(finding, made, NO_RULES, new_slot=new_slot)
    assert found is not None
    assert isinstance(found.edit, Resize)
    assert (found.edit.to, found.sentence) == (minutes(30), "Give “a” 30 minutes.")
    assert board(applied(made, (found.edit,)))


def test_what_no_edit_cures_is_an_action_in_words() -> None:
    made = make_schedule(("a", "A", 0, 60))
    (finding,) = scan(made)
    found = cure(finding, made, NO_RULES, new_slot=new_slot)
    assert found is not None
    assert (found.action, found.sentence, found.edit) == ("add_speaker", "Name a speaker.", None)


def test_a_window_knows_its_nearest_start() -> None:
    window = Window(first=at(10), last=at(20))
    assert [window.nearest(at(n)) for n in (0, 15, 99)] == [at(10), at(15), at(20)]
