"""One event of frab XML as a row: every element that has a word of ours, and all the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element

from agenda.formats.frab_write import EVENT_MARKS, PERSON_MARKS
from agenda.formats.imported import Ledger
from agenda.formats.rows import PersonRow, Row
from agenda.formats.texts import parse_clock, parse_date, parse_duration, parse_moment
from agenda.formats.xml_extra import add, extra_name, full_text, other_marks, to_json
from agenda.model import Attachment, Json, Link, SessionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a file an event stands: under which day and room, or waiting for a place."""

    where: str
    day: date | None
    room: str
    unplaced: bool


def read_event(element: Element, place: Place, ledger: Ledger) -> Row:
    """The event as a row."""
    fields: dict[str, Any] = {}
    extra = other_marks(element, EVENT_MARKS)
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
    for tag, name in _TEXTS.items():
        text = words.get(tag, "")
        fields[name] = text if tag in _LONG_TEXTS else text.strip()
    if words.get("state"):
        fields["state"] = _state(words["state"].strip(), extra)
    return Row(
        where=place.where,
        source_id=(element.get("id") or "").strip() or None,
        guid=(element.get("guid") or "").strip() or None,
        room=_room(words.get("room", "").strip(), place, ledger),
        duration=_duration(words.get("duration", ""), place, ledger),
        extra=extra,
        **_times(words, place, ledger),
        **fields,
    )


def _room(own: str, place: Place, ledger: Ledger) -> str:
    """The event's own room, else the one around it."""
    if own and place.room and own != place.room:
        ledger.note(
            "other_room",
            place.where,
            "The session says “{own}” but stands under “{enclosing}”; its own room is taken.",
            own=own,
            enclosing=place.room,
        )
    return own or place.room


def _times(words: dict[str, str], place: Place, ledger: Ledger) -> dict[str, Any]:
    """What is told of the start: a moment, or a day and a time of day."""
    text, start = words.get("date", ""), words.get("start", "")
    moment = parse_moment(text) if text else None
    clock = parse_clock(start) if start else None
    if text and moment is None and parse_date(text) is None:
        ledger.note(
            "bad_time", place.where, "“{text}” is not a date and time.", text=text.strip()[:60]
        )
    if start and clock is None:
        ledger.note(
            "bad_time", place.where, "“{text}” is not a time of day.", text=start.strip()[:60]
        )
    if moment is not None and clock is not None and _clock_of(moment) != clock % _DAY:
        ledger.note(
            "start_differs",
            place.where,
            "The date says {date} and the start {start}; the date is taken.",
            date=moment.strftime("%H:%M"),
            start=start.strip(),
        )
    day = place.day or (parse_date(text) if text else None)
    return {"day": day} if place.unplaced else {"day": day, "start": moment, "clock": clock}


def _duration(text: str, place: Place, ledger: Ledger) -> timedelta | None:
    found = parse_duration(text) if text else None
    if text and found is None:
        ledger.note(
            "bad_duration", place.where, "“{text}” is not a duration.", text=text.strip()[:60]
        )
    return found


_DAY = timedelta(days=1)


def _clock_of(moment: datetime) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second)


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
    extra.update(other_marks(element, PERSON_MARKS))
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
