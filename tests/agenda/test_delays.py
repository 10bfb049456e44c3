"""Delays: they ripple through a room until a gap takes them up, and make no overlap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenda.delays import Shift, delayed, ripple
from agenda.doors import DoorPolicy, plan
from agenda.findings import overlapping
from agenda.model import Slot, SlotId
from tests.agenda.builders import at, make_slot, minutes

A = SlotId("a")


def shifted(shifts: tuple[Shift, ...]) -> dict[str, float]:
    return {s.slot: (s.after - s.before).total_seconds() / 60 for s in shifts}


def test_a_gap_takes_the_delay_up() -> None:
    slots = [
        make_slot("a", 0, 30),
        make_slot("b", 30, 30),
        make_slot("c", 70, 30),
        make_slot("d", 120, 30),
        make_slot("elsewhere", 30, 30, room="Attic"),
    ]
    assert shifted(ripple(slots, A, minutes(15))) == {"a": 15, "b": 15, "c": 5}
    assert shifted(ripple(slots, A, minutes(5))) == {"a": 5, "b": 5}
    assert shifted(ripple(slots, A, minutes(15), changeover=minutes(5))) == {
        "a": 15,
        "b": 15,
        "c": 10,
    }


def test_what_overlapped_before_and_marks_stay() -> None:
    slots = [make_slot("a", 0, 60), make_slot("b", 30, 60), make_slot("mark", 60, 0)]
    assert shifted(ripple(slots, A, minutes(10))) == {"a": 10}


def test_a_delay_that_is_none() -> None:
    with pytest.raises(ValueError, match="longer than nothing"):
        ripple([make_slot("a")], A, minutes(0))
    with pytest.raises(KeyError):
        ripple([], A, minutes(1))


def test_the_plan_of_a_delayed_programme() -> None:
    slots = [make_slot("a", 60, 30), make_slot("b", 90, 30)]
    late = delayed(slots, ripple(slots, A, minutes(10)))
    assert plan(late, DoorPolicy()) == plan(
        [make_slot("a", 70, 30), make_slot("b", 100, 30)], DoorPolicy()
    )


PROGRAMME = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 40)), min_size=1, max_size=8)


@given(PROGRAMME, st.integers(0, 7), st.integers(1, 90), st.integers(0, 10))
def test_a_programme_without_overlaps_stays_without(
    rows: list[tuple[int, int]], index: int, by: int, changeover: int
) -> None:
    slots: list[Slot] = []
    start = 0
    for number, (gap, length) in enumerate(rows):
        slots.append(make_slot(str(number), start + gap, length))
        start += gap + length
    chosen = slots[index % len(slots)].id
    shifts = ripple(slots, chosen, minutes(by), changeover=minutes(changeover))
    late = delayed(slots, shifts)
    assert list(overlapping(late)) == []
    assert [s.id for s in sorted(late, key=lambda s: s.start)] == [s.id for s in slots]
    assert all(minutes(0) < s.after - s.before <= minutes(by) for s in shifts)
    assert {s.before for s in shifts} == {s.start for s in slots if s.id in shifted(shifts)}
    assert min(s.before for s in shifts) >= at(0)
