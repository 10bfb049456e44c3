"""Findings: complete, gravest first, and the same after an edit as from scratch."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agenda.finding import count_overlaps
from agenda.findings import MOST_OVERLAPS, Finding, Rules, Severity, examine, overlapping, scan
from agenda.formats.rows import PersonRow, Row
from agenda.inspect import room_overlaps, speaker_clashes
from agenda.model import RoomId, Schedule, SessionId, SessionState, Slot, SpeakerId
from agenda.rules import Span
from tests.agenda.builders import at, make_slot, minutes
from tests.agenda.strategies import SCHEDULES, make_schedule

SLOTS = st.lists(st.tuples(st.integers(0, 60), st.integers(-5, 30)), max_size=12).map(
    lambda rows: [make_slot(f"{n:02}", start, length) for n, (start, length) in enumerate(rows)]
)
HEAD: dict[str, Any] = {"title": "Harbour Days", "days": [], "day_change": timedelta(0)}


def row(title: str, start: float | None = 0, length: float = 60, **more: Any) -> Row:
    more.setdefault("room", "Hall")
    more.setdefault("persons", (PersonRow(name=f"speaker of {title}"),))
    moment = None if start is None else at(start)
    return Row(where="", title=title, start=moment, duration=minutes(length), **more)


def schedule(*rows: Row) -> Schedule:
    return make_schedule(HEAD, list(rows), (), ())


def codes(found: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    return [(f.code, f.severity.value, f.cure) for f in found]


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert scan(schedule(row("a", 0), row("b", 60), row("c", 0, room="Attic"))) == ()


def test_a_room_overlap_names_both_the_place_and_the_time() -> None:
    (found,) = scan(schedule(row("a", 0), row("b", 30)))
    assert found.message == "“a” and “b” are both in Hall at 2026-05-04 10:30."
    assert (found.code, found.severity, found.cure) == ("room_overlap", Severity.MUST, "move")
    assert found.slots == ("title:a", "title:b")


def test_a_person_is_found_by_name_in_two_rooms() -> None:
    first = (PersonRow(name="Ada Quay", source_id="1"),)
    second = (PersonRow(name="Ada Quay", source_id="99"),)
    both = schedule(row("a", persons=first), row("b", 15, room="Attic", persons=second))
    (found,) = scan(both)
    assert found.message == "Ada Quay speaks in “a” and in “b” at 2026-05-04 10:15."
    assert speaker_clashes(both) == 1


def test_each_thing_that_is_wrong_with_one_session() -> None:
    found = scan(
        schedule(
            row("a"),
            row("waits", None),
            row("alone", 120, persons=()),
            row("", 180),
            row("back", 240, -10),
            row("mark", 240, 0),
            row("perhaps", 300, state=SessionState.ACCEPTED),
            row("nowhere", 360, room=""),
        )
    )
    assert codes(found) == [
        ("negative_length", "must", "lengthen"),
        ("no_room", "must", "choose_room"),
        ("no_title", "should", "name"),
        ("unconfirmed", "should", "confirm"),
        ("unplaced", "should", "place"),
        ("no_speaker", "note", "add_speaker"),
        ("zero_length", "note", "lengthen"),
    ]


def test_what_is_cancelled_disturbs_nobody() -> None:
    assert scan(schedule(row("a"), row("b", 30, state=SessionState.CANCELLED))) == ()


def test_a_session_outside_the_days_and_over_a_change_of_the_clocks() -> None:
    on_the_day = {**HEAD, "days": [at(0).date()]}
    (found,) = scan(make_schedule(on_the_day, [row("late", 30 * 60)], (), ()))
    assert found.code == "outside_days"
    march = replace(row("night"), start=at(0).replace(month=3, day=29, hour=0, minute=30))
    (found,) = scan(make_schedule(HEAD, [march], (), ()))
    assert found.code == "clock_change"


def test_a_start_that_the_clocks_show_twice() -> None:
    october = replace(
        row("twice", length=10), start=at(0).replace(month=10, day=25, hour=0, minute=30)
    )
    (found,) = scan(make_schedule(HEAD, [october], (), ()))
    assert (found.code, found.cure) == ("clock_twice", "move")
    assert found.message == (
        "“twice” starts at 2026-10-25 02:30, which the clocks show twice that night."
    )


def test_hours_breaks_and_nights_at_home() -> None:
    made = schedule(row("a"), row("b", 120))
    rules = Rules(
        hours=(Span(start=at(0), end=at(150)),),
        breaks=(Span(start=at(50), end=at(60)),),
        homes={
            SpeakerId(":speaker of a"): "America/Los_Angeles",
            SpeakerId(":speaker of b"): "Asia/Tokyo",
        },
    )
    assert [finding.message for finding in scan(made, rules)] == [
        "“a” at 2026-05-04 10:00 runs into a break that is for everybody.",
        "For speaker of a “a” starts at 01:00 in the night (America/Los_Angeles).",
        "“b” at 2026-05-04 12:00 lies outside the conference's hours.",
    ]
    # 16:00 in Brussels is 23:00 in Tokyo.
    late = schedule(row("a", 360, persons=(PersonRow(name="speaker of b"),)))
    assert [f.code for f in scan(late, replace(rules, hours=()))] == ["night_at_home"]


def test_very_many_overlaps_are_counted_not_listed() -> None:
    found = scan(schedule(*(row(f"{n}", 0) for n in range(60))))
    assert len(found) == MOST_OVERLAPS + 1
    assert found[0].code == "more_room_overlap"


def test_rest_between_slots_of_a_room_and_of_a_person() -> None:
    ada = (PersonRow(name="Ada Quay"),)
    made = schedule(row("a", persons=ada), row("b", 63, persons=ada, room="Attic"), row("c", 64))
    found = scan(made, Rules(changeover=minutes(5), pause=minutes(5)))
    assert [finding.message for finding in found] == [
        "Hall has 4 minutes between “a” and “c”.",
        "Ada Quay has 3 minutes from “a” to “b”, in another room.",
    ]


def test_absent_speakers_and_closed_rooms() -> None:
    made = schedule(row("a"), row("b", 60))
    rules = Rules(
        absent_speakers={SpeakerId(":speaker of a"): (Span(start=at(59), end=at(70)),)},
        closed_rooms={RoomId("Hall"): (Span(start=at(90), end=at(300)),)},
    )
    assert [finding.message for finding in scan(made, rules)] == [
        "“b” is in Hall at 2026-05-04 11:00, when it cannot be used.",
        "speaker of a cannot be there for “a” at 2026-05-04 10:00.",
    ]


def test_demand_order_and_what_people_want_to_see() -> None:
    made = schedule(row("a"), row("b", 30, room="Attic"))
    small = replace(made, rooms=tuple(replace(room, capacity=10) for room in made.rooms))
    a, b = SessionId("title:a"), SessionId("title:b")
    rules = Rules(demand={a: 11}, earlier={b: (a,)}, wanted_together={(a, b): 7})
    assert [finding.message for finding in scan(small, rules)] == [
        "“b” starts at 2026-05-04 10:30, before “a” is over, which comes first.",
        "7 people want both “a” and “b”, which run together.",
        "11 people want to see “a”, and Hall holds 10.",
    ]


@settings(max_examples=80)
@given(SCHEDULES, st.integers(0, 4), st.integers(-90, 90), st.randoms(use_true_random=False))
def test_with_rules_an_edit_finds_what_the_whole_would(
    before: Schedule, index: int, by: int, chance: random.Random
) -> None:
    ids = [session.id for session in before.sessions]
    rules = Rules(
        changeover=minutes(20),
        pause=minutes(20),
        demand={key: chance.randint(0, 100) for key in ids},
        earlier={key: (chance.choice(ids),) for key in ids},
        wanted_together={(one, two): 5 for one in ids for two in ids if one < two},
        closed_rooms={room.id: (Span(start=at(0), end=at(600)),) for room in before.rooms},
        hours=(Span(start=at(0), end=at(900)),),
        breaks=(Span(start=at(100), end=at(130)),),
        homes={person.id: "Pacific/Auckland" for person in before.speakers},
    )
    if index < len(before.slots):
        slots = list(before.slots)
        slots[index] = replace(slots[index], start=slots[index].start + minutes(by))
        moved = replace(before, slots=tuple(slots))
        assert examine(before, rules).after(moved).findings() == scan(moved, rules)


@given(SLOTS)
def test_counting_overlaps_is_listing_them(slots: list[Slot]) -> None:
    assert count_overlaps(slots) == len(list(overlapping(slots)))


@given(SLOTS)
def test_the_sweep_finds_every_pair_once(slots: list[Slot]) -> None:
    lasting = [slot for slot in slots if slot.duration > minutes(0)]
    brute = {
        frozenset({a.id, b.id})
        for a, b in combinations(lasting, 2)
        if a.start < b.end and b.start < a.end
    }
    swept = [frozenset({a.id, b.id}) for a, b in overlapping(slots)]
    assert len(swept) == len(brute)
    assert set(swept) == brute


@settings(max_examples=150)
@given(SCHEDULES, SCHEDULES, st.integers(0, 4), st.integers(-90, 90))
def test_after_an_edit_the_findings_are_those_of_the_whole(
    before: Schedule, other: Schedule, index: int, by: int
) -> None:
    assert examine(before).after(other).findings() == scan(other)
    if index < len(before.slots):
        slots = list(before.slots)
        room = before.rooms[by % len(before.rooms)].id
        slots[index] = replace(
            slots[index], start=slots[index].start + minutes(by), room=RoomId(room)
        )
        moved = replace(before, slots=tuple(slots))
        assert examine(before).after(moved).findings() == scan(moved)


@settings(max_examples=50)
@given(SCHEDULES)
def test_figures_and_findings_agree(made: Schedule) -> None:
    everywhere = replace(
        made, sessions=tuple(replace(s, state=SessionState.CONFIRMED) for s in made.sessions)
    )
    found = scan(everywhere)
    clashes = {f.slots for f in found if f.code == "speaker_clash"}
    assert sum(f.code == "room_overlap" for f in found) == room_overlaps(everywhere)
    assert len(clashes) == speaker_clashes(everywhere)
