"""The control desk: every room at a glance, and a producer's orders."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Response

from agenda.doors import Change, OverrideKind, Phase
from agenda.model import SlotId
from app import db
from app.accounts.viewer import STAFF
from app.clock import now
from app.conferences.tables import Conference
from app.html import page, wants_block
from app.programme import releases
from app.settings import Settings
from app.stages import house, orders_pages, stagehand, store, view
from app.stages.engine import engine

_BEFORE = timedelta(minutes=40)
_AFTER = timedelta(minutes=60)
_UPCOMING = 6
_LOG = 8


async def _backstage(request: Request[Any, Any, Any], settings: Settings) -> dict[str, list[str]]:
    """Who is in which slot's green room now, by the node; empty while the node is away."""
    try:
        async with engine(settings, request.app.state.nodes) as media:
            rooms = (await media.rooms(now=now()))["rooms"]
    except httpx.HTTPError:
        return {}
    found: dict[str, list[str]] = {}
    for room in rooms.values():
        for publisher in room["publishers"]:
            names = found.setdefault(publisher["group"], [])
            if publisher["name"] not in names:
                names.append(publisher["name"])
    return found


@get("/c/{slug:str}/desk", opt={"who": STAFF})
async def desk(
    request: Request[Any, Any, Any], slug: FromPath[str], settings: NamedDependency[Settings]
) -> Response[Any]:
    conference: Conference = request.state.conference
    found = await house.read(conference, now=now())
    if found is None:
        return page(request, "stages/desk_empty.html", conference=conference, at=f"/c/{slug}")
    orders = await store.orders(conference.id)
    doors = store.plan_of(found.released, conference.doors, orders)
    rooms = found.rooms()
    log = await store.recent_changes(conference.id, most=_LOG)
    window = (found.now - _BEFORE, found.now + _AFTER)
    lanes = {
        room.room.id: [
            view.slot_view(found.released, slot, found.phases)
            for slot in found.released.slots_of_room[room.room.id]
            if slot.end > window[0] and slot.start < window[1]
        ]
        for room in rooms
    }
    return page(
        request,
        "stages/desk.html",
        block="desk_rows",
        conference=conference,
        at=f"/c/{slug}",
        rooms=rooms,
        lanes=lanes,
        window=window,
        marks=found.released.marks,
        held=store.held(orders),
        backstage=await _backstage(request, settings),
        upcoming=_named(found, _next(doors.changes, found)),
        log=_named_rows(found, log),
        now=found.now,
    )


def _next(changes: tuple[Change, ...], found: house.House) -> list[Change]:
    coming = [c for c in changes if c.due > found.now and c.phase is not Phase.ARCHIVED]
    return coming[:_UPCOMING]


def _named(found: house.House, changes: list[Change]) -> list[tuple[Change, view.SlotView]]:
    return [
        (c, view.slot_view(found.released, found.released.slots[c.slot], found.phases))
        for c in changes
    ]


def _named_rows(
    found: house.House, rows: list[dict[str, Any]]
) -> list[tuple[dict[str, Any], view.SlotView]]:
    slots = found.released.slots
    return [
        (row, view.slot_view(found.released, slots[SlotId(str(row["slot"]))], found.phases))
        for row in rows
        if SlotId(str(row["slot"])) in slots
    ]


@post("/c/{slug:str}/desk/{slot_id:uuid}/{kind:str}", opt={"who": STAFF})
async def give_order(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    slot_id: FromPath[UUID],
    kind: FromPath[str],
    minutes: FromQuery[int] = 5,
    back: FromQuery[str] = "",
) -> Response[Any]:
    """Write an order down and wake the stagehand; the page follows by live update."""
    conference: Conference = request.state.conference
    released = await releases.latest(conference.id)
    if (
        released is None
        or SlotId(str(slot_id)) not in released.slots
        or kind not in set(OverrideKind)
        or not 1 <= minutes <= 240
    ):
        raise NotFoundException("There is nothing like that to order.")
    async with db.transaction():
        await store.order(
            conference.id,
            slot_id,
            OverrideKind(kind),
            by=request.state.viewer.person,
            minutes=minutes if kind == OverrideKind.EXTEND else 0,
            now=now(),
        )
        if kind == OverrideKind.AUTO:
            await store.set_policy(conference.id, ("slots", str(slot_id)), {"auto_live": None})
    await stagehand.wake(request.app.state.redis)
    if wants_block(request):
        return Response(None, status_code=204)
    at = f"/c/{slug}/desk"
    return Redirect(f"{at}/{slot_id}" if back == "slot" else at, status_code=303)


handlers: list[Any] = [desk, give_order, *orders_pages.handlers]
