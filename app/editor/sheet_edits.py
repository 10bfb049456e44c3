"""Texts of a table back to edits of the draft. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from agenda.model import (
    Room,
    RoomId,
    Session,
    SessionId,
    SessionState,
    Speaker,
    SpeakerId,
    Track,
    TrackId,
)
from app.editor import blockers
from app.editor.blockers import BREAK, ROOM, SPEAKER, Block
from app.editor.desk import Desk, dump_item
from app.editor.facts import Facts, FactsRefused, RowChange, changed, created, removed
from app.editor.sheet import Trouble, Wish, columns, lines
from app.html import gettext as _

_LONGEST = 100_000


class BadCell(Exception):
    """A text that a column can't take; says what it wants."""


def facts(
    desk: Desk, kind: str, wishes: Sequence[Wish], gone: Sequence[str] = ()
) -> tuple[Facts | None, list[Trouble]]:
    """The edit that some wishes come to, and the cells that can't be taken.

    With any trouble there is no edit: all or nothing. A speaker or track that is named for the
    first time is made.
    """
    writer = _Writer(desk, kind)
    troubles = [trouble for at, wish in enumerate(wishes) for trouble in writer.take(at, wish)]
    for key in gone:
        writer.remove(key)
    if troubles or not writer.rows:
        return None, troubles
    return Facts(rows=tuple(writer.rows)), []


class _Writer:
    def __init__(self, desk: Desk, kind: str) -> None:
        self.desk = desk
        self.kind = kind
        self.known = {line.id: line for line in lines(desk, kind)}
        self.rows: list[RowChange] = []
        schedule = desk.schedule
        self.people = {one.name.strip().lower(): one.id for one in schedule.speakers}
        self.tracks = {one.name.strip().lower(): one.id for one in schedule.tracks}

    def take(self, at: int, wish: Wish) -> list[Trouble]:
        """One row. Texts that are not as the page saw them are left alone, and told."""
        line = self.known.get(wish.id) if wish.id else None
        if wish.id and line is None:
            return [Trouble(row=at, column="", words=_("This row is not there any more."))]
        held = {column.key: column for column in columns(self.kind) if not column.fixed}
        troubles = []
        wanted: dict[str, str] = {}
        for key, text in wish.to.items():
            column = held.get(key)
            if column is None:
                continue
            present = line.cells[key] if line else ""
            if line and key in wish.was and wish.was[key] != present and text != present:
                words = _("Somebody else wrote “%(present)s” here meanwhile.") % {
                    "present": present[:80]
                }
                troubles.append(Trouble(row=at, column=key, words=words, present=present))
            elif len(text) > _LONGEST:
                troubles.append(Trouble(row=at, column=key, words=_("This text is too long.")))
            elif column.options and text and text.strip().lower() not in column.options:
                words = _("It takes one of: %(options)s.") % {"options": ", ".join(column.options)}
                troubles.append(Trouble(row=at, column=key, words=words, present=present))
            else:
                wanted[key] = text.strip() if key not in ("abstract", "biography") else text
        if troubles:
            return troubles
        try:
            self._write(wish.id, wanted)
        except BadCell as error:
            column_key, words = error.args
            present = line.cells.get(column_key, "") if line else ""
            return [Trouble(row=at, column=column_key, words=words, present=present)]
        return []

    def remove(self, key: str) -> None:
        """Take a row away. A speaker leaves the sessions, too; a track likewise."""
        if key not in self.known:
            return
        if self.kind == "blocked":
            self.rows.append(removed("blockers", key, self.desk.blockers[key]))
            return
        schedule = self.desk.schedule
        item = next(one for one in getattr(schedule, self.kind) if one.id == key)
        for session in schedule.sessions:
            kept = tuple(one for one in session.speakers if one != key)
            track = None if session.track == key else session.track
            self._change("sessions", session, replace(session, speakers=kept, track=track))
        self.rows.append(removed(self.kind, key, dump_item(schedule, self.kind, item)))

    def _change(self, kind: str, before: Any, after: Any) -> None:
        if before is after or before == after:
            return
        schedule = self.desk.schedule
        old = dump_item(schedule, kind, before)
        new = dump_item(schedule, kind, after)
        row = changed(kind, before.id, old, {**dict.fromkeys(old), **new})
        if row is not None:
            self.rows.append(row)

    def _write(self, key: str | None, texts: Mapping[str, str]) -> None:
        if self.kind == "blocked":
            self._write_block(key, texts)
            return
        maker = _MAKERS[self.kind]
        if key is None:
            fresh = maker(self, _EMPTY[self.kind](str(uuid4())), texts)
            held = dump_item(self.desk.schedule, self.kind, fresh)
            self.rows.append(created(self.kind, fresh.id, held))
            return
        item = next(one for one in getattr(self.desk.schedule, self.kind) if one.id == key)
        self._change(self.kind, item, maker(self, item, texts))

    def _write_block(self, key: str | None, texts: Mapping[str, str]) -> None:
        old = self.known[key].cells if key else {"who": "", "from": "", "to": "", "words": ""}
        now = {**old, **texts}
        kind, subject = self._subject(now["who"])
        try:
            block = Block(
                id=key or str(uuid4()),
                kind=kind,
                subject=subject,
                start=self._instant("from", now["from"]),
                end=self._instant("to", now["to"]),
                words=now["words"][:200],
            )
            held = blockers.dump(block)
            blockers.read(block.id, held)
        except FactsRefused as error:
            raise BadCell("to", str(error)) from error
        if key is None:
            self.rows.append(created("blockers", block.id, held))
            return
        present = self.desk.blockers[key]
        row = changed("blockers", key, present, {**dict.fromkeys(present), **held})
        if row is not None:
            self.rows.append(row)

    def _subject(self, who: str) -> tuple[str, str]:
        name = who.strip().lower()
        if name in ("", "everybody", "all", _("everybody").lower()):
            return BREAK, ""
        for room in self.desk.schedule.rooms:
            if room.name.strip().lower() == name:
                return ROOM, room.id
        if name in self.people:
            return SPEAKER, self.people[name]
        raise BadCell("who", _("There is no room and no speaker of this name."))

    def _instant(self, column: str, text: str) -> datetime:
        try:
            local = datetime.fromisoformat(text.strip().replace("  ", " "))
        except ValueError:
            raise BadCell(column, _("Write it like 2027-05-12 14:30.")) from None
        zone = self.desk.schedule.conference.tz
        return local if local.tzinfo else local.replace(tzinfo=zone)

    def person(self, name: str) -> SpeakerId:
        """The speaker of a name, made now if there is none."""
        key = name.lower()
        if key not in self.people:
            made = Speaker(id=SpeakerId(str(uuid4())), name=name)
            self.people[key] = made.id
            held = dump_item(self.desk.schedule, "speakers", made)
            self.rows.append(created("speakers", made.id, held))
        return self.people[key]

    def track(self, name: str) -> TrackId | None:
        """The track of a name, made now if there is none."""
        key = name.lower()
        if not key:
            return None
        if key not in self.tracks:
            made = Track(id=TrackId(str(uuid4())), name=name)
            self.tracks[key] = made.id
            held = dump_item(self.desk.schedule, "tracks", made)
            self.rows.append(created("tracks", made.id, held))
        return self.tracks[key]


