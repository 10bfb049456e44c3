"""What a booth asks and what a lead report says, in words."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from babel.lists import format_list

from agenda.model import Day, Schedule
from app.html import day_words, language
from app.html import gettext as _
from app.reports import charts
from app.reports.cells import cell
from app.reports.charts import Span
from app.sponsors.store import Lead, Ledger
from app.words import local

_QUARTER = timedelta(minutes=15)


def wording(sponsor: str, fields: Sequence[str]) -> str:
    """The exact words of a consent, as they are shown and stored."""
    names = {
        "name": _("my name"),
        "email": _("my e-mail address"),
        "organization": _("my organization"),
    }
    given = format_list([names[field] for field in fields], locale=language.get())
    return _(
        "I share {fields} with {sponsor}, who may write to me about what they showed here. "
        "I can take this back at any time."
    ).format(fields=given, sponsor=sponsor)


def sources() -> dict[str, str]:
    """Where a contact was given, in words."""
    return {
        "booth": _("At the booth"),
        "scan": _("Badge scanned"),
        "session": _("In a session"),
        "draw": _("Prize draw"),
        "download": _("With a download"),
        "meeting": _("In a meeting"),
    }


def fields_words(lead: Lead) -> str:
    names = {"name": _("Name"), "email": _("mail"), "organization": _("organization")}
    held = [names[field] for field in lead.fields if field in names]
    return str(format_list(held, locale=language.get()))


def headline(ledger: Ledger, zone: str) -> list[tuple[str, str, str]]:
    """The figures that open the page: (what, how much, note)."""
    every = len(ledger.leads) + ledger.revoked
    note = _("of %(every)d leads. The other %(revoked)d took it back: counted, never named.") % {
        "every": every,
        "revoked": ledger.revoked,
    }
    best = best_hour(ledger.leads, zone)
    busiest = ledger.sources[0] if ledger.sources else None
    return [
        (
            _("People who may be contacted"),
            f"{len(ledger.leads):,}",
            note if ledger.revoked else _("nobody took it back"),
        ),
        (
            _("Visits to the booth"),
            "–" if ledger.visits is None else f"{ledger.visits:,}",
            _("shown from five people on")
            if ledger.visitors is None
            else _("by %(people)d people") % {"people": ledger.visitors},
        ),
        (
            _("Most came from"),
            f"{busiest[1]:,}" if busiest else "–",
            sources().get(busiest[0], busiest[0]) if busiest else "",
        ),
        (
            _("Best hour"),
            f"{best:%H:%M}" if best else "–",
            day_words(best.date()) if best else "",
        ),
    ]


def best_hour(leads: Sequence[Lead], zone: str) -> datetime | None:
    """The hour (local) in which most leads were given; the earliest of equals."""
    hours = Counter(
        local(lead.given_at, zone).replace(minute=0, second=0, microsecond=0) for lead in leads
    )
    return min(hours, key=lambda hour: (-hours[hour], hour)) if hours else None


def over_time(ledger: Ledger, schedule: Schedule | None, zone: str, now: datetime) -> Any:
    """Leads in each quarter of an hour, day by day, as a chart."""
    days = (
        []
        if schedule is None
        else [_span(ledger, schedule, day, now) for day in schedule.conference.days]
    )
    spans = [span for span in days if span is not None]
    words = _("Leads in each quarter of an hour over the days of the conference")
    return charts.timeline(spans, zone=zone, label=words, now=now)


def _span(ledger: Ledger, schedule: Schedule, day: Day, now: datetime) -> Span | None:
    slots = [slot for slot in schedule.slots if day.start <= slot.start < day.end]
    if not slots:
        return None
    start, end = min(s.start for s in slots), max(s.end for s in slots)
    steps = max(int((min(end, now) - start) / _QUARTER) + 1, 0) if now > start else 0
    counts = [0] * steps
    for lead in ledger.leads:
        at = int((lead.given_at - start) / _QUARTER)
        if start <= lead.given_at and at < steps:
            counts[at] += 1
    return Span(
        title=day_words(day.date, "EEEE d MMMM"),
        start=start,
        end=end,
        step=_QUARTER,
        counts=tuple(counts),
    )


def as_csv(leads: Sequence[Lead], zone: str) -> str:
    """The leads that stand, as CSV with a byte-order mark, so that spreadsheets see UTF-8."""
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow(["Name", "Email", "Company", "Source", "Given at", "Shared", "Wording"])
    for lead in leads:
        given = local(lead.given_at, zone).isoformat(timespec="seconds")
        row = (lead.name, lead.email, lead.organization, lead.source, given)
        writer.writerow(map(cell, (*row, "+".join(lead.fields), lead.wording)))
    return "\ufeff" + held.getvalue()
