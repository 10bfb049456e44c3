"""Open Event JSON, read: sessions, speakers, tracks, microlocations and the event, in files of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import Any
from zoneinfo import ZoneInfo

from agenda.errors import Unreadable
from agenda.formats.assembly import assemble
from agenda.formats.imported import Imported, Ledger
from agenda.formats.json_text import identity, leftovers, long_text, mapping, objects, text, word
from agenda.formats.rows import Head, PersonRow, Row
from agenda.formats.texts import parse_date, parse_moment
from agenda.model import Json, Link, Room, RoomId, SessionState, Track, TrackId
from agenda.zones import find_zone

FORMAT = "open-event"

_LISTS = ("sessions", "speakers", "tracks", "microlocations")
_ASIDE = ("session_types", "sponsors", "social_links", "forms", "custom_forms", "meta")
_SESSION = frozenset(
    [
        "id",
        "title",
        "subtitle",
        "short_abstract",
        "long_abstract",
        "start_time",
        "end_time",
        "starts_at",
        "ends_at",
        "timezone",
        "state",
        "language",
        "session_type",
        "track",
        "microlocation",
        "speakers",
        "slides",
        "video",
        "audio",
        "signup_url",
        "slides_url",
        "video_url",
        "audio_url",
    ]
)
_SPEAKER = frozenset(["id", "name", "short_biography", "long_biography", "website", "sessions"])
_ADDRESSES = {"slides": "Slides", "video": "Video", "audio": "Audio", "signup_url": "Sign up"}
_STATES = {
    "accepted": SessionState.CONFIRMED,
    "confirmed": SessionState.CONFIRMED,
    "canceled": SessionState.CANCELLED,
    "cancelled": SessionState.CANCELLED,
}


def looks_right(document: object) -> bool:
    """Whether a JSON value is a list of such sessions."""
    return isinstance(document, list) and _kind_by_shape(document) == "sessions"


def read_one(document: Any, *, zone: str | None, ledger: Ledger) -> Imported:
    """The schedule in a list of sessions alone."""
    return read([("sessions", document)], zone=zone, ledger=ledger)


def read(documents: Sequence[tuple[str, Any]], *, zone: str | None, ledger: Ledger) -> Imported:
    """The schedule in the parsed files of one export, each with its name.

    Accepted sessions are confirmed, the others drafts. Raises Unreadable where the files do not
    belong together, UnknownZone.
    """
    parts: dict[str, Any] = {}
    for name, document in documents:
        kind = _kind(name, document)
        if kind is None or kind in parts:
            raise Unreadable(f"{name} is no part of an Open Event export that is missing here.")
        parts[kind] = _with_underscores(document)
    if "sessions" not in parts:
        raise Unreadable("An Open Event export needs its sessions, and none of the files has them.")
    reader = _Reader(parts, ledger)
    rows = [reader.row(index, held) for index, held in objects(parts["sessions"])]
    return assemble(
        _head(mapping(parts.get("event"))),
        rows,
        format=FORMAT,
        rooms=reader.rooms.values(),
        tracks=reader.tracks.values(),
        zone=zone,
        ledger=ledger,
    )


def _kind(name: str, document: object) -> str | None:
    stem = PurePath(name).name.partition(".")[0].lower().replace("-", "_")
    if stem in (*_LISTS, *_ASIDE, "event"):
        return stem
    return _kind_by_shape(document)


def _kind_by_shape(document: object) -> str | None:
    if isinstance(document, dict):
        return "event" if "name" in document and "timezone" in document else None
    first = next((mapping(_with_underscores(held)) for _, held in objects(document)), {})
    if "title" in first and {"start_time", "starts_at", "microlocation"} & first.keys():
        return "sessions"
    if "name" not in first:
        return None
    if {"short_biography", "photo_url", "photo", "biography"} & first.keys():
        return "speakers"
    if {"latitude", "floor"} & first.keys():
        return "microlocations"
    return "tracks" if "color" in first else None


def _with_underscores(document: Any) -> Any:
    """The same with every key's hyphens as underscores: exports write both."""
    if isinstance(document, list):
        return [_with_underscores(item) for item in document]
    if isinstance(document, dict):
        return {key.replace("-", "_"): _with_underscores(item) for key, item in document.items()}
    return document


