"""A thousand people over three days: every figure of the report equals what is known to be true."""

from __future__ import annotations

import asyncio
import csv
import io
from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path
from statistics import median_high
from typing import Any
from uuid import UUID, uuid4

import pytest
from piccolo.table import Table
from pypdf import PdfReader

from agenda.model import (
    Conference as AgendaConference,
)
from agenda.model import Room, RoomId, Schedule, Session, SessionId, Slot, SlotId, make_day
from app import db
from app.accounts.tables import Person
from app.conferences import brand
from app.conferences.tables import Conference
from app.html import render
from app.jobs.press import Press
from app.programme.tables import Star
from app.reports import exports, store
from app.reports.store import Report
from app.reports.tables import ReportPart
from app.reports.view import headline, on_time_words, view
from app.stages.tables import PhaseChange, Presence
from tests.app import report_files, report_truth
from tests.app.making import make_conference, release
from tests.app.report_truth import START, Truth

_CHUNK = 90


async def _insert(table: type[Table], rows: list[Any]) -> None:
    for first in range(0, len(rows), _CHUNK):
        await table.insert(*rows[first : first + _CHUNK])


def _schedule(truth: Truth) -> Schedule:
    rooms = [RoomId(str(uuid4())) for _ in range(truth.rooms)]
    sessions = [SessionId(str(uuid4())) for _ in truth.sessions]
    return Schedule(
        conference=AgendaConference(
            title="Truth 2027",
            zone="Europe/Lisbon",
            days=tuple(
                make_day((START + timedelta(days=n)).date(), "Europe/Lisbon", timedelta(hours=4))
                for n in range(truth.days)
            ),
        ),
        rooms=tuple(Room(id=key, name=f"Room {n}") for n, key in enumerate(rooms)),
        sessions=tuple(
            Session(id=key, title=f"Session {n}", duration=timedelta(minutes=45))
            for n, key in enumerate(sessions)
        ),
        slots=tuple(
            Slot(
                id=SlotId(str(uuid4())),
                session=sessions[n],
                room=rooms[room],
                start=truth.instant(day, begin),
                duration=timedelta(seconds=end - begin),
            )
            for n, (day, room, begin, end) in enumerate(truth.sessions)
        ),
    )


async def _happened(conference: Conference, schedule: Schedule, truth: Truth) -> None:
    """The rows that the stagehand and the media node would have written."""
    by_title = {s.id: int(s.title.split()[1]) for s in schedule.sessions}
    rooms = [UUID(room.id) for room in schedule.rooms]
    changes = []
    for slot in schedule.slots:
        number = by_title[slot.session]
        for phase, at, late in (
            ("live", slot.start, truth.late[number][1]),
            ("ended", slot.end, 20),
        ):
            changes.append(
                PhaseChange(
                    id=uuid4(),
                    conference=conference.id,
                    slot=UUID(slot.id),
                    room=UUID(slot.room),
                    phase=phase,
                    due=at,
                    at=at,
                    late_ms=late,
                )
            )
    async with db.transaction():
        await _insert(PhaseChange, changes)
        await _insert(
            Presence,
            [
                Presence(
                    id=uuid4(),
                    conference=conference.id,
                    uid=f"n:{number}",
                    subscriber=f"s{number}",
                    room=rooms[room],
                    person=str(UUID(int=person)),
                    joined_at=joined,
                    left_at=left,
                )
                for number, (person, room, joined, left) in enumerate(truth.rows)
            ],
        )


async def _stars(conference: Conference, schedule: Schedule, truth: Truth) -> None:
    await _insert(
        Person,
        [
            Person(id=UUID(int=n), email=f"p{n}@t.example", name=f"P{n}", created_at=START)
            for n in range(truth.people)
        ],
    )
    sessions = {int(s.title.split()[1]): UUID(s.id) for s in schedule.sessions}
    await _insert(
        Star,
        [
            Star(
                id=uuid4(),
                conference=conference.id,
                person=UUID(int=person),
                session=sessions[number],
                created_at=START,
            )
            for number, people in truth.stars.items()
            for person in sorted(people)
        ],
    )


