"""A booth's live room."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response

from app.accounts.viewer import EVERYBODY, Viewer
from app.clock import now
from app.html import gettext as _
from app.html import page
from app.settings import Settings
from app.sponsors import store
from app.sponsors.access import sponsor_of
from app.stages import grants
from media.turn import ice_servers


async def _room(request: Request[Any, Any, Any], sponsor_slug: str) -> dict[str, Any]:
    sponsor = await sponsor_of(request, sponsor_slug)
    if not sponsor["live_room"]:
        raise NotFoundException(_("This booth has no room. Write to its staff instead."))
    return sponsor


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}/room", opt={"who": EVERYBODY})
async def room(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str]
) -> Response[str]:
    """The booth's room: visitors and staff see and hear each other."""
    sponsor = await _room(request, sponsor_slug)
    staff = [one for one in await store.staff(sponsor["id"], now=now()) if one.on_duty]
    behind = await store.works_for(request.state.viewer.person, sponsor["id"])
    return page(request, "sponsors/room.html", sponsor=sponsor, staff=staff, own=behind)


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}/room/grant", opt={"who": EVERYBODY})
async def room_grant(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
) -> dict[str, Any]:
    """A fresh grant to take part in the booth's room."""
    sponsor = await _room(request, sponsor_slug)
    viewer: Viewer = request.state.viewer
    token = grants.round_table(
        settings, request.state.conference.id, sponsor["id"], viewer, now=now()
    )
    return {
        "grant": token,
        "room": str(sponsor["id"]),
        "group": str(sponsor["id"]),
        "ice_servers": ice_servers(settings.turn, str(viewer.person), now=now()),
    }


handlers: list[Any] = [room, room_grant]
