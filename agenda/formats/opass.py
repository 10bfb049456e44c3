"""OPass session.json (COSCUP, SITCON and others), read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from agenda.formats.assembly import assemble
from agenda.formats.imported import Imported, Ledger
from agenda.formats.json_text import (
    cleaned,
    identity,
    leftovers,
    long_text,
    mapping,
    objects,
    text,
    word,
)
from agenda.formats.rows import Head, PersonRow, Row
from agenda.formats.texts import parse_moment
from agenda.model import Json, Link, Room, RoomId, Track, TrackId

FORMAT = "opass"

_LANGUAGES = ("zh", "en")
_SESSION = frozenset(
    {"id", "type", "room", "start", "end", "language", "speakers", "uri", "zh", "en"}
)
_SPEAKER = frozenset({"id", "zh", "en"})
_ADDRESSES = {"record": "Recording", "slide": "Slides", "qa": "Questions", "co_write": "Notes"}


def looks_right(document: object) -> bool:
    """Whether a JSON value is such a file: sessions, and lists that they refer to."""
    return (
        isinstance(document, dict)
        and isinstance(document.get("sessions"), list)
        and isinstance(document.get("session_types", document.get("rooms")), list)
    )


def read(document: Any, *, zone: str | None, ledger: Ledger) -> Imported:
    """The schedule in a parsed session.json; texts are the Chinese ones, the English are kept
    beside them. Raises UnknownZone."""
    lists = {
        name: {identity(item.get("id")) or "": item for _, item in objects(document.get(name))}
        for name in ("speakers", "session_types", "rooms", "tags")
    }
    reader = _Reader(lists, ledger)
    rows = [reader.row(index, item) for index, item in objects(document["sessions"])]
    head = Head(extra=leftovers(document, {"sessions", *lists}))
    if lists["tags"]:
        head.extra["tags"] = cleaned(list(lists["tags"].values()))
    return assemble(
        head,
        rows,
        format=FORMAT,
        rooms=_rooms(lists["rooms"]),
        tracks=_tracks(lists["session_types"]),
        zone=zone,
        ledger=ledger,
    )


def _told(held: Mapping[str, Any], name: str) -> Any:
    """A text in the first language that has it."""
    for language in _LANGUAGES:
        found = mapping(held.get(language)).get(name)
        if text(found).strip():
            return found
    return held.get(name)


def _also(held: Mapping[str, Any], first: str) -> dict[str, Json]:
    """The other languages' texts, where they say something else than the first."""
    shown = mapping(held.get(first))
    return {
        language: cleaned(held[language])
        for language in _LANGUAGES
        if language != first and mapping(held.get(language)) and held[language] != shown
    }


def _rooms(rooms: Mapping[str, Mapping[str, Any]]) -> Iterator[Room]:
    for key, held in rooms.items():
        name = word(_told(held, "name")) or key
        yield Room(id=RoomId(name), name=name, extra=_also(held, "zh"))


def _tracks(types: Mapping[str, Mapping[str, Any]]) -> Iterator[Track]:
    for key, held in types.items():
        name = word(_told(held, "name")) or key
        yield Track(id=TrackId(name), name=name, slug=key, extra=_also(held, "zh"))


class _Reader:
    def __init__(
        self, lists: Mapping[str, Mapping[str, Mapping[str, Any]]], ledger: Ledger
    ) -> None:
        self.lists = lists
        self.ledger = ledger

    def row(self, index: int, held: Mapping[str, Any]) -> Row:
        """One session."""
        source_id = identity(held.get("id"))
        where = f"sessions[{index}]" + (f", session {source_id}" if source_id else "")
        start = self._moment(held, "start", where)
        end = self._moment(held, "end", where)
        same_clock = (
            start is not None and end is not None and bool(start.tzinfo) == bool(end.tzinfo)
        )
        links = [
            Link(url=word(held.get(key)), title=title)
            for key, title in _ADDRESSES.items()
            if word(held.get(key))
        ]
        return Row(
            where=where,
            source_id=source_id,
            title=word(_told(held, "title")),
            abstract=long_text(_told(held, "description")),
            language=word(held.get("language")),
            track=self._name("session_types", held.get("type"), where),
            room=self._name("rooms", held.get("room"), where),
            persons=tuple(self._persons(held.get("speakers"), where)),
            start=start,
            duration=_between(start, end) if same_clock else None,
            links=tuple(links),
            url=word(held.get("uri")),
            extra=leftovers(held, {*_SESSION, *_ADDRESSES}) | _also(held, "zh"),
        )

    def _moment(self, held: Mapping[str, Any], name: str, where: str) -> datetime | None:
        told = text(held.get(name))
        found = parse_moment(told)
        if found is None and told:
            self.ledger.note("bad_time", where, "“{text}” is not a time.", text=told[:60])
        return found

    def _name(self, listed: str, value: object, where: str) -> str:
        """What a reference stands for; the reference itself where the list lacks it."""
        key = identity(value)
        if key is None:
            return ""
        held = self.lists[listed].get(key)
        if held is None:
            self.ledger.note(
                "unknown_reference",
                where,
                "“{key}” is not among the {listed}.",
                key=key,
                listed=listed,
            )
            return key
        return word(_told(held, "name")) or key

    def _persons(self, value: object, where: str) -> Iterator[PersonRow]:
        for item in value if isinstance(value, list) else ():
            key = identity(item)
            if key is None:
                continue
            held = self.lists["speakers"].get(key, {})
            yield PersonRow(
                name=self._name("speakers", key, where),
                source_id=key,
                biography=long_text(_told(held, "bio")),
                extra=leftovers(held, _SPEAKER) | _also(held, "zh"),
            )


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    return None if start is None or end is None else end - start
