"""The attendee's room and the speaker's green room."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from agenda.doors import Phase
from agenda.model import Slot, SlotId
from app.accounts.viewer import EVERYBODY, SIGNED_IN, Viewer
from app.afterwards import around
from app.clock import now
from app.conferences.tables import Conference
from app.errors import Refused
from app.html import gettext as _
from app.html import page
from app.recordings import links, watch
from app.settings import Settings
from app.stages import desk, engine, floor, floor_routes, grants, hooks, house, operator, view
from app.talk import house_rules

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


async def _house(conference: Conference) -> house.House:
    found = await house.read(conference, now=now())
    if found is None:
        raise NotFoundException("The agenda is not released yet.")
    return found


async def _let_in(conference: Conference, viewer: Viewer) -> None:
    if await house_rules.banned(conference.id, viewer.person, now=now()):
        raise Refused(403, _("A moderator has shut you out of this conference's rooms."))


@get("/c/{slug:str}/rooms/{room:str}", opt={"who": SIGNED_IN})
async def room_page(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    room: FromPath[str],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """The stage of one room; for htmx only what changes with the room and the time."""
    conference: Conference = request.state.conference
    viewer: Viewer = request.state.viewer
    found = await _house(conference)
    here = found.released.room_by_slug.get(room)
    if here is None:
        raise NotFoundException("There is no such room.")
    await _let_in(conference, viewer)
    if not viewer.roles:
        return page(request, "stages/join.html", conference=conference, room=here)
    views = found.rooms()
    this = next(v for v in views if v.room.id == here.id)
    return page(
        request,
        "stages/room.html",
        block="room_state",
        conference=conference,
        this=this,
        rooms=view.parallel(views, found.now),
        marks=found.released.marks,
        stills=links.stills(settings, conference.id, found.released.rooms, now=found.now),
        broadcasts=engine.broadcasts(settings),
        recorded=engine.broadcasts(settings)
        and this.now is not None
        and await watch.is_recorded(conference.id, found.released, this.now.slot),
        now=found.now,
        engine=engine.name(settings),
        runs=viewer.has(floor_routes.RUNS_THE_FLOOR),
        at=f"/c/{slug}",
        **await around.of_room(conference, viewer, found, this, request.cookies),
    )


@get("/c/{slug:str}/grants/watch", opt={"who": EVERYBODY})
async def watch_grant(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    settings: NamedDependency[Settings],
    room: FromQuery[str] = "",
) -> dict[str, Any]:
    """A fresh grant to watch every room of this conference; of LiveKit, this one `room`."""
    conference: Conference = request.state.conference
    await _let_in(conference, request.state.viewer)
    found = await _house(conference)
    if settings.livekit is not None:
        if not any(known.id == room for known in found.released.schedule.rooms):
            raise NotFoundException("There is no such room.")
        return engine.watch_ticket(settings.livekit, conference.id, room, request.state.viewer)
    token = grants.watch(
        settings, conference.id, found.released, request.state.viewer, now=found.now
    )
    return {"grant": token, **grants.ways(settings, request.state.viewer, found)}


async def _slot(request: Request[Any, Any, Any], slot_id: UUID) -> tuple[house.House, Slot]:
    """The slot, for somebody who may be backstage of it."""
    conference: Conference = request.state.conference
    found = await _house(conference)
    slot = found.released.slots.get(SlotId(str(slot_id)))
    if slot is None:
        raise NotFoundException("This session is not on the released agenda.")
    if not await grants.may_enter(conference.id, found.released, slot, request.state.viewer):
        raise PermissionDeniedException("This green room is for the session's own speakers.")
    return found, slot


@get("/c/{slug:str}/green-room/{slot_id:uuid}", opt={"who": EVERYBODY})
async def green_room(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    slot_id: FromPath[UUID],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    found, slot = await _slot(request, slot_id)
    host = urlsplit(str(request.base_url)).hostname or ""
    return page(
        request,
        "stages/greenroom.html",
        conference=request.state.conference,
        it=view.slot_view(found.released, slot, found.phases),
        state=await _state(request, slot, found),
        runs=request.state.viewer.has(floor_routes.RUNS_THE_FLOOR),
        recording=await watch.note(
            request.state.conference.id,
            found.released,
            slot,
            request.state.viewer,
            offered=engine.broadcasts(settings),
        ),
        insecure=request.url.scheme == "http" and host not in _LOCAL,
        engine=engine.name(settings),
        at=f"/c/{slug}",
    )


async def _state(request: Request[Any, Any, Any], slot: Slot, found: house.House) -> dict[str, Any]:
    plan = await house.plan_of_room(request.state.conference, found.released, slot)
    phase = found.phases.get(slot.id, Phase.UPCOMING)
    live_at = view.due_live(plan, slot.id)
    ends = next((c.due for c in plan.changes if c.slot == slot.id and c.phase is Phase.ENDED), None)
    return {
        "phase": str(phase),
        "live_at": live_at.isoformat() if live_at else None,
        "start": slot.start.isoformat(),
        "ends_at": (ends or slot.end).isoformat(),
        "now": found.now.isoformat(),
        "held": await floor.is_held(UUID(slot.id), str(request.state.viewer.person)),
    }


@get("/c/{slug:str}/green-room/{slot_id:uuid}/state", opt={"who": EVERYBODY})
async def green_room_state(
    request: Request[Any, Any, Any], slug: FromPath[str], slot_id: FromPath[UUID]
) -> dict[str, Any]:
    """Where the slot stands and when it goes live; instants are ISO 8601."""
    found, slot = await _slot(request, slot_id)
    return await _state(request, slot, found)


@get("/c/{slug:str}/green-room/{slot_id:uuid}/grant", opt={"who": EVERYBODY})
async def backstage_grant(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    slot_id: FromPath[UUID],
    settings: NamedDependency[Settings],
) -> dict[str, Any]:
    """A fresh grant to publish in this green room and to see the others in it."""
    found, slot = await _slot(request, slot_id)
    if settings.livekit is not None:
        return engine.publish_ticket(
            settings.livekit, request.state.conference.id, slot, request.state.viewer
        )
    token = grants.backstage(
        settings, request.state.conference.id, slot, request.state.viewer, now=found.now
    )
    viewer = request.state.viewer
    return {
        "grant": token,
        "room": slot.room,
        "group": slot.id,
        **grants.ways(settings, viewer, found),
    }


handlers: list[Any] = [
    room_page,
    watch_grant,
    green_room,
    green_room_state,
    backstage_grant,
    *desk.handlers,
    *floor_routes.handlers,
    *hooks.handlers,
    *operator.handlers,
]
