"""The values of an agenda: conferences, sessions, rooms, slots, schedules, releases."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NewType
from zoneinfo import ZoneInfo

SessionId = NewType("SessionId", str)
RoomId = NewType("RoomId", str)
TrackId = NewType("TrackId", str)
SpeakerId = NewType("SpeakerId", str)
SlotId = NewType("SlotId", str)


Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""What a format holds beyond our words; kept as it came, under the format's own names."""

Extra = Mapping[str, Json]

DEFAULT_DAY_CHANGE = timedelta(hours=4)


class SessionState(StrEnum):
    """How sure it is that a session takes place."""

    DRAFT = "draft"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address that belongs to a session. `title` may be empty."""

    url: str
    title: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that belongs to a session; `kind` is the source's own word, such as “slides”."""

    url: str
    title: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A thematic strand of the agenda."""

    id: TrackId
    name: str
    colour: str = ""
    slug: str = ""
    extra: Extra = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A place in the agenda. An empty name stands for “no room given”."""

    id: RoomId
    name: str
    capacity: int | None = None
    guid: str | None = None
    description: str = ""
    extra: Extra = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """A person of the programme. One source id may stand for several people: id and name do not."""

    id: SpeakerId
    name: str
    biography: str = ""
    source_id: str | None = None
    guid: str | None = None
    code: str = ""
    url: str = ""
    extra: Extra = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An item of the programme. Texts are as they came (plain, Markdown or HTML): sanitise to show."""

    id: SessionId
    title: str
    guid: str | None = None
    source_id: str | None = None
    subtitle: str = ""
    abstract: str = ""
    description: str = ""
    kind: str = ""
    language: str = ""
    track: TrackId | None = None
    speakers: tuple[SpeakerId, ...] = ()
    duration: timedelta = timedelta(0)
    state: SessionState = SessionState.CONFIRMED
    links: tuple[Link, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    url: str = ""
    slug: str = ""
    logo: str = ""
    licence: str = ""
    opt_out_recording: bool | None = None
    extra: Extra = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A session placed in a room. Instants are aware UTC; end is exclusive.

    A real schedule may hold slots of zero or negative duration: findings name them.
    """

    id: SlotId
    session: SessionId
    room: RoomId
    start: datetime
    duration: timedelta

    @property
    def end(self) -> datetime:
        return self.start + self.duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of a conference: its calendar date, and its first and last instant (aware UTC)."""

    date: date
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Conference:
    """One event over one or more days. `zone` is an IANA name.

    `day_change` is the local time at which one conference day gives way to the next, as the time
    since midnight: what starts before it belongs to the day before.
    """

    title: str
    zone: str
    acronym: str = ""
    days: tuple[Day, ...] = ()
    day_change: timedelta = DEFAULT_DAY_CHANGE
    subtitle: str = ""
    venue: str = ""
    city: str = ""
    url: str = ""
    base_url: str = ""
    version: str = ""
    timeslot: timedelta | None = None
    first_date: date | None = None
    last_date: date | None = None
    extra: Extra = field(default_factory=dict, hash=False)

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def local(self, instant: datetime) -> datetime:
        """The instant on the conference's own clock."""
        return instant.astimezone(self.tz)

    def date_of(self, instant: datetime) -> date:
        """The conference day to which an instant belongs: the declared day that holds it, else
        the local date after moving `day_change` back to midnight."""
        for day in self.days:
            if day.start <= instant < day.end:
                return day.date
        return (self.local(instant).replace(tzinfo=None) - self.day_change).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """All slots of a conference, with everything that they name. Ids are unique in each list."""

    conference: Conference
    tracks: tuple[Track, ...] = ()
    rooms: tuple[Room, ...] = ()
    speakers: tuple[Speaker, ...] = ()
    sessions: tuple[Session, ...] = ()
    slots: tuple[Slot, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """An immutable, numbered copy of a schedule."""

    number: int
    name: str
    created_at: datetime
    schedule: Schedule
    comment: str = ""


def make_day(on: date, zone: str, day_change: timedelta) -> Day:
    """The conference day that begins on `on` at `day_change`, local time, and lasts to the next."""
    return Day(
        date=on,
        start=_day_edge(on, zone, day_change),
        end=_day_edge(on + timedelta(days=1), zone, day_change),
    )


@lru_cache(maxsize=512)
def _day_edge(on: date, zone: str, day_change: timedelta) -> datetime:
    local = datetime.combine(on, time(), ZoneInfo(zone)) + day_change
    return local.astimezone(ZoneInfo("UTC"))


def scoped(schedule: Schedule, namespace: uuid.UUID) -> Schedule:
    """The same schedule under ids that are UUIDs: the same for the same namespace and source.

    An import names things by the keys of its source; a conference's own UUID as namespace makes
    them unique on a server, and gives a later import of the same event the same ids again.
    """

    def new(kind: str, key: str) -> str:
        return str(uuid.uuid5(namespace, f"{kind}:{key}"))

    sessions = {s.id: SessionId(new("session", s.id)) for s in schedule.sessions}
    rooms = {r.id: RoomId(new("room", r.id)) for r in schedule.rooms}
    tracks = {t.id: TrackId(new("track", t.id)) for t in schedule.tracks}
    speakers = {p.id: SpeakerId(new("speaker", p.id)) for p in schedule.speakers}
    return replace(
        schedule,
        tracks=tuple(replace(t, id=tracks[t.id]) for t in schedule.tracks),
        rooms=tuple(replace(r, id=rooms[r.id]) for r in schedule.rooms),
        speakers=tuple(replace(p, id=speakers[p.id]) for p in schedule.speakers),
        sessions=tuple(
            replace(
                s,
                id=sessions[s.id],
                track=None if s.track is None else tracks[s.track],
                speakers=tuple(speakers[p] for p in s.speakers),
            )
            for s in schedule.sessions
        ),
        slots=tuple(
            replace(
                slot,
                id=SlotId(new("slot", slot.id)),
                session=sessions[slot.session],
                room=rooms[slot.room],
            )
            for slot in schedule.slots
        ),
    )
