"""The working draft: rows in, agenda's Schedule out, and back."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from piccolo.table import Table

from agenda import document
from agenda.model import Conference as AgendaConference
from agenda.model import RoomId, Schedule, SessionId, Slot, SlotId
from app import db
from app.conferences.tables import Conference
from app.programme import tables as t

_CHUNK = 400


class DraftMoved(Exception):
    """Somebody else changed the draft since it was read; read it again and repeat the change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The draft with the version that a change must name."""

    schedule: Schedule
    version: int


async def read(conference: UUID) -> Draft:
    """The whole draft of a conference."""
    own = (
        await Conference.select(
            Conference.title,
            Conference.time_zone,
            Conference.programme,
            Conference.draft_version,
        )
        .where(Conference.id == conference)
        .first()
    )
    assert own is not None
    parts: dict[str, Any] = {}
    for name, table in _PARTS:
        rows = (
            await table.select(table.details)
            .where(table.conference == conference)
            .order_by(table.position)
        )
        parts[name] = [json.loads(row["details"]) for row in rows]
    base = document.load(
        {
            "version": document.VERSION,
            "conference": json.loads(own["programme"])
            or {"title": own["title"], "zone": own["time_zone"]},
            **parts,
        }
    )
    slots = await t.Slot.select().where(t.Slot.conference == conference).order_by(t.Slot.start)
    return Draft(
        schedule=replace(base, slots=tuple(_slot(row) for row in slots)),
        version=own["draft_version"],
    )


async def read_version(conference: UUID) -> int:
    """The version of the draft, which rises with every change."""
    row = (
        await Conference.select(Conference.draft_version).where(Conference.id == conference).first()
    )
    assert row is not None
    version: int = row["draft_version"]
    return version


def _slot(row: Mapping[str, Any]) -> Slot:
    return Slot(
        id=SlotId(str(row["id"])),
        session=SessionId(str(row["session"])),
        room=RoomId(str(row["room"])),
        start=row["start"],
        duration=timedelta(seconds=row["duration_s"]),
    )


_PARTS: tuple[tuple[str, Any], ...] = (
    ("tracks", t.Track),
    ("rooms", t.Room),
    ("speakers", t.Speaker),
    ("sessions", t.Session),
)


async def write(conference: UUID, schedule: Schedule, *, expected: int) -> None:
    """Replace the draft by `schedule`, whose ids are UUIDs, in one transaction.

    Raises DraftMoved when the draft is no longer the `expected` version. Who speaks as which
    speaker, the rooms' slugs, and what is locked are kept.
    """
    async with db.transaction():
        taken = (
            await Conference.update({Conference.draft_version: expected + 1})
            .where(Conference.id == conference, Conference.draft_version == expected)
            .returning(Conference.id)
        )
        if not taken:
            raise DraftMoved
        await _write_rows(conference, schedule)


async def _write_rows(conference: UUID, schedule: Schedule) -> None:
    persons = await t.Speaker.select(t.Speaker.id, t.Speaker.person).where(
        t.Speaker.conference == conference, t.Speaker.person.is_not_null()
    )
    slugs = await t.Room.select(t.Room.id, t.Room.slug).where(t.Room.conference == conference)
    locks = await t.Slot.select(t.Slot.id).where(
        t.Slot.conference == conference, t.Slot.locked.eq(True)
    )
    locked = {row["id"] for row in locks}
    held = document.dump(schedule)
    await Conference.update(
        {
            Conference.programme: json.dumps(held["conference"], ensure_ascii=False),
            Conference.time_zone: schedule.conference.zone,
            Conference.day_change_minutes: int(
                schedule.conference.day_change.total_seconds() // 60
            ),
        }
    ).where(Conference.id == conference)
    for table in (t.Slot, t.Session, t.Speaker, t.Room, t.Track):
        await table.delete().where(table.conference == conference)
    slug_of = {row["id"]: row["slug"] for row in slugs}
    slug_of |= new_slugs(((UUID(r.id), r.name) for r in schedule.rooms), slug_of)
    person_of = {row["id"]: row["person"] for row in persons}
    columns: dict[str, Callable[[Any], dict[str, Any]]] = {
        "tracks": lambda v: {"name": v.name},
        "rooms": lambda v: {"slug": slug_of[UUID(v.id)], "name": v.name},
        "speakers": lambda v: {"name": v.name, "person": person_of.get(UUID(v.id))},
        "sessions": lambda v: {"title": v.title, "state": str(v.state)},
    }
    for name, table in _PARTS:
        pairs = zip(getattr(schedule, name), _documents(held, name), strict=True)
        rows = [
            table(
                id=UUID(value.id),
                conference=conference,
                position=position,
                details=json.dumps(body, ensure_ascii=False),
                **columns[name](value),
            )
            for position, (value, body) in enumerate(pairs)
        ]
        await _insert(table, rows)
    await _insert(
        t.Slot,
        [
            t.Slot(
                id=UUID(slot.id),
                conference=conference,
                session=UUID(slot.session),
                room=UUID(slot.room),
                start=slot.start,
                duration_s=int(slot.duration.total_seconds()),
                locked=UUID(slot.id) in locked,
            )
            for slot in schedule.slots
        ],
    )


def _documents(held: Mapping[str, Any], name: str) -> list[Any]:
    return held.get(name, [])


async def _insert(table: type[Table], rows: list[Any]) -> None:
    for begin in range(0, len(rows), _CHUNK):
        await table.insert(*rows[begin : begin + _CHUNK])


def slugify(name: str) -> str:
    """A readable path segment: `Harbour Hall` → `harbour-hall`. Empty where no letter is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]


def new_slugs(rooms: Iterable[tuple[UUID, str]], known: Mapping[UUID, str]) -> dict[UUID, str]:
    """A slug for each room that has none yet, unlike every other one."""
    used = set(known.values())
    made: dict[UUID, str] = {}
    for room, name in rooms:
        if room in known:
            continue
        base = slugify(name) or f"room-{uuid5(room, 'slug').hex[:6]}"
        slug, n = base, 1
        while slug in used:
            n += 1
            slug = f"{base}-{n}"
        used.add(slug)
        made[room] = slug
    return made


def as_agenda(conference: Conference) -> AgendaConference:
    """The conference as agenda knows it, for one without a programme yet."""
    held = json.loads(conference.programme)
    if held:
        return document.load({"version": document.VERSION, "conference": held}).conference
    return AgendaConference(title=conference.title, zone=conference.time_zone)
