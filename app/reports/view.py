"""A report in words and charts, for the page and for paper."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.conferences.tables import Conference
from app.html import day_words, ngettext
from app.html import gettext as _
from app.reports import charts
from app.reports.charts import Bar, Dot, Span
from app.reports.figures import K
from app.reports.flow import Move
from app.reports.store import DAY_STEP, Line, Report
from app.words import local

_MOST_BARS = 20
_MOST_MOVES = 15


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
            [_bar(line) for line in report.ranked[:_MOST_BARS] if line.attendance.unique >= K],
            label=_bars_words(report),
        ),
        "most_bars": _MOST_BARS,
        "rows": [_row(line) for line in report.lines],
        "scatter": charts.scatter(
            [
                Dot(x=line.stars, y=line.attendance.unique, words=line.title)
                for line in report.lines
                if line.speakers
                and line.attendance.live.end < report.until
                and (live or line.attendance.unique >= K)
            ],
            across=_("starred"),
            up=_("came"),
            label=_("Each session: how many starred it, and how many came"),
            line=(report.model.base, report.model.rate),
            width=620 if live else 560,
        ),
        "moves": [_move(report, move) for move in report.moves[:_MOST_MOVES]],
        "track_moves": [move for move in report.track_moves if move.before != move.after],
        "model_words": model_words(report),
        "checked_words": checked_words(report),
        "returns": returns_table(report),
        "took_part": [line for line in report.lines if line.taking.anything],
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
            _("at most %(most)d at once in all rooms") % {"most": report.most_at_once},
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
    most = report.most_at_once
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


def _move(report: Report, move: Move) -> dict[str, Any]:
    return {
        "before": report.titles[move.before],
        "after": report.titles[move.after],
        "people": move.people,
        "track": report.tracks[move.before],
        "to_track": report.tracks[move.after],
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


def model_words(report: Report) -> str:
    """The forecast's model, with its numbers."""
    return _(
        "Forecast: %(base)d people and %(rate).2f for each star, the straight line through the "
        "talks that were held (drawn towards as many people as stars while few were)."
    ) % {"base": round(report.model.base), "rate": report.model.rate}


def checked_words(report: Report) -> str:
    """How well the forecast did; a sentence that says so before it can be known."""
    checked = report.checked
    if checked is None:
        return _("It is checked, and a range is told, once four talks were held.")
    return _(
        "Checked on %(sessions)d talks, each forecast from all the others: off by %(error).1f "
        "people on average (guessing the average would be off by %(flat).1f); %(within)d of them "
        "came within the range."
    ) % {
        "sessions": checked.sessions,
        "error": checked.mean_error,
        "flat": checked.mean_error_flat,
        "within": checked.within,
    }


def returns_table(report: Report) -> list[dict[str, Any]]:
    """One row for each day: who came, and how many of them on each later day."""
    found = {(one.first, one.later): one.returned for one in report.returns}
    return [
        {
            "date": day.day.date,
            "people": day.people,
            "most": max(day.counts, default=0),
            "later": [
                (
                    later.day.date,
                    found.get((day.number, later.number)) if later.start <= report.until else None,
                )
                for later in report.days[at + 1 :]
            ],
        }
        for at, day in enumerate(report.days)
    ]


def when(instant: datetime, zone: str) -> str:
    """Day and clock in short: Wed 14:20."""
    at = local(instant, zone)
    return f"{day_words(at.date(), 'EEE')} {at:%H:%M}"
