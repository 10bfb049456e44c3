"""Parting, joining, merging days: edits like others, with a way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenda.edits import NoLength, board
from agenda.model import Schedule, SlotId
from agenda.rearrange import NothingThere, NotTheSame, join, merge_days, split
from tests.agenda.builders import at, minutes
from tests.agenda.solver.builders import applied, make_schedule

NEW = SlotId("new")


@given(st.integers(1, 59), st.integers(0, 30))
def test_parts_last_as_long_as_the_whole_and_join_again(minute: int, pause: int) -> None:
    made = make_schedule(("a", "A", 0, 60))
    edit = split(made.slots[0], at(minute), NEW, pause=minutes(pause))
    parted = applied(made, (edit,))
    first, second = sorted(parted.slots, key=lambda slot: slot.start)
    assert (first.start, first.end) == (at(0), at(minute))
    assert (second.start, second.duration) == (at(minute + pause), minutes(60 - minute))
    assert applied(parted, (edit.inverse,)) == made
    joined = applied(parted, (join(second, first),))
    assert joined == made
    assert applied(joined, (join(second, first).inverse,)) == parted


def test_a_part_without_length_and_slots_of_two_sessions_are_refused() -> None:
    made = make_schedule(("a", "A", 0, 60), ("b", "A", 60, 60))
    for minute in (0, 60, 90):
        with pytest.raises(NoLength):
            split(made.slots[0], at(minute), NEW)
    with pytest.raises(NotTheSame):
        join(*made.slots)


def on_days(*starts: datetime) -> Schedule:
    made = make_schedule(*((f"s{n}", "A", 0, 60) for n in range(len(starts))))
    slots = tuple(
        replace(slot, start=start) for slot, start in zip(made.slots, starts, strict=True)
    )
    return replace(made, conference=replace(made.conference, days=()), slots=slots)


def test_a_day_is_merged_into_another_at_the_same_times_of_the_clock() -> None:
    """Over a change of the clocks: 10:00 in summer is 8:00 UTC, in winter 9:00."""
    made = on_days(
        datetime(2026, 10, 24, 8, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 26, 9, tzinfo=UTC),
    )
    edit = merge_days(made, date(2026, 10, 24), date(2026, 10, 26))
    merged = applied(made, (edit,))
    assert [slot.start for slot in merged.slots] == [
        datetime(2026, 10, 26, 9, tzinfo=UTC),
        # The night after the 24th, 2:30, is the night after the 26th.
        datetime(2026, 10, 27, 1, 30, tzinfo=UTC),
        datetime(2026, 10, 26, 9, tzinfo=UTC),
    ]
    assert applied(merged, (edit.inverse,)) == made


def test_locked_slots_stay_and_an_empty_day_is_refused() -> None:
    made = on_days(datetime(2026, 10, 24, 8, tzinfo=UTC), datetime(2026, 10, 24, 10, tzinfo=UTC))
    edit = merge_days(made, date(2026, 10, 24), date(2026, 10, 25), locked={SlotId("slot0")})
    assert edit.touched == {"slot1"}
    assert board(applied(made, (edit,))).slots[SlotId("slot0")] == made.slots[0]
    for day, into in ((date(2026, 1, 1), date(2026, 1, 2)), (date(2026, 10, 24),) * 2):
        with pytest.raises(NothingThere):
            merge_days(made, day, into)
    assert timedelta(0) < made.slots[0].duration
