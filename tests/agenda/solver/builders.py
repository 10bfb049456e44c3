"""Small schedules for the solver, in the words of the agenda."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from agenda.edits import Edit, Together, board
from agenda.model import (
    Conference,
    Room,
    RoomId,
    Schedule,
    Session,
    SessionId,
    Slot,
    SlotId,
    Speaker,
    SpeakerId,
    Track,
    TrackId,
    make_day,
)
from agenda.rules import Span
from tests.agenda.builders import at, minutes

ZONE = "Europe/Brussels"
DAYS = tuple(make_day(date(2026, 5, 4 + n), ZONE, timedelta(0)) for n in range(2))
HOURS = Span(start=at(0), end=at(480))
"""10:00 to 18:00 in Brussels, on the first day."""


def make_schedule(*items: tuple[str, str | None, float, float], rooms: str = "AB") -> Schedule:
    """Sessions as (title, room or None, start minute, length); the words of a title after a colon
    are its speakers, separated by +; a track is what stands before a slash."""
    sessions: list[Session] = []
    slots: list[Slot] = []
    speakers: dict[str, Speaker] = {}
    tracks: dict[str, Track] = {}
    for number, (words, room, start, length) in enumerate(items):
        title, _, crew = words.partition(":")
        track, slash, _ = title.partition("/")
        names = [name for name in crew.split("+") if name]
        for name in names:
            speakers.setdefault(name, Speaker(id=SpeakerId(name), name=name))
        if slash:
            tracks.setdefault(track, Track(id=TrackId(track), name=track))
        key = SessionId(f"s{number}")
        sessions.append(
            Session(
                id=key,
                title=title,
                track=TrackId(track) if slash else None,
                speakers=tuple(SpeakerId(name) for name in names),
                duration=minutes(length),
            )
        )
        if room is not None:
            slots.append(
                Slot(
                    id=SlotId(f"slot{number}"),
                    session=key,
                    room=RoomId(room),
                    start=at(start),
                    duration=minutes(length),
                )
            )
    return Schedule(
        conference=Conference(title="Harbour Days", zone=ZONE, days=DAYS),
        rooms=tuple(Room(id=RoomId(name), name=name) for name in rooms),
        tracks=tuple(tracks.values()),
        speakers=tuple(speakers.values()),
        sessions=tuple(sessions),
        slots=tuple(slots),
    )


def applied(schedule: Schedule, edits: tuple[Edit, ...]) -> Schedule:
    """The schedule after these edits."""
    after = Together(edits=edits).apply(board(schedule)) if edits else board(schedule)
    return replace(schedule, slots=tuple(after.slots[key] for key in sorted(after.slots)))


def ticking(step: float = 0.0001) -> Callable[[], float]:
    """A clock that goes on by itself, the same in every run."""
    count = itertools.count()
    return lambda: next(count) * step
