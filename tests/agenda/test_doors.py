"""The doors: who opens, goes live and ends when, whatever producers do."""

from __future__ import annotations

import random
import time
from datetime import datetime
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agenda.doors import (
    RANK,
    Change,
    DoorPolicies,
    DoorPolicy,
    Override,
    OverrideKind,
    Phase,
    Plan,
    plan,
)
from agenda.model import RoomId, Slot, SlotId
from tests.agenda.builders import at, make_slot, minutes
from tests.agenda.doors_oracle import history

K = OverrideKind
OVER = {Phase.ENDED, Phase.ARCHIVED, Phase.CANCELLED}


def wish(slot: str, kind: OverrideKind, minute: float, extend: float = 0) -> Override:
    return Override(slot=SlotId(slot), kind=kind, at=at(minute), extend=minutes(extend))


def told(made: Plan, slot: str | None = None) -> list[tuple[str, float] | tuple[str, str, float]]:
    """The changes as (phase, minute), or with the slot before when no slot is named."""

    def minute(due: datetime) -> float:
        return (due - at(0)).total_seconds() / 60

    if slot is None:
        return [(c.slot, c.phase.value, minute(c.due)) for c in made.changes]
    return [(c.phase.value, minute(c.due)) for c in made.changes if c.slot == slot]


def test_an_undisturbed_slot_runs_through_every_phase() -> None:
    made = plan([make_slot(start=60, length=30)], DoorPolicy())
    assert told(made, "a") == [
        ("green_room", 30),
        ("doors", 50),
        ("live", 60),
        ("ended", 90),
        ("archived", 150),
    ]


def test_phases_and_next_change_follow_the_clock() -> None:
    made = plan([make_slot(start=60, length=30)], DoorPolicy())
    a = SlotId("a")
    assert made.phases(at(29)) == {a: Phase.UPCOMING}
    assert made.phases(at(60)) == {a: Phase.LIVE}
    assert made.phases(at(1000)) == {a: Phase.ARCHIVED}
    assert made.next_change(at(29)) == at(30)
    assert made.next_change(at(60)) == at(90)
    assert made.next_change(at(150)) is None


def test_the_later_start_ends_the_earlier() -> None:
    made = plan([make_slot("a", 60, 60), make_slot("b", 90, 60)], DoorPolicy())
    assert told(made, "a")[2:4] == [("live", 60), ("ended", 90)]
    assert told(made, "b")[2:4] == [("live", 90), ("ended", 150)]


def test_of_slots_that_start_together_one_goes_live_and_the_other_ends() -> None:
    made = plan([make_slot("a", 60, 60), make_slot("b", 60, 60)], DoorPolicy())
    assert told(made, "a") == [("green_room", 30), ("doors", 50), ("ended", 60), ("archived", 120)]
    assert ("live", 60) in told(made, "b")


def test_a_held_slot_makes_the_later_wait() -> None:
    slots = [make_slot("a", 60, 30), make_slot("b", 90, 30)]
    made = plan(slots, DoorPolicy(), [wish("a", K.HOLD, 80), wish("a", K.RELEASE_HOLD, 95)])
    assert told(made, "a")[2:4] == [("live", 60), ("ended", 95)]
    assert told(made, "b")[2:4] == [("live", 95), ("ended", 120)]


def test_a_hold_does_not_outlast_the_overrun_limit() -> None:
    slots = [make_slot("a", 60, 30), make_slot("b", 90, 30)]
    made = plan(slots, DoorPolicy(), [wish("a", K.HOLD, 80)])
    assert told(made, "a")[3] == ("ended", 105)
    assert told(made, "b")[2] == ("live", 105)


def test_a_hold_before_live_keeps_the_doors_shut() -> None:
    made = plan([make_slot("a", 60, 30)], DoorPolicy(), [wish("a", K.HOLD, 40)])
    assert told(made, "a") == [("green_room", 30), ("ended", 105), ("archived", 165)]
    released = plan(
        [make_slot("a", 60, 30)],
        DoorPolicy(),
        [wish("a", K.HOLD, 40), wish("a", K.RELEASE_HOLD, 70)],
    )
    assert told(released, "a")[:3] == [("green_room", 30), ("live", 70), ("ended", 90)]


