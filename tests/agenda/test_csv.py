"""Tables: columns guessed and corrected, dirt kept and named, formulas disarmed."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings

from agenda.errors import UnknownZone, Unreadable
from agenda.formats import read
from agenda.formats.csv_table import write
from agenda.formats.imported import Imported
from agenda.model import Schedule, Session, SessionId, Speaker, SpeakerId
from tests.agenda.strategies import SCHEDULES

ZONE = "Europe/Brussels"


def table(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def codes(imported: Imported) -> list[str]:
    return [warning.code for warning in imported.warnings]


def test_date_and_time_in_two_columns() -> None:
    content = table(
        "Room;Date;Start;Duration;Title;Speakers",
        "Hall;2026-05-04;9:05;0:45;Knots;1:Ada Quay",
        "Hall;04.05.2026;1:30 PM;45;Ropes;2:Bo: the sailor",
    )
    schedule = read("x.csv", content, zone=ZONE).schedule
    assert [slot.start for slot in schedule.slots] == [
        datetime(2026, 5, 4, 7, 5, tzinfo=UTC),
        datetime(2026, 5, 4, 11, 30, tzinfo=UTC),
    ]
    assert [slot.duration for slot in schedule.slots] == [timedelta(minutes=45)] * 2
    people = [(person.source_id, person.name) for person in schedule.speakers]
    assert people == [("1", "Ada Quay"), ("2", "Bo: the sailor")]
    with pytest.raises(UnknownZone):
        read("x.csv", content)


def test_an_end_over_midnight_is_after_the_start() -> None:
    content = table("title,date,start,end", "Knots,2026-05-04,23:30,00:15")
    (slot,) = read("x.csv", content, zone=ZONE).schedule.slots
    assert slot.duration == timedelta(minutes=45)


def test_columns_are_corrected_by_the_organizer() -> None:
    content = table(
        "name,track,theme,who,start,end",
        '"Knots","main","Tides","Ada Quay; Bo Fen\nCy\n (Harbour School)",'
        "2026-05-04T10:00+02:00,2026-05-04T10:30+02:00",
    )
    said = {"room": "track", "track": "theme", "speakers": "Who"}
    schedule = read("x.csv", content, columns=said).schedule
    assert [room.name for room in schedule.rooms] == ["main"]
    assert [track.name for track in schedule.tracks] == ["Tides"]
    names = [speaker.name for speaker in schedule.speakers]
    assert names == ["Ada Quay", "Bo Fen", "Cy (Harbour School)"]


def test_a_column_or_field_that_is_not_there() -> None:
    content = table("title,start", "Knots,2026-05-04T10:00+02:00")
    imported = read("x.csv", content, columns={"track": "theme"})
    assert "no_column" in codes(imported)
    with pytest.raises(Unreadable, match="no field “colour”"):
        read("x.csv", content, columns={"colour": "title"})
    with pytest.raises(Unreadable, match="--map title=COLUMN"):
        read("x.csv", table("a,start", "x,y"))


def test_unknown_columns_are_kept() -> None:
    content = table("title,start,Level,", "Knots,2026-05-04T10:00+02:00,Beginner,odd")
    (session,) = read("x.csv", content).schedule.sessions
    assert session.extra == {"Level": "Beginner", "column 4": "odd"}


def test_dirt_is_kept_and_named_with_its_line() -> None:
    content = table(
        "title,start,end,duration",
        '"two',
        'lines",2026-05-04T10:00+02:00,2026-05-04T09:45+02:00,',
        "",
        "late,soon,,",
        "=cmd(),2026-05-04T11:00+02:00,,forever",
        "much,2026-05-04T12:00+02:00,never,,surplus",
    )
    imported = read("x.csv", content)
    assert len(imported.schedule.sessions) == 4
    assert [(w.code, w.where) for w in imported.warnings if w.code != "no_room"] == [
        ("bad_time", "x.csv: line 5"),
        ("formula", "x.csv: line 6"),
        ("bad_duration", "x.csv: line 6"),
        ("surplus_cells", "x.csv: line 7"),
        ("bad_time", "x.csv: line 7"),
        ("zone_from_offset", "x.csv: file"),
        ("no_start", "x.csv: line 5"),
        ("negative_length", "x.csv: line 2"),
        ("no_duration", "x.csv: line 6"),
        ("no_duration", "x.csv: line 7"),
        ("no_duration", "x.csv: line 5"),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"just a text\nof two lines", "no format"),
        (b'title,start\n"never closed', ""),
        (b"title,start\n" + b'"' + b"x" * 11_000_000, "damaged at line 2"),
        (b"\x00\x01\x02" * 400, "."),
        (b"PK\x03\x04" + bytes(range(256)) * 4, "."),
    ],
)
def test_hostile_tables(content: bytes, words: str) -> None:
    try:
        imported = read("x.csv", content)
    except Unreadable as refusal:
        said = refusal.sentence
    else:
        said = " ".join(codes(imported))
    assert words in said


def test_a_very_long_cell_is_read() -> None:
    content = table("title,abstract,start", f"Knots,{'x' * 200_000},2026-05-04T10:00+02:00")
    imported = read("x.csv", content)
    assert len(imported.schedule.sessions[0].abstract) == 200_000
    assert "long_text" in codes(imported)


def test_what_is_written_is_safe_in_a_spreadsheet() -> None:
    content = table("title,start,room", "=1+1,2026-05-04T10:00+02:00,'+x")
    schedule = read("x.csv", content).schedule
    written = write(schedule)
    cells = [cell for line in csv.reader(io.StringIO(written.decode("utf-8-sig"))) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
    assert read("y.csv", written).schedule.sessions[0].title == "=1+1"


@settings(max_examples=100)
@given(SCHEDULES)
def test_what_a_table_can_hold_survives(schedule: Schedule) -> None:
    known = _as_a_table_holds_it(schedule)
    again = read("x.csv", write(schedule), zone=ZONE).schedule
    assert _as_a_table_holds_it(again) == known


def _as_a_table_holds_it(schedule: Schedule) -> list[tuple[object, ...]]:
    """Slots with their sessions' plain fields and people; no ids of our own."""
    people = {person.id: person for person in schedule.speakers}
    rooms = {room.id: room.name for room in schedule.rooms}
    sessions = {session.id: session for session in schedule.sessions}
    held: list[tuple[object, ...]] = [
        (slot.start, slot.duration, rooms[slot.room], *_plain(sessions[slot.session], people))
        for slot in schedule.slots
    ]
    placed = {slot.session for slot in schedule.slots}
    held.extend(
        (None, session.duration, "", *_plain(session, people))
        for session in schedule.sessions
        if session.id not in placed
    )
    return sorted(held, key=repr)


def _plain(session: Session, people: dict[SpeakerId, Speaker]) -> tuple[object, ...]:
    names = tuple(" ".join(people[key].name.replace(";", ",").split()) for key in session.speakers)
    bare = replace(
        session, id=SessionId(""), track=None, speakers=(), duration=timedelta(0), extra={}
    )
    urls = [link.url for link in session.links] + [file.url for file in session.attachments]
    references = [url.replace("<", "%3C").replace(">", "%3E") for url in urls]
    return (repr(replace(bare, links=(), attachments=())), session.track, names, references)
