"""What a browser may follow on its one live connection, read from its address and its person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request

from app import live, live_hub
from app.accounts.viewer import roles_of
from app.sponsors import store as sponsors

HOSTS = frozenset({"owner", "producer", "moderator"})
_MOST_ROOMS = 12


async def wish(request: Request[Any, Any, Any], conference: UUID) -> live_hub.Wish:
    """`/live?c=slug&after=NUMBER&on=ROOM:NUMBER,…`: the conference's events, the person's own, and
    those of rooms and booths.

    A room is followed by members of the conference only; who moderates it (of a booth: its staff)
    gets its hosts' channel too. A browser that reconnects says the last number it got, which holds
    for all channels.
    """
    query = request.query_params
    again = _number(request.headers.get("last-event-id", ""))
    after = _later(_number(str(query.get("after", ""))), again)
    channels: dict[str, int | None] = {live.EVERYBODY: after}
    viewer = request.scope["state"].get("viewer")
    if viewer is not None:
        channels[live.of_person(viewer.person)] = after
        roles = await roles_of(conference, viewer.person)
        channels.update(dict.fromkeys((live.of_role(role) for role in roles), after))
        for room, seen in _rooms(str(query.get("on", ""))).items() if roles else ():
            channels[live.of_room(room)] = _later(seen, again)
            if not roles.isdisjoint(HOSTS) or (
                "sponsor" in roles and await sponsors.works_for(viewer.person, room)
            ):
                channels[live.of_hosts(room)] = _later(seen, again)
    return live_hub.Wish(conference=conference, channels=channels, roles=viewer is not None)


def _rooms(text: str) -> dict[UUID, int | None]:
    found: dict[UUID, int | None] = {}
    for part in text.split(",")[:_MOST_ROOMS]:
        room, _, seen = part.partition(":")
        try:
            found[UUID(room)] = _number(seen)
        except ValueError:
            continue
    return found


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 18 else None


def _later(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return max(one, other)