def test_a_released_slot_does_not_cut_the_one_that_came_after_it() -> None:
    slots = [make_slot("a", 60, 60), make_slot("b", 90, 60)]
    made = plan(slots, DoorPolicy(), [wish("a", K.HOLD, 55), wish("a", K.RELEASE_HOLD, 100)])
    assert ("live", 90) in told(made, "b")
    assert ("ended", 150) in told(made, "b")
    assert told(made, "a")[2:] == [("ended", 100), ("archived", 160)]


def test_an_extension_holds_the_next_one_off() -> None:
    slots = [make_slot("a", 60, 30), make_slot("b", 90, 30)]
    made = plan(slots, DoorPolicy(), [wish("a", K.EXTEND, 85, extend=10)])
    assert told(made, "a")[3] == ("ended", 100)
    assert told(made, "b")[2] == ("live", 100)


def test_doors_are_opened_by_hand_however_early_even_while_held() -> None:
    orders = [wish("a", K.OPEN_GREEN_ROOM, 5), wish("a", K.HOLD, 8), wish("a", K.OPEN_DOORS, 10)]
    made = plan([make_slot("a", 60, 30)], DoorPolicy(), orders)
    assert told(made, "a") == [("green_room", 5), ("doors", 10), ("ended", 105), ("archived", 165)]
    late = plan([make_slot("a", 60, 30)], DoorPolicy(), [wish("a", K.OPEN_DOORS, 70)])
    assert told(late, "a") == told(plan([make_slot("a", 60, 30)], DoorPolicy()), "a")


def test_back_to_automatic_lets_go_and_takes_extensions_back() -> None:
    slots = [make_slot("a", 60, 30), make_slot("b", 90, 30)]
    held = [wish("a", K.HOLD, 50), wish("a", K.AUTO, 65)]
    assert told(plan(slots, DoorPolicy(), held), "a")[1:3] == [("live", 65), ("ended", 90)]
    longer = [wish("a", K.EXTEND, 80, 20), wish("a", K.AUTO, 95)]
    made = plan(slots, DoorPolicy(), longer)
    assert told(made, "a")[3] == ("ended", 95)
    assert told(made, "b")[2] == ("live", 95)


def test_live_now_and_end_now_win() -> None:
    slots = [make_slot("a", 60, 30), make_slot("b", 90, 30)]
    made = plan(slots, DoorPolicy(), [wish("a", K.HOLD, 61), wish("b", K.LIVE, 70)])
    assert told(made, "a")[2:4] == [("live", 60), ("ended", 70)]
    assert told(made, "b")[1:3] == [("live", 70), ("ended", 120)]
    ended = plan(slots, DoorPolicy(), [wish("a", K.END, 70)])
    assert told(ended, "a")[3] == ("ended", 70)


def test_a_slot_that_is_ended_at_its_last_moment_is_archived_later() -> None:
    policy = DoorPolicy(auto_live=False)
    made = plan([make_slot("a", 60, 30)], policy, [wish("a", K.END, 105)])
    assert told(made, "a")[2:] == [("ended", 105), ("archived", 165)]


def test_where_the_producer_says_when_it_still_ends() -> None:
    policy = DoorPolicy(auto_live=False)
    made = plan([make_slot("a", 60, 30)], policy)
    assert told(made, "a") == [
        ("green_room", 30),
        ("doors", 50),
        ("ended", 105),
        ("archived", 165),
    ]
    said = plan([make_slot("a", 60, 30)], policy, [wish("a", K.LIVE, 65)])
    assert told(said, "a")[2:4] == [("live", 65), ("ended", 105)]


def test_cancelled_before_live_only() -> None:
    made = plan([make_slot("a", 60, 30)], DoorPolicy(), [wish("a", K.CANCEL, 55)])
    assert told(made, "a") == [("green_room", 30), ("doors", 50), ("cancelled", 55)]
    late = plan([make_slot("a", 60, 30)], DoorPolicy(), [wish("a", K.CANCEL, 65)])
    assert ("ended", 90) in told(late, "a")


@pytest.mark.parametrize("length", [0, -15])
def test_a_slot_without_length_is_a_mark(length: float) -> None:
    slots = [make_slot("a", 60, 60), make_slot("mark", 90, length)]
    made = plan(slots, DoorPolicy(), [wish("mark", K.LIVE, 80)])
    assert told(made, "mark") == [("ended", 90), ("archived", 150)]
    assert told(made, "a")[2:4] == [("live", 60), ("ended", 120)]


