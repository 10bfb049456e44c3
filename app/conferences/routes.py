"""The front page, and the way into a conference."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response

from app.accounts.viewer import ANYONE, SIGNED_IN
from app.clock import now
from app.conferences.tables import Conference
from app.html import page
from app.registration import places
from app.registration.rules import CONFIRMED
from app.settings import Settings


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
async def join(
    request: Request[Any, Any, Any], slug: FromPath[str], settings: NamedDependency[Settings]
) -> Redirect:
    """Take a place of the first open kind; where more is asked than a press, on to the form."""
    desk = places.Desk(conference=request.state.conference, settings=settings, now=now())
    state = await places.join(desk, request.state.viewer.person)
    there = "agenda" if state == CONFIRMED else "registration" if state else "register"
    return Redirect(f"/c/{slug}/{there}", status_code=303)


handlers: list[Any] = [front, enter, join]