def _head(event: Mapping[str, Any]) -> Head:
    known = {"name", "timezone", "location_name", "event_url", "start_time", "end_time"}
    return Head(
        title=word(event.get("name")),
        zone=word(event.get("timezone")).replace(" ", ""),
        venue=word(event.get("location_name")),
        url=word(event.get("event_url")),
        first_date=parse_date(text(event.get("start_time") or event.get("starts_at"))),
        last_date=parse_date(text(event.get("end_time") or event.get("ends_at"))),
        extra=leftovers(event, known),
    )


class _Reader:
    def __init__(self, parts: Mapping[str, Any], ledger: Ledger) -> None:
        self.ledger = ledger
        self.speakers = {
            identity(held.get("id")): held for _, held in objects(parts.get("speakers"))
        }
        self.room_names: dict[str | None, str] = {}
        self.rooms: dict[str, Room] = {}
        self.tracks: dict[str, Track] = {}
        for _, held in objects(parts.get("microlocations")):
            name = word(held.get("name"))
            self.room_names[identity(held.get("id"))] = name
            if name:
                extra = leftovers(held, {"id", "name", "sessions"})
                self.rooms.setdefault(name, Room(id=RoomId(name), name=name, extra=extra))
        for _, held in objects(parts.get("tracks")):
            name = word(held.get("name"))
            if name:
                extra = leftovers(held, {"id", "name", "color", "sessions"})
                made = Track(
                    id=TrackId(name), name=name, colour=word(held.get("color")), extra=extra
                )
                self.tracks.setdefault(name, made)

    def row(self, index: int, held: Mapping[str, Any]) -> Row:
        """One session."""
        source_id = identity(held.get("id"))
        where = f"sessions[{index}]" + (f", session {source_id}" if source_id else "")
        start = self._moment(held, ("start_time", "starts_at"), where)
        end = self._moment(held, ("end_time", "ends_at"), where)
        room = mapping(held.get("microlocation"))
        extra = leftovers(held, _SESSION)
        return Row(
            where=where,
            source_id=source_id,
            title=word(held.get("title")),
            subtitle=word(held.get("subtitle")),
            abstract=long_text(held.get("short_abstract")),
            description=long_text(held.get("long_abstract")),
            kind=word(mapping(held.get("session_type")).get("name")),
            language=word(held.get("language")),
            track=word(mapping(held.get("track")).get("name")),
            room=word(room.get("name")) or self.room_names.get(identity(room.get("id")), ""),
            persons=tuple(self._persons(held.get("speakers"))),
            start=start,
            duration=_between(start, end),
            state=_state(held, extra),
            links=tuple(_links(held)),
            extra=extra,
        )

    def _moment(self, held: Mapping[str, Any], names: Sequence[str], where: str) -> datetime | None:
        """A moment; one without an offset is in the zone that the session names."""
        told = next((text(held.get(name)) for name in names if text(held.get(name))), "")
        found = parse_moment(told)
        if told and found is None:
            self.ledger.note("bad_time", where, "“{text}” is not a time.", text=told[:60])
        zone = find_zone(word(held.get("timezone")).replace(" ", ""))
        if found is not None and found.tzinfo is None and zone is not None:
            return found.replace(tzinfo=ZoneInfo(zone.key)).astimezone(UTC)
        return found

    def _persons(self, value: object) -> Iterator[PersonRow]:
        for _, told in objects(value):
            source_id = identity(told.get("id"))
            whole = self.speakers.get(source_id, {}) if source_id else {}
            name = word(told.get("name")) or word(whole.get("name"))
            if not (name or source_id):
                continue
            biography = long_text(whole.get("long_biography")) or long_text(
                whole.get("short_biography")
            )
            extra = leftovers(whole or told, _SPEAKER)
            if biography and long_text(whole.get("short_biography")) not in ("", biography):
                extra["short_biography"] = long_text(whole.get("short_biography"))
            yield PersonRow(
                name=name,
                source_id=source_id,
                biography=biography,
                url=word(whole.get("website")),
                extra=extra,
            )


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    if start is None or end is None or (start.tzinfo is None) != (end.tzinfo is None):
        return None
    return end - start


def _state(held: Mapping[str, Any], extra: dict[str, Json]) -> SessionState:
    told = word(held.get("state")).lower()
    if told and told not in _STATES:
        extra["state"] = told
    return _STATES.get(told, SessionState.DRAFT if told else SessionState.CONFIRMED)


def _links(held: Mapping[str, Any]) -> Iterator[Link]:
    for name, title in _ADDRESSES.items():
        url = word(held.get(name)) or word(held.get(f"{name}_url"))
        if url:
            yield Link(url=url, title=title)
