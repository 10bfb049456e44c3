"""What a booth asks and what a lead report says, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from babel.lists import format_list

from agenda.model import Day, Schedule
from app.html import day_words, language, ngettext
from app.html import gettext as _
from app.reports import charts
from app.reports.charts import Mark, Span
from app.sponsors.ledger import Audience, Lead, Ledger, Typical
from app.sponsors.score import RULES, Part
from app.words import local

_QUARTER = timedelta(minutes=15)


def wording(sponsor: str, fields: Collection[str]) -> str:
    """The exact words of a consent, as they are shown and stored."""
    names = {
        "name": _("my name"),
        "email": _("my e-mail address"),
        "organization": _("my organization"),
        "phone": _("my phone number"),
    }
    given = format_list(
        [words for field, words in names.items() if field in fields], locale=language.get()
    )
    return _(
        "I share {fields} with {sponsor}, who may write to me about what they showed here, and "
        "who see what I do at their booth and in their sessions. I can take this back at any time."
    ).format(fields=given, sponsor=sponsor)


def wordings(sponsor: str, *, organization: bool) -> dict[str, str]:
    """The words for each choice that the form has: the page shows the one that is chosen.

    Keys say whether the organization (o) and a phone number (p) are given with name and address.
    """
    base = ("name", "email")
    found = {
        "none": wording(sponsor, base),
        "p": wording(sponsor, (*base, "phone")),
    }
    if organization:
        found["o"] = wording(sponsor, (*base, "organization"))
        found["op"] = wording(sponsor, (*base, "organization", "phone"))
    return found


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
    names = {
        "name": _("Name"),
        "email": _("mail"),
        "organization": _("organization"),
        "phone": _("phone"),
    }
    held = [names[field] for field in lead.fields if field in names]
    return str(format_list(held, locale=language.get()))


def part_words(part: Part) -> str:
    """Why there are points, such as: 2 files taken along."""
    count = part.amount
    words = {
        "call": _("asked for a call"),
        "meeting": _("booked a meeting"),
        "downloads": ngettext("%(num)d file taken along", "%(num)d files taken along", count),
        "sessions": ngettext(
            "%(num)d minute in your sessions", "%(num)d minutes in your sessions", count
        ),
        "visits": ngettext("%(num)d visit", "%(num)d visits", count),
        "dwell": ngettext("%(num)d minute at the booth", "%(num)d minutes at the booth", count),
        "draw": _("entered the draw"),
    }[part.what]
    return words % {"num": count} if "%(num)d" in words else words


def explained(lead: Lead) -> str:
    """A score's parts in one line; empty for none."""
    return ", ".join(f"{part_words(part)} +{part.points}" for part in lead.parts)


def rules() -> list[tuple[str, int]]:
    """How points are given, in words with the most of each."""
    words = {
        "call": _("Asked for a call"),
        "meeting": _("Booked a meeting"),
        "downloads": _("8 for each file taken along, two at most"),
        "sessions": _("1 for each 3 minutes in your sessions"),
        "visits": _("2 for each visit after the first, three at most"),
        "dwell": _("1 for each 2 minutes at the booth"),
        "draw": _("Entered a prize draw"),
    }
    return [(words[what], most) for what, most, _rule in RULES]


def count_or_few(count: int | None) -> Any:
    """A count as an export writes it: fewer than five where it is not shown."""
    return _("fewer than five") if count is None else count


