"""The same hostile content in every format: a clear sentence or a warning, bounded time, no crash."""

from __future__ import annotations

import io
import time
import zipfile
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agenda.errors import Unreadable
from agenda.formats import csv_table, export, read
from agenda.formats.export import write
from agenda.model import Schedule, SpeakerId
from tests.agenda.solver.builders import make_schedule

ZONE = "Europe/Brussels"
MADE = make_schedule(("t/a:Ada", "A", 0, 60), ("t/b:Bo", "B", 60, 30))


def content(kind: str, schedule: Schedule = MADE) -> bytes:
    return write(schedule, kind, revised=datetime(2026, 5, 1, tzinfo=UTC))


def titled(title: str, **more: str) -> Schedule:
    first = replace(MADE.sessions[0], title=title, **more)  # type: ignore[arg-type]
    return replace(MADE, sessions=(first, MADE.sessions[1]))


LONG = "long text " * 20_000
CALENDAR = (
    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:a\nDTSTART:20260504T080000Z\n"
    f"DESCRIPTION:{LONG}\nEND:VEVENT\nEND:VCALENDAR\n"
)


@pytest.mark.parametrize("kind", ["frab", "json", "csv", "ics"])
def test_a_text_of_200_000_characters_is_kept(kind: str) -> None:
    held = CALENDAR.encode() if kind == "ics" else content(kind, titled("a", abstract=LONG))
    began = time.process_time()
    imported = read(f"x.{kind}", held, zone=ZONE)
    assert time.process_time() - began < 5
    (session,) = (s for s in imported.schedule.sessions if s.title == "a")
    assert len((session.abstract + session.description).strip()) == len(LONG.strip())
    assert "long_text" in {oddity.code for oddity in imported.warnings}


@pytest.mark.parametrize(("kind", "most"), [("xlsx", 32_767), ("ics", 5_000)])
def test_a_program_gets_no_longer_text_than_it_can_show(kind: str, most: int) -> None:
    """What a spreadsheet's cell holds, and what a calendar shows in a phone."""
    read_again = read(f"x.{kind}", content(kind, titled("a", abstract=LONG)), zone=ZONE).schedule
    (session,) = (s for s in read_again.sessions if s.title == "a")
    assert 3_000 < len(session.abstract) <= most


@pytest.mark.parametrize("kind", export.FORMATS)
def test_a_file_that_is_cut_anywhere_is_answered_in_words(kind: str) -> None:
    whole = content(kind)
    for length in range(0, len(whole), max(1, len(whole) // 120)):
        with suppress(Unreadable):
            read(f"x.{kind}", whole[:length], zone=ZONE)


@pytest.mark.parametrize("kind", ["frab", "json", "csv", "ics"])
def test_a_wrong_encoding_is_read_and_named(kind: str) -> None:
    text = content(kind, titled("Nœuds à l’œil")).decode("utf-8-sig")
    if kind == "json":
        text = text.replace("\\u0153", "œ").replace("\\u00e0", "à").replace("\\u2019", "’")
    imported = read(f"x.{kind}", text.encode("cp1252"), zone=ZONE)
    assert "Nœuds à l’œil" in {session.title for session in imported.schedule.sessions}
    assert "wrong_encoding" in {oddity.code for oddity in imported.warnings}


@pytest.mark.parametrize("kind", ["frab", "json", "csv", "ics"])
def test_control_characters_are_taken_out_and_named(kind: str) -> None:
    dirty = content(kind, titled("Tide")).replace(b"Tide", b"Ti\x07\x00d\x1be")
    imported = read(f"x.{kind}", dirty, zone=ZONE)
    assert "Tide" in {session.title for session in imported.schedule.sessions}
    assert "control_characters" in {oddity.code for oddity in imported.warnings}


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("x")'])
@pytest.mark.parametrize("kind", export.FORMATS)
def test_formulas_are_texts_and_come_back_as_they_were(kind: str, formula: str) -> None:
    written = content(kind, titled(formula.strip() + " x"))
    titles = {s.title for s in read(f"x.{kind}", written, zone=ZONE).schedule.sessions}
    assert formula.strip() + " x" in titles


@pytest.mark.parametrize("name", ["x.xml", "x.json", "x.csv", "x.ics", "x.xlsx"])
@pytest.mark.parametrize(
    "page", [b"<!doctype html><title>Sign in</title>", b"\n<html lang=en>", b"<!-- x --><HTML>"]
)
def test_a_web_page_is_called_one_whatever_its_name(name: str, page: bytes) -> None:
    with pytest.raises(Unreadable, match="web page"):
        read(name, page, zone=ZONE)


HUGE = "9" * 400
NESTED = b'{"schedule":' + b"[" * 200_000


@pytest.mark.parametrize(
    "hostile",
    [
        f'{{"schedule":{{"conference":{{"title":"x","days":[{{"index":{HUGE}}}]}}}}}}'.encode(),
        f'{{"schedule":{{"version":{HUGE}.{HUGE}e{HUGE}}}}}'.encode(),
        NESTED,
        b"<schedule><day index='" + HUGE.encode() + b"'/></schedule>",
        b"<schedule>" + b"<day>" * 50_000,
        f"title,start,duration,room\nx,2026-05-04T10:00,{HUGE},A".encode(),
        f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:{HUGE}\nDURATION:PT{HUGE}H\nEND:VEVENT".encode(),
    ],
    ids=["number", "float", "nested json", "attribute", "nested xml", "csv", "ics"],
)
def test_huge_numbers_and_depth_are_answered_in_bounded_time(hostile: bytes) -> None:
    began = time.process_time()
    with suppress(Unreadable):
        read("x", hostile, zone=ZONE)
    assert time.process_time() - began < 3


def test_a_spreadsheet_that_calls_itself_something_else_is_told_by_its_content() -> None:
    assert read("x.csv", content("xlsx"), zone=ZONE).format == read("x", content("xlsx")).format
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("../../etc/passwd", "x")
    with pytest.raises(Unreadable):
        read("x.xlsx", held.getvalue())


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("Ada Quay, PhD", ["Ada Quay, PhD"]),
        ("Ada; Bo", ["Ada", "Bo"]),
        ('"Ada\nBo"', ["Ada", "Bo"]),
    ],
)
def test_a_cell_is_one_person_unless_it_is_parted(cell: str, names: list[str]) -> None:
    quoted = cell if cell.startswith('"') else f'"{cell}"'
    table = f"title,start,room,speakers\nx,2026-05-04T10:00+02:00,A,{quoted}\n".encode()
    found = read("x.csv", table).schedule
    assert [person.name for person in found.speakers] == names
    assert csv_table.write(found)
    assert all(person.id != SpeakerId("") for person in found.speakers)