def test_a_room_or_slot_may_have_its_own_policy() -> None:
    policies = DoorPolicies(
        rooms={RoomId("Hall"): DoorPolicy(auto_live=False)},
        slots={SlotId("b"): DoorPolicy(doors_lead=minutes(5), green_room_lead=minutes(5))},
    )
    made = plan([make_slot("a", 60, 30), make_slot("b", 200, 30)], policies)
    assert "live" not in [step[0] for step in told(made, "a")]
    assert told(made, "b")[:2] == [("doors", 195), ("live", 200)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"green_room_lead": minutes(1)},
        {"doors_lead": minutes(-1)},
        {"overrun": minutes(-1)},
        {"archive_after": minutes(0)},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, datetime]) -> None:
    with pytest.raises(ValueError, match=r"the green room|overrun|archived"):
        DoorPolicy(**wrong)  # type: ignore[arg-type]


MINUTE = st.integers(0, 240)
KEYS = "abcdef"
POLICY = st.builds(
    lambda doors, more, auto, overrun, archive: DoorPolicy(
        green_room_lead=minutes(doors + more),
        doors_lead=minutes(doors),
        auto_live=auto,
        overrun=minutes(overrun),
        archive_after=minutes(archive),
    ),
    st.integers(0, 20),
    st.integers(0, 20),
    st.booleans(),
    st.integers(0, 30),
    st.integers(1, 40),
)
POLICIES = st.builds(
    lambda conference, rooms, slots: DoorPolicies(conference=conference, rooms=rooms, slots=slots),
    POLICY,
    st.dictionaries(st.sampled_from(["Hall", "Attic"]), POLICY, max_size=1),
    st.dictionaries(st.sampled_from(KEYS), POLICY, max_size=2),
)
SLOTS = st.lists(
    st.tuples(
        st.integers(60, 200), st.integers(-10, 60), st.sampled_from(["Hall", "Hall", "Attic"])
    ),
    min_size=1,
    max_size=6,
).map(
    lambda rows: [
        make_slot(KEYS[i], start, length, room) for i, (start, length, room) in enumerate(rows)
    ]
)
WISHES = st.lists(
    st.builds(wish, st.sampled_from(KEYS), st.sampled_from(list(K)), MINUTE, st.integers(-5, 30)),
    max_size=8,
)


@settings(max_examples=400)
@given(SLOTS, POLICIES, WISHES)
def test_the_plan_is_what_the_rules_say_minute_by_minute(
    slots: list[Slot], policies: DoorPolicies, wishes: list[Override]
) -> None:
    made = plan(slots, policies, wishes)
    planned = sorted((c.due, c.slot, c.phase) for c in made.changes)
    assert planned == sorted(history(slots, policies, wishes, at(-60), at(900)))


@settings(max_examples=300)
@given(SLOTS, POLICIES, WISHES)
def test_phases_never_run_backwards_one_is_live_and_every_slot_ends(
    slots: list[Slot], policies: DoorPolicies, wishes: list[Override]
) -> None:
    made = plan(slots, policies, wishes)
    standing = dict.fromkeys(made.slots, Phase.UPCOMING)
    for change in made.changes:
        assert RANK[change.phase] > RANK[standing[change.slot]]
        assert change.phase is not Phase.CANCELLED or RANK[standing[change.slot]] < 3
        standing[change.slot] = change.phase
        live = [slot.room for slot in slots if standing[slot.id] is Phase.LIVE]
        assert len(live) == len(set(live))
    assert set(standing.values()) <= {Phase.ARCHIVED, Phase.CANCELLED}
    for _, steps in groupby(sorted(made.changes, key=lambda c: c.slot), key=lambda c: c.slot):
        dues = [change.due for change in steps]
        assert dues == sorted(set(dues))


@settings(max_examples=200)
@given(SLOTS, POLICIES, WISHES, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    slots: list[Slot], policies: DoorPolicies, wishes: list[Override], chance: random.Random
) -> None:
    expected = plan(slots, policies, wishes)
    chance.shuffle(slots)
    chance.shuffle(wishes)
    assert plan(slots, policies, wishes) == expected


@settings(max_examples=200)
@given(SLOTS, POLICIES, WISHES, MINUTE)
def test_an_override_changes_nothing_that_was_due_before_it(
    slots: list[Slot], policies: DoorPolicies, wishes: list[Override], minute: int
) -> None:
    known = [w for w in wishes if w.at <= at(minute)]
    before = [c for c in plan(slots, policies, known).changes if c.due <= at(minute)]
    assert [c for c in plan(slots, policies, wishes).changes if c.due <= at(minute)] == before


