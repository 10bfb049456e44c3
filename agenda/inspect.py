"""What an import would read, in figures."""

from __future__ import annotations

from typing import Any

from agenda.finding import count_overlaps, overlapping, person_key
from agenda.formats.imported import Imported
from agenda.model import Schedule, Session, Slot

MOST_PAIRS = 1_000_000


def summary(imported: Imported) -> dict[str, Any]:
    """The figures of a file; a session that takes place several times counts each time.

    Persons are distinct display names, `links` are session–person pairs, `urls` and `attachments`
    count the sessions' links and files. Instants are ISO 8601 in the conference's zone; overlaps
    and clashes are unordered pairs of slots that share an instant and a room, or a person's name.
    """
    schedule = imported.schedule
    occurring = _occurrences(schedule)
    names = {p.id: p.name.strip() for p in schedule.speakers}
    linked = [person for session in occurring for person in session.speakers]
    rooms = {room.id: room.name for room in schedule.rooms}
    used_rooms = {rooms[slot.room] for slot in schedule.slots} - {""}
    conference = schedule.conference
    starts = [slot.start for slot in schedule.slots]
    ends = [max(slot.start, slot.end) for slot in schedule.slots]
    return {
        "format": imported.format,
        "title": conference.title,
        "time_zone": conference.zone,
        "days": len(conference.days),
        "sessions": len(occurring),
        "rooms": len(used_rooms),
        "tracks": len({session.track for session in occurring} - {None}),
        "persons": len({names[person] for person in linked} - {""}),
        "links": len(linked),
        "urls": sum(len(session.links) for session in occurring),
        "attachments": sum(len(session.attachments) for session in occurring),
        "without_speaker": sum(not session.speakers for session in occurring),
        "without_room": len(occurring) - sum(bool(rooms[slot.room]) for slot in schedule.slots),
        "without_track": sum(session.track is None for session in occurring),
        "first_start": conference.local(min(starts)).isoformat() if starts else None,
        "last_end": conference.local(max(ends)).isoformat() if ends else None,
        "room_overlaps": room_overlaps(schedule),
        "speaker_clashes": speaker_clashes(schedule),
        "warnings": [
            {"code": oddity.code, "where": oddity.where, "message": oddity.message}
            for oddity in imported.warnings
        ],
    }


def room_overlaps(schedule: Schedule) -> int:
    """How many pairs of slots overlap in one room."""
    named = {room.id for room in schedule.rooms if room.name}
    by_room: dict[str, list[Slot]] = {}
    for slot in schedule.slots:
        if slot.room in named:
            by_room.setdefault(slot.room, []).append(slot)
    return sum(count_overlaps(slots) for slots in by_room.values())


def speaker_clashes(schedule: Schedule) -> int:
    """How many pairs of slots overlap and share a person's name.

    A pair that shares several counts once; only in a file made to harm, with more than a million
    pairs, it counts for each.
    """
    names = {person.id: person_key(person) for person in schedule.speakers}
    people = {s.id: {names[person] for person in s.speakers} for s in schedule.sessions}
    by_person: dict[str, list[Slot]] = {}
    for slot in schedule.slots:
        for person in people[slot.session]:
            by_person.setdefault(person, []).append(slot)
    groups = [slots for slots in by_person.values() if len(slots) > 1]
    total = sum(count_overlaps(slots) for slots in groups)
    if total > MOST_PAIRS:
        return total
    return len({(a.id, b.id) for slots in groups for a, b in overlapping(slots)})


def _occurrences(schedule: Schedule) -> list[Session]:
    """Each session as often as it takes place, those without a place once."""
    by_id = {session.id: session for session in schedule.sessions}
    placed = [by_id[slot.session] for slot in schedule.slots]
    somewhere = {slot.session for slot in schedule.slots}
    return placed + [s for s in schedule.sessions if s.id not in somewhere]
