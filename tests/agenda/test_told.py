"""What changed between two schedules, and who must be told."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agenda.model import RoomId, Schedule, SessionState, Slot, SlotId, SpeakerId
from agenda.schedule import diff
from agenda.told import What, whom_to_tell
from tests.agenda.builders import at, make_slot, minutes
from tests.agenda.solver.builders import make_schedule


def one_session(*slots: tuple[str, float, str]) -> Schedule:
    """A session that takes place several times: (slot, start, room)."""
    made = make_schedule(("a:Ada", None, 0, 30))
    return replace(
        made,
        slots=tuple(
            replace(make_slot(key, start, 30, room), session=made.sessions[0].id)
            for key, start, room in slots
        ),
    )


def test_repeats_under_new_ids_are_paired_by_place_then_by_nearness() -> None:
    before = one_session(("a", 0, "A"), ("b", 240, "A"), ("c", 360, "B"))
    after = one_session(("x", 240, "A"), ("y", 375, "B"))
    found = diff(before, after)
    assert [(m.slot, m.before[1], m.after[1]) for m in found.moved] == [("y", at(360), at(375))]
    assert [slot.id for slot in found.unplaced] == ["a"]
    assert found.placed == ()


def test_a_surplus_repeat_is_new() -> None:
    before = one_session(("a", 240, "A"))
    after = one_session(("x", 0, "A"), ("y", 250, "A"), ("z", 600, "B"))
    found = diff(before, after)
    assert [m.slot for m in found.moved] == ["y"]
    assert [slot.id for slot in found.placed] == ["x", "z"]


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from("AB")), max_size=4),
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from("AB")), max_size=4),
)
def test_every_slot_is_paired_once_or_named(
    old: list[tuple[int, str]], new: list[tuple[int, str]]
) -> None:
    before = one_session(*((f"o{n}", 15 * t, room) for n, (t, room) in enumerate(old)))
    after = one_session(*((f"n{n}", 15 * t, room) for n, (t, room) in enumerate(new)))
    found = diff(before, after)
    same = min(len(old), len(new)) - len(found.moved)
    assert len(found.placed) == max(0, len(new) - len(old))
    assert len(found.unplaced) == max(0, len(old) - len(new))
    assert same >= 0
    whole = set(old)
    if set(new) <= whole and len(set(new)) == len(new):
        assert found.moved == ()


def test_thousands_of_repeats_do_not_hang() -> None:
    before = one_session(*((f"o{n}", n, "A") for n in range(5000)))
    after = one_session(*((f"n{n}", n + 1, "A") for n in range(5000)))
    assert len(diff(before, after).moved) == 5000


def tellings(
    before: Schedule | None, after: Schedule
) -> list[tuple[str, str, tuple[str, ...], bool]]:
    return [(t.title, str(t.what), t.speakers, t.starred) for t in whom_to_tell(before, after)]


BEFORE = make_schedule(
    ("moves:Ada", "A", 0, 60),
    ("falls:Bo", "A", 60, 60),
    ("stays:Cy", "A", 120, 60),
    ("waits:Di", None, 0, 60),
    ("gone:Ed", "B", 0, 30),
)


def test_speakers_are_told_all_and_those_who_starred_what_moved_or_fell() -> None:
    made = BEFORE
    sessions = tuple(
        replace(s, state=SessionState.CANCELLED) if s.title == "falls" else s
        for s in made.sessions
        if s.title != "gone"
    )
    slots = {slot.session: slot for slot in made.slots}
    moves, waits = made.sessions[0], made.sessions[3]
    placed = Slot(
        id=SlotId("new"), session=waits.id, room=RoomId("B"), start=at(300), duration=minutes(60)
    )
    after = replace(
        made,
        sessions=sessions,
        slots=(
            replace(slots[moves.id], start=at(15)),
            *(slot for slot in made.slots if slot.session in {s.id for s in sessions[1:]}),
            placed,
        ),
    )
    assert tellings(made, after) == [
        ("gone", "cancelled", ("Ed",), True),
        ("moves", "moved", ("Ada",), True),
        ("falls", "cancelled", ("Bo",), True),
        ("waits", "new", ("Di",), True),
    ]
    # Who starred what fell hears that it is back; nobody can have starred what is new.
    back = tellings(after, made)
    assert ("falls", "new", ("Bo",), True) in back
    assert ("gone", "new", ("Ed",), False) in back


def test_the_first_release_tells_speakers_everything_and_nobody_else() -> None:
    found = whom_to_tell(None, BEFORE)
    assert [t.what for t in found] == [What.NEW] * 4
    assert not any(t.starred for t in found)


def test_who_joins_or_leaves_a_session_is_told_of_it() -> None:
    made = make_schedule(("a:Ada+Bo", "A", 0, 60), ("b:Cy", "B", 0, 60))
    crew = (SpeakerId("Ada"), SpeakerId("Cy"))
    sessions = (replace(made.sessions[0], speakers=crew), made.sessions[1])
    after = replace(made, sessions=sessions)
    assert tellings(made, after) == [
        ("a", "cancelled", ("Bo",), False),
        ("a", "new", ("Cy",), False),
    ]
    moved = replace(after, slots=(replace(made.slots[0], start=at(30)), made.slots[1]))
    assert sorted(tellings(made, moved)) == [
        ("a", "cancelled", ("Bo",), False),
        ("a", "moved", ("Ada",), True),
        ("a", "new", ("Cy",), False),
    ]


def test_nothing_is_told_where_nothing_changed() -> None:
    for order in permutations(BEFORE.slots, 4):
        assert whom_to_tell(BEFORE, replace(BEFORE, slots=order)) == ()


@pytest.mark.parametrize("field", ["title", "abstract"])
def test_a_changed_text_moves_nobody(field: str) -> None:
    changed = replace(BEFORE.sessions[0], **{field: "other"})  # type: ignore[arg-type]
    assert whom_to_tell(BEFORE, replace(BEFORE, sessions=(changed, *BEFORE.sessions[1:]))) == ()
