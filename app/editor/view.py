"""The editor's page as data: days on their axes, and everything that stands in the grid."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from agenda.edits import line
from agenda.model import Conference, Day, Slot, make_day
from app.editor import patch
from app.editor.desk import Desk
from app.editor.planning import Planning
from app.html import day_words

_FIRST, _LAST = 9 * 60, 18 * 60
_LONGEST = timedelta(hours=20)
"""A declared day that is longer says nothing about its hours."""


def state(desk: Desk, *, now: datetime) -> dict[str, Any]:
    """Everything that the page shows. Instants are seconds since 1970."""
    schedule = desk.schedule
    begun = line(schedule, now=now)
    return {
        "version": desk.version,
        "zone": schedule.conference.zone,
        "days": days(desk),
        "line": None if begun is None else patch.seconds(begun),
        "rooms": [patch.room_of(room) for room in schedule.rooms],
        "tracks": patch.tracks_of(schedule.tracks),
        "speakers": [patch.speaker_of(speaker) for speaker in schedule.speakers],
        "sessions": [patch.session_of(session, desk) for session in schedule.sessions],
        "slots": [patch.slot_of(slot, desk) for slot in schedule.slots],
        "blocks": patch.blocks_of(desk),
        "findings": patch.findings_of(desk),
        "step": Planning.of(desk.planning).step * 60,
        "changeover": Planning.of(desk.planning).changeover * 60,
        "pause": Planning.of(desk.planning).pause * 60,
    }


def days(desk: Desk) -> list[dict[str, Any]]:
    """The conference's days, declared or lived, each with its window and its axis."""
    conference = desk.schedule.conference
    declared = {day.date: day for day in conference.days}
    lived: dict[date, list[Slot]] = {}
    for slot in desk.schedule.slots:
        lived.setdefault(conference.date_of(slot.start), []).append(slot)
    return [
        _day(conference, on, declared.get(on), lived.get(on, ()))
        for on in sorted(declared.keys() | lived.keys())
    ]


def _day(
    conference: Conference, on: date, declared: Day | None, slots: Iterable[Slot]
) -> dict[str, Any]:
    base = datetime.combine(on, time(), conference.tz).astimezone(UTC)
    natural = make_day(on, conference.zone, conference.day_change)
    first, last = _axis(base, declared, slots)
    return {
        "date": on.isoformat(),
        "name": day_words(on, "EEE d MMM"),
        "short": day_words(on, "EEE"),
        "long": day_words(on),
        "base": patch.seconds(base),
        "start": patch.seconds(natural.start),
        "end": patch.seconds(natural.end),
        "opens": patch.seconds(declared.start) if declared else None,
        "closes": patch.seconds(declared.end) if declared else None,
        "from": first,
        "to": last,
    }


def _axis(base: datetime, declared: Day | None, slots: Iterable[Slot]) -> tuple[int, int]:
    """The minutes from midnight between which a day is drawn: whole hours, with room to drag."""
    held = [(_minutes(s.start - base), _minutes(s.end - base)) for s in slots]
    if declared is not None and declared.end - declared.start <= _LONGEST:
        held.append((_minutes(declared.start - base), _minutes(declared.end - base)))
    if not held:
        return _FIRST, _LAST
    first = min(begins for begins, _ in held)
    last = max(max(ends, begins + 5) for begins, ends in held)
    return first // 30 * 30, math.ceil(last / 30) * 30 + 30


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds() // 60)
