"""Calendars for people: a feed that follows the schedule, and invites that are sent, moved, cancelled."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, vCalAddress, vText, vUri

from agenda.formats.plain import plain_text
from agenda.formats.vtimezone import vtimezone
from agenda.model import Schedule, Session, SessionState, Slot, SlotId

PRODUCT = "-//Plenary//Agenda//EN"
_ANSWERED = frozenset({"ACCEPTED", "TENTATIVE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One slot as a calendar shows it. Instants are aware.

    `uid` never changes while the slot lives; `sequence` rises with every change of its time or
    place; `revised` is when it last changed. `join` is where one takes part (RFC 7986). `alarms`
    remind so long before the start.
    """

    uid: str
    start: datetime
    end: datetime
    summary: str
    revised: datetime
    sequence: int = 0
    location: str = ""
    description: str = ""
    url: str = ""
    join: str = ""
    cancelled: bool = False
    alarms: tuple[timedelta, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Somebody who sends or gets an invite."""

    name: str
    email: str


def uid(slot: SlotId, host: str) -> str:
    """The stable name of a slot in every calendar."""
    return f"{slot}@{host}"


def entries(
    schedule: Schedule,
    *,
    host: str,
    revised: datetime,
    address: Callable[[Session], str],
    only: Collection[SlotId] | None = None,
    sequences: Mapping[SlotId, int] | None = None,
) -> Iterator[Entry]:
    """The calendar entries of a schedule's slots, all or only some, in the order of the programme.

    `address` gives a session's page; `sequences` how often each slot was changed so far.
    """
    sessions = {session.id: session for session in schedule.sessions}
    rooms = {room.id: room.name for room in schedule.rooms}
    names = {speaker.id: speaker.name for speaker in schedule.speakers}
    tracks = {track.id: track.name for track in schedule.tracks}
    counts = sequences or {}
    for slot in schedule.slots:
        if only is not None and slot.id not in only:
            continue
        session = sessions[slot.session]
        speakers = ", ".join(names[person] for person in session.speakers)
        text = plain_text(session.abstract or session.description)
        yield Entry(
            uid=uid(slot.id, host),
            start=slot.start,
            end=_end(slot),
            summary=session.title,
            revised=revised,
            sequence=counts.get(slot.id, 0),
            location=rooms[slot.room],
            description="\n\n".join(part for part in (speakers, text) if part),
            url=address(session),
            cancelled=session.state is SessionState.CANCELLED,
            categories=(tracks[session.track],) if session.track else (),
        )


def calendar(
    shown: Iterable[Entry],
    *,
    zone: str,
    name: str,
    organizer: Party | None = None,
    refresh: timedelta = timedelta(minutes=15),
) -> bytes:
    """A feed (METHOD:PUBLISH) that a calendar program subscribes to, in the conference's zone.

    RFC 5546 wants an `organizer` in what is published. `refresh` says how often to ask again. The
    same entries always give the same bytes.
    """
    listed = list(shown)
    made = _calendar("PUBLISH", zone, listed)
    made.add("name", name)
    made.add("x-wr-calname", name)
    made.add("x-wr-timezone", zone)
    made.add("refresh-interval", refresh, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", vText(f"PT{int(refresh.total_seconds()) // 60}M"))
    for entry in listed:
        event = _event(entry, zone)
        if organizer is not None:
            event.add("organizer", _address(organizer))
        made.add_component(event)
    return bytes(made.to_ical())


def invite(
    entry: Entry,
    *,
    zone: str,
    organizer: Party,
    attendee: Party,
    answer: str = "NEEDS-ACTION",
    uninvite: bool = False,
) -> bytes:
    """An invite (METHOD:REQUEST), or its update where `sequence` has risen; for a cancelled entry
    the withdrawal (METHOD:CANCEL).

    `answer` is the PARTSTAT that still holds. `uninvite` withdraws it from this attendee only, while
    the event takes place for others: RFC 5546, 3.2.5 then forbids a STATUS.
    """
    called_off = entry.cancelled or uninvite
    made = _calendar("CANCEL" if called_off else "REQUEST", zone, [entry])
    event = _event(replace(entry, alarms=() if called_off else entry.alarms), zone)
    if uninvite:
        del event["status"]
    event.add("organizer", _address(organizer))
    guest = _address(attendee)
    if not called_off:
        guest.params["CUTYPE"] = vText("INDIVIDUAL")
        guest.params["ROLE"] = vText("REQ-PARTICIPANT")
        guest.params["PARTSTAT"] = vText(answer)
        guest.params["RSVP"] = vText("FALSE" if answer in _ANSWERED else "TRUE")
    event.add("attendee", guest, encode=False)
    made.add_component(event)
    return bytes(made.to_ical())


def _end(slot: Slot) -> datetime:
    return max(slot.start, slot.end)


def _calendar(method: str, zone: str, shown: Collection[Entry]) -> Calendar:
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", method)
    if shown and zone not in ("UTC", "Etc/UTC"):
        first = min(entry.start for entry in shown).year
        last = max(entry.end for entry in shown).year
        made.add_component(vtimezone(zone, first, last))
    return made


def _event(entry: Entry, zone: str) -> Event:
    tz = UTC if zone in ("UTC", "Etc/UTC") else ZoneInfo(zone)
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", entry.revised.astimezone(UTC))
    event.add("last-modified", entry.revised.astimezone(UTC))
    event.add("sequence", entry.sequence)
    event.add("dtstart", _clock(entry.start, tz))
    if entry.end > entry.start:
        event.add("dtend", _clock(entry.end, tz))
    event.add("summary", entry.summary)
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    for name in ("location", "description", "url"):
        value = getattr(entry, name)
        if value:
            event.add(name, value)
    if entry.categories:
        event.add("categories", list(entry.categories))
    if entry.join:
        event.add("conference", vUri(entry.join), encode=False)
        event["conference"].params.update(
            {"VALUE": "URI", "FEATURE": "AUDIO,VIDEO", "LABEL": entry.location or entry.summary}
        )
    if not entry.cancelled:
        for before in entry.alarms:
            event.add_component(_alarm(entry, before))
    return event


def _clock(instant: datetime, tz: tzinfo) -> datetime:
    """The instant on a zone's clock; as UTC in the hour that comes twice, of which a calendar's
    local time always means the first (RFC 5545, 3.3.5)."""
    local = instant.astimezone(tz)
    return instant.astimezone(UTC) if local.fold else local


def _address(party: Party) -> vCalAddress:
    address = vCalAddress(f"mailto:{party.email}")
    address.params["CN"] = vText(party.name or party.email)
    return address


def _alarm(entry: Entry, before: timedelta) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", entry.summary)
    alarm.add("trigger", -before)
    return alarm
