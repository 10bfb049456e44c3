"""Calendar invites: iTIP messages (RFC 5545, 5546) for one placed session. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Alarm, Event, vCalAddress, vText, vUri

_PRODUCT = "-//Plenary//Plenary//EN"
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """What a calendar is told of one slot. `uid` stays for ever; `sequence` grows with each change.

    Instants are aware UTC and are written on the clock of `zone` (IANA). Without an attendee it is
    an entry to keep (PUBLISH), with one it asks them (REQUEST) or calls it off (CANCEL).
    """

    uid: str
    sequence: int
    stamp: datetime
    start: datetime
    end: datetime
    zone: str
    title: str
    description: str
    location: str
    url: str
    organizer: Mailbox
    attendee: Mailbox | None = None
    alarm: timedelta | None = timedelta(minutes=15)
    video: bool = True


def write(invite: Invite, method: str) -> str:
    """The invite as a whole VCALENDAR with CRLF line ends; method PUBLISH, REQUEST or CANCEL."""
    zone = "" if invite.zone == "UTC" else time_zone(invite.zone, invite.start.year)
    head = (
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{_PRODUCT}\r\nCALSCALE:GREGORIAN\r\n"
        f"METHOD:{method}\r\n"
    )
    event = _event(invite, method).to_ical().decode()
    return f"{head}{zone}{event}END:VCALENDAR\r\n"


def _event(invite: Invite, method: str) -> Event:
    zone = ZoneInfo(invite.zone)
    event = Event()
    event.add("uid", invite.uid)
    event.add("sequence", invite.sequence)
    event.add("dtstamp", invite.stamp)
    event.add("dtstart", invite.start.astimezone(UTC if invite.zone == "UTC" else zone))
    event.add("dtend", invite.end.astimezone(UTC if invite.zone == "UTC" else zone))
    event.add("summary", invite.title)
    event.add("description", invite.description)
    event.add("location", invite.location)
    event.add("url", invite.url)
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    event["organizer"] = _mailbox(invite.organizer)
    if invite.attendee is not None:
        event["attendee"] = _attendee(invite.attendee, method)
    if invite.video:
        link = vUri(invite.url)
        link.params["VALUE"] = "URI"
        link.params["FEATURE"] = "AUDIO,VIDEO"
        link.params["LABEL"] = vText(invite.location)
        event["conference"] = link
    if invite.alarm is not None and method != "CANCEL":
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", invite.title)
        alarm.add("trigger", -invite.alarm)
        event.add_component(alarm)
    return event


def _mailbox(mailbox: Mailbox) -> vCalAddress:
    found = vCalAddress(f"mailto:{mailbox.address}")
    found.params["CN"] = vText(mailbox.name.replace('"', "”"))
    return found


def _attendee(mailbox: Mailbox, method: str) -> vCalAddress:
    found = _mailbox(mailbox)
    found.params["CUTYPE"] = vText("INDIVIDUAL")
    found.params["ROLE"] = vText("REQ-PARTICIPANT")
    if method == "REQUEST":
        found.params["PARTSTAT"] = vText("NEEDS-ACTION")
        found.params["RSVP"] = vText("TRUE")
    return found


@lru_cache(maxsize=128)
def time_zone(name: str, year: int) -> str:
    """A VTIMEZONE with the observances from the year before to the year after. CRLF line ends.

    Written here because the library's own puts spring's onset an hour late in some zones.
    """
    zone = ZoneInfo(name)
    first = datetime(year - 1, 1, 1, tzinfo=UTC)
    last = datetime(year + 2, 1, 1, tzinfo=UTC)
    parts = [_observance(zone, first, first - _SECOND)]
    parts += [_observance(zone, at, at - _SECOND) for at in _changes(zone, first, last)]
    return f"BEGIN:VTIMEZONE\r\nTZID:{name}\r\n{''.join(parts)}END:VTIMEZONE\r\n"


def _observance(zone: ZoneInfo, at: datetime, before: datetime) -> str:
    """What holds from `at` on; its onset is told on the clock that held before."""
    local, earlier = at.astimezone(zone), before.astimezone(zone)
    offset_from, offset_to = earlier.utcoffset(), local.utcoffset()
    assert offset_from is not None
    assert offset_to is not None
    kind = "DAYLIGHT" if local.dst() else "STANDARD"
    onset = (at + offset_from).strftime("%Y%m%dT%H%M%S")
    return (
        f"BEGIN:{kind}\r\nDTSTART:{onset}\r\nTZNAME:{local.tzname()}\r\n"
        f"TZOFFSETFROM:{_offset(offset_from)}\r\nTZOFFSETTO:{_offset(offset_to)}\r\nEND:{kind}\r\n"
    )


def _offset(delta: timedelta) -> str:
    seconds = int(delta.total_seconds())
    sign = "-" if seconds < 0 else "+"
    minutes, second = divmod(abs(seconds), 60)
    text = f"{sign}{minutes // 60:02d}{minutes % 60:02d}"
    return f"{text}{second:02d}" if second else text


def _changes(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
    """The instants between the two at which the zone's offset changes."""
    day, at = timedelta(days=1), first
    while at < last:
        if at.astimezone(zone).utcoffset() != (at + day).astimezone(zone).utcoffset():
            yield _change(zone, at, at + day)
        at += day


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    before = low.astimezone(zone).utcoffset()
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high
