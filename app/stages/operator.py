"""Sound and picture of every room, as the media nodes see them: for whoever runs the show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.params import FromPath
from litestar.response import Redirect, Response

from agenda.model import Room
from app.accounts.tables import Person
from app.accounts.viewer import OWNER, STAFF, Viewer
from app.clock import now
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import page, wants_block
from app.settings import Settings
from app.stages import floor, house
from app.stages.node import Node
from app.stages.nodes import Nodes

_WORST = 8
_POOR_LOSS = 0.02
_BAD_LOSS = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Somebody who sends into a room. `place` is “stage”, “held”, “backstage”, “waiting” or
    “talkback”; `loudness` is 0–127."""

    person: str
    name: str
    slot: str
    place: str
    pinned: bool
    camera: bool
    microphone: bool
    screen: bool
    kbps: int
    loss: float
    loudness: int

    @property
    def how(self) -> str:
        """“fine”, “caution” or “trouble”, by its loss."""
        return grade(self.loss)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomMedia:
    """One room's media now."""

    room: Room
    slug: str
    title: str
    live: bool
    slot: str
    senders: tuple[Sender, ...]
    hands: tuple[dict[str, Any], ...]
    audience: int
    seats: int


def grade(loss: float) -> str:
    """How a share of lost packets should be taken."""
    return "trouble" if loss > _BAD_LOSS else "caution" if loss > _POOR_LOSS else "fine"


def _sender(publisher: dict[str, Any], cues: dict[str, floor.Cues]) -> Sender:
    group = publisher["group"]
    kind, _, of = group.rpartition(":")
    slot = of if kind else group
    cue = cues.get(slot, floor.Cues())
    place = {"talkback": "talkback", "hands": "waiting"}.get(kind, "backstage")
    if publisher["person"] in cue.held and not kind:
        place = "held"
    elif publisher["on_stage"]:
        place = "stage"
    return Sender(
        person=publisher["person"],
        name=publisher["name"],
        slot=slot,
        place=place,
        pinned=publisher["person"] == cue.pin,
        camera=publisher["video"],
        microphone=publisher["audio"],
        screen=publisher["screen"],
        kbps=publisher["kbps"],
        loss=publisher["loss"],
        loudness=publisher["loudness"],
    )


async def _rooms(found: house.House, state: dict[str, Any], conference: UUID) -> list[RoomMedia]:
    cues, hands = await floor.cues(), await floor.hands(conference)
    seats = await floor.all_seats(conference)
    made = []
    for view in found.rooms():
        media = state["rooms"].get(view.room.id, {"publishers": [], "audience": 0})
        slot = view.now.slot.id if view.now else ""
        made.append(
            RoomMedia(
                room=view.room,
                slug=view.slug,
                title=view.now.session.title if view.now else "",
                live=view.live,
                slot=slot,
                senders=tuple(_sender(p, cues) for p in media["publishers"]),
                hands=tuple(hand for hand in hands if hand["room"] == view.room.id),
                audience=media["audience"],
                seats=seats.get(view.room.id, 0),
            )
        )
    return sorted(made, key=lambda room: (not room.live, not room.senders))


async def _worst(found: house.House, state: dict[str, Any]) -> list[dict[str, Any]]:
    """The viewers who fare worst, with their names."""
    here = found.released.rooms
    viewers = [s for s in state["subscribers"] if s["room"] in here and s["group"] is None]
    viewers.sort(key=lambda s: (-s["loss"], not s["low"]))
    shown = [s for s in viewers if s["loss"] > _POOR_LOSS or s["low"]][:_WORST]
    ids = [UUID(s["person"]) for s in shown]
    rows = await Person.select(Person.id, Person.name).where(Person.id.is_in(ids)) if ids else []
    names = {str(row["id"]): row["name"] for row in rows}
    return [
        {
            **s,
            "name": names.get(s["person"], ""),
            "where": here[s["room"]].name,
            "how": grade(s["loss"]),
        }
        for s in shown
    ]


def operates(viewer: Viewer, settings: Settings) -> bool:
    """Whether an owner runs the installation too. Where nobody is named, every owner does."""
    return not settings.operators or (viewer.email or "").lower() in settings.operators


@get("/c/{slug:str}/media", opt={"who": STAFF})
async def media_page(
    request: Request[Any, Any, Any], slug: FromPath[str], settings: NamedDependency[Settings]
) -> Response[Any]:
    """Rooms, publishers, subscribers, bit rates, losses, and what a packet costs."""
    conference: Conference = request.state.conference
    found = await house.read(conference, now=now())
    if found is None:
        return page(request, "stages/desk_empty.html", conference=conference, at=f"/c/{slug}")
    nodes: Nodes = request.app.state.nodes
    try:
        state = await Node(settings, nodes).rooms(now=now())
    except httpx.HTTPError:
        state = {"rooms": {}, "subscribers": [], "nodes": {}}
    return page(
        request,
        "stages/media.html",
        block="media_rows",
        conference=conference,
        at=f"/c/{slug}",
        rooms=await _rooms(found, state, conference.id),
        nodes=[{"id": id, "draining": False, **figures} for id, figures in state["nodes"].items()],
        worst=await _worst(found, state),
        sees_nodes=request.state.viewer.has(OWNER) and operates(request.state.viewer, settings),
        now=found.now,
    )


@post("/c/{slug:str}/media/nodes/{node:str}/{order:str}", opt={"who": OWNER})
async def order_node(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    node: FromPath[str],
    order: FromPath[str],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """`drain` a node for maintenance, or `resume` it: it serves all conferences of the house."""
    if not operates(request.state.viewer, settings):
        raise PermissionDeniedException(_("Media nodes are for those who run the installation."))
    if order not in ("drain", "resume"):
        raise NotFoundException("Orders for a node are drain and resume.")
    try:
        await Node(settings, request.app.state.nodes).drain(node, order == "drain", now=now())
    except (KeyError, httpx.HTTPError) as error:
        raise NotFoundException("There is no such node any more.") from error
    if wants_block(request):
        return Response(None, status_code=204)
    return Redirect(f"/c/{slug}/media", status_code=303)


handlers: list[Any] = [media_page, order_node]
