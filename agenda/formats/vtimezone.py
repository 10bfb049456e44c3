"""A time zone as iCalendar tells it, for no more years than are needed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Component, Timezone

_MINUTE = timedelta(minutes=1)
_PROBE = timedelta(days=7)


@lru_cache(maxsize=128)
def vtimezone(zone: str, first_year: int, last_year: int) -> Component:
    """The VTIMEZONE of an IANA zone, right from the start of one year to the end of another.

    Made once and shared: add it to calendars, and do not change it.
    """
    return Timezone.from_ical("\r\n".join(_lines(zone, first_year, last_year)))


def _lines(zone: str, first_year: int, last_year: int) -> Iterator[str]:
    tz = ZoneInfo(zone)
    # A day more on both sides: an instant of the year's first hours may be of the year before, here.
    begin = datetime(first_year, 1, 1, tzinfo=UTC) - timedelta(days=1)
    end = datetime(last_year + 1, 1, 1, tzinfo=UTC) + timedelta(days=1)
    yield "BEGIN:VTIMEZONE"
    yield f"TZID:{zone}"
    yield from _observance(tz, begin, begin)
    for change in _changes(tz, begin, end):
        yield from _observance(tz, change - _MINUTE, change)
    yield "END:VTIMEZONE"


def _observance(tz: ZoneInfo, before: datetime, onset: datetime) -> Iterator[str]:
    """One STANDARD or DAYLIGHT part. RFC 5545 tells its onset by the clock as it was before."""
    was, becomes = before.astimezone(tz), onset.astimezone(tz)
    local = (onset + (was.utcoffset() or timedelta(0))).replace(tzinfo=None)
    kind = "DAYLIGHT" if becomes.dst() else "STANDARD"
    yield f"BEGIN:{kind}"
    yield f"DTSTART:{local:%Y%m%dT%H%M%S}"
    yield f"TZNAME:{becomes.tzname()}"
    yield f"TZOFFSETFROM:{_offset(was)}"
    yield f"TZOFFSETTO:{_offset(becomes)}"
    yield f"END:{kind}"


def _offset(moment: datetime) -> str:
    return f"{moment:%z}"


def _changes(tz: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The instants, to the minute, from which the zone has another offset."""
    at = begin
    while at < end:
        later = min(at + _PROBE, end)
        if at.astimezone(tz).utcoffset() != later.astimezone(tz).utcoffset():
            yield _first_change(tz, at, later)
        at = later


def _first_change(tz: ZoneInfo, before: datetime, after: datetime) -> datetime:
    old = before.astimezone(tz).utcoffset()
    while after - before > _MINUTE:
        middle = before + (after - before) // 2
        middle = middle.replace(second=0, microsecond=0)
        if middle <= before:
            break
        if middle.astimezone(tz).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
