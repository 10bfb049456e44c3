"""Writes a schedule in any of the formats, whole or only a track's, a room's or a person's part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from agenda.errors import AgendaError
from agenda.finding import person_key
from agenda.formats import csv_table, frab_write, ical, schedule_json_write, xlsx_table
from agenda.model import Schedule, SlotId

_WRITERS: Mapping[str, Callable[[Schedule], bytes]] = {
    "frab": frab_write.write,
    "json": schedule_json_write.write,
    "csv": csv_table.write,
    "xlsx": xlsx_table.write,
}
FORMATS = (*_WRITERS, "ics")
HOST = "plenary.invalid"
"""The host in a calendar's UIDs where nobody says which one the schedule lives on."""


class NothingSelected(AgendaError):
    """A track, room or person that the schedule doesn't have."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"There is no {kind} “{name}” in this schedule.")


def write(schedule: Schedule, kind: str, *, revised: datetime, host: str = HOST) -> bytes:
    """The schedule as `frab`, `json`, `csv`, `xlsx` or `ics`. Only the last looks at `revised`,
    when the schedule last changed, and at `host`. Raises KeyError for another kind."""
    if kind == "ics":
        return calendar_of(schedule, revised=revised, host=host)
    return _WRITERS[kind](schedule)


def calendar_of(schedule: Schedule, *, revised: datetime, host: str = HOST) -> bytes:
    """All slots as one iCalendar feed."""
    shown = ical.entries(schedule, host=host, revised=revised, address=lambda session: session.url)
    zone, title = schedule.conference.zone, schedule.conference.title
    return ical.calendar(shown, zone=zone, name=title)


def slots_of(
    schedule: Schedule, *, track: str = "", room: str = "", person: str = ""
) -> frozenset[SlotId]:
    """The slots of a track, in a room, with a person, by name; of what is named all must hold.

    Raises NothingSelected for a name that nothing has.
    """
    tracks = {t.id for t in schedule.tracks if t.name == track}
    rooms = {r.id for r in schedule.rooms if r.name == room}
    people = {p.id for p in schedule.speakers if person_key(p) == person.strip()}
    for kind, name, found in (
        ("track", track, tracks),
        ("room", room, rooms),
        ("person", person, people),
    ):
        if name and not found:
            raise NothingSelected(kind, name)
    chosen = {
        s.id
        for s in schedule.sessions
        if (not track or s.track in tracks) and (not person or people.intersection(s.speakers))
    }
    return frozenset(
        slot.id
        for slot in schedule.slots
        if slot.session in chosen and (not room or slot.room in rooms)
    )


def part_of(schedule: Schedule, slots: frozenset[SlotId]) -> Schedule:
    """The schedule with only these slots, and only what they name; days and texts stay."""
    kept = tuple(slot for slot in schedule.slots if slot.id in slots)
    sessions = tuple(s for s in schedule.sessions if s.id in {slot.session for slot in kept})
    return replace(
        schedule,
        slots=kept,
        sessions=sessions,
        rooms=tuple(r for r in schedule.rooms if r.id in {slot.room for slot in kept}),
        tracks=tuple(t for t in schedule.tracks if t.id in {s.track for s in sessions}),
        speakers=tuple(
            p for p in schedule.speakers if p.id in {key for s in sessions for key in s.speakers}
        ),
    )
