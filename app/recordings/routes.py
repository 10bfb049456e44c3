"""Where a room's broadcast is, for its page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.accounts.viewer import EVERYBODY
from app.clock import now
from app.conferences.tables import Conference
from app.html import gettext as _
from app.programme import releases
from app.recordings import links
from app.settings import Settings


@get("/c/{slug:str}/broadcast/{room_id:uuid}", opt={"who": EVERYBODY})
async def broadcast(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    room_id: FromPath[UUID],
    settings: NamedDependency[Settings],
) -> dict[str, Any]:
    """Signed addresses of a room's playlists, good for two hours and a bit."""
    conference: Conference = request.state.conference
    released = await releases.latest(conference.id)
    if released is None or str(room_id) not in {room.id for room in released.schedule.rooms}:
        raise NotFoundException(_("There is no such room."))
    base = links.of_room(settings, conference.id, str(room_id), now=now())
    return {
        "plain": f"{base}/plain.m3u8",
        "low_latency": f"{base}/live.m3u8",
        "still": f"{base}/still.jpg",
    }


handlers: list[Any] = [broadcast]
