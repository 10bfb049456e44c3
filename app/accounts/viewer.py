"""Who is asking, and whether this handler may answer them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler

from app.accounts import sessions
from app.conferences.tables import Conference, Membership
from app.programme.feed_token import address
from app.settings import Settings

ANYONE = "anyone"
SIGNED_IN = "signed in"
STAFF = frozenset({"owner", "producer"})
OWNER = frozenset({"owner"})
EVERYBODY = frozenset({"owner", "producer", "moderator", "speaker", "attendee", "sponsor"})
ROLES = tuple(sorted(EVERYBODY))

Connection = ASGIConnection[Any, Any, Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A signed-in person, with the roles in the conference that the request is about."""

    person: UUID
    name: str
    email: str | None
    roles: frozenset[str] = frozenset()
    calendar_url: str | None = None

    @property
    def tag(self) -> str:
        """Tells this person from another one to the browser's own store; says nothing else."""
        return hashlib.sha256(b"who" + self.person.bytes).hexdigest()[:16]

    def has(self, roles: Iterable[str]) -> bool:
        return not self.roles.isdisjoint(roles)


class SignInFirst(Exception):
    """Nobody is signed in, and the page is for somebody; `next_url` brings them back."""

    def __init__(self, next_url: str) -> None:
        super().__init__("sign in first")
        self.next_url = next_url


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
