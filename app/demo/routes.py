"""The demo's four links: each signs the browser in as one person. Served in the demo only."""

from __future__ import annotations

import hmac
from typing import Any

import httpx
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from app.accounts import sessions
from app.accounts.routes import session_cookie
from app.accounts.viewer import ANYONE
from app.clock import now
from app.demo import links
from app.html import gettext as _
from app.settings import Settings
from app.stages.engine import Engine, engine


@get("/demo/{role:str}", opt={"who": ANYONE})
async def enter(
    request: Request[Any, Any, Any],
    role: FromPath[str],
    settings: NamedDependency[Settings],
    key: FromQuery[str] = "",
) -> Redirect:
    """Sign in as the demo's person of this role and go where something is happening now."""
    conference = await links.demo_conference()
    if conference is None or role not in links.ROLES:
        raise NotFoundException(_("There is no such person in the demo."))
    if not hmac.compare_digest(key.encode(), links.key_of(settings, conference.id, role).encode()):
        raise NotFoundException(
            _("This link belongs to another demo. Start it again for new ones.")
        )
    async with engine(settings, request.app.state.nodes) as media:
        there = await playing(media)
    arrival = await links.arrival(conference, role, now=now(), playing=there)
    if arrival is None:
        raise NotFoundException(_("The demo’s last session has begun. Start it again tomorrow."))
    old = request.cookies.get(sessions.COOKIE)
    if old:
        await sessions.close_session(old)
    token = await sessions.open_session(arrival.person, now=now())
    return Redirect(
        arrival.path,
        status_code=303,
        headers={"Cache-Control": "no-store"},
        cookies=[session_cookie(token, settings)],
    )


async def playing(media: Engine) -> frozenset[str]:
    """The slots that somebody publishes in; none while the media node does not answer."""
    try:
        rooms = (await media.rooms(now=now()))["rooms"]
    except httpx.HTTPError:
        return frozenset()
    return frozenset(p["group"] for room in rooms.values() for p in room["publishers"])


handlers: list[Any] = [enter]
