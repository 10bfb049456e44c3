"""The lobby: what is on, what comes next, one's own next session, announcements, who is here."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response

from agenda.model import RoomId
from app import live_hub
from app.accounts.viewer import ANYONE, EVERYBODY, OWNER
from app.clock import now
from app.errors import Refused
from app.html import gettext as _
from app.html import page
from app.lobby import store
from app.programme import kept, stars
from app.programme.query import viewer_zone
from app.programme.view import clashes, next_of
from app.recordings import links
from app.settings import Settings
from app.sponsors import store as sponsors
from app.stages import house
from app.stages.view import RoomView, SlotView
from app.talk import rules

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Asked = Request[Any, Any, Any]

_SOON = timedelta(hours=3)


@get("/c/{slug:str}/lobby", opt={"who": ANYONE})
async def lobby(request: Asked, slug: FromPath[str]) -> Response[str]:
    """The conference at this moment; for htmx only what changes."""
    conference, viewer = request.state.conference, request.state.viewer
    instant = now()
    if viewer is not None:
        await store.still_here(conference.id, viewer.person, now=instant)
    found = await house.read(conference, now=instant)
    home = conference.time_zone
    context: dict[str, Any] = {
        "root": f"/c/{slug}",
        "zone": viewer_zone(request.cookies, home, instant) or home,
        "home": home,
        "now": instant,
        "announcements": await store.announcements(conference.id, now=instant),
        "booths": await sponsors.lobby(conference.id),
        "here_now": await store.here(conference.id, now=instant),
        "me": await store.guest(conference.id, viewer.person) if viewer else None,
    }
    if found is None:
        return page(request, "lobby/lobby.html", block="lobby", **context, **_nothing())
    return page(
        request, "lobby/lobby.html", block="lobby", **context, **await _programme(request, found)
    )


def _nothing() -> dict[str, Any]:
    return {
        "stills": {},
        "rooms_on": [],
        "rooms_next": [],
        "coming": None,
        "mine": [],
        "clash": set(),
        "marks": {},
        "begins": None,
        "over": False,
    }


async def _programme(request: Asked, found: house.House) -> dict[str, Any]:
    """What is on, what opens next in each room, and what the reader starred of it."""
    viewer = request.state.viewer
    programme = kept.programme(found.released)
    views = found.rooms()
    on = [v for v in views if v.now is not None and v.now.phase in ("live", "doors")]
    upcoming = [following for v in views for following in _next_in(v, busy=v in on)[:1]]
    starred = await stars.of(request.state.conference.id, viewer.person) if viewer else frozenset()
    own = [card for card in programme.cards if card.session.id in starred]
    first, last = programme.bounds
    return {
        "stills": _stills(request, found, on),
        "rooms_on": sorted(on, key=lambda v: (not v.live, -v.audience)),
        "rooms_next": sorted(upcoming, key=lambda following: following.slot.start),
        "coming": next_of(own, now=found.now),
        "mine": [c for c in own if c.slot.end > found.now and c.slot.start < found.now + _SOON],
        "clash": clashes(own),
        "marks": found.released.marks,
        "begins": first if first > found.now else None,
        "over": last <= found.now,
    }


def _stills(request: Asked, found: house.House, on: list[RoomView]) -> dict[RoomId, str]:
    """Where the pictures of live rooms are, for those who may watch them."""
    if request.state.viewer is None or not request.state.viewer.roles:
        return {}
    settings: Settings = request.app.state.settings
    rooms = [view.room.id for view in on]
    return links.stills(settings, request.state.conference.id, rooms, now=found.now)


def _next_in(room: RoomView, *, busy: bool) -> list[SlotView]:
    """What follows in a room, the nearest first; what is on now is left out."""
    coming = [room.now] if room.now is not None and not busy else []
    return [*coming, *room.following]


@post("/c/{slug:str}/lobby/here", opt={"who": EVERYBODY})
async def be_here(request: Asked, slug: FromPath[str], data: Form) -> Redirect:
    """Agree to be seen in the lobby, or not any more."""
    await store.agree(
        request.state.conference.id,
        request.state.viewer.person,
        shown=data.get("shown") == "yes",
        line=" ".join(data.get("line", "").split()),
        now=now(),
    )
    await _wake(request)
    return Redirect(f"/c/{slug}/lobby#here", status_code=303)


async def _wake(request: Asked) -> None:
    hub: live_hub.Hub = request.app.state.hub
    await hub.wake()


@post("/c/{slug:str}/announcements", opt={"who": OWNER})
async def announce(request: Asked, slug: FromPath[str], data: Form) -> Redirect:
    """Tell everybody something, in the lobby and on every open page."""
    text = rules.said(data.get("text"), longest=400)
    link = data.get("link", "").strip()
    if link and not link.startswith(("https://", "http://", f"/c/{slug}/")):
        raise Refused(422, _("A link begins with https:// or with a path of this conference."))
    instant = now()
    minutes = data.get("minutes", "")
    await store.announce(
        request.state.conference.id,
        text,
        link=link,
        until=instant + timedelta(minutes=int(minutes))
        if minutes.isdecimal() and 0 < int(minutes) < 100_000
        else None,
        by=request.state.viewer.person,
        now=instant,
    )
    await _wake(request)
    return Redirect(f"/c/{slug}/lobby", status_code=303)


@post("/c/{slug:str}/announcements/{announcement:uuid}/delete", opt={"who": OWNER})
async def take_back(request: Asked, slug: FromPath[str], announcement: FromPath[UUID]) -> Redirect:
    await store.take_back(request.state.conference.id, announcement, now=now())
    await _wake(request)
    return Redirect(f"/c/{slug}/lobby", status_code=303)


handlers: list[Any] = [lobby, be_here, announce, take_back]
