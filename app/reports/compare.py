"""Sessions beside each other, and a conference beside an earlier one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from app.html import gettext as _
from app.reports import charts
from app.reports.store import Report


def compared(this: Report, earlier: Report) -> list[tuple[str, str, str, str]]:
    """(what, here, there, change) for the figures that conferences share."""
    wanted: list[tuple[str, Callable[[Report], float]]] = [
        (_("Registered"), lambda r: r.registered),
        (_("People who came"), lambda r: r.whole.people),
        (_("Came of those registered, %"), lambda r: _share(r.whole.people, r.registered)),
        (_("Most at once in all rooms"), lambda r: r.most_at_once),
        (_("Hours watched"), lambda r: r.whole.hours),
        (_("Minutes each"), lambda r: _each(r)),
        (_("Sessions held"), lambda r: len(r.lines)),
        (_("People per session"), lambda r: _mean([x.attendance.unique for x in r.lines])),
        (
            _("Minutes stayed per session"),
            lambda r: _mean([x.attendance.average_minutes for x in r.lines]),
        ),
        (_("Came on a second day, %"), lambda r: _share(r.whole.returned, r.whole.people)),
        (_("Doors on time, %"), lambda r: _share(r.on_time, r.changes)),
        (_("Poor minutes of connections, %"), lambda r: 100 * r.connections.poor_share),
    ]
    return [
        (what, _number(of(this)), _number(of(earlier)), _change(of(this), of(earlier)))
        for what, of in wanted
    ]


def overlaid(report: Report, chosen: Sequence[str]) -> dict[str, Any]:
    """The chosen sessions' curves on one ground, and their figures side by side."""
    by_slot = {line.attendance.live.slot: line for line in report.lines}
    lines = [by_slot[slot] for slot in chosen if slot in by_slot]
    return {
        "lines": lines,
        "drawn": charts.curves(
            [(line.title, line.attendance.curve) for line in lines],
            label=_("Audience of the chosen sessions, minute by minute from their beginning"),
        ),
        "choices": [
            (line.attendance.live.slot, line.title, line.attendance.unique)
            for line in sorted(report.lines, key=lambda line: line.title.casefold())
        ],
    }


def _each(report: Report) -> float:
    return report.whole.seconds / 60 / report.whole.people if report.whole.people else 0.0


def _share(part: float, whole: float) -> float:
    return 100 * part / whole if whole else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.1f}"


def _change(here: float, there: float) -> str:
    if not there:
        return "–"
    share = 100 * (here - there) / there
    return f"{share:+.0f}%".replace("-", "−")
