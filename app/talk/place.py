"""Where somebody takes part: the place of a request, and what every act there needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request
from litestar.exceptions import NotFoundException

from app import live_hub
from app.clock import now
from app.errors import Refused
from app.follow import HOSTS
from app.html import gettext as _
from app.limits import allow
from app.programme import kept, releases
from app.stages import view
from app.talk.pulse import Pulse

Asked = Request[Any, Any, Any]
AT = "/c/{slug:str}/rooms/{room:str}/talk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Who speaks where, and whether they moderate it.

    `room` is a room of the agenda, or a booth; `slot` what it is about now, `path` its page.
    """

    conference: UUID
    room: UUID
    name: str
    path: str
    slot: UUID | None
    person: UUID
    host: bool
    at: datetime

    @property
    def counted_for(self) -> UUID:
        return self.slot or self.room


async def place_of(request: Asked, slug: str, room: str) -> Place:
    conference, viewer = request.state.conference, request.state.viewer
    released = await releases.latest(conference.id)
    found = released.room_by_slug.get(room) if released is not None else None
    if released is None or found is None:
        raise NotFoundException(_("There is no such room."))
    instant = now()
    phases = await kept.phases(conference.id)
    slots = released.slots_of_room[found.id]
    index = view.current(slots, phases.reached, instant)
    return Place(
        conference=conference.id,
        room=UUID(found.id),
        name=found.name,
        path=f"/c/{slug}/rooms/{room}",
        slot=None if index is None else UUID(slots[index].id),
        person=viewer.person,
        host=viewer.has(HOSTS),
        at=instant,
    )


async def body(request: Asked) -> dict[str, Any]:
    try:
        asked = json.loads(await request.body() or b"{}")
    except ValueError:
        raise Refused(400, _("That was no JSON.")) from None
    if not isinstance(asked, dict):
        raise Refused(400, _("That was no JSON object."))
    return asked


async def pace(request: Asked, what: str, *, most: int, seconds: int) -> None:
    key = f"talk-{what}:{request.state.viewer.person}"
    if not await allow(request.app.state.redis, key, most=most, seconds=seconds):
        raise Refused(429, _("That was a lot at once. Wait a few seconds, then go on."))


def pulse(request: Asked) -> Pulse:
    found: Pulse = request.app.state.pulse
    return found


async def wake(request: Asked) -> None:
    hub: live_hub.Hub = request.app.state.hub
    await hub.wake()


def hosts_only(place: Place) -> None:
    if not place.host:
        raise Refused(403, _("Only moderators can do that."))


def uuid_of(text: object) -> UUID | None:
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        return None
