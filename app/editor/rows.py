"""The rows that a changed draft needs: only what differs is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from piccolo.table import Table

from agenda.model import Slot
from app.conferences.tables import Conference
from app.editor import tables as t
from app.editor.desk import Desk, conference_details, dump_item
from app.programme import tables as p
from app.programme.draft import new_slugs

_CHUNK = 400
_ITEMS: tuple[tuple[str, type[Any]], ...] = (
    ("tracks", p.Track),
    ("rooms", p.Room),
    ("speakers", p.Speaker),
    ("sessions", p.Session),
)


async def write(conference: UUID, before: Desk, after: Desk) -> None:
    """Bring the rows of a draft from one desk to another, in the caller's transaction."""
    old_slots = {slot.id: slot for slot in before.schedule.slots}
    new_slots = {slot.id: slot for slot in after.schedule.slots}
    await _delete(p.Slot, old_slots.keys() - new_slots.keys())
    for name, table in reversed(_ITEMS):
        gone = _ids(getattr(before.schedule, name)) - _ids(getattr(after.schedule, name))
        await _delete(table, gone)
    for name, table in _ITEMS:
        await _write_items(conference, before, after, name, table)
    await _write_slots(conference, before, after, old_slots, new_slots)
    await _write_blockers(conference, before, after)
    if after.planning != before.planning:
        await _write_planning(conference, after)
    if after.schedule.conference != before.schedule.conference:
        await _write_conference(conference, after)


def _ids(items: Iterable[Any]) -> set[str]:
    return {item.id for item in items}


async def _delete(table: type[Table], keys: Iterable[str]) -> None:
    found = [UUID(key) for key in keys]
    if found:
        key: Any = table._meta.primary_key
        await table.delete().where(key.is_in(found))


async def _insert(table: type[Table], made: Sequence[Any]) -> None:
    for begin in range(0, len(made), _CHUNK):
        await table.insert(*made[begin : begin + _CHUNK])


async def _write_items(
    conference: UUID, before: Desk, after: Desk, name: str, table: type[Any]
) -> None:
    was = getattr(before.schedule, name)
    now = getattr(after.schedule, name)
    if was is now:
        return
    known = {item.id: item for item in was}
    fresh = [item for item in now if item.id not in known]
    columns = _COLUMNS[name]
    for item in now:
        if item.id in known and known[item.id] is not item:
            values = {table.details: _text(after, name, item)}
            values |= {getattr(table, key): value for key, value in columns(item).items()}
            await table.update(values).where(table.id == UUID(item.id))
    slugs = await _slugs(conference, fresh) if name == "rooms" and fresh else {}
    await _insert(
        table,
        [
            table(
                id=UUID(item.id),
                conference=conference,
                position=len(was) + at,
                details=_text(after, name, item),
                **columns(item),
                **({"slug": slugs[UUID(item.id)]} if slugs else {}),
            )
            for at, item in enumerate(fresh)
        ],
    )


def _text(desk: Desk, name: str, item: Any) -> str:
    return json.dumps(dump_item(desk.schedule, name, item), ensure_ascii=False)


async def _slugs(conference: UUID, rooms: Sequence[Any]) -> Mapping[UUID, str]:
    known = await p.Room.select(p.Room.id, p.Room.slug).where(p.Room.conference == conference)
    return new_slugs(
        ((UUID(room.id), room.name) for room in rooms), {row["id"]: row["slug"] for row in known}
    )


_COLUMNS: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "tracks": lambda item: {"name": item.name},
    "rooms": lambda item: {"name": item.name},
    "speakers": lambda item: {"name": item.name},
    "sessions": lambda item: {"title": item.title, "state": str(item.state)},
}


async def _write_slots(
    conference: UUID,
    before: Desk,
    after: Desk,
    old: Mapping[Any, Slot],
    new: Mapping[Any, Slot],
) -> None:
    fresh = []
    for key, slot in new.items():
        lock = key in after.locked
        if key not in old:
            fresh.append(_slot_row(conference, slot, lock))
        elif old[key] != slot or lock != (key in before.locked):
            await p.Slot.update(
                {
                    p.Slot.room: UUID(slot.room),
                    p.Slot.session: UUID(slot.session),
                    p.Slot.start: slot.start,
                    p.Slot.duration_s: int(slot.duration.total_seconds()),
                    p.Slot.locked: lock,
                }
            ).where(p.Slot.id == UUID(key))
    await _insert(p.Slot, fresh)


def _slot_row(conference: UUID, slot: Slot, lock: bool) -> p.Slot:
    return p.Slot(
        id=UUID(slot.id),
        conference=conference,
        session=UUID(slot.session),
        room=UUID(slot.room),
        start=slot.start,
        duration_s=int(slot.duration.total_seconds()),
        locked=lock,
    )


async def _write_blockers(conference: UUID, before: Desk, after: Desk) -> None:
    if after.blockers == before.blockers:
        return
    await _delete(t.Blocker, before.blockers.keys() - after.blockers.keys())
    fresh = []
    for key, held in after.blockers.items():
        text = json.dumps(held, ensure_ascii=False)
        if key not in before.blockers:
            fresh.append(t.Blocker(id=UUID(key), conference=conference, details=text))
        elif before.blockers[key] != held:
            await t.Blocker.update({t.Blocker.details: text}).where(t.Blocker.id == UUID(key))
    await _insert(t.Blocker, fresh)


async def _write_planning(conference: UUID, after: Desk) -> None:
    text = json.dumps(after.planning, ensure_ascii=False)
    taken = (
        await t.Planning.update({t.Planning.details: text})
        .where(t.Planning.id == conference)
        .returning(t.Planning.id)
    )
    if not taken:
        await t.Planning.insert(t.Planning(id=conference, conference=conference, details=text))


async def _write_conference(conference: UUID, after: Desk) -> None:
    held = after.schedule.conference
    await Conference.update(
        {
            Conference.programme: json.dumps(
                conference_details(after.schedule), ensure_ascii=False
            ),
            Conference.title: held.title,
            Conference.time_zone: held.zone,
            Conference.day_change_minutes: int(held.day_change.total_seconds() // 60),
        }
    ).where(Conference.id == conference)
