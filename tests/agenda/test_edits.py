"""Edits: what each does, what refuses it, and that undoing one leaves no trace."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenda import edit_document as document
from agenda.edits import (
    Board,
    Edit,
    EditRefused,
    Lock,
    Move,
    NoLength,
    Place,
    Resize,
    SlotBegun,
    SlotChanged,
    SlotLocked,
    Swap,
    Together,
    UnknownPlace,
    Unlock,
    Unschedule,
    keep_history,
    line,
    spot,
)
from agenda.model import Conference, RoomId, Schedule, SessionId, Slot, SlotId
from tests.agenda.builders import at, make_slot, minutes

ROOMS = ("Hall", "Attic", "Pier")
KEYS = ("a", "b", "c", "d")


def make_board(*slots: Slot, locked: tuple[str, ...] = ()) -> Board:
    return Board(
        rooms=frozenset(RoomId(name) for name in ROOMS),
        sessions=frozenset(SessionId(f"session-{key}") for key in KEYS),
        slots={slot.id: slot for slot in slots},
        locked=frozenset(SlotId(key) for key in locked),
    )


def move(slot: Slot, *, start: float, room: str = "Hall") -> Move:
    to = replace(spot(slot), room=RoomId(room), start=at(start))
    return Move(slot=slot.id, was=spot(slot), to=to)


SLOTS = st.lists(
    st.builds(
        make_slot,
        st.sampled_from(KEYS),
        st.integers(0, 20).map(lambda n: n * 30.0),
        st.integers(0, 6).map(lambda n: n * 15.0),
        st.sampled_from(ROOMS),
    ),
    unique_by=lambda slot: slot.id,
    min_size=1,
)


@st.composite
def boards_with_edits(draw: st.DrawFn) -> tuple[Board, Edit]:
    """A board and an edit that, more often than not, fits it."""
    slots = draw(SLOTS)
    board = make_board(*slots, locked=tuple(draw(st.sets(st.sampled_from(KEYS), max_size=1))))
    board = replace(board, locked=board.locked & board.slots.keys())
    edits = draw(st.lists(_edits(slots), min_size=1, max_size=4))
    return board, edits[0] if len(edits) == 1 else Together(edits=tuple(edits))


def _edits(slots: list[Slot]) -> st.SearchStrategy[Edit]:
    one = st.sampled_from(slots)
    start = st.integers(0, 40).map(lambda n: n * 15.0)
    absent = st.sampled_from(KEYS)
    made: list[st.SearchStrategy[Any]] = [
        st.builds(lambda s, b, r: move(s, start=b, room=r), one, start, st.sampled_from(ROOMS)),
        st.builds(
            lambda s, n: Resize(slot=s.id, was=s.duration, to=minutes(n)),
            one,
            st.integers(-1, 90),
        ),
        st.builds(
            lambda a, b: Swap(first=a.id, second=b.id, first_was=spot(a), second_was=spot(b)),
            one,
            one,
        ).filter(lambda swap: swap.first != swap.second),
        st.builds(lambda s: Unschedule(slot=s.id, session=s.session, was=spot(s)), one),
        st.builds(lambda s: Lock(slot=s.id), one),
        st.builds(lambda s: Unlock(slot=s.id), one),
        st.builds(
            lambda key, b: Place(
                slot=SlotId(key),
                session=SessionId(f"session-{key}"),
                at=spot(make_slot(start=b)),
            ),
            absent,
            start,
        ),
    ]
    if len(slots) < 2:
        del made[2]
    return st.one_of(made)


@given(boards_with_edits())
def test_undoing_leaves_no_trace(case: tuple[Board, Edit]) -> None:
    board, edit = case
    try:
        after = edit.apply(board)
    except EditRefused:
        return
    assert edit.inverse.apply(after) == board
    assert edit.inverse.inverse == edit
    changed = {
        key
        for key in board.slots.keys() | after.slots.keys()
        if board.slots.get(key) != after.slots.get(key)
        or (key in board.locked) != (key in after.locked)
    }
    assert changed <= edit.touched


@given(boards_with_edits())
def test_an_edit_survives_json(case: tuple[Board, Edit]) -> None:
    assert document.load(document.dump(case[1])) == case[1]


def test_each_edit_does_what_its_name_says() -> None:
    a, b = make_slot("a", 0, 30), make_slot("b", 60, 45, "Attic")
    board = make_board(a, b)
    assert move(a, start=15, room="Pier").apply(board).slots[a.id] == make_slot("a", 15, 30, "Pier")
    assert Resize(slot=a.id, was=minutes(30), to=minutes(50)).apply(board).slots[a.id] == make_slot(
        "a", 0, 50
    )
    swap = Swap(first=a.id, second=b.id, first_was=spot(a), second_was=spot(b))
    assert swap.apply(board).slots == {
        "a": make_slot("a", 60, 30, "Attic"),
        "b": make_slot("b", 0, 45),
    }
    assert Lock(slot=a.id).apply(board).locked == {"a"}
    gone = Unschedule(slot=a.id, session=a.session, was=spot(a)).apply(board)
    assert gone.slots == {"b": b}
    assert Place(slot=a.id, session=a.session, at=spot(a)).apply(gone) == board


def test_what_refuses_an_edit() -> None:
    a, b = make_slot("a"), make_slot("b", 60)
    board = make_board(a, b, locked=("b",))
    elsewhere = make_board(make_slot("a", 5), b)
    cases: list[tuple[type[EditRefused], Board, Edit]] = [
        (SlotChanged, elsewhere, move(a, start=30)),
        (SlotChanged, make_board(b), move(a, start=30)),
        (SlotChanged, elsewhere, Unschedule(slot=a.id, session=a.session, was=spot(a))),
        (SlotChanged, board, Place(slot=a.id, session=a.session, at=spot(a))),
        (SlotChanged, board, Resize(slot=a.id, was=minutes(5), to=minutes(9))),
        (SlotChanged, board, Unlock(slot=a.id)),
        (SlotLocked, board, move(b, start=30)),
        (SlotLocked, board, Lock(slot=b.id)),
        (UnknownPlace, board, move(a, start=0, room="Cellar")),
        (
            UnknownPlace,
            board,
            Place(slot=SlotId("z"), session=SessionId("session-z"), at=spot(a)),
        ),
        (NoLength, board, Resize(slot=a.id, was=minutes(60), to=minutes(0))),
    ]
    for error, on, edit in cases:
        with pytest.raises(error):
            edit.apply(on)


def test_edits_that_meet_nowhere_merge() -> None:
    a, b = make_slot("a"), make_slot("b", 60)
    board = make_board(a, b)
    mine, theirs = move(a, start=30), move(b, start=90)
    assert mine.apply(theirs.apply(board)) == theirs.apply(mine.apply(board))
    longer = Resize(slot=a.id, was=a.duration, to=minutes(90))
    assert longer.apply(mine.apply(board)).slots[a.id] == make_slot("a", 30, 90)


def test_history_stays() -> None:
    a, b = make_slot("a", 0), make_slot("b", 120)
    schedule = Schedule(conference=Conference(title="T", zone="UTC"), slots=(a, b))
    board = make_board(a, b)
    assert line(schedule, now=at(-1)) is None
    assert line(schedule, now=at(30)) == at(30)
    assert line(schedule, now=at(180)) is None
    keep_history(board, move(a, start=60).apply(board), None)
    keep_history(board, move(b, start=60).apply(board), at(30))
    for edit in (move(a, start=60), move(b, start=15)):
        with pytest.raises(SlotBegun):
            keep_history(board, edit.apply(board), at(30))
    keep_history(board, Lock(slot=a.id).apply(board), at(30))


@pytest.mark.parametrize(
    "held",
    [
        None,
        [],
        {},
        {"kind": "dance"},
        {"kind": "lock"},
        {"kind": "lock", "slot": 3},
        {"kind": "lock", "slot": "x" * 300},
        {"kind": "resize", "slot": "a", "was": True, "to": 60},
        {"kind": "resize", "slot": "a", "was": 60, "to": 10**12},
        {"kind": "together", "edits": []},
        {"kind": "together", "edits": [{"kind": "together", "edits": []}]},
        {"kind": "move", "slot": "a", "was": {}, "to": {}},
        {
            "kind": "place",
            "slot": "a",
            "session": "s",
            "at": {"room": "r", "start": "2027-05-12T10:00", "length_s": 60},
        },
        {
            "kind": "place",
            "slot": "a",
            "session": "s",
            "at": {"room": "r", "start": "9999-12-31T23:59:59-12:00", "length_s": 60},
        },
    ],
)
def test_what_is_no_edit_is_said_so(held: Any) -> None:
    with pytest.raises(document.MalformedEdit):
        document.load(held)


def test_an_instant_is_read_in_any_offset() -> None:
    spot_ = document.load(
        {
            "kind": "place",
            "slot": "a",
            "session": "s",
            "at": {"room": "r", "start": "2027-05-12T10:00:00.000+02:00", "length_s": 60},
        }
    )
    assert isinstance(spot_, Place)
    assert spot_.at.start == datetime(2027, 5, 12, 8, tzinfo=UTC)
    assert spot_.at.duration == timedelta(minutes=1)
