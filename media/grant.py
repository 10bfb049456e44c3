"""Grants: signed, short-lived permissions that say what somebody may do on the media node."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt

from media.errors import NoGrant

ALGORITHM = "HS256"
EVERY = "*"
EVERYTHING = (EVERY,)
MAX_TOKEN = 8192
RELAY = "relay:"
"""Begins the person of a service grant by which another node watches a room for its own viewers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one person may do in the rooms of one conference, until `expires` (aware UTC).

    Rooms of the same name in two conferences have nothing to do with each other. `publish` names
    the group in which the person may publish, or is None; `seats` is how many may publish there
    at most, or None for as many as the room holds. `subscribe` allows watching the stage, `backstage` names the groups that may be watched, `control` allows moving
    groups on and off stage and reading the figures of the rooms. "*" stands for all; as
    conference, of a grant for control only. `service` marks a process of the deployment, such as
    the broadcast: it is no audience, so limits don't count it and no event tells of it.
    """

    conference: str
    rooms: tuple[str, ...]
    person: str
    name: str = ""
    publish: str | None = None
    seats: int | None = None
    subscribe: bool = False
    backstage: tuple[str, ...] = ()
    control: bool = False
    service: bool = False
    expires: datetime

    def governs(self, conference: str, room: str) -> bool:
        """Whether the grant allows control of this room of this conference."""
        return self.control and self.conference in (EVERY, conference) and self.covers(room)

    @property
    def relays(self) -> bool:
        """Whether another node watches by it."""
        return self.service and self.person.startswith(RELAY)

    def covers(self, room: str) -> bool:
        """Whether the grant is good in this room."""
        return self.rooms == EVERYTHING or room in self.rooms

    def sees(self, group: str) -> bool:
        """Whether the grant shows this backstage group."""
        return self.backstage == EVERYTHING or group in self.backstage


def sign(grant: Grant, secret: str) -> str:
    """The grant as a compact token (JWT, HS256)."""
    claims = {
        "conference": grant.conference,
        "rooms": list(grant.rooms),
        "sub": grant.person,
        "name": grant.name,
        "publish": grant.publish,
        "seats": grant.seats,
        "subscribe": grant.subscribe,
        "backstage": list(grant.backstage),
        "control": grant.control,
        "service": grant.service,
        "exp": int(grant.expires.timestamp()),
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def verify(token: str, secret: str, *, now: datetime) -> Grant:
    """The grant in a token that we signed; raises NoGrant, in words, for any other."""
    if len(token) > MAX_TOKEN:
        raise NoGrant("The token is too long to be a grant")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            options={"verify_exp": False, "require": ["exp", "sub"]},
        )
        grant = _grant(claims)
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise NoGrant("The token is not a grant of this deployment") from error
    if grant.expires <= now:
        raise NoGrant("The grant has expired")
    return grant


def _grant(claims: dict[str, Any]) -> Grant:
    publish, seats = claims["publish"], claims.get("seats")
    return Grant(
        conference=str(claims["conference"]),
        rooms=tuple(str(room) for room in claims["rooms"]),
        person=str(claims["sub"]),
        name=str(claims["name"]),
        publish=None if publish is None else str(publish),
        seats=None if seats is None else int(seats),
        subscribe=claims["subscribe"] is True,
        backstage=tuple(str(group) for group in claims["backstage"]),
        control=claims["control"] is True,
        service=claims.get("service") is True,
        expires=datetime.fromtimestamp(claims["exp"], UTC),
    )
