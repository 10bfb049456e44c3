"""schedule.json, written: what `schedule_json.read` reads back as the same schedule."""

from __future__ import annotations

import json
import re
from datetime import datetime

from agenda.formats.by_day import by_room, slots_by_day, unplaced
from agenda.formats.frab_write import clock
from agenda.formats.json_text import with_extra
from agenda.model import (
    Attachment,
    Conference,
    Json,
    Link,
    Room,
    Schedule,
    Session,
    SessionState,
    Slot,
    Speaker,
    Track,
)

EVENT_WORDS = frozenset(
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
PERSON_WORDS = frozenset(["id", "guid", "code", "public_name", "name", "biography", "url"])
CONFERENCE_WORDS = frozenset(
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
SCHEDULE_WORDS = frozenset({"version", "base_url", "conference", "unplaced"})
ROOM_WORDS = frozenset({"name", "guid", "description", "capacity"})
TRACK_WORDS = frozenset({"name", "slug", "color"})


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
        "conference": with_extra(head, conference.extra, CONFERENCE_WORDS),
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
    return with_extra(held, room.extra, ROOM_WORDS)


def _track(track: Track) -> Json:
    held: dict[str, Json] = {"name": track.name, "slug": track.slug, "color": track.colour}
    return with_extra(held, track.extra, TRACK_WORDS)


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
        return with_extra(held, session.extra, EVENT_WORDS)


def _person(speaker: Speaker) -> Json:
    held: dict[str, Json] = {"id": _number(speaker.source_id), "public_name": speaker.name}
    for name in ("guid", "code", "biography", "url"):
        value = getattr(speaker, name)
        if value:
            held[name] = value
    return with_extra(held, speaker.extra, PERSON_WORDS)


def _reference(item: Link | Attachment) -> Json:
    held: dict[str, Json] = {"url": item.url, "title": item.title}
    if item.kind:
        held["type"] = item.kind
    return held
