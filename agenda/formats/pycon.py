"""The conference.json of PyCon US, read: a flat list of sessions, some in several rooms at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from agenda.formats.assembly import assemble
from agenda.formats.imported import Imported, Ledger
from agenda.formats.json_text import identity, leftovers, long_text, objects, text, word
from agenda.formats.rows import Head, PersonRow, Row
from agenda.formats.texts import parse_moment
from agenda.model import SessionState

FORMAT = "pycon"

_SESSION = frozenset(
    [
        "room",
        "rooms",
        "start",
        "end",
        "duration",
        "kind",
        "section",
        "conf_key",
        "license",
        "name",
        "description",
        "authors",
        "speakers",
        "conf_url",
        "cancelled",
    ]
)
_SPEAKER = frozenset({"id", "name", "bio"})


def looks_right(document: object) -> bool:
    """Whether a JSON value is such a file."""
    return isinstance(document, dict) and isinstance(document.get("schedule"), list)


def read(document: Any, *, zone: str | None, ledger: Ledger) -> Imported:
    """The schedule in a parsed conference.json. A session in several rooms has one place, named
    as the file names it. Raises UnknownZone."""
    conference = document.get("conference")
    head = Head(extra=leftovers(document, {"schedule", "conference"}))
    if isinstance(conference, dict):
        head.title = word(conference.get("title") or conference.get("name"))
        head.extra |= leftovers(conference, {"title", "name"})
    return assemble(
        head,
        [_row(index, held, ledger) for index, held in objects(document["schedule"])],
        format=FORMAT,
        rooms=(),
        tracks=(),
        zone=zone,
        ledger=ledger,
    )


def _row(index: int, held: Mapping[str, Any], ledger: Ledger) -> Row:
    source_id = identity(held.get("conf_key"))
    where = f"schedule[{index}]" + (f", session {source_id}" if source_id else "")
    extra = leftovers(held, _SESSION)
    rooms = held.get("rooms")
    room = word(held.get("room"))
    if isinstance(rooms, list) and len(rooms) > 1:
        extra["rooms"] = [word(name) for name in rooms]
        ledger.note(
            "several_rooms",
            where,
            "“{title}” takes {count} rooms at once; they are taken as one place.",
            title=word(held.get("name")),
            count=len(rooms),
        )
    elif not room and isinstance(rooms, list) and rooms:
        room = word(rooms[0])
    start, end = parse_moment(text(held.get("start"))), parse_moment(text(held.get("end")))
    for name, found in (("start", start), ("end", end)):
        told = text(held.get(name))
        if told and found is None:
            ledger.note("bad_time", where, "“{text}” is not a time.", text=told[:60])
    return Row(
        where=where,
        source_id=source_id,
        title=word(held.get("name")),
        abstract=long_text(held.get("description")),
        kind=word(held.get("kind")),
        track=word(held.get("section")),
        room=room,
        persons=tuple(_persons(held)),
        start=start,
        duration=_duration(held, start, end),
        state=SessionState.CANCELLED if held.get("cancelled") is True else SessionState.CONFIRMED,
        url=word(held.get("conf_url")),
        licence=word(held.get("license")),
        extra=extra,
    )


def _duration(held: Mapping[str, Any], start: Any, end: Any) -> timedelta | None:
    if start is not None and end is not None and bool(start.tzinfo) == bool(end.tzinfo):
        length: timedelta = end - start
        return length
    minutes = held.get("duration")
    if isinstance(minutes, int) and not isinstance(minutes, bool) and abs(minutes) < 525_600:
        return timedelta(minutes=minutes)
    return None


def _persons(held: Mapping[str, Any]) -> Iterator[PersonRow]:
    """The speakers with what is told of them; else the authors' names."""
    listed = list(objects(held.get("speakers")))
    for _, person in listed:
        name, source_id = word(person.get("name")), identity(person.get("id"))
        if name or source_id:
            yield PersonRow(
                name=name,
                source_id=source_id,
                biography=long_text(person.get("bio")),
                extra=leftovers(person, _SPEAKER),
            )
    authors = held.get("authors")
    if not listed and isinstance(authors, list):
        yield from (PersonRow(name=word(name)) for name in authors if word(name))