def _session_rows(document: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {int(row["title"].split()[1]): row for row in document["sessions"]}


def _files_alike(report: Report, document: dict[str, Any]) -> None:
    """CSV and XLSX hold the very figures of the JSON document."""
    book = report_files.of_xlsx(exports.as_xlsx(report, headline(report), "Truth"))
    days = [
        {"date": d["date"], "people": d["people"], "most_at_once": max(d["people_in_rooms"])}
        for d in document["days"]
    ]
    curves = [
        {"session": row["session"], "title": row["title"], "minute": minute, "people": people}
        for row in document["sessions"]
        for minute, people in enumerate(row["minute_by_minute"])
    ]
    for table in exports.tables(report):
        rows = {"days": days, "curves": curves}.get(table.key) or document.get(table.key, [])
        wanted = [[row[name] for name in table.head] for row in rows]
        head, *lines = report_files.of_csv(exports.as_csv(table))
        assert tuple(head) == table.head
        assert lines == [["" if v is None else str(v) for v in row] for row in wanted], table.key
        sheet_head, *sheet = book[table.name]
        assert tuple(sheet_head) == table.head
        assert [row + [None] * (len(table.head) - len(row)) for row in sheet] == wanted, table.key


def _page_alike(report: Report, conference: Conference, document: dict[str, Any]) -> None:
    """The page's tables hold the same."""
    page = render(
        "reports/report.html",
        viewer=None,
        conference=conference,
        path="/",
        job=None,
        on_time=on_time_words(report),
        running=False,
        sponsors=[],
        others=[],
        **view(report, conference, live=True),
    )
    tables = report_files.of_page(page)
    by_title = {row["title"]: row for row in document["sessions"]}
    (sessions,) = [rows for head, rows in tables.items() if "of them came" in head]
    assert [row[1] for row in sessions] == [row["title"] for row in document["sessions"]]
    for row in sessions:
        known = by_title[row[1]]
        ending = round(100 * known["minute_by_minute"][-1] / known["peak"])
        assert row[3:9] == [
            str(known["starred"]),
            str(known["starred_and_came"]),
            str(known["people"]),
            str(known["peak"]),
            f"{round(known['average_minutes'])} min",
            f"{ending}%",
        ]
    (days,) = [rows for head, rows in tables.items() if head[-1] == "Most at once"]
    assert [row[1:] for row in days] == [
        [str(day["people"]), str(max(day["people_in_rooms"]))] for day in document["days"]
    ]
    (rooms,) = [rows for head, rows in tables.items() if "Changes" in head]
    assert rooms == [[str(value) for value in row.values()] for row in document["rooms"]]
    (moves,) = [rows for head, rows in tables.items() if head[:2] == ("Left", "For") and rows][:1]
    assert [int(row[2]) for row in moves] == [row["people"] for row in document["flow"]][
        : len(moves)
    ]
    for words in (
        f">{document['people']:,}<",
        f">{document['hours_watched']:,.0f}<",
        f">{document['returned']:,}<",
        f"at most {document['most_at_once']} at once",
    ):
        assert words in page


async def _paper_alike(
    report: Report, conference: Conference, document: dict[str, Any], out: Path
) -> None:
    """And so does what is printed."""
    text = render(
        "reports/paper.html",
        conference=conference,
        dates="",
        look=brand.on_paper("{}", ""),
        on_time=on_time_words(report),
        **view(report, conference, live=False),
    )
    async with Press() as press:
        await press.order("app.reports.paper:render", {"text": text, "out": str(out)})
    printed = await asyncio.to_thread(
        lambda: " ".join(" ".join(p.extract_text() for p in PdfReader(out).pages).split())
    )
    for row in document["sessions"]:
        line = f"{row['title']} {row['room']} {row['people']} {row['peak']} {round(row['average_minutes'])} min"
        assert line in printed
    for row in document["rooms"]:
        assert " ".join(str(value) for value in row.values()) in printed
    for words in (f"{document['people']:,}", f"{document['hours_watched']:,.0f}"):
        assert words in printed


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_figure_equals_the_truth(database: str, tmp_path: Path) -> None:
    truth = report_truth.made()
    conference = await make_conference()
    schedule = _schedule(truth)
    async with db.transaction():
        await release(conference, schedule)
        await _stars(conference, schedule, truth)
    await _happened(conference, schedule, truth)
    # In the middle of day two first: what is over by then is kept, what runs is not.
    halfway = truth.instant(1, 4 * 3600 + 1200)
    first = await store.gather(conference, now=halfway)
    assert first is not None
    kept = await ReportPart.count().where(ReportPart.conference == conference.id)
    assert 0 < kept < len(truth.sessions)
    report = await store.gather(conference, now=truth.instant(5, 0))
    assert report is not None
    document = exports.as_document(report)

    found = _session_rows(document)
    assert len(found) == len(truth.sessions) == 120
    for number in range(len(truth.sessions)):
        expected = report_truth.session_figures(truth, number)
        row = {**found[number], "minute_by_minute": list(found[number]["minute_by_minute"])}
        assert {key: row[key] for key in expected} == expected, number

    days = [report_truth.people_of_day(truth, day) for day in range(truth.days)]
    assert [day["people"] for day in document["days"]] == [len(day) for day in days]
    assert document["people"] == len(set().union(*days))
    seen = Counter(person for day in days for person in day)
    assert document["returned"] == sum(count > 1 for count in seen.values())
    assert {(r["first_day"], r["later_day"]): r["returned"] for r in document["returns"]} == {
        (a + 1, b + 1): len(days[a] & days[b])
        for a in range(truth.days)
        for b in range(a + 1, truth.days)
    }
    for day, held in enumerate(document["days"]):
        assert list(held["people_in_rooms"]) == report_truth.day_curve(truth, day)
    watched = sum(row["minutes_watched"] for row in found.values())
    assert document["hours_watched"] == pytest.approx(watched / 60, abs=0.2)

    slots = {
        slot.id: int(s.title.split()[1])
        for slot in schedule.slots
        for s in schedule.sessions
        if s.id == slot.session
    }
    assert {
        (slots[SlotId(row["from_slot"])], slots[SlotId(row["to_slot"])]): row["people"]
        for row in document["flow"]
    } == report_truth.moves(truth)

    late: dict[int, list[int]] = defaultdict(list)
    for room, ms in truth.late:
        late[room] += [ms, 20]
    assert {row["room"]: row for row in document["rooms"]} == {
        f"Room {room}": {
            "room": f"Room {room}",
            "changes": len(held),
            "on_time": sum(ms <= 1000 for ms in held),
            "median_ms": median_high(held),
            "worst_ms": max(held),
        }
        for room, held in late.items()
    }
    # Page, PDF, XLSX, CSV and JSON say the same.
    _files_alike(report, document)
    _page_alike(report, conference, document)
    await _paper_alike(report, conference, document, tmp_path / "report.pdf")
    # From kept parts alone, without a single stay, the same document comes out.
    await Presence.delete().where(Presence.conference == conference.id)
    again = await store.gather(conference, now=truth.instant(5, 0))
    assert again is not None
    assert exports.as_document(again) == document


def test_the_table_files_are_read_back_as_they_were() -> None:
    table = exports.Figures(
        key="x", name="X", head=("a", "b"), rows=[("=1+1", 2), ("é, “x”", None)]
    )
    text = exports.as_csv(table)
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert rows == [["a", "b"], ["'=1+1", "2"], ["é, “x”", ""]]
