"""Raising a hand, coming on stage and going back, seats at a roundtable, talkback: by grants only."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException, PermissionDeniedException, ValidationException
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Response

from agenda.doors import Phase
from agenda.model import Room, Slot, SlotId
from app.accounts.viewer import EVERYBODY, STAFF
from app.clock import now
from app.conferences.tables import Conference
from app.errors import Refused
from app.html import gettext as _
from app.html import wants_block
from app.settings import Settings
from app.stages import engine, floor, grants, house, stagehand

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

RUNS_THE_FLOOR = STAFF | {"moderator"}


async def _room(request: Request[Any, Any, Any], room: str) -> tuple[house.House, Room]:
    """The house and the room of this slug (or id) in it."""
    found = await house.read(request.state.conference, now=now())
    here = None
    if found is not None:
        here = found.released.room_by_slug.get(room)
        here = here or next((r for r in found.released.schedule.rooms if r.id == room), None)
    if found is None or here is None:
        raise NotFoundException("There is no such room.")
    return found, here


async def _live(request: Request[Any, Any, Any], room: str) -> tuple[house.House, Room, Slot]:
    """The same, with the slot that is live there now."""
    found, here = await _room(request, room)
    slot = _live_in(found, here)
    if slot is None:
        raise NotFoundException("Nothing is live in this room now.")
    return found, here, slot


def _live_in(found: house.House, here: Room) -> Slot | None:
    slots = found.released.slots_of_room[here.id]
    return next((slot for slot in slots if found.phases.get(slot.id) is Phase.LIVE), None)


def _done(request: Request[Any, Any, Any]) -> Response[Any]:
    """Nothing to say to a script; a plain form leads back to where it was sent from."""
    accepts_page = "text/html" in request.headers.get("accept", "")
    if wants_block(request) or not accepts_page:
        return Response(None, status_code=204)
    slug = request.path_params["slug"]
    room = request.path_params.get("room")
    mine = (
        room
        if room and "/rooms/" in request.url.path and "/desk/" not in request.url.path
        else None
    )
    return Redirect(f"/c/{slug}/rooms/{mine}" if mine else f"/c/{slug}/media", status_code=303)


@get("/c/{slug:str}/rooms/{room:str}/floor", opt={"who": EVERYBODY})
async def my_floor(
    request: Request[Any, Any, Any], slug: FromPath[str], room: FromPath[str]
) -> dict[str, Any]:
    """What I may do in this room now: seats of the roundtable, and where my hand is."""
    found, here = await _room(request, room)
    slot = _live_in(found, here)
    person = request.state.viewer.person
    if slot is None:
        # Pages ask at every change of phase; that nothing is live is nothing wrong.
        nothing = {"slot": None, "seats": 0, "hand": None, "held": False}
        return {"room": here.id, "person": str(person), **nothing}
    return {
        "room": here.id,
        "slot": slot.id,
        "seats": await floor.seats(UUID(here.id)),
        "hand": await floor.hand_of(UUID(slot.id), person),
        "held": await floor.is_held(UUID(slot.id), str(person)),
        "person": str(person),
    }


@post("/c/{slug:str}/rooms/{room:str}/hand", opt={"who": EVERYBODY})
async def raise_hand(
    request: Request[Any, Any, Any], slug: FromPath[str], room: FromPath[str]
) -> Response[Any]:
    conference: Conference = request.state.conference
    found, here, slot = await _live(request, room)
    await floor.raise_hand(
        conference.id, UUID(here.id), UUID(slot.id), request.state.viewer.person, now=found.now
    )
    await stagehand.wake(request.app.state.redis)
    return _done(request)


@post("/c/{slug:str}/rooms/{room:str}/hand/lower", opt={"who": EVERYBODY})
async def lower_hand(
    request: Request[Any, Any, Any], slug: FromPath[str], room: FromPath[str]
) -> Response[Any]:
    conference: Conference = request.state.conference
    found, _here, slot = await _live(request, room)
    await floor.lower_hand(conference.id, UUID(slot.id), request.state.viewer.person, now=found.now)
    await stagehand.wake(request.app.state.redis)
    return _done(request)


@get("/c/{slug:str}/rooms/{room:str}/floor/grant", opt={"who": EVERYBODY})
async def floor_grant(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    room: FromPath[str],
    settings: NamedDependency[Settings],
    stage: FromQuery[bool] = True,
) -> dict[str, Any]:
    """A grant to publish: at the roundtable, on stage when invited, else in the waiting group.

    With `stage` false the waiting group in any case, for who was invited and isn't ready yet.
    """
    conference: Conference = request.state.conference
    viewer = request.state.viewer
    found, here, slot = await _live(request, room)
    seats = await floor.seats(UUID(here.id))
    hand = await floor.hand_of(UUID(slot.id), viewer.person)
    if not seats and hand is None:
        raise PermissionDeniedException("Raise your hand first; the moderator asks you on stage.")
    on_stage = stage and (seats or hand == floor.INVITED)
    group = slot.id if on_stage else grants.waiting_group(slot.id)
    if settings.livekit is not None:
        if on_stage and seats:
            await _check_seats(request, settings, slot, seats)
        return engine.floor_ticket(settings.livekit, conference.id, slot, viewer, group=group)
    token = grants.floor(
        settings, conference.id, slot, viewer, group=group, seats=seats or None, now=found.now
    )
    return {"grant": token, "room": here.id, "group": group, **grants.ways(settings, viewer, found)}


async def _check_seats(
    request: Request[Any, Any, Any], settings: Settings, slot: Slot, seats: int
) -> None:
    """What our own node does by itself: no more people at a table than it has seats."""
    async with engine.engine(settings, request.app.state.nodes) as media:
        there = (await media.rooms(now=now()))["rooms"].get(slot.room, {"publishers": []})
    me = str(request.state.viewer.person)
    taken = {p["person"] for p in there["publishers"] if p["group"] == slot.id} - {me}
    if len(taken) >= seats:
        words = _("All %(seats)s seats at this table are taken.") % {"seats": seats}
        raise Refused(503, words)


@get("/c/{slug:str}/hands", opt={"who": RUNS_THE_FLOOR})
async def hands(request: Request[Any, Any, Any], slug: FromPath[str]) -> dict[str, Any]:
    """Every hand that is up in this conference, the one that has waited longest first."""
    return {"hands": await floor.hands(request.state.conference.id)}


@post("/c/{slug:str}/hands/{slot_id:uuid}/{person:uuid}/{verb:str}", opt={"who": RUNS_THE_FLOOR})
async def decide_hand(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    slot_id: FromPath[UUID],
    person: FromPath[UUID],
    verb: FromPath[str],
) -> Response[Any]:
    """`invite` somebody onto the stage, or send them `back`."""
    decide = {"invite": floor.invite, "back": floor.send_back}.get(verb)
    if decide is None or not await decide(
        request.state.conference.id, slot_id, person, by=request.state.viewer.person, now=now()
    ):
        raise NotFoundException("This hand is down again.")
    await stagehand.wake(request.app.state.redis)
    return _done(request)


@post("/c/{slug:str}/desk/{slot_id:uuid}/stage/{order:str}", opt={"who": STAFF})
async def order_stage(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    slot_id: FromPath[UUID],
    order: FromPath[str],
    data: Form,
) -> Response[Any]:
    """`pin` a person (empty: nobody), take one `off` the stage, or put one back `on`."""
    conference: Conference = request.state.conference
    found = await house.read(conference, now=now())
    if found is None or SlotId(str(slot_id)) not in found.released.slots:
        raise NotFoundException("This session is not on the released agenda.")
    by, person = request.state.viewer.person, data.get("person", "")[:80]
    if order == "pin":
        await floor.pin(conference.id, slot_id, person or None, by=by, now=found.now)
    elif order in ("on", "off") and person:
        await floor.hold(conference.id, slot_id, person, order == "off", by=by, now=found.now)
    else:
        raise NotFoundException("Orders for a stage are pin, on and off, with a person.")
    await stagehand.wake(request.app.state.redis)
    return _done(request)


@post("/c/{slug:str}/desk/rooms/{room:str}/seats", opt={"who": STAFF})
async def set_seats(
    request: Request[Any, Any, Any], slug: FromPath[str], room: FromPath[str], data: Form
) -> Response[Any]:
    """Make a room a roundtable with so many seats; 0 makes it a stage again."""
    conference: Conference = request.state.conference
    found, here = await _room(request, room)
    text = data.get("seats", "").strip()
    if not text.isdecimal() or int(text) > floor.MOST_SEATS:
        raise ValidationException(f"Seats are a number from 0 to {floor.MOST_SEATS}.")
    await floor.set_seats(conference.id, UUID(here.id), int(text), now=found.now)
    await stagehand.wake(request.app.state.redis)
    return _done(request)


@get("/c/{slug:str}/green-room/{slot_id:uuid}/talkback", opt={"who": RUNS_THE_FLOOR})
async def talkback_grant(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    slot_id: FromPath[UUID],
    settings: NamedDependency[Settings],
) -> dict[str, Any]:
    """A grant to speak to the people in this green room, unheard by the audience."""
    conference: Conference = request.state.conference
    found = await house.read(conference, now=now())
    slot = found.released.slots.get(SlotId(str(slot_id))) if found else None
    if found is None or slot is None:
        raise NotFoundException("This session is not on the released agenda.")
    viewer = request.state.viewer
    if settings.livekit is not None:
        return engine.talkback_ticket(settings.livekit, conference.id, slot, viewer)
    group = grants.talkback_group(slot.id)
    token = grants.floor(
        settings, conference.id, slot, viewer, group=group, seats=None, now=found.now
    )
    return {
        "grant": token,
        "room": slot.room,
        "group": group,
        **grants.ways(settings, viewer, found),
    }


handlers: list[Any] = [
    my_floor,
    raise_hand,
    lower_hand,
    floor_grant,
    hands,
    decide_hand,
    order_stage,
    set_seats,
    talkback_grant,
]
