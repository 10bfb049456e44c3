"""A report's tables as plain values: for CSV, XLSX and JSON alike."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.html import gettext as _
from app.reports.cells import cell
from app.reports.sheets import Sheet, workbook
from app.reports.store import DAY_STEP, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One table: its key in addresses and JSON, its name for people, its columns and rows."""

    key: str
    name: str
    head: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


def tables(report: Report) -> list[Figures]:
    """Every table of the report. Column names are stable; instants are ISO 8601 in UTC."""
    return [
        _sessions(report),
        _curves(report),
        Figures(
            key="flow",
            name=_("Moves"),
            head=("from_slot", "from", "to_slot", "to", "people"),
            rows=[
                (
                    move.before,
                    report.titles[move.before],
                    move.after,
                    report.titles[move.after],
                    move.people,
                )
                for move in report.moves
            ],
        ),
        Figures(
            key="days",
            name=_("Days"),
            head=("date", "people", "most_at_once"),
            rows=[
                (day.day.date.isoformat(), day.people, max(day.counts, default=0))
                for day in report.days
            ],
        ),
        Figures(
            key="returns",
            name=_("Return"),
            head=("first_day", "later_day", "came", "returned"),
            rows=[(one.first + 1, one.later + 1, one.came, one.returned) for one in report.returns],
        ),
        Figures(
            key="forecast",
            name=_("Forecast"),
            head=("session", "title", "room", "start", "starred", "expected", "low", "high"),
            rows=[
                (
                    one.session,
                    one.title,
                    one.room,
                    one.start.isoformat(timespec="seconds"),
                    one.stars,
                    one.expected,
                    *(one.between or (None, None)),
                )
                for one in report.coming
            ],
        ),
        Figures(
            key="taking_part",
            name=_("Taking part"),
            head=(
                "session",
                "title",
                "messages",
                "writers",
                "questions",
                "answered",
                "votes",
                "polls",
                "poll_answers",
                "reactions",
                "ratings",
                "rating",
            ),
            rows=[
                (
                    line.session,
                    line.title,
                    line.taking.messages,
                    line.taking.writers,
                    line.taking.questions,
                    line.taking.answered,
                    line.taking.votes,
                    line.taking.polls,
                    line.taking.poll_answers,
                    line.taking.reactions,
                    line.taking.ratings,
                    None if line.taking.rating is None else round(line.taking.rating, 2),
                )
                for line in report.lines
            ],
        ),
        Figures(
            key="rooms",
            name=_("Rooms"),
            head=("room", "changes", "on_time", "median_ms", "worst_ms"),
            rows=[
                (room.room, room.changes, room.on_time, room.median_ms, room.worst_ms)
                for room in report.rooms
            ],
        ),
        Figures(
            key="connections",
            name=_("Connections"),
            head=("kind", "name", "people", "poor_share"),
            rows=[
                (kind, one.name, one.people, round(one.poor_share, 4))
                for kind, held in (
                    ("device", report.connections.devices),
                    ("browser", report.connections.browsers),
                )
                for one in held
            ],
        ),
    ]


def _sessions(report: Report) -> Figures:
    return Figures(
        key="sessions",
        name=_("Sessions"),
        head=(
            "session",
            "title",
            "room",
            "speakers",
            "live_from",
            "live_until",
            "starred",
            "starred_and_came",
            "people",
            "peak",
            "average_audience",
            "average_minutes",
            "minutes_watched",
            "half_left_after_minutes",
            "track",
        ),
        rows=[
            (
                line.session,
                line.title,
                line.room,
                line.speakers,
                line.attendance.live.start.isoformat(timespec="seconds"),
                line.attendance.live.end.isoformat(timespec="seconds"),
                line.stars,
                line.starred_came,
                line.attendance.unique,
                line.attendance.peak,
                round(line.attendance.average_audience, 2),
                round(line.attendance.average_minutes, 2),
                round(line.attendance.seconds / 60, 1),
                line.half_left,
                line.track,
            )
            for line in report.lines
        ],
    )


def _curves(report: Report) -> Figures:
    return Figures(
        key="curves",
        name=_("Minute by minute"),
        head=("session", "title", "minute", "people"),
        rows=[
            (line.session, line.title, minute, people)
            for line in report.lines
            for minute, people in enumerate(line.attendance.curve)
        ],
    )


def as_csv(table: Figures) -> str:
    """One table as CSV with a byte-order mark; no cell is a formula."""
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow(table.head)
    for row in table.rows:
        writer.writerow(cell(value) if isinstance(value, str) else value for value in row)
    return "\ufeff" + held.getvalue()


def as_xlsx(report: Report, headline: Sequence[tuple[str, str, str]], title: str) -> bytes:
    """All tables as a workbook, a summary first."""
    summary = Sheet(name=_("Summary"), rows=[[title], *map(list, headline)], wide=40)
    return workbook(
        [
            summary,
            *(Sheet(name=one.name, head=one.head, rows=one.rows) for one in tables(report)),
        ]
    )


def as_document(report: Report) -> dict[str, Any]:
    """The whole report as JSON can hold it."""
    held = {
        one.key: [dict(zip(one.head, row, strict=True)) for row in one.rows]
        for one in tables(report)
        if one.key not in ("curves", "days")
    }
    for row, line in zip(held["sessions"], report.lines, strict=True):
        row["minute_by_minute"] = line.attendance.curve
    checked = report.checked
    return {
        "until": report.until.isoformat(timespec="seconds"),
        "registered": report.registered,
        "people": report.whole.people,
        "returned": report.whole.returned,
        "hours_watched": round(report.whole.hours, 2),
        "most_at_once": report.most_at_once,
        "days": [
            {
                "date": day.day.date.isoformat(),
                "people": day.people,
                "from": day.start.isoformat(),
                "step_minutes": DAY_STEP.seconds // 60,
                "people_in_rooms": day.counts,
            }
            for day in report.days
        ],
        "model": {
            "base": round(report.model.base, 3),
            "rate": round(report.model.rate, 4),
            "sessions": checked.sessions if checked else 0,
            "mean_error": round(checked.mean_error, 2) if checked else None,
        },
        "connection": {
            "people": report.connections.people,
            "minutes": report.connections.minutes,
            "poor_share": round(report.connections.poor_share, 4),
            "loss_share": round(report.connections.loss_share, 5),
            "round_trip_ms": report.connections.rtt_ms,
            "kbps": report.connections.kbps,
        },
        **held,
    }
