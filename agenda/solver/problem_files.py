"""Reads conference-scheduling problems: the sheets of a workbook, as rows in one JSON object."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from agenda.errors import Unreadable
from agenda.solver.constraints import BY_NAME
from agenda.solver.problem import Place, Problem, Room, Rules, Speaker, Talk, Timeslot, Wishes

SHEETS = ("Configuration", "Timeslots", "Rooms", "Speakers", "Talks")
PAUSE = "Minimum consecutive talks pause in minutes"

Row = Mapping[str, Any]


def read_problem(name: str, content: bytes) -> Problem:
    """The problem in a file; its times have no zone and count as UTC. Raises Unreadable."""
    try:
        sheets = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{name} is not JSON: {error}.") from error
    if not isinstance(sheets, dict) or any(sheet not in sheets for sheet in SHEETS):
        raise Unreadable(f"{name} is no scheduling problem: it lacks one of {', '.join(SHEETS)}.")
    try:
        return _problem(sheets)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"{name} is no complete scheduling problem: {error!r}.") from error


def _problem(sheets: Mapping[str, Any]) -> Problem:
    settings = {row[0]: row[1] for row in sheets["Configuration"] if len(row) > 1}
    rooms_closed = _unavailable(sheets.get("RoomsUnavailable", ()))
    speakers_away = _unavailable(sheets.get("SpeakersUnavailable", ()))
    return Problem(
        name=str(settings.get("Conference name", "")),
        talks=tuple(_talk(row) for row in _rows(sheets["Talks"], "Code")),
        timeslots=tuple(_timeslot(row) for row in _rows(sheets["Timeslots"], "Day")),
        rooms=tuple(_room(row, rooms_closed) for row in _rows(sheets["Rooms"], "Name")),
        speakers=tuple(_speaker(row, speakers_away) for row in _rows(sheets["Speakers"], "Name")),
        rules=Rules(pause_minutes=int(settings.get(PAUSE) or 0)),
        weights={
            constraint: sum(int(number) for number in re.findall(r"-?\d+", str(score)))
            for constraint, score in settings.items()
            if constraint in BY_NAME
        },
    )


def _rows(sheet: Sequence[Sequence[Any]], first: str) -> list[Row]:
    """The rows below the one whose first cell is `first`, by its column names."""
    top = next(index for index, row in enumerate(sheet) if row and row[0] == first)
    names = sheet[top]
    return [
        {name: cell for name, cell in zip(names, row, strict=False) if name is not None}
        for row in sheet[top + 1 :]
        if row and row[0] is not None
    ]


def _unavailable(entries: Sequence[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for entry in entries:
        day, start, end = entry["timeslot"]
        found.setdefault(entry["name"], set()).add(_slot_id(day, start, end))
    return {name: frozenset(slots) for name, slots in found.items()}


def _tags(cell: Any) -> frozenset[str]:
    return frozenset(part.strip() for part in str(cell or "").split(",") if part.strip())


def _slot_id(day: str, start: str, end: str) -> str:
    return f"{day} {start}-{end}"


def _date(day: str) -> date:
    return date.fromisoformat(day.split()[-1])


def _instant(day: date, clock: str) -> datetime:
    return datetime.combine(day, datetime.strptime(clock, "%H:%M").time(), UTC)  # noqa: DTZ007


def _timeslot(row: Row) -> Timeslot:
    day = _date(row["Day"])
    return Timeslot(
        id=_slot_id(row["Day"], row["Start"], row["End"]),
        start=_instant(day, row["Start"]),
        end=_instant(day, row["End"]),
        date=day,
        kinds=_tags(row.get("Talk types")),
        tags=_tags(row.get("Tags")),
    )


def _room(row: Row, closed: Mapping[str, frozenset[str]]) -> Room:
    return Room(
        name=row["Name"],
        capacity=int(row.get("Capacity") or 0),
        kinds=_tags(row.get("Talk types")),
        tags=_tags(row.get("Tags")),
        unavailable=closed.get(row["Name"], frozenset()),
    )


def _wishes(row: Row, what: str) -> Wishes:
    return Wishes(
        required=_tags(row.get(f"Required {what} tags")),
        preferred=_tags(row.get(f"Preferred {what} tags")),
        prohibited=_tags(row.get(f"Prohibited {what} tags")),
        undesired=_tags(row.get(f"Undesired {what} tags")),
    )


def _speaker(row: Row, away: Mapping[str, frozenset[str]]) -> Speaker:
    return Speaker(
        name=row["Name"],
        unavailable=away.get(row["Name"], frozenset()),
        times=_wishes(row, "timeslot"),
        rooms=_wishes(row, "room"),
    )


def _talk(row: Row) -> Talk:
    slot, room = _place(row, ("Timeslot day", "Start", "End", "Room"))
    published, published_room = _place(
        row, ("Published Timeslot", "Published Start", "Published End", "Published Room")
    )
    pinned = bool(row.get("Pinned by user")) and slot is not None and room is not None
    return Talk(
        code=str(row["Code"]),
        title=str(row.get("Title") or ""),
        kind=str(row.get("Talk type") or ""),
        speakers=tuple(p.strip() for p in str(row.get("Speakers") or "").split(",") if p.strip()),
        themes=_tags(row.get("Theme track tags")),
        sectors=_tags(row.get("Sector tags")),
        audiences=_tags(row.get("Audience types")),
        level=int(row.get("Audience level") or 0),
        contents=_tags(row.get("Content tags")),
        language=str(row.get("Language") or ""),
        times=_wishes(row, "timeslot"),
        rooms=_wishes(row, "room"),
        exclusive=_tags(row.get("Mutually exclusive talks tags")),
        prerequisites=_tags(row.get("Prerequisite talks codes")),
        popularity=int(row.get("Favorite count") or 0),
        crowd_risk=int(row.get("Crowd control risk") or 0),
        published_timeslot=published,
        published_room=published_room,
        pin=Place(timeslot=slot, room=room) if pinned and slot and room else None,
    )


def _place(row: Row, columns: tuple[str, str, str, str]) -> tuple[str | None, str | None]:
    day, start, end, room = (row.get(column) for column in columns)
    slot = _slot_id(day, start, end) if day and start and end else None
    return slot, str(room) if room else None
