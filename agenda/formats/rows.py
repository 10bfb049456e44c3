"""What every format is read into: rows as they stand in the file, and the conference's head."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from agenda.model import Attachment, Extra, Json, Link, SessionState


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """One person as one row of a file names them."""

    name: str
    source_id: str | None = None
    guid: str | None = None
    code: str = ""
    biography: str = ""
    url: str = ""
    extra: Extra = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One session at one time, as a file holds it.

    The start is `start` (aware, or naive for the conference's local time), else `day` and `clock`
    (time since midnight; before the day's change it means the night after), else unknown.
    """

    where: str
    title: str = ""
    source_id: str | None = None
    guid: str | None = None
    subtitle: str = ""
    abstract: str = ""
    description: str = ""
    kind: str = ""
    language: str = ""
    track: str = ""
    room: str = ""
    persons: tuple[PersonRow, ...] = ()
    start: datetime | None = None
    day: date | None = None
    clock: timedelta | None = None
    duration: timedelta | None = None
    state: SessionState = SessionState.CONFIRMED
    links: tuple[Link, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    url: str = ""
    slug: str = ""
    logo: str = ""
    licence: str = ""
    opt_out_recording: bool | None = None
    extra: Extra = field(default_factory=dict, hash=False)


@dataclass(slots=True, kw_only=True)
class DeclaredDay:
    """A day that a file names, with its first and last moment where it gives them."""

    date: date
    start: datetime | None = None
    end: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Head:
    """What a file says of its conference, gathered while it is read."""

    title: str = ""
    acronym: str = ""
    zone: str = ""
    day_change: timedelta | None = None
    subtitle: str = ""
    venue: str = ""
    city: str = ""
    url: str = ""
    base_url: str = ""
    version: str = ""
    timeslot: timedelta | None = None
    first_date: date | None = None
    last_date: date | None = None
    days: list[DeclaredDay] = field(default_factory=list)
    extra: dict[str, Json] = field(default_factory=dict)