def headline(ledger: Ledger, zone: str) -> list[tuple[str, str, str]]:
    """The figures that open the page: (what, how much, note)."""
    best = best_hour(ledger.leads, zone)
    calls = ledger.calls
    waiting = sum(not lead.answered for lead in calls)
    return [
        (_("People who may be contacted"), f"{len(ledger.leads):,}", _contact_note(ledger)),
        (
            _("Visits to the booth"),
            "–" if ledger.visits is None else f"{ledger.visits:,}",
            _visits_note(ledger),
        ),
        (
            _("Half stayed longer than"),
            "–" if ledger.half_stayed_s is None else stay(ledger.half_stayed_s),
            _("minutes, of a visit to the booth")
            if ledger.half_stayed_s is not None
            else _("known once five visits were long enough"),
        ),
        (
            _("Asked for a call"),
            f"{len(calls):,}",
            ngettext("%(num)d not yet answered", "%(num)d not yet answered", waiting)
            % {"num": waiting}
            if calls
            else "",
        ),
        (
            _("Best hour"),
            f"{best:%H:%M}" if best else "–",
            day_words(best.date()) if best else "",
        ),
    ]


def _visits_note(ledger: Ledger) -> str:
    if ledger.visitors is None:
        return _("shown from five people on")
    words = _("by %(people)d people.") % {"people": ledger.visitors}
    if ledger.typical is None:
        return words
    return f"{words} {typical_words(ledger.typical)} {ledger.typical.visitors:g}."


def _contact_note(ledger: Ledger) -> str:
    parts = []
    if ledger.revoked:
        parts.append(
            _("of %(every)d leads. The other %(revoked)d took it back: counted, never named.")
            % {"every": len(ledger.leads) + ledger.revoked, "revoked": ledger.revoked}
        )
    if ledger.typical is not None:
        parts.append(f"{typical_words(ledger.typical)} {ledger.typical.leads:g}.")
    return " ".join(parts) or _("nobody took it back")


def typical_words(typical: Typical) -> str:
    if typical.tier:
        return _("Median of the %(count)d sponsors of “%(tier)s”:") % {
            "count": typical.sponsors,
            "tier": typical.tier,
        }
    return _("Median of all %(count)d sponsors:") % {"count": typical.sponsors}


def stay(seconds: float) -> str:
    """A short length on a clock: 4:12."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def best_hour(leads: Sequence[Lead], zone: str) -> datetime | None:
    """The hour (local) in which most leads were given; the earliest of equals."""
    hours = Counter(
        local(lead.given_at, zone).replace(minute=0, second=0, microsecond=0) for lead in leads
    )
    return min(hours, key=lambda hour: (-hours[hour], hour)) if hours else None


def over_time(
    ledger: Ledger, schedule: Schedule | None, zone: str, now: datetime, *, width: int = 1392
) -> Any:
    """Leads in each quarter of an hour, day by day, as a chart; marks say the sponsor's sessions."""
    days = (
        []
        if schedule is None
        else [_span(ledger, schedule, day, now) for day in schedule.conference.days]
    )
    spans = [span for span in days if span is not None]
    words = _("Leads in each quarter of an hour over the days of the conference")
    return charts.timeline(spans, zone=zone, label=words, now=now, width=width)


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
        marks=tuple(_mark(one) for one in ledger.audiences if start <= one.start < end),
    )


def _mark(one: Audience) -> Mark:
    return Mark(at=one.start, words=one.title)


def by_quarter(ledger: Ledger, zone: str) -> list[tuple[datetime, int]]:
    """The table behind the chart: (start of a quarter, leads) for those with any."""
    found = Counter(
        local(lead.given_at, zone).replace(
            minute=lead.given_at.minute // 15 * 15, second=0, microsecond=0
        )
        for lead in ledger.leads
    )
    return sorted(found.items())


def nobody() -> Lead:
    """An empty lead, from which exports take their headings."""
    return Lead(
        id=UUID(int=0),
        given_at=datetime(2000, 1, 1, tzinfo=UTC),
        source="",
        name="",
        email="",
        organization="",
        fields=(),
        wording="",
    )


def tags_of(text: str) -> tuple[str, ...]:
    """Tags as typed: at most ten, without commas, each once."""
    parts = (part.strip()[:40] for part in text.replace(";", ",").split(","))
    return tuple(dict.fromkeys(part for part in parts if part))[:10]
