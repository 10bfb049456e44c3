"""The chaos family's schedule.json (c3voc, pretalx), read and written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from agenda.errors import Unreadable
from agenda.formats.assembly import assemble
from agenda.formats.by_day import by_room, slots_by_day, unplaced
from agenda.formats.frab_write import clock
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
    with_extra,
    word,
)
from agenda.formats.rows import DeclaredDay, Head, PersonRow, Row
from agenda.formats.texts import parse_clock, parse_date, parse_duration, parse_moment
from agenda.model import (
    Attachment,
    Conference,
    Json,
    Link,
    Room,
    RoomId,
    Schedule,
    Session,
    SessionState,
    Slot,
    Speaker,
    Track,
    TrackId,
)

FORMAT = "schedule-json"

_EVENT = frozenset(
    [
        "id",
        "guid",
        "logo",
        "date",
        "start",
        "duration",
        "room",
        "slug",
        "url",
        "title",
        "subtitle",
        "track",
        "type",
        "language",
        "abstract",
        "description",
        "recording_license",
        "do_not_record",
        "persons",
        "links",
        "attachments",
        "state",
    ]
)
_PERSON = frozenset(["id", "guid", "code", "public_name", "name", "biography", "url"])
_CONFERENCE = frozenset(
    [
        "acronym",
        "title",
        "subtitle",
        "venue",
        "city",
        "start",
        "end",
        "daysCount",
        "day_change",
        "timeslot_duration",
        "base_url",
        "time_zone_name",
        "url",
        "rooms",
        "tracks",
        "days",
    ]
)
_SCHEDULE = frozenset({"version", "base_url", "conference", "unplaced"})
_ROOM = frozenset({"name", "guid", "description", "capacity"})
_TRACK = frozenset({"name", "slug", "color"})


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
        extra=leftovers(schedule, _SCHEDULE) | leftovers(conference, _CONFERENCE),
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
                extra=leftovers(held, _TRACK),
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
                extra=leftovers(held, _ROOM),
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
        extra = leftovers(event, _EVENT)
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
        extra = leftovers(item, _PERSON)
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


def write(schedule: Schedule) -> bytes:
    """The whole schedule as schedule.json, UTF-8: what `read` reads back as the same schedule."""
    return json.dumps(_document(schedule), ensure_ascii=False, indent=1).encode(
        "utf-8", "backslashreplace"
    )


def _document(schedule: Schedule) -> dict[str, Json]:
    conference = schedule.conference
    writer = _EventWriter(schedule)
    days: list[Json] = [
        {
            "index": index,
            "date": str(day.date),
            "day_start": _iso(conference, day.start),
            "day_end": _iso(conference, day.end),
            "rooms": {
                room.name: [writer.event(writer.session_of(slot), slot, room.name) for slot in held]
                for room, held in by_room(schedule, slots).items()
                if held
            },
        }
        for index, (day, slots) in enumerate(slots_by_day(schedule).items(), 1)
    ]
    head: dict[str, Json] = {
        "acronym": conference.acronym,
        "title": conference.title,
        "subtitle": conference.subtitle,
        "venue": conference.venue,
        "city": conference.city,
        "start": str(conference.first_date or ""),
        "end": str(conference.last_date or ""),
        "daysCount": len(days),
        "day_change": clock(conference.day_change),
        "timeslot_duration": clock(conference.timeslot) if conference.timeslot is not None else "",
        "time_zone_name": conference.zone,
        "base_url": conference.base_url,
        "url": conference.url,
        "rooms": [_room(room) for room in schedule.rooms if room.name],
        "tracks": [_track(track) for track in schedule.tracks],
        "days": days,
    }
    waiting: list[Json] = [writer.event(session, None, "") for session in unplaced(schedule)]
    body: dict[str, Json] = {
        "version": conference.version,
        "conference": with_extra(head, conference.extra, _CONFERENCE),
    }
    if waiting:
        body["unplaced"] = waiting
    return {"schedule": body}


def _iso(conference: Conference, instant: datetime) -> str:
    return conference.local(instant).isoformat()


def _room(room: Room) -> Json:
    held: dict[str, Json] = {
        "name": room.name,
        "guid": room.guid,
        "description": room.description or None,
        "capacity": room.capacity,
    }
    return with_extra(held, room.extra, _ROOM)


def _track(track: Track) -> Json:
    held: dict[str, Json] = {"name": track.name, "slug": track.slug, "color": track.colour}
    return with_extra(held, track.extra, _TRACK)


def _number(key: str | None) -> Json:
    """An id as a number where it was one."""
    return int(key) if key and re.fullmatch(r"0|[1-9][0-9]{0,14}", key) else key


class _EventWriter:
    def __init__(self, schedule: Schedule) -> None:
        self.conference = schedule.conference
        self._sessions = {session.id: session for session in schedule.sessions}
        self._tracks = {track.id: track.name for track in schedule.tracks}
        self._speakers = {speaker.id: _person(speaker) for speaker in schedule.speakers}

    def session_of(self, slot: Slot) -> Session:
        return self._sessions[slot.session]

    def event(self, session: Session, slot: Slot | None, room: str) -> Json:
        """One event; without a slot it has no time."""
        local = None if slot is None else self.conference.local(slot.start)
        held: dict[str, Json] = {
            "id": _number(session.source_id),
            "guid": session.guid,
            "logo": session.logo or None,
            "date": "" if local is None else local.isoformat(),
            "start": "" if local is None else f"{local:%H:%M}",
            "duration": clock(session.duration if slot is None else slot.duration),
            "room": room,
            "slug": session.slug,
            "url": session.url,
            "title": session.title,
            "subtitle": session.subtitle,
            "track": None if session.track is None else self._tracks[session.track],
            "type": session.kind,
            "language": session.language,
            "abstract": session.abstract,
            "description": session.description,
            "recording_license": session.licence,
            "do_not_record": session.opt_out_recording,
            "persons": [self._speakers[speaker] for speaker in session.speakers],
            "links": [_reference(item) for item in session.links],
            "attachments": [_reference(item) for item in session.attachments],
        }
        if session.state is not SessionState.CONFIRMED:
            held["state"] = session.state.value
        return with_extra(held, session.extra, _EVENT)


def _person(speaker: Speaker) -> Json:
    held: dict[str, Json] = {"id": _number(speaker.source_id), "public_name": speaker.name}
    for name in ("guid", "code", "biography", "url"):
        value = getattr(speaker, name)
        if value:
            held[name] = value
    return with_extra(held, speaker.extra, _PERSON)


def _reference(item: Link | Attachment) -> Json:
    held: dict[str, Json] = {"url": item.url, "title": item.title}
    if item.kind:
        held["type"] = item.kind
    return held
