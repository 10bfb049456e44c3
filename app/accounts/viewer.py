"""Who is asking, and whether this handler may answer them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler

from app.accounts import sessions
from app.accounts.who import ANYONE as ANYONE
from app.accounts.who import EVERYBODY as EVERYBODY
from app.accounts.who import OWNER as OWNER
from app.accounts.who import ROLES as ROLES
from app.accounts.who import SIGNED_IN as SIGNED_IN
from app.accounts.who import STAFF as STAFF
from app.accounts.who import SignInFirst as SignInFirst
from app.accounts.who import Viewer as Viewer
from app.conferences.tables import Conference, Membership
from app.programme.feed_token import address
from app.settings import Settings

Connection = ASGIConnection[Any, Any, Any, Any]


async def admit(connection: Connection, handler: BaseRouteHandler) -> None:
    """The application's one guard: load viewer and conference, then hold the handler's `who`.

    Raises NotFoundException for an unknown conference, SignInFirst, PermissionDeniedException.
    """
    state = connection.scope["state"]
    state["viewer"] = state["conference"] = None
    if handler.opt.get("public"):
        return
    who = handler.opt["who"]
    slug = connection.path_params.get("slug")
    if slug is not None:
        conference = await Conference.objects().where(Conference.slug == slug).first()
        if conference is None:
            raise NotFoundException("There is no such conference.")
        state["conference"] = conference
    token = connection.cookies.get(sessions.COOKIE)
    if token:
        settings: Settings = connection.app.state.settings
        state["viewer"] = await _viewer(token, state["conference"], settings)
    if who == ANYONE:
        return
    if state["viewer"] is None:
        query = connection.scope.get("query_string", b"").decode("latin-1")
        path = connection.scope["path"] + (f"?{query}" if query else "")
        raise SignInFirst(quote(path, safe="/"))
    if who != SIGNED_IN and not state["viewer"].has(who):
        raise PermissionDeniedException("This page is for other roles than yours.")


async def _viewer(token: str, conference: Conference | None, settings: Settings) -> Viewer | None:
    person = await sessions.person_of(token)
    if person is None:
        return None
    roles: frozenset[str] = frozenset()
    feed = None
    if conference is not None:
        feed = address(settings, conference.id, person["id"])
        roles = await roles_of(conference.id, person["id"])
    return Viewer(
        person=person["id"],
        name=person["name"],
        email=person["email"],
        roles=roles,
        calendar_url=feed,
    )


async def roles_of(conference: UUID, person: UUID) -> frozenset[str]:
    """The roles that somebody holds in a conference."""
    rows = await Membership.select(Membership.role).where(
        Membership.conference == conference, Membership.person == person
    )
    return frozenset(row["role"] for row in rows)