def _session(writer: _Writer, item: Session, texts: Mapping[str, str]) -> Session:
    values: dict[str, Any] = {
        key: texts[key]
        for key in ("title", "kind", "language", "subtitle", "abstract")
        if key in texts
    }
    if "speakers" in texts:
        names = [name.strip() for name in re.split(r"[;\n]", texts["speakers"]) if name.strip()]
        values["speakers"] = tuple(dict.fromkeys(writer.person(name) for name in names))
    if "track" in texts:
        values["track"] = writer.track(texts["track"])
    if "minutes" in texts:
        values["duration"] = _minutes(texts["minutes"])
    if texts.get("state"):
        values["state"] = SessionState(texts["state"].lower())
    return replace(item, **values)


def _minutes(text: str) -> timedelta:
    found = re.fullmatch(r"(?:(\d{1,2}):)?(\d{1,4}(?:\.\d+)?)(?:\s*min)?", text or "0")
    if not found:
        raise BadCell("minutes", _("Write minutes, such as 45, or hours and minutes, 1:30."))
    length = timedelta(hours=int(found[1] or 0), minutes=float(found[2]))
    if length > timedelta(days=2):
        raise BadCell("minutes", _("A session lasts two days at most."))
    return length


def _speaker(_writer: _Writer, item: Speaker, texts: Mapping[str, str]) -> Speaker:
    if not texts.get("name", item.name):
        raise BadCell("name", _("A speaker has a name."))
    values: dict[str, Any] = {k: texts[k] for k in ("name", "biography", "url") if k in texts}
    return replace(item, **values)


def _room(_writer: _Writer, item: Room, texts: Mapping[str, str]) -> Room:
    values: dict[str, Any] = {k: texts[k] for k in ("name", "description") if k in texts}
    if not values.get("name", item.name) and not item.name == "":
        raise BadCell("name", _("A room has a name."))
    if "capacity" in texts:
        digits = texts["capacity"].replace(" ", "").replace(",", "")
        if digits and not (digits.isdecimal() and len(digits) < 8):
            raise BadCell("capacity", _("Seats are a whole number; empty for any."))
        values["capacity"] = int(digits) if digits else None
    return replace(item, **values)


def _track(_writer: _Writer, item: Track, texts: Mapping[str, str]) -> Track:
    if not texts.get("name", item.name):
        raise BadCell("name", _("A track has a name."))
    return replace(item, name=texts.get("name", item.name))


_MAKERS: Mapping[str, Callable[[_Writer, Any, Mapping[str, str]], Any]] = {
    "sessions": _session,
    "speakers": _speaker,
    "rooms": _room,
    "tracks": _track,
}
_EMPTY: Mapping[str, Callable[[str], Any]] = {
    "sessions": lambda key: Session(id=SessionId(key), title="", duration=timedelta(minutes=30)),
    "speakers": lambda key: Speaker(id=SpeakerId(key), name=""),
    "rooms": lambda key: Room(id=RoomId(key), name=""),
    "tracks": lambda key: Track(id=TrackId(key), name=""),
}
