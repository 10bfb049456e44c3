"""The chaos family's schedule.json (c3voc, pretalx), read and written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from agenda.errors import Unreadable
from agenda.formats.assembly import assemble
from agenda.formats.imported import Imported, Ledger
from agenda.formats.json_text import (
    count,
    identity,
    leftovers,
    link,
    long_text,
    mapping,
    objects,
    text,
    truth,
    word,
)
from agenda.formats.rows import DeclaredDay, Head, PersonRow, Row
from agenda.formats.schedule_json_write import (
    CONFERENCE_WORDS,
    EVENT_WORDS,
    PERSON_WORDS,
    ROOM_WORDS,
    SCHEDULE_WORDS,
    TRACK_WORDS,
    write,
)
from agenda.formats.texts import parse_clock, parse_date, parse_duration, parse_moment
from agenda.model import (
    Attachment,
    Link,
    Room,
    RoomId,
    SessionState,
    Track,
    TrackId,
)

__all__ = ["FORMAT", "looks_right", "read", "write"]

FORMAT = "schedule-json"


def looks_right(document: object) -> bool:
    """Whether a JSON value is such a schedule."""
    schedule = document.get("schedule") if isinstance(document, dict) else None
    return isinstance(schedule, dict) and isinstance(schedule.get("conference"), dict)


def read(document: Any, *, zone: str | None, ledger: Ledger) -> Imported:
    """The schedule in a parsed schedule.json. Raises Unreadable, UnknownZone."""
    if not looks_right(document):
        raise Unreadable("This is JSON, but not a schedule.json.")
    schedule = document["schedule"]
    conference = schedule["conference"]
    reader = _Reader(ledger)
    reader.read(schedule, conference)
    return assemble(
        _head(schedule, conference, ledger),
        reader.rows,
        format=FORMAT,
        rooms=reader.rooms.values(),
        tracks=_tracks(conference),
        zone=zone,
        ledger=ledger,
    )


def _head(schedule: Mapping[str, Any], conference: Mapping[str, Any], ledger: Ledger) -> Head:
    head = Head(
        title=word(conference.get("title")),
        acronym=word(conference.get("acronym")),
        zone=word(conference.get("time_zone_name")),
        day_change=parse_clock(text(conference.get("day_change"))),
        subtitle=word(conference.get("subtitle")),
        venue=word(conference.get("venue")),
        city=word(conference.get("city")),
        url=word(conference.get("url")),
        base_url=word(conference.get("base_url")) or word(schedule.get("base_url")),
        version=long_text(schedule.get("version")),
        timeslot=parse_duration(text(conference.get("timeslot_duration"))),
        first_date=parse_date(text(conference.get("start"))),
        last_date=parse_date(text(conference.get("end"))),
        extra=leftovers(schedule, SCHEDULE_WORDS) | leftovers(conference, CONFERENCE_WORDS),
    )
    for index, day in objects(conference.get("days")):
        on = parse_date(text(day.get("date")))
        if on is None:
            ledger.note("no_date", f"days[{index}]", "The day has no date.")
            continue
        head.days.append(
            DeclaredDay(
                date=on,
                start=parse_moment(text(day.get("day_start"))),
                end=parse_moment(text(day.get("day_end"))),
            )
        )
    return head


def _tracks(conference: Mapping[str, Any]) -> Iterator[Track]:
    for _, held in objects(conference.get("tracks")):
        name = word(held.get("name"))
        if name:
            yield Track(
                id=TrackId(name),
                name=name,
                colour=word(held.get("color")),
                slug=word(held.get("slug")),
                extra=leftovers(held, TRACK_WORDS),
            )


class _Reader:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.rows: list[Row] = []
        self.rooms: dict[str, Room] = {}

    def read(self, schedule: Mapping[str, Any], conference: Mapping[str, Any]) -> None:
        for _, held in objects(conference.get("rooms")):
            self._declare(held)
        for index, day in objects(conference.get("days")):
            on = parse_date(text(day.get("date")))
            for name, events in mapping(day.get("rooms")).items():
                self._declare({"name": name})
                for number, event in objects(events):
                    where = f"days[{index}].rooms[“{text(name)[:60]}”][{number}]"
                    self._event(event, where, on, word(name), placed=True)
        for number, event in objects(schedule.get("unplaced")):
            self._event(event, f"unplaced[{number}]", None, "", placed=False)

    def _declare(self, held: Mapping[str, Any]) -> None:
        name = word(held.get("name"))
        if name and name not in self.rooms:
            self.rooms[name] = Room(
                id=RoomId(name),
                name=name,
                capacity=count(held.get("capacity")),
                guid=identity(held.get("guid")),
                description=long_text(held.get("description")),
                extra=leftovers(held, ROOM_WORDS),
            )

    def _event(
        self,
        event: Mapping[str, Any],
        where: str,
        day: date | None,
        enclosing: str,
        *,
        placed: bool,
    ) -> None:
        extra = leftovers(event, EVENT_WORDS)
        source_id = identity(event.get("id"))
        place = f"{where}, event {source_id}" if source_id else where
        own = word(event.get("room"))
        if own and enclosing and own != enclosing:
            self.ledger.note(
                "other_room",
                place,
                "The session says “{own}” but stands under “{enclosing}”; its own room is taken.",
                own=own,
                enclosing=enclosing,
            )
        self.rows.append(
            Row(
                where=place,
                title=word(event.get("title")),
                source_id=source_id,
                guid=identity(event.get("guid")),
                subtitle=word(event.get("subtitle")),
                abstract=long_text(event.get("abstract")),
                description=long_text(event.get("description")),
                kind=word(event.get("type")),
                language=word(event.get("language")),
                track=word(event.get("track")),
                room=own or enclosing,
                persons=tuple(_persons(event.get("persons"))),
                start=self._start(event, place) if placed else None,
                day=day,
                clock=parse_clock(text(event.get("start"))) if placed else None,
                duration=self._duration(event, place),
                state=_state(event),
                links=tuple(_links(event.get("links"))),
                attachments=tuple(_attachments(event.get("attachments"))),
                url=word(event.get("url")),
                slug=word(event.get("slug")),
                logo=word(event.get("logo")),
                licence=word(event.get("recording_license")),
                opt_out_recording=truth(event.get("do_not_record")),
                extra=extra,
            )
        )

    def _start(self, event: Mapping[str, Any], where: str) -> datetime | None:
        told = text(event.get("date"))
        found = parse_moment(told)
        if found is None and told and parse_date(told) is None:
            self.ledger.note("bad_time", where, "“{text}” is not a date and time.", text=told[:60])
        return found

    def _duration(self, event: Mapping[str, Any], where: str) -> Any:
        told = text(event.get("duration"))
        found = parse_duration(told) if told else None
        if told and found is None:
            self.ledger.note("bad_duration", where, "“{text}” is not a duration.", text=told[:60])
        return found


def _persons(value: object) -> Iterator[PersonRow]:
    for item in value if isinstance(value, list) else ():
        if not isinstance(item, dict):
            if word(item):
                yield PersonRow(name=word(item))
            continue
        name = word(item.get("public_name")) or word(item.get("name"))
        source_id, guid = identity(item.get("id")), identity(item.get("guid"))
        if not (name or source_id or guid):
            continue
        extra = leftovers(item, PERSON_WORDS)
        other = word(item.get("name"))
        if other and other != name:
            extra.setdefault("name", other)
        yield PersonRow(
            name=name,
            source_id=source_id,
            guid=guid,
            code=word(item.get("code")),
            biography=long_text(item.get("biography")),
            url=word(item.get("url")),
            extra=extra,
        )


def _links(value: object) -> Iterator[Link]:
    for item in value if isinstance(value, list) else ():
        found = link(item)
        if found is not None:
            yield found


def _attachments(value: object) -> Iterator[Attachment]:
    yield from (
        Attachment(url=found.url, title=found.title, kind=found.kind) for found in _links(value)
    )


def _state(event: Mapping[str, Any]) -> SessionState:
    told = word(event.get("state")).lower()
    return SessionState(told) if told in set(SessionState) else SessionState.CONFIRMED
