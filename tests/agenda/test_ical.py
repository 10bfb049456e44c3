"""Calendars: what a feed and an invite say, read back by a library that did not write it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar, Event

from agenda.formats import read
from agenda.formats.ical import Entry, Party, calendar, entries, invite
from agenda.formats.plain import plain_text
from agenda.formats.vtimezone import vtimezone
from agenda.model import SessionState, SlotId
from tests.agenda.test_document import FULL

REVISED = datetime(2026, 4, 1, 12, tzinfo=UTC)
ENTRY = Entry(
    uid="a@plenary.example",
    start=datetime(2026, 5, 4, 8, tzinfo=UTC),
    end=datetime(2026, 5, 4, 8, 30, tzinfo=UTC),
    summary="Knots, and why they hold",
    revised=REVISED,
    sequence=3,
    location="Hall",
    description="Ada Quay",
    url="https://plenary.example/c/harbour/sessions/a",
)


def parsed(content: bytes) -> tuple[Calendar, list[Event]]:
    read = Calendar.from_ical(content)
    assert isinstance(read, Calendar)
    events = [part for part in read.walk("VEVENT") if isinstance(part, Event)]
    assert read.errors == []
    return read, events


def test_a_feed_is_in_the_conferences_zone_and_keeps_its_names() -> None:
    content = calendar([ENTRY], zone="Europe/Brussels", name="Harbour Days")
    read, (event,) = parsed(content)
    assert (read["METHOD"], read["X-WR-CALNAME"], read["NAME"]) == (
        "PUBLISH",
        "Harbour Days",
        "Harbour Days",
    )
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT15M" in content
    assert b"DTSTART;TZID=Europe/Brussels:20260504T100000" in content
    assert b"TZID:Europe/Brussels" in content
    assert (event["UID"], event["SEQUENCE"], event["STATUS"], event["LOCATION"]) == (
        "a@plenary.example",
        3,
        "CONFIRMED",
        "Hall",
    )
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(minutes=30)
    assert content == calendar([ENTRY], zone="Europe/Brussels", name="Harbour Days")


def test_no_line_is_longer_than_the_standard_allows() -> None:
    long = replace(ENTRY, summary="Seile und Knöten " * 20, description="海" * 500)
    content = calendar([long], zone="Europe/Brussels", name="Harbour Days")
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    _, (event,) = parsed(content)
    assert event["DESCRIPTION"] == "海" * 500


def test_what_is_cancelled_says_so_and_a_mark_has_no_end() -> None:
    mark = replace(ENTRY, end=ENTRY.start, cancelled=True)
    _, (event,) = parsed(calendar([mark], zone="UTC", name="x"))
    assert event["STATUS"] == "CANCELLED"
    assert "DTEND" not in event


def test_an_invite_asks_one_person_and_reminds() -> None:
    content = invite(
        replace(ENTRY, alarms=(timedelta(minutes=15),)),
        zone="Europe/Brussels",
        organizer=Party(name="Harbour, Days", email="team@plenary.example"),
        attendee=Party(name="Ada Quay", email="ada@plenary.example"),
    )
    read, (event,) = parsed(content)
    assert read["METHOD"] == "REQUEST"
    assert event["ORGANIZER"] == "mailto:team@plenary.example"
    assert event["ORGANIZER"].params["CN"] == "Harbour, Days"
    assert event["ATTENDEE"] == "mailto:ada@plenary.example"
    assert event["ATTENDEE"].params["RSVP"] == "TRUE"
    (alarm,) = event.walk("VALARM")
    assert alarm.decoded("trigger") == timedelta(minutes=-15)


def test_a_cancelled_invite_is_withdrawn() -> None:
    content = invite(
        replace(ENTRY, cancelled=True, sequence=4, alarms=(timedelta(minutes=15),)),
        zone="UTC",
        organizer=Party(name="", email="team@plenary.example"),
        attendee=Party(name="Ada", email="ada@plenary.example"),
    )
    read, (event,) = parsed(content)
    assert (read["METHOD"], event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 4)
    assert event.walk("VALARM") == []


def test_one_attendee_is_uninvited_without_a_status() -> None:
    content = invite(
        replace(ENTRY, cancelled=True, sequence=4),
        zone="UTC",
        organizer=Party(name="", email="team@plenary.example"),
        attendee=Party(name="Ada", email="ada@plenary.example"),
        uninvite=True,
    )
    read, (event,) = parsed(content)
    assert (read["METHOD"], event["SEQUENCE"], "STATUS" in event) == ("CANCEL", 4, False)


def test_an_answer_that_holds_is_told_along() -> None:
    content = invite(
        ENTRY,
        zone="UTC",
        organizer=Party(name="", email="team@plenary.example"),
        attendee=Party(name="Ada", email="ada@plenary.example"),
        answer="ACCEPTED",
    )
    _, (event,) = parsed(content)
    assert event["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
    assert event["ATTENDEE"].params["RSVP"] == "FALSE"


def test_entries_of_a_schedule() -> None:
    (entry,) = entries(
        FULL,
        host="plenary.example",
        revised=REVISED,
        address=lambda session: f"https://plenary.example/{session.id}",
        sequences={SlotId("a"): 2},
    )
    assert (entry.uid, entry.sequence, entry.cancelled) == ("a@plenary.example", 2, True)
    assert entry.description == "Ada Quay"
    assert FULL.sessions[0].state is SessionState.CANCELLED
    nothing = entries(FULL, host="x", revised=REVISED, address=lambda s: "", only=set())
    assert list(nothing) == []


@pytest.mark.parametrize(
    "zone",
    ["Europe/Brussels", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Etc/GMT-2"],
)
def test_the_told_zone_has_the_real_zones_offsets_all_year(zone: str) -> None:
    parts = [
        (part.decoded("dtstart"), part.decoded("tzoffsetfrom"), part.decoded("tzoffsetto"))
        for part in vtimezone(zone, 2026, 2027).subcomponents
    ]
    onsets = sorted((start.replace(tzinfo=UTC) - before, after) for start, before, after in parts)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    while at < datetime(2028, 1, 1, tzinfo=UTC):
        told = [after for onset, after in onsets if onset <= at][-1]
        assert told == at.astimezone(ZoneInfo(zone)).utcoffset()
        at += timedelta(hours=1)
    for (_, _, before), (_, after, _) in pairwise(sorted(parts, key=lambda part: part[0])):
        assert before == after


def test_markup_becomes_plain() -> None:
    assert (
        plain_text("<p>One &amp; two</p><ul><li>a</li><li>b</li></ul>") == "One & two\n\n• a\n• b"
    )
    assert plain_text("<script>alert(1)</script>x < y") == "x < y"
    assert plain_text("a" * 50, limit=10) == "aaaaaaaaa…"


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    for start in (second - timedelta(hours=1), second):
        entry = replace(ENTRY, start=start, end=start + timedelta(minutes=20))
        feed = read("x.ics", calendar([entry], zone="Europe/Brussels", name="Night")).schedule
        assert (feed.slots[0].start, feed.slots[0].end) == (entry.start, entry.end)
