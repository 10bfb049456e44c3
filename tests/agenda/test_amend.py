"""What a producer changes while the programme runs, and what that brings about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agenda.amend import NotAmended, cancel, change_room, delay, new_findings
from agenda.delays import delayed, ripple
from agenda.doors import DoorPolicy, plan
from agenda.model import RoomId, Schedule, SessionState, SlotId
from agenda.rules import Rules
from agenda.schedule import diff
from tests.agenda.builders import at, minutes
from tests.agenda.solver.builders import make_schedule

A, B = RoomId("A"), RoomId("B")


def starts(schedule: Schedule) -> dict[str, tuple[str, float]]:
    return {s.id: (s.room, (s.start - at(0)) / minutes(1)) for s in schedule.slots}


def test_a_delay_ripples_until_a_gap_takes_it_up_and_shows_new_conflicts() -> None:
    made = make_schedule(
        ("a:Ada", "A", 0, 60), ("b", "A", 60, 30), ("c", "A", 100, 30), ("d:Ada", "B", 60, 60)
    )
    after = delay(made, SlotId("slot0"), minutes(15))
    assert starts(after) == {
        "slot0": ("A", 15),
        "slot1": ("A", 75),
        "slot2": ("A", 105),
        "slot3": ("B", 60),
    }
    assert [f.message for f in new_findings(made, after, Rules())] == [
        "Ada speaks in “a” and in “d” at 2026-05-04 11:00."
    ]
    assert [m.slot for m in diff(made, after).moved] == ["slot0", "slot1", "slot2"]


def test_a_cancelled_session_is_not_pushed() -> None:
    made = make_schedule(("a", "A", 0, 60), ("b", "A", 60, 30), ("c", "A", 90, 30))
    gone = cancel(made, SlotId("slot1"))
    assert gone.sessions[1].state is SessionState.CANCELLED
    assert starts(delay(gone, SlotId("slot0"), minutes(30)))["slot1"] == ("A", 60)
    assert starts(delay(gone, SlotId("slot0"), minutes(30)))["slot2"] == ("A", 90)


def test_a_room_is_changed_with_whom_it_would_meet() -> None:
    made = make_schedule(
        ("a", "A", 0, 60), ("b", "B", 0, 30), ("c", "B", 30, 30), ("d", "B", 60, 30)
    )
    after = change_room(made, SlotId("slot0"), B)
    assert {k: room for k, (room, _) in starts(after).items()} == {
        "slot0": "B",
        "slot1": "A",
        "slot2": "A",
        "slot3": "B",
    }
    assert new_findings(made, after, Rules()) == ()
    assert change_room(after, SlotId("slot0"), A) == made


def test_one_of_several_times_is_left_out() -> None:
    made = make_schedule(("a", "A", 0, 60), ("b", "A", 60, 60))
    twice = replace(
        made, slots=(made.slots[0], replace(made.slots[1], session=made.slots[0].session))
    )
    after = cancel(twice, SlotId("slot1"))
    assert [slot.id for slot in after.slots] == ["slot0"]
    assert after.sessions == twice.sessions


def test_what_makes_no_sense_is_refused_in_words() -> None:
    made = make_schedule(("a", "A", 0, 60))
    gone = cancel(made, SlotId("slot0"))
    wrong: list[Callable[[], Schedule]] = [
        lambda: delay(made, SlotId("slot0"), minutes(0)),
        lambda: delay(made, SlotId("nobody"), minutes(5)),
        lambda: change_room(made, SlotId("slot0"), A),
        lambda: change_room(made, SlotId("slot0"), RoomId("moon")),
        lambda: cancel(gone, SlotId("slot0")),
    ]
    for ask in wrong:
        with pytest.raises(NotAmended, match=r"\.$"):
            ask()


ITEMS = st.lists(
    st.tuples(
        st.sampled_from("xyz"), st.sampled_from("AB"), st.integers(0, 300), st.integers(5, 90)
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=150)
@given(ITEMS, st.integers(1, 90))
def test_the_plan_after_a_delay_is_the_plan_of_the_delayed_schedule(
    items: list[tuple[str, str, int, int]], by: int
) -> None:
    made = make_schedule(*items)
    slot = made.slots[0]
    shifts = ripple(made.slots, slot.id, minutes(by))
    policy = DoorPolicy()
    after = delay(made, slot.id, minutes(by))
    assert plan(after.slots, policy) == plan(delayed(made.slots, shifts), policy)
    for shift in shifts:
        assert shift.before < shift.after <= shift.before + minutes(by)
    moved = {shift.slot for shift in shifts}
    assert {s.room for s in made.slots if s.id in moved} == {slot.room}
    overlaps = {f.slots for f in new_findings(made, after, Rules()) if f.code == "room_overlap"}
    assert all(slot.id in pair or not set(pair) <= moved for pair in overlaps)
