"""Edits as JSON, for the wire and for the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from agenda.edits import Edit, Lock, Move, Place, Resize, Spot, Swap, Together, Unlock, Unschedule
from agenda.errors import AgendaError
from agenda.model import RoomId, SessionId, SlotId

MOST_TOGETHER = 2000
_LONGEST = timedelta(days=7)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class MalformedEdit(AgendaError):
    """Not an edit; the message says what is wrong with it."""


def dump(edit: Edit) -> dict[str, Any]:
    """An edit as JSON: its `kind`, and its parts. Instants are ISO 8601, lengths whole seconds."""
    if isinstance(edit, Together):
        return {"kind": "together", "edits": [dump(each) for each in edit.edits]}
    return {"kind": type(edit).__name__.lower(), **_parts(edit)}


def _parts(edit: Edit) -> dict[str, Any]:
    match edit:
        case Place():
            return {"slot": edit.slot, "session": edit.session, "at": dump_spot(edit.at)}
        case Unschedule():
            return {"slot": edit.slot, "session": edit.session, "was": dump_spot(edit.was)}
        case Move():
            return {"slot": edit.slot, "was": dump_spot(edit.was), "to": dump_spot(edit.to)}
        case Resize():
            return {"slot": edit.slot, "was": _seconds(edit.was), "to": _seconds(edit.to)}
        case Swap():
            return {
                "first": edit.first,
                "second": edit.second,
                "first_was": dump_spot(edit.first_was),
                "second_was": dump_spot(edit.second_was),
            }
        case Lock() | Unlock():
            return {"slot": edit.slot}
        case _:
            raise MalformedEdit(f"no form for {type(edit).__name__}")


def dump_spot(spot: Spot) -> dict[str, Any]:
    return {
        "room": spot.room,
        "start": spot.start.astimezone(UTC).isoformat(),
        "length_s": _seconds(spot.duration),
    }


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())


def load(held: Any) -> Edit:
    """The edit that `dump` wrote, or that a page made up. Raises MalformedEdit."""
    kind = _mapping(held).get("kind")
    if kind == "together":
        edits = held.get("edits")
        if not isinstance(edits, list) or not 0 < len(edits) <= MOST_TOGETHER:
            raise MalformedEdit("“together” wants a list of edits")
        return Together(edits=tuple(_single(each) for each in edits))
    return _single(held)


def _single(held: Any) -> Edit:
    read = _KINDS.get(str(_mapping(held).get("kind")))
    if read is None:
        raise MalformedEdit(f"there is no edit of the kind {str(held.get('kind'))[:40]!r}")
    try:
        return read(held)
    except KeyError as error:
        raise MalformedEdit(f"{error.args[0]} is missing") from None


def _mapping(held: Any) -> Mapping[str, Any]:
    if not isinstance(held, dict):
        raise MalformedEdit("an edit is an object")
    return held


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise MalformedEdit("an id is a text")
    return value


def _slot(value: Any) -> SlotId:
    return SlotId(_text(value))


def _length(value: Any) -> timedelta:
    if not isinstance(value, int) or isinstance(value, bool):
        raise MalformedEdit("a length is a whole number of seconds")
    if abs(value) > _LONGEST.total_seconds():
        raise MalformedEdit("a length is a week at most")
    return timedelta(seconds=value)


def _instant(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(_text(value))
    except ValueError:
        raise MalformedEdit("an instant is written as in ISO 8601") from None
    if found.tzinfo is None:
        raise MalformedEdit("an instant says its offset")
    if not _EARLIEST <= found < _LATEST:
        raise MalformedEdit("an instant lies between 1970 and 2200")
    return found.astimezone(UTC)


def _spot(held: Any) -> Spot:
    value = _mapping(held)
    return Spot(
        room=RoomId(_text(value["room"])),
        start=_instant(value["start"]),
        duration=_length(value["length_s"]),
    )


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], Edit]] = {
    "place": lambda v: Place(
        slot=_slot(v["slot"]), session=SessionId(_text(v["session"])), at=_spot(v["at"])
    ),
    "unschedule": lambda v: Unschedule(
        slot=_slot(v["slot"]), session=SessionId(_text(v["session"])), was=_spot(v["was"])
    ),
    "move": lambda v: Move(slot=_slot(v["slot"]), was=_spot(v["was"]), to=_spot(v["to"])),
    "resize": lambda v: Resize(slot=_slot(v["slot"]), was=_length(v["was"]), to=_length(v["to"])),
    "swap": lambda v: Swap(
        first=_slot(v["first"]),
        second=_slot(v["second"]),
        first_was=_spot(v["first_was"]),
        second_was=_spot(v["second_was"]),
    ),
    "lock": lambda v: Lock(slot=_slot(v["slot"])),
    "unlock": lambda v: Unlock(slot=_slot(v["slot"])),
}
