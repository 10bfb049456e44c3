"""iCalendar files, read: each event becomes a session, or a warning that says why not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from icalendar import Timezone

from agenda.errors import Unreadable
from agenda.formats.assembly import assemble
from agenda.formats.ical_lines import Component, Property, components
from agenda.formats.imported import Imported, Ledger
from agenda.formats.json_text import text as clean_text
from agenda.formats.rows import Head, PersonRow, Row
from agenda.formats.texts import MAX_DURATION, as_utf8
from agenda.model import Attachment, Json, SessionState
from agenda.zones import find_zone

FORMAT = "icalendar"

_WORDS = frozenset(
    [
        "UID",
        "SUMMARY",
        "DESCRIPTION",
        "LOCATION",
        "URL",
        "STATUS",
        "CATEGORIES",
        "ATTACH",
        "DTSTART",
        "DTEND",
        "DURATION",
        "ORGANIZER",
        "ATTENDEE",
        "DTSTAMP",
        "SEQUENCE",
        "CREATED",
        "LAST-MODIFIED",
        "TRANSP",
    ]
)
_STATES = {"CANCELLED": SessionState.CANCELLED, "TENTATIVE": SessionState.ACCEPTED}
_MOMENT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?)?(Z?)")
_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,3})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?"
)


def looks_right(start: str) -> bool:
    """Whether a text that begins like this is iCalendar."""
    return re.match(r"\s*BEGIN:(VCALENDAR|VEVENT)", start, re.IGNORECASE) is not None


def read(content: bytes, *, zone: str | None) -> Imported:
    """The events of every calendar in a file.

    A time with a zone that cannot be resolved is noted, and read as local time of the conference.
    Raises Unreadable, UnknownZone where local times have no zone at all.
    """
    ledger = Ledger()
    found = components(as_utf8(content, None, ledger).decode("utf-8"), ledger)
    calendars = [part for part in found if part.name == "VCALENDAR"]
    if not calendars and not any(part.name == "VEVENT" for part in found):
        raise Unreadable("The file holds no calendar.")
    reader = _Reader(ledger)
    head = Head()
    for calendar in calendars or [Component(name="VCALENDAR", line=1, parts=found)]:
        reader.calendar(calendar)
        _describe(head, calendar)
    if not head.zone and reader.zones:
        head.zone = reader.zones.most_common(1)[0][0]
    return assemble(head, reader.rows, format=FORMAT, rooms=(), tracks=(), zone=zone, ledger=ledger)


def _describe(head: Head, calendar: Component) -> None:
    head.title = head.title or calendar.text("X-WR-CALNAME") or calendar.text("NAME")
    head.zone = head.zone or calendar.text("X-WR-TIMEZONE").strip()
    for name in ("X-WR-CALDESC", "DESCRIPTION", "PRODID"):
        if calendar.text(name):
            head.extra.setdefault(name.lower(), calendar.text(name))


class _Reader:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.rows: list[Row] = []
        self.zones: Counter[str] = Counter()
        self._told: dict[str, Component] = {}
        self._made: dict[str, tzinfo | None] = {}

    def calendar(self, calendar: Component) -> None:
        """Read one calendar: its time zones first, then its events."""
        self._told = {p.text("TZID"): p for p in calendar.parts if p.name == "VTIMEZONE"}
        self._made = {}
        for part in calendar.parts:
            if part.name == "VEVENT":
                self.rows.append(self._event(part))

    def _event(self, event: Component) -> Row:
        uid = event.text("UID").strip()[:200]
        where = f"line {event.line}" + (f", event {uid[:80]}" if uid else "")
        start, is_day = self._moment(event.first("DTSTART"), where)
        if event.first("RRULE") is not None or event.first("RDATE") is not None:
            self.ledger.note(
                "recurrence",
                where,
                "“{title}” recurs; only its first time is taken.",
                title=event.text("SUMMARY")[:80],
            )
        categories = [
            word for p in event.properties if p.name == "CATEGORIES" for word in p.texts()
        ]
        return Row(
            where=where,
            source_id=uid or None,
            title=" ".join(event.text("SUMMARY").split()),
            abstract=event.text("DESCRIPTION") if event.text("DESCRIPTION").strip() else "",
            track=categories[0].strip() if categories else "",
            room=" ".join(event.text("LOCATION").split()),
            persons=tuple(_persons(event)),
            start=start,
            duration=self._duration(event, start, is_day, where),
            state=_STATES.get(event.text("STATUS").strip().upper(), SessionState.CONFIRMED),
            url=event.text("URL").strip(),
            attachments=tuple(
                Attachment(url=p.value.strip(), title=p.parameters.get("FILENAME", ""))
                for p in event.properties
                if p.name == "ATTACH" and p.parameters.get("ENCODING", "").upper() != "BASE64"
            ),
            extra=_extra(event, categories[1:]),
        )

    def _moment(self, held: Property | None, where: str) -> tuple[datetime | None, bool]:
        """A DATE or DATE-TIME, aware where it says its zone, and whether it is a whole day."""
        if held is None:
            return None, False
        match = _MOMENT.fullmatch(held.value.strip())
        found = None
        if match is not None:
            year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
            with suppress(ValueError):
                found = datetime.combine(
                    date(year, month, day), time(hour, minute, min(second, 59))
                )
        if match is None or found is None or not 1950 <= found.year <= 2150:
            self.ledger.note(
                "bad_time", where, "“{text}” is not a date and time.", text=held.value.strip()[:60]
            )
            return None, False
        is_day = match[4] is None
        if match[7]:
            return found.replace(tzinfo=UTC), is_day
        zone = held.parameters.get("TZID")
        return (found if is_day or not zone else self._in_zone(found, zone, where)), is_day

    def _in_zone(self, local: datetime, name: str, where: str) -> datetime:
        if name not in self._made:
            self._made[name] = self._zone(name)
        zone = self._made[name]
        if zone is None:
            self.ledger.note(
                "unknown_zone",
                where,
                "The time zone “{zone}” is not known; the time is taken as the conference's own.",
                zone=name[:64],
            )
            return local
        return local.replace(tzinfo=zone)

    def _zone(self, name: str) -> tzinfo | None:
        """A zone by its IANA name, even inside a longer one, else as the file itself defines it."""
        told = self._told.get(name)
        place = told.text("X-LIC-LOCATION").strip() if told is not None else ""
        parts = name.strip("/").split("/")
        for candidate in (name, place, "/".join(parts[-2:]), "/".join(parts[-3:])):
            known = find_zone(candidate)
            if known is not None:
                self.zones[known.key] += 1
                return known
        return None if told is None else _defined(told)

    def _duration(
        self, event: Component, start: datetime | None, is_day: bool, where: str
    ) -> timedelta | None:
        told = event.first("DURATION")
        if told is not None:
            found = _parse_duration(told.value.strip())
            if found is None:
                self.ledger.note(
                    "bad_duration", where, "“{text}” is not a duration.", text=told.value[:60]
                )
            return found
        end, _ = self._moment(event.first("DTEND"), where)
        if start is None:
            return None
        if end is None:
            return timedelta(days=1) if is_day else timedelta(0)
        if (end.tzinfo is None) != (start.tzinfo is None):
            self.ledger.note(
                "bad_time", where, "The start and the end are not in zones that can be compared."
            )
            return None
        if end.tzinfo is not None:
            end, start = end.astimezone(UTC), start.astimezone(UTC)
        return end - start if abs(end - start) <= MAX_DURATION else None


def _defined(told: Component) -> tzinfo | None:
    """The zone that a VTIMEZONE defines, or None where its rules make no sense.

    The library raises errors of many kinds for what it cannot use; none of them may stop us.
    """
    try:
        made = Timezone.from_ical(told.source())
        zone = made.to_tz() if isinstance(made, Timezone) else None
        if zone is not None:
            datetime(2024, 7, 1, tzinfo=zone).astimezone(UTC)
    except Exception:
        return None
    return zone


def _parse_duration(text: str) -> timedelta | None:
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()[1:]):
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    found = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    if found > MAX_DURATION:
        return None
    return -found if match[1] == "-" else found


def _persons(event: Component) -> Iterator[PersonRow]:
    """Organizers and attendees, each name once."""
    seen = set()
    for held in event.properties:
        if held.name not in ("ORGANIZER", "ATTENDEE"):
            continue
        address = held.value.strip()
        email = address[7:] if address.lower().startswith("mailto:") else ""
        name = " ".join(held.parameters.get("CN", "").split()) or email
        if name and name not in seen:
            seen.add(name)
            yield PersonRow(name=name, url=address if address and not email else "")


def _extra(event: Component, categories: list[str]) -> Mapping[str, Json]:
    extra: dict[str, Any] = {}
    for held in event.properties:
        if held.name in _WORDS or not held.value.strip() or len(held.value) > 20_000:
            continue
        extra.setdefault(held.name.lower(), []).append(clean_text(held.text()))
    kept: dict[str, Json] = {
        name: values[0] if len(values) == 1 else values for name, values in extra.items()
    }
    if categories:
        kept["categories"] = [word.strip() for word in categories]
    return kept
