"""Frab and Pentabarf XML, in all its dialects, read."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from agenda.errors import Unreadable
from agenda.formats.assembly import assemble
from agenda.formats.frab_event import Place, read_event
from agenda.formats.frab_write import (
    ROOM_MARKS,
    TRACK_MARKS,
    write,
)
from agenda.formats.imported import Imported, Ledger
from agenda.formats.rows import DeclaredDay, Head, Row
from agenda.formats.texts import (
    as_utf8,
    looks_like_html,
    parse_clock,
    parse_date,
    parse_duration,
    parse_moment,
)
from agenda.formats.xml_extra import add, extra_name, full_text, other_marks, to_json
from agenda.model import Room, RoomId, Track, TrackId

__all__ = ["FORMAT", "looks_right", "read", "write"]

FORMAT = "frab"
MAX_DEPTH = 60
MAX_ELEMENTS = 20_000_000
_PROLOG = re.compile(rb"\s*<\?xml\b([^>]{0,200})\?>")
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([^\"']{1,40})[\"']")
_BAD_REFERENCE = re.compile(
    rb"&#(?:x0*(?:[0-8bcBCeEfF]|1[0-9a-fA-F])|0*(?:[0-8]|1[124-9]|2\d|3[01]));"
)
_HOLDERS = frozenset({"schedule", "day", "room", "unplaced"})


def looks_right(content: bytes) -> bool:
    """Whether this begins like XML."""
    start = (
        content[:400].decode("utf-8", "ignore").replace("\0", "").lstrip("\ufeff\xff\xfe \r\n\t")
    )
    return start.startswith("<") and not looks_like_html(start)


def read(content: bytes, *, zone: str | None = None) -> Imported:
    """The schedule in a frab or Pentabarf export.

    Raises Unreadable with one clear sentence for what is no such file, UnknownZone where its times
    are local and neither it nor `zone` names a time zone.
    """
    ledger = Ledger()
    reader = _Reader(ledger)
    clean = _clean(content, ledger)
    try:
        reader.run(clean)
    except ParseError as error:
        raise Unreadable(_damage(error)) from error
    except DefusedXmlException as error:
        raise Unreadable(
            "The file defines XML entities, which no schedule needs; it was not read."
        ) from error
    except (LookupError, ValueError, RecursionError) as error:
        raise Unreadable(f"The XML cannot be read: {error}.") from error
    return assemble(
        reader.head,
        reader.rows,
        format=FORMAT,
        rooms=reader.rooms.values(),
        tracks=reader.tracks.values(),
        zone=zone,
        ledger=ledger,
    )


def _clean(content: bytes, ledger: Ledger) -> bytes:
    """UTF-8 without XML declaration, and without what XML cannot hold."""
    declared = None
    prolog = _PROLOG.match(content.removeprefix(b"\xef\xbb\xbf"))
    if prolog and (named := _ENCODING.search(prolog[1])):
        declared = named[1].decode("ascii", "replace")
    text = as_utf8(content, declared, ledger)
    prolog = _PROLOG.match(text)
    text = text[prolog.end() :] if prolog else text
    if looks_like_html(text[:1000].decode("utf-8", "ignore")):
        raise Unreadable("This is a web page (HTML), not a schedule: download the export itself.")
    if not text.strip():
        raise Unreadable("The file is empty.")
    if b"&#" in text:
        text, count = _BAD_REFERENCE.subn(b"", text)
        if count:
            ledger.note(
                "control_characters",
                "file",
                "{count} references to control characters were taken out.",
                count=count,
            )
    return text


def _damage(error: ParseError) -> str:
    line, column = error.position
    reason = str(error).split(":")[0]
    if reason in ("no element found", "unclosed token", "unclosed CDATA section"):
        return f"The XML breaks off at line {line}: the file is not complete."
    return f"The XML is damaged at line {line}, column {column}: {reason}."


class _Reader:
    """Reads element by element, so that no more than one event is held as XML."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.head = Head()
        self.rows: list[Row] = []
        self.rooms: dict[str, Room] = {}
        self.tracks: dict[str, Track] = {}
        self._days = 0
        self._day: date | None = None
        self._room = ""
        self._described: set[str] = set()

    def run(self, content: bytes) -> None:
        stack: list[Element] = []
        count = 0
        for event, element in iterparse(io.BytesIO(content), events=("start", "end")):
            if event == "start":
                stack.append(element)
                count += 1
                if len(stack) > MAX_DEPTH:
                    raise Unreadable("The XML is nested too deeply to be a schedule.")
                if count > MAX_ELEMENTS:
                    raise Unreadable("The XML has too many elements to be a schedule.")
                self._begin(element, [e.tag for e in stack] if len(stack) < 4 else [])
            else:
                stack.pop()
                self._finish(element, stack)

    def _begin(self, element: Element, path: list[str]) -> None:
        if len(path) == 1 and element.tag != "schedule":
            raise Unreadable(
                f"This is XML, but not a schedule: it begins with “{element.tag[:60]}” "
                "instead of “schedule”."
            )
        if path[1:] == ["day"]:
            self._begin_day(element)
        elif path[1:] == ["day", "room"]:
            self._room = (element.get("name") or "").strip()
            self._declare_room(element)

    def _finish(self, element: Element, above: list[Element]) -> None:
        parent = above[-1] if above else None
        if parent is None:
            return
        if element.tag == "event" and parent.tag in _HOLDERS and len(above) <= 3:
            self._event(element, unplaced=parent.tag == "unplaced")
            del parent[-1]
        elif len(above) == 1:
            self._finish_part(element)
            del parent[:]
        elif element.tag == "room" and len(above) == 2 and parent.tag == "day":
            self._describe_room(element)
            self._room = ""
            del parent[:]

    def _finish_part(self, element: Element) -> None:
        if element.tag == "conference":
            self._conference(element)
        elif element.tag == "tracks":
            for track in element:
                self._track(track)
        elif element.tag == "version":
            self.head.version = full_text(element)
        elif element.tag == "day":
            self._day = None
        elif element.tag != "unplaced":
            add(self.head.extra, element.tag, to_json(element))

    def _begin_day(self, element: Element) -> None:
        self._days += 1
        self._day = parse_date(element.get("date") or "")
        if self._day is None:
            self.ledger.note("no_date", f"day {self._days}", "The day has no date.")
            return
        self.head.days.append(
            DeclaredDay(
                date=self._day,
                start=parse_moment(element.get("start") or ""),
                end=parse_moment(element.get("end") or ""),
            )
        )

    def _declare_room(self, element: Element) -> None:
        if self._room and self._room not in self.rooms:
            self.rooms[self._room] = Room(
                id=RoomId(self._room),
                name=self._room,
                guid=element.get("guid") or None,
                capacity=_capacity(element.get("capacity") or ""),
                extra=other_marks(element, ROOM_MARKS),
            )

    def _describe_room(self, element: Element) -> None:
        """Take what stands in a room besides events, when it is first told."""
        room = self.rooms.get(self._room)
        if room is None or not len(element) or self._room in self._described:
            return
        self._described.add(self._room)
        extra = dict(room.extra)
        description = ""
        for child in element:
            if child.tag == "description" and not description and not child.attrib:
                description = full_text(child)
            else:
                add(extra, extra_name(child), to_json(child))
        self.rooms[self._room] = replace(room, description=description, extra=extra)

    def _conference(self, element: Element) -> None:
        seen: set[str] = set()
        for child in element:
            if child.tag == "track":
                self._track(child)
            elif child.tag == "tracks":
                for track in child:
                    self._track(track)
            elif child.tag == "room" and child.get("name"):
                self._room = (child.get("name") or "").strip()
                self._declare_room(child)
                self._describe_room(child)
                self._room = ""
            elif child.tag in _HEAD and child.tag not in seen:
                seen.add(child.tag)
                _HEAD[child.tag](self.head, full_text(child).strip())
            elif child.tag != "days":
                add(self.head.extra, extra_name(child), to_json(child))

    def _track(self, element: Element) -> None:
        name_element = element.find("name")
        text = full_text(element if name_element is None else name_element)
        name = (element.get("name") or text).strip()
        if name and name not in self.tracks:
            held = other_marks(element, TRACK_MARKS)
            for child in element:
                if child is not name_element:
                    add(held, extra_name(child), to_json(child))
            self.tracks[name] = Track(
                id=TrackId(name),
                name=name,
                colour=element.get("color") or "",
                slug=element.get("slug") or "",
                extra=held,
            )

    def _event(self, element: Element, *, unplaced: bool) -> None:
        where = self._where((element.get("id") or "").strip())
        place = Place(where=where, day=self._day, room=self._room, unplaced=unplaced)
        self.rows.append(read_event(element, place, self.ledger))

    def _where(self, source_id: str) -> str:
        parts = [f"day {self._days}"] if self._days else []
        if self._room:
            parts.append(f"room “{self._room}”")
        parts.append(f"event {source_id}" if source_id else f"event number {len(self.rows) + 1}")
        return ", ".join(parts)


def _capacity(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,9}", text) else None


def _set(name: str) -> Callable[[Head, str], None]:
    return lambda head, text: setattr(head, name, text)


def _set_parsed(name: str, parse: Callable[[str], Any]) -> Callable[[Head, str], None]:
    return lambda head, text: setattr(head, name, parse(text) if text else None)


_HEAD: dict[str, Callable[[Head, str], None]] = {
    **{name: _set(name) for name in ("title", "acronym", "subtitle", "venue", "city", "url")},
    "base_url": _set("base_url"),
    "version": _set("version"),
    "time_zone_name": _set("zone"),
    "day_change": _set_parsed("day_change", parse_clock),
    "timeslot_duration": _set_parsed("timeslot", parse_duration),
    "start": _set_parsed("first_date", parse_date),
    "end": _set_parsed("last_date", parse_date),
}
