"""Who was there when, built piece by piece: what is over is worked out once and kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app.reports import figures
from app.reports.figures import Live, Present, Stay
from app.reports.tables import ReportPart
from app.stages.tables import Presence

SETTLED = timedelta(minutes=10)
"""After this, no event about a session is still under way from the media node."""

_CHUNK = 40
_MS = timedelta(milliseconds=1)


async def present(
    conference: UUID, lives: Sequence[Live], *, now: datetime
) -> list[tuple[Live, Present]]:
    """Who was in each live session, in the order of `lives`."""
    kept = await _kept(conference, "slot:")
    fresh = [live for live in lives if _key(live) not in kept]
    stays = await _stays(conference, fresh, now=now)
    counted = await asyncio.to_thread(figures.present, stays, fresh)
    await _keep(
        conference,
        {_key(live): _packed(live, held) for live, held in counted if live.end + SETTLED < now},
        now=now,
    )
    found = {_key(live): held for live, held in counted}
    found |= await asyncio.to_thread(
        lambda: {
            _key(live): _unpacked(live, kept[_key(live)]) for live in lives if _key(live) in kept
        }
    )
    return [(live, found[_key(live)]) for live in lives]


async def over_time(
    conference: UUID,
    rooms: Iterable[str],
    spans: Sequence[tuple[datetime, datetime]],
    step: timedelta,
    *,
    now: datetime,
) -> list[tuple[int, ...]]:
    """How many people were in these rooms at each step of each span, until now."""
    kept = await _kept(conference, "day:")
    wanted = sorted(rooms)
    found = []
    for start, end in spans:
        key = f"day:{_stamp(start)}:{_stamp(end)}:{len(wanted)}"
        if key in kept:
            found.append(tuple(kept[key]))
            continue
        until = max(min(end, now), start)
        stays = await _between(conference, wanted, start, until, now=now)
        counts = await asyncio.to_thread(figures.over_time, stays, start, until, step)
        found.append(counts)
        if end + SETTLED < now:
            await _keep(conference, {key: list(counts)}, now=now)
    return found


def _key(live: Live) -> str:
    return f"slot:{live.slot}:{_stamp(live.start)}:{_stamp(live.end)}"


def _stamp(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)


def _packed(live: Live, held: Present) -> dict[str, list[float]]:
    """Milliseconds from the start, to the microsecond: in and out in turn, for each person."""
    return {
        person: [(edge - live.start) / _MS for interval in intervals for edge in interval]
        for person, intervals in held.items()
    }


def _unpacked(live: Live, packed: Mapping[str, list[float]]) -> Present:
    return {
        person: [
            (live.start + edges[at] * _MS, live.start + edges[at + 1] * _MS)
            for at in range(0, len(edges), 2)
        ]
        for person, edges in packed.items()
    }


async def _kept(conference: UUID, prefix: str) -> dict[str, Any]:
    rows = await ReportPart.select(ReportPart.key, ReportPart.document).where(
        ReportPart.conference == conference, ReportPart.key.like(f"{prefix}%")
    )
    return await asyncio.to_thread(
        lambda: {row["key"]: json.loads(row["document"]) for row in rows}
    )


async def _keep(conference: UUID, parts: Mapping[str, Any], *, now: datetime) -> None:
    rows = [
        ReportPart(
            id=uuid4(),
            conference=conference,
            key=key,
            document=json.dumps(part, separators=(",", ":")),
            made_at=now,
        )
        for key, part in parts.items()
    ]
    for first in range(0, len(rows), _CHUNK):
        await ReportPart.insert(*rows[first : first + _CHUNK]).on_conflict(action="DO NOTHING")


async def _stays(conference: UUID, lives: Sequence[Live], *, now: datetime) -> list[Stay]:
    if not lives:
        return []
    return await _between(
        conference,
        sorted({live.room for live in lives}),
        min(live.start for live in lives),
        max(live.end for live in lives),
        now=now,
    )


async def _between(
    conference: UUID, rooms: Sequence[str], start: datetime, end: datetime, *, now: datetime
) -> list[Stay]:
    """The stays in these rooms that touch a span."""
    if not rooms:
        return []
    rows = await Presence.select(
        Presence.person, Presence.room, Presence.joined_at, Presence.left_at
    ).where(
        Presence.conference == conference,
        Presence.room.is_in([UUID(room) for room in rooms]),
        Presence.joined_at < end,
        (Presence.left_at.is_null()) | (Presence.left_at > start),
    )
    return [
        Stay(
            person=row["person"],
            room=str(row["room"]),
            joined=row["joined_at"],
            left=row["left_at"] or now,
        )
        for row in rows
    ]
