"""The front page, and the way into a conference."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response

from app.accounts.viewer import ANYONE, SIGNED_IN
from app.attendees import store as attendees
from app.clock import now
from app.conferences.tables import Conference
from app.html import page


async def by_slug(slug: str) -> Conference:
    """The conference of this address. Raises NotFoundException."""
    conference = await Conference.objects().where(Conference.slug == slug).first()
    if conference is None:
        raise NotFoundException("There is no such conference.")
    return conference


@get("/", opt={"who": ANYONE})
async def front(request: Request[Any, Any, Any]) -> Response[Any]:
    rows = await Conference.select(
        Conference.slug, Conference.title, Conference.tagline, Conference.time_zone
    ).order_by(Conference.created_at, ascending=False)
    if len(rows) == 1:
        return Redirect(f"/c/{rows[0]['slug']}/agenda")
    return page(request, "conferences/list.html", conferences=rows)


@get("/c/{slug:str}", opt={"who": ANYONE})
async def enter(slug: FromPath[str]) -> Redirect:
    return Redirect(f"/c/{slug}/agenda")


@post("/c/{slug:str}/join", opt={"who": SIGNED_IN})
async def join(request: Request[Any, Any, Any], slug: FromPath[str]) -> Redirect:
    """Take a place at the conference; doing it twice keeps the first."""
    await attendees.register(
        request.state.conference.id, request.state.viewer.person, ticket_type="Attendee", now=now()
    )
    return Redirect(f"/c/{slug}/agenda", status_code=303)


handlers: list[Any] = [front, enter, join]
