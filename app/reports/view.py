"""A report in words and charts, for the page and for paper."""

from __future__ import annotations

import csv
import io
from typing import Any

from app.conferences.tables import Conference
from app.html import day_words, ngettext
from app.html import gettext as _
from app.reports import charts
from app.reports.cells import cell
from app.reports.charts import Bar, Span
from app.reports.store import DAY_STEP, Line, Report

_MOST_BARS = 20


def view(report: Report, conference: Conference, *, live: bool) -> dict[str, Any]:
    """What both templates need. With `live` the charts show the now line."""
    zone = conference.time_zone
    return {
        "report": report,
        "zone": zone,
        "headline": headline(report),
        "timeline": charts.timeline(
            [_span(day) for day in report.days],
            zone=zone,
            label=_timeline_words(report),
            now=report.until if live else None,
            width=1392 if live else 760,
        ),
        "ranked": [
            (line, f"{100 * line.attendance.unique / report.ranked[0].attendance.unique:.1f}")
            for line in report.ranked[:_MOST_BARS]
        ],
        "bars": charts.bars(
            [_bar(line) for line in report.ranked[:_MOST_BARS]],
            label=_bars_words(report),
        ),
        "most_bars": _MOST_BARS,
        "rows": [_row(line) for line in report.lines],
    }


def headline(report: Report) -> list[tuple[str, str, str]]:
    """The figures that open a report: (what, how much, note)."""
    whole = report.whole
    average = whole.seconds / 60 / whole.people if whole.people else 0.0
    best = report.ranked[0] if report.ranked else None
    return [
        (
            _("People who came"),
            f"{whole.people:,}",
            ngettext("of %(num)d registered", "of %(num)d registered", report.registered)
            % {"num": report.registered},
        ),
        (
            _("Hours watched"),
            f"{whole.hours:,.0f}",
            _("%(minutes)d minutes each") % {"minutes": round(average)},
        ),
        (
            _("Sessions held"),
            f"{len(report.lines):,}",
            _("of %(planned)d on the agenda") % {"planned": report.planned},
        ),
        (
            _("Best attended"),
            f"{best.attendance.unique:,}" if best else "–",
            best.title if best else "",
        ),
        (
            _("Came on a second day"),
            f"{whole.returned:,}",
            "",
        ),
    ]


def _span(day: Any) -> Span:
    return Span(
        title=day_words(day.day.date, "EEEE d MMMM"),
        start=day.start,
        end=day.end,
        step=DAY_STEP,
        counts=day.counts,
    )


def _bar(line: Line) -> Bar:
    return Bar(label=line.title, value=line.attendance.unique)


def _timeline_words(report: Report) -> str:
    most = max((max(day.counts, default=0) for day in report.days), default=0)
    return ngettext(
        "People in all rooms over the days of the conference; at most %(num)d at once",
        "People in all rooms over the days of the conference; at most %(num)d at once",
        most,
    ) % {"num": most}


def _bars_words(report: Report) -> str:
    best = report.ranked[0] if report.ranked else None
    if best is None:
        return _("No session had an audience yet")
    return _("Different people per session; most, %(count)d, in “%(title)s”") % {
        "count": best.attendance.unique,
        "title": best.title,
    }


def _row(line: Line) -> dict[str, Any]:
    held = line.attendance
    ending = held.curve[-1] if held.curve else 0
    words = _("Audience minute by minute: at most %(peak)d, %(ending)d in the last minute") % {
        "peak": held.peak,
        "ending": ending,
    }
    return {
        "line": line,
        "held": held,
        "minutes": round(held.average_minutes),
        "stayed": round(100 * ending / held.peak) if held.peak else None,
        "spark": charts.spark(thinned(held.curve), label=words),
    }


def thinned(curve: tuple[int, ...], most: int = 48) -> tuple[int, ...]:
    """At most so many points of a curve, the first and the last among them."""
    if len(curve) <= most:
        return curve
    return tuple(curve[round(at * (len(curve) - 1) / (most - 1))] for at in range(most))


def on_time_words(report: Report) -> str:
    """The record of the rooms in one sentence; empty before anything opened."""
    if not report.changes:
        return ""
    share = 100 * report.on_time / report.changes
    return _(
        "%(changes)d times a door, a stage or an end was due; %(share)g%% came within a second, "
        "the latest after %(worst)d ms."
    ) % {
        "changes": report.changes,
        "share": round(share, 1),
        "worst": report.worst_ms,
    }


def as_rows(report: Report) -> list[dict[str, Any]]:
    """Every session's figures as plain values: what the CSV and JSON exports hold."""
    return [
        {
            "session": line.session,
            "title": line.title,
            "room": line.room,
            "speakers": line.speakers,
            "live_from": line.attendance.live.start.isoformat(timespec="seconds"),
            "live_until": line.attendance.live.end.isoformat(timespec="seconds"),
            "starred": line.stars,
            "people": line.attendance.unique,
            "peak": line.attendance.peak,
            "average_audience": round(line.attendance.average_audience, 2),
            "average_minutes": round(line.attendance.average_minutes, 2),
            "minutes_watched": round(line.attendance.seconds / 60, 1),
        }
        for line in report.lines
    ]


def as_csv(report: Report) -> str:
    """The rows as CSV with a byte-order mark; no cell is a formula."""
    held = io.StringIO()
    writer = csv.writer(held)
    rows = as_rows(report)
    writer.writerow(rows[0] if rows else ["session", "title"])
    for row in rows:
        writer.writerow(cell(value) if isinstance(value, str) else value for value in row.values())
    return "\ufeff" + held.getvalue()


def as_document(report: Report) -> dict[str, Any]:
    """The whole report as JSON can hold it."""
    return {
        "until": report.until.isoformat(timespec="seconds"),
        "registered": report.registered,
        "people": report.whole.people,
        "returned": report.whole.returned,
        "hours_watched": round(report.whole.hours, 2),
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
        "sessions": [
            {**row, "minute_by_minute": line.attendance.curve}
            for row, line in zip(as_rows(report), report.lines, strict=True)
        ],
        "rooms": [
            {
                "room": room.room,
                "changes": room.changes,
                "on_time": room.on_time,
                "median_ms": room.median_ms,
                "worst_ms": room.worst_ms,
            }
            for room in report.rooms
        ],
    }
