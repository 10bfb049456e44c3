"""Frab and Pentabarf XML, in all its dialects, read."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from agenda.errors import Unreadable
from agenda.formats.assembly import assemble
from agenda.formats.frab_write import (
    EVENT_MARKS,
    PERSON_MARKS,
    ROOM_MARKS,
    TRACK_MARKS,
    write,
)
from agenda.formats.imported import Imported, Ledger
from agenda.formats.rows import DeclaredDay, Head, PersonRow, Row
from agenda.formats.texts import (
    as_utf8,
    looks_like_html,
    parse_clock,
    parse_date,
    parse_duration,
    parse_moment,
)
from agenda.formats.xml_extra import add, extra_name, full_text, to_json
from agenda.model import Attachment, Json, Link, Room, RoomId, SessionState, Track, TrackId

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
                extra=_other_marks(element, ROOM_MARKS),
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
            held = _other_marks(element, TRACK_MARKS)
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
        fields: dict[str, Any] = {}
        extra = _other_marks(element, EVENT_MARKS)
        words: dict[str, str] = {}
        seen: set[str] = set()
        for child in element:
            tag = child.tag
            if tag in seen or tag not in _KNOWN:
                add(extra, extra_name(child), to_json(child))
            elif tag in _GROUPS:
                fields.update(_GROUPS[tag](child, extra))
            else:
                words[tag] = full_text(child)
                if child.attrib or len(child):
                    add(extra, tag, _beside_text(child))
            seen.add(tag)
        source_id = (element.get("id") or "").strip() or None
        where = self._where(source_id)
        self._times(words, where, fields, unplaced=unplaced)
        fields["room"] = self._event_room(words.get("room", "").strip(), where)
        for tag, name in _TEXTS.items():
            text = words.get(tag, "")
            fields[name] = text if tag in _LONG_TEXTS else text.strip()
        if words.get("state"):
            fields["state"] = _state(words["state"].strip(), extra)
        guid = (element.get("guid") or "").strip() or None
        self.rows.append(Row(where=where, source_id=source_id, guid=guid, extra=extra, **fields))

    def _where(self, source_id: str | None) -> str:
        parts = [f"day {self._days}"] if self._days else []
        if self._room:
            parts.append(f"room “{self._room}”")
        parts.append(f"event {source_id}" if source_id else f"event number {len(self.rows) + 1}")
        return ", ".join(parts)

    def _event_room(self, own: str, where: str) -> str:
        if own and self._room and own != self._room:
            self.ledger.note(
                "other_room",
                where,
                "The session says “{own}” but stands under “{enclosing}”; its own room is taken.",
                own=own,
                enclosing=self._room,
            )
        return own or self._room

    def _times(
        self, words: dict[str, str], where: str, fields: dict[str, Any], *, unplaced: bool
    ) -> None:
        text = words.get("date", "")
        fields["day"] = self._day or (parse_date(text) if text else None)
        clock = parse_clock(words.get("start", "")) if words.get("start") else None
        moment = parse_moment(text) if text else None
        if text and moment is None and parse_date(text) is None:
            self.ledger.note(
                "bad_time", where, "“{text}” is not a date and time.", text=text.strip()[:60]
            )
        if words.get("start") and clock is None:
            self.ledger.note(
                "bad_time",
                where,
                "“{text}” is not a time of day.",
                text=words["start"].strip()[:60],
            )
        if moment is not None and clock is not None and _clock_of(moment) != clock % _DAY:
            self.ledger.note(
                "start_differs",
                where,
                "The date says {date} and the start {start}; the date is taken.",
                date=moment.strftime("%H:%M"),
                start=words["start"].strip(),
            )
        if not unplaced:
            fields["start"], fields["clock"] = moment, clock
        if words.get("duration"):
            fields["duration"] = parse_duration(words["duration"])
            if fields["duration"] is None:
                self.ledger.note(
                    "bad_duration",
                    where,
                    "“{text}” is not a duration.",
                    text=words["duration"].strip()[:60],
                )


_DAY = timedelta(days=1)


def _clock_of(moment: datetime) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second)


def _other_marks(element: Element, known: Collection[str]) -> dict[str, Json]:
    """The attributes that we have no word for."""
    return {f"@{name}": value for name, value in element.attrib.items() if name not in known}


def _capacity(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,9}", text) else None


def _state(text: str, extra: dict[str, Json]) -> SessionState:
    try:
        return SessionState(text.lower())
    except ValueError:
        add(extra, "state", text)
        return SessionState.CONFIRMED


def _beside_text(element: Element) -> Json:
    """What an element that we know by its text holds besides."""
    held = to_json(element)
    return {k: v for k, v in held.items() if k != "#text"} if isinstance(held, dict) else ""


def _sorted_out(group: Element, tag: str, extra: dict[str, Json]) -> Iterator[Element]:
    """The children of a group that are what it is for; anything else goes to `extra`."""
    others: dict[str, Json] = {f"@{k}": v for k, v in group.attrib.items()}
    for child in group:
        if child.tag == tag:
            yield child
        else:
            add(others, child.tag, to_json(child))
    add(extra, group.tag, others)


def _persons(group: Element, extra: dict[str, Json]) -> dict[str, Any]:
    people = [_person(child) for child in _sorted_out(group, "person", extra)]
    return {"persons": tuple(p for p in people if p.name or p.source_id or p.guid)}


def _person(element: Element) -> PersonRow:
    held: dict[str, str] = {}
    extra: dict[str, Json] = {}
    for child in element:
        if child.tag in _PERSON and child.tag not in held and not child.attrib and not len(child):
            held[child.tag] = full_text(child)
        else:
            add(extra, extra_name(child), to_json(child))
    extra.update(_other_marks(element, PERSON_MARKS))
    names = [n for n in (held.get("public_name"), held.get("name"), full_text(element)) if n]
    for other in names[1:]:
        if other.strip() != names[0].strip():
            add(extra, "name", other)
    return PersonRow(
        name=names[0].strip() if names else "",
        source_id=(element.get("id") or "").strip() or None,
        guid=(element.get("guid") or "").strip() or None,
        code=held.get("code") or element.get("code") or "",
        biography=held.get("biography", ""),
        url=held.get("url") or element.get("href") or "",
        extra=extra,
    )


_PERSON = frozenset({"name", "public_name", "code", "biography", "url"})


def _links(group: Element, extra: dict[str, Json]) -> dict[str, Any]:
    return {"links": tuple(_link(child) for child in _sorted_out(group, "link", extra))}


def _link(element: Element) -> Link:
    title = full_text(element).strip()
    url = element.get("href")
    if url is None and re.match(r"[a-zA-Z][a-zA-Z0-9+.-]{1,20}:\S+$", title):
        url, title = title, ""
    return Link(url=(url or "").strip(), title=title, kind=element.get("type") or "")


def _attachments(group: Element, extra: dict[str, Json]) -> dict[str, Any]:
    return {
        "attachments": tuple(
            Attachment(
                url=(child.get("href") or "").strip(),
                title=full_text(child).strip(),
                kind=child.get("type") or "",
            )
            for child in _sorted_out(group, "attachment", extra)
        )
    }


def _recording(group: Element, extra: dict[str, Json]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    others: dict[str, Json] = {f"@{k}": v for k, v in group.attrib.items()}
    for child in group:
        text = full_text(child).strip()
        if child.tag == "license" and "licence" not in found:
            found["licence"] = text
        elif child.tag == "optout" and text.lower() in _TRUTH and "opt_out_recording" not in found:
            found["opt_out_recording"] = _TRUTH[text.lower()]
        else:
            add(others, child.tag, to_json(child))
    add(extra, "recording", others)
    return found


_TRUTH = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
_GROUPS: dict[str, Callable[[Element, dict[str, Json]], dict[str, Any]]] = {
    "persons": _persons,
    "links": _links,
    "attachments": _attachments,
    "recording": _recording,
}
_TEXTS = {
    "title": "title",
    "subtitle": "subtitle",
    "abstract": "abstract",
    "description": "description",
    "type": "kind",
    "language": "language",
    "track": "track",
    "url": "url",
    "slug": "slug",
    "logo": "logo",
}
_LONG_TEXTS = frozenset({"abstract", "description"})
_KNOWN = frozenset({*_TEXTS, *_GROUPS, "room", "date", "start", "duration", "state"})


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
