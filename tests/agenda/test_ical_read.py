"""iCalendar read: every event is a session or a named warning, and no zone is taken for UTC."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings

from agenda.errors import UnknownZone, Unreadable
from agenda.formats import read
from agenda.formats.ical import Party, calendar, entries, invite
from agenda.formats.imported import Imported
from agenda.model import Schedule, SessionState
from tests.agenda.strategies import SCHEDULES
from tests.agenda.test_ical import ENTRY, REVISED


def file(*events: str, before: str = "") -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{before}{body}END:VCALENDAR\n".encode()


def codes(imported: Imported) -> list[str]:
    return [warning.code for warning in imported.warnings]


def test_an_event_with_everything() -> None:
    imported = read(
        "x.ics",
        file(
            "UID:a@example.org\nSUMMARY:Knots\\, and why\nDTSTART;TZID=Europe/Brussels:20260504T100000\n"
            "DTEND;TZID=Europe/Brussels:20260504T103000\nLOCATION:Hall\nDESCRIPTION:one\\n\n  two\n"
            "CATEGORIES:Tides,Sails\\, Ropes\nSTATUS:TENTATIVE\nURL:https://example.org/a\n"
            'ORGANIZER;CN="Quay, Ada":mailto:ada@example.org\nATTENDEE:mailto:bo@example.org\n'
            "ATTACH;FILENAME=s.pdf:https://example.org/s.pdf\nX-LEVEL:Beginner\nDTSTAMP:20260101T000000Z",
            before="X-WR-CALNAME:Harbour Days\n",
        ),
    )
    schedule = imported.schedule
    (session,), (slot,) = schedule.sessions, schedule.slots
    assert (schedule.conference.title, schedule.conference.zone) == (
        "Harbour Days",
        "Europe/Brussels",
    )
    assert (slot.start, slot.duration) == (
        datetime(2026, 5, 4, 8, tzinfo=UTC),
        timedelta(minutes=30),
    )
    assert (session.title, session.abstract, session.track) == (
        "Knots, and why",
        "one\n two",
        "Tides",
    )
    assert session.state is SessionState.ACCEPTED
    assert [speaker.name for speaker in schedule.speakers] == ["Quay, Ada", "bo@example.org"]
    assert session.extra == {"x-level": "Beginner", "categories": ["Sails, Ropes"]}
    assert codes(imported) == ["people_without_ids"]


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        ("/freeassociation.sourceforge.net/Europe/Brussels", 8),
        ("America/Argentina/Buenos_Aires", 13),
    ],
)
def test_zones_under_longer_names(zone: str, hour: int) -> None:
    schedule = read("x.ics", file(f"DTSTART;TZID={zone}:20260504T100000")).schedule
    assert schedule.slots[0].start.hour == hour


def test_a_zone_that_the_file_defines() -> None:
    told = (
        "BEGIN:VTIMEZONE\nTZID:Quay Time\nBEGIN:STANDARD\nDTSTART:20200101T000000\n"
        "TZOFFSETFROM:+0300\nTZOFFSETTO:+0300\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    content = file("DTSTART;TZID=Quay Time:20260504T100000", before=told)
    imported = read("x.ics", content, zone="Europe/Brussels")
    assert imported.schedule.slots[0].start == datetime(2026, 5, 4, 7, tzinfo=UTC)
    assert "unknown_zone" not in codes(imported)


def test_a_zone_that_nobody_knows_is_reported() -> None:
    content = file("DTSTART;TZID=Atlantis:20260504T100000")
    imported = read("x.ics", content, zone="Europe/Brussels")
    assert imported.schedule.slots[0].start == datetime(2026, 5, 4, 8, tzinfo=UTC)
    assert "unknown_zone" in codes(imported)
    with pytest.raises(UnknownZone):
        read("x.ics", content)


@pytest.mark.parametrize(
    ("event", "minutes", "code"),
    [
        ("DTSTART:20260504T100000Z\nDURATION:PT1H30M", 90, None),
        ("DTSTART:20260504T100000Z\nDTEND:20260504T093000Z", -30, "negative_length"),
        ("DTSTART:20260504T100000Z", 0, "zero_length"),
        ("DTSTART:20260504T100000Z\nDURATION:P99999999W", 0, "bad_duration"),
        ("DTSTART;VALUE=DATE:20260504", 24 * 60, None),
        ("DTSTART:20260504T100000Z\nRRULE:FREQ=DAILY\nDURATION:PT5M", 5, "recurrence"),
        ("DTSTART:20260504T100000Z\nDTEND:20260504T110000", 0, "bad_time"),
    ],
)
def test_lengths(event: str, minutes: int, code: str | None) -> None:
    imported = read("x.ics", file(event), zone="Europe/Brussels")
    assert imported.schedule.slots[0].duration == timedelta(minutes=minutes)
    assert code is None or code in codes(imported)


def test_broken_lines_are_noted_and_passed_over() -> None:
    content = b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a\nnonsense\nDTSTART;;X=1:20260504T100000Z\n"
    imported = read("x.ics", content)
    assert [(w.code, w.where) for w in imported.warnings][:2] == [
        ("bad_line", "x.ics: line 4"),
        ("not_closed", "x.ics: line 2"),
    ]
    assert len(imported.schedule.slots) == 1


def test_our_own_calendars_are_read_again() -> None:
    feed = read("x.ics", calendar([ENTRY], zone="Europe/Brussels", name="Harbour Days")).schedule
    assert (feed.conference.title, feed.conference.zone) == ("Harbour Days", "Europe/Brussels")
    assert (feed.slots[0].start, feed.slots[0].end) == (ENTRY.start, ENTRY.end)
    ada, team = Party(name="Ada", email="a@example.org"), Party(name="Team", email="t@example.org")
    asked = read("x.ics", invite(ENTRY, zone="Europe/Brussels", organizer=team, attendee=ada))
    assert {speaker.name for speaker in asked.schedule.speakers} == {"Ada", "Team"}


def test_the_second_turn_of_an_hour_that_comes_twice_is_said_in_utc() -> None:
    twice = replace(
        ENTRY,
        start=datetime(2026, 10, 24, 23, 30, tzinfo=UTC),
        end=datetime(2026, 10, 25, 1, 15, tzinfo=UTC),
    )
    written = calendar([twice], zone="Europe/Brussels", name="x")
    assert b"DTSTART;TZID=Europe/Brussels:20261025T013000" in written
    assert b"DTEND:20261025T011500Z" in written
    again = read("x.ics", written).schedule.slots[0]
    assert (again.start, again.end) == (twice.start, twice.end)


@settings(max_examples=60)
@given(SCHEDULES)
def test_what_a_calendar_can_hold_survives(schedule: Schedule) -> None:
    shown = [
        replace(entry, end=max(entry.end, entry.start))
        for entry in entries(
            schedule, host="x", revised=REVISED, address=lambda session: session.url
        )
    ]
    content = calendar(shown, zone="Europe/Brussels", name="x")
    again = read("x.ics", content, zone="Europe/Brussels").schedule
    rooms = {room.id: " ".join(room.name.split()) for room in schedule.rooms}
    lengths = {slot.id: max(slot.duration, timedelta(0)) for slot in schedule.slots}
    assert sorted((s.session, s.start, s.duration, s.room) for s in again.slots) == sorted(
        (f"{s.id}@x", s.start, lengths[s.id], rooms[s.room]) for s in schedule.slots
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"BEGIN:VCALENDAR\n" + b"BEGIN:X\n" * 200_000, "no_sessions"),
        (b"BEGIN:VCALENDAR\n" + b"SUMMARY:" + b"x" * 3_000_000, "no_sessions"),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + b";" * 200_000, "bad_line"),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nA" + b";A=" * 100_000, "bad_line"),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nA" + b';A="' * 100_000, "bad_line"),
        (b"BEGIN:VCALENDAR\nX:1\n" + b" x\n" * 300_000, "no_sessions"),
    ],
)
def test_hostile_calendars_are_read_in_bounded_time(content: bytes, words: str) -> None:
    before = time.process_time()
    imported = read("x.ics", content)
    assert time.process_time() - before < 3
    assert not words or words in codes(imported)


def test_any_damage_is_answered_in_words() -> None:
    chance = random.Random(11)
    whole = calendar([ENTRY], zone="Europe/Brussels", name="Harbour Days")
    for _ in range(400):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        with suppress(Unreadable):
            read("x.ics", bytes(content), zone="Europe/Brussels")
