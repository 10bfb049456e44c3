"""Spreadsheets: dates and times as people type them, hostile archives, and the way back."""

from __future__ import annotations

import io
import time
import zipfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings

from agenda.errors import Unreadable
from agenda.formats import read, xlsx_table
from agenda.formats.xlsx_table import write
from agenda.model import Schedule
from tests.agenda.strategies import SCHEDULES
from tests.agenda.test_csv import _as_a_table_holds_it

NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
ZONE = "Europe/Brussels"


def book(rows: str, *, strings: str = "", styles: str = "") -> bytes:
    """A workbook as an office suite writes it, with one sheet of these rows."""
    with zipfile.ZipFile(io.BytesIO(write(EMPTY))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = (
        f"<worksheet {NS}><sheetData>{rows}</sheetData></worksheet>".encode()
    )
    if strings:
        parts["xl/sharedStrings.xml"] = f"<sst {NS}>{strings}</sst>".encode()
    if styles:
        parts["xl/styles.xml"] = f"<styleSheet {NS}>{styles}</styleSheet>".encode()
    return archived(parts)


def archived(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


EMPTY = read("x.xml", b"<schedule/>").schedule
HEADER = "".join(
    f'<c r="{column}1" t="inlineStr"><is><t>{name}</t></is></c>'
    for column, name in zip("ABCDE", ("Title", "Date", "Start", "Duration", "Room"), strict=True)
)
STYLES = (
    '<numFmts><numFmt numFmtId="164" formatCode="[$-F]d.m.yyyy&quot; &quot;"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="20"/><xf numFmtId="164"/></cellXfs>'
)


def test_dates_and_times_are_numbers_with_a_style() -> None:
    strings = (
        "<si><t>Knots</t></si><si><r><t>Big </t></r><r><t>Hall</t></r><rPh><t>x</t></rPh></si>"
    )
    rows = (
        f'<row r="1">{HEADER}</row><row r="3"><c r="A3" t="s"><v>0</v></c><c r="B3" s="1"><v>46146</v></c>'
        '<c r="C3" s="2"><v>0.4166666666666667</v></c><c r="D3"><v>45.0</v></c><c r="E3" t="s"><v>1</v></c></row>'
        '<row r="4"><c r="A4" t="str"><f>1+1</f><v>=Ropes</v></c><c r="B4" s="3"><v>46146</v></c>'
        '<c r="C4" s="3"><v>46146.5</v></c></row>'
    )
    imported = read("x.xlsx", book(rows, strings=strings, styles=STYLES), zone=ZONE)
    slots = imported.schedule.slots
    assert [(s.start, s.duration, s.room) for s in slots] == [
        (datetime(2026, 5, 4, 8, tzinfo=UTC), timedelta(minutes=45), "Big Hall"),
        (datetime(2026, 5, 4, 10, tzinfo=UTC), timedelta(0), ""),
    ]
    assert [(w.code, w.where) for w in imported.warnings] == [
        ("formula", "x.xlsx: line 4"),
        ("no_room", "x.xlsx: line 4"),
        ("no_duration", "x.xlsx: line 4"),
    ]


def test_what_is_written_has_no_formulas_and_is_the_same_twice() -> None:
    content = b"title,start,room\n=1+1,2026-05-04T10:00+02:00,Hall"
    schedule = read("x.csv", content).schedule
    written = write(schedule)
    assert written == write(schedule)
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    assert read("y.xlsx", written).schedule.sessions[0].title == "=1+1"


@settings(max_examples=80)
@given(SCHEDULES)
def test_what_a_spreadsheet_can_hold_survives(schedule: Schedule) -> None:
    again = read("x.xlsx", write(schedule), zone=ZONE).schedule
    assert _as_a_table_holds_it(again) == _as_a_table_holds_it(schedule)


BOMB = archived({"xl/workbook.xml": bytes(100 << 20)})
HOSTILE = {
    "no archive": (b"PK\x03\x04" + b"x" * 400, "archive"),
    "another archive": (archived({"a.txt": b"x"}), "not a spreadsheet"),
    "a bomb": (BOMB, "unpacks to more"),
    "entities": (
        archived({"xl/workbook.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><workbook>&a;</workbook>'}),
        "not a spreadsheet",
    ),
    "nothing in it": (book(""), "empty"),
    "no title": (book('<row r="1"><c t="inlineStr"><is><t>x</t></is></c></row>'), "title"),
    "a far reference": (
        book(f'<row r="1">{HEADER}</row><row><c r="A2" t="s"><v>x</v></c></row>'),
        "damaged",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_spreadsheets_get_one_clear_sentence(name: str) -> None:
    content, words = HOSTILE[name]
    before = time.process_time()
    with pytest.raises(Unreadable) as refusal:
        read("x.xlsx", content)
    assert words in refusal.value.sentence
    assert time.process_time() - before < 2


def test_a_flood_of_cells_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_table, "MAX_ELEMENTS", 1000)
    with pytest.raises(Unreadable, match="more cells"):
        read("x.xlsx", book('<row r="1">' + "<c/>" * 2000 + "</row>"))


def test_a_cut_archive_is_answered_in_words() -> None:
    whole = write(read("x.csv", b"title,start\nKnots,2026-05-04T10:00+02:00").schedule)
    for length in range(0, len(whole), 7):
        with suppress(Unreadable):
            read("x.xlsx", whole[:length])