@settings(max_examples=200)
@given(SLOTS, POLICIES, WISHES, st.lists(st.tuples(MINUTE, st.integers(0, 5)), max_size=12))
def test_any_ticks_and_any_crash_leave_the_same_history(
    slots: list[Slot],
    policies: DoorPolicies,
    wishes: list[Override],
    ticks: list[tuple[int, int]],
) -> None:
    """A stagehand that plans anew at each tick, and dies after so many records of some of them."""
    recorded: list[Change] = []
    reached: dict[SlotId, Phase] = {}
    for minute, survives in [*sorted(ticks), (2000, 10_000)]:
        known = [w for w in wishes if w.at <= at(minute)]
        outstanding = plan(slots, policies, known).outstanding(reached, at(minute))
        for change in outstanding[:survives]:
            recorded.append(change)
            reached[change.slot] = change.phase
    assert recorded == list(plan(slots, policies, wishes).changes)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(SLOTS, WISHES), min_size=2, max_size=4),
    POLICIES,
    st.lists(st.tuples(MINUTE, st.integers(0, 5)), min_size=2, max_size=12),
)
def test_releases_in_between_leave_one_live_in_a_room_and_never_go_back(
    releases: list[tuple[list[Slot], list[Override]]],
    policies: DoorPolicies,
    ticks: list[tuple[int, int]],
) -> None:
    """Each tick looks at another release, in which slots have other times and rooms."""
    reached: dict[SlotId, Phase] = {}
    plans = [plan(slots, policies, wishes) for slots, wishes in releases]
    for count, (minute, survives) in enumerate(sorted(ticks)):
        made = plans[min(count, len(plans) - 1)]
        outstanding = made.outstanding(reached, at(minute))
        for change in outstanding[:survives]:
            assert RANK[change.phase] > RANK[reached.get(change.slot, Phase.UPCOMING)]
            reached[change.slot] = change.phase
        if survives >= len(outstanding):
            live = [
                made.rooms[s]
                for s, phase in reached.items()
                if phase is Phase.LIVE and s in made.rooms
            ]
            assert len(live) == len(set(live))
            assert made.outstanding(reached, at(minute)) == ()


def test_a_live_slot_that_a_release_moves_away_ends_before_another_goes_live() -> None:
    a, b = SlotId("a"), SlotId("b")
    moved = plan([make_slot("a", 300, 30), make_slot("b", 60, 30)], DoorPolicy())
    outstanding = moved.outstanding({a: Phase.LIVE, b: Phase.DOORS}, at(61))
    assert [(c.slot, c.phase, c.due) for c in outstanding] == [
        (a, Phase.ENDED, at(60)),
        (b, Phase.LIVE, at(60)),
    ]


def test_two_live_slots_that_a_release_puts_into_one_room() -> None:
    a, b = SlotId("a"), SlotId("b")
    together = plan([make_slot("a", 60, 60), make_slot("b", 90, 60)], DoorPolicy())
    outstanding = together.outstanding({a: Phase.LIVE, b: Phase.LIVE}, at(95))
    assert [(c.slot, c.phase) for c in outstanding] == [(a, Phase.ENDED)]


def test_a_new_plan_never_takes_a_slot_back() -> None:
    moved = plan([make_slot("a", 180, 30)], DoorPolicy())
    assert moved.outstanding({SlotId("a"): Phase.DOORS}, at(155)) == ()
    assert [c.phase for c in moved.outstanding({SlotId("a"): Phase.DOORS}, at(181))] == [Phase.LIVE]


def test_a_large_conference_is_planned_at_once() -> None:
    slots = [
        make_slot(f"{room}-{n}", 30 * n + (5 if n == 3 else 0), 30, f"room {room}")
        for room in range(35)
        for n in range(23)
    ]
    plan(slots, DoorPolicy())
    best = min(_seconds(slots) for _ in range(5))
    assert best < 0.1, f"a plan of {len(slots)} slots took {best * 1000:.1f} ms"


def test_twenty_thousand_slots_in_one_room_do_not_hang() -> None:
    slots = [make_slot(f"{n:05}", n % 600, 300) for n in range(20_000)]
    before = time.process_time()
    made = plan(slots, DoorPolicy())
    assert time.process_time() - before < 20
    assert set(made.phases(at(10_000)).values()) == {Phase.ARCHIVED}


def _seconds(slots: list[Slot]) -> float:
    before = time.process_time()
    plan(slots, DoorPolicy())
    return time.process_time() - before
