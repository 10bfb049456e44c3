"""The media engine behind the rooms: our own node, or LiveKit for what outgrows it."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from agenda.model import Slot
from app.accounts.who import Viewer
from app.settings import LiveKit, Settings
from app.stages.floor import Cues
from app.stages.node import Node
from app.stages.nodes import Nodes


class Engine(Protocol):
    """What the suite asks of either."""

    async def set_stages(
        self,
        on_air: Mapping[str, str | None],
        *,
        cues: Mapping[str, Cues] = ...,
        now: datetime,
    ) -> None:
        """Say which group is on air in every room, who is pinned, and who is held off the stage."""
        ...

    async def keep_places(self, *, now: datetime) -> tuple[str, ...]:
        """See to it that every room has a living node; returns those that died since the last call."""
        ...

    async def rooms(self, *, now: datetime) -> dict[str, Any]:
        """Who is where."""
        ...


@contextlib.asynccontextmanager
async def engine(settings: Settings, nodes: Nodes) -> AsyncIterator[Engine]:
    """The engine of this deployment, as long as it is needed; `nodes` are our own."""
    if settings.livekit is None:
        yield Node(settings, nodes)
        return
    # LiveKit's library is heavy, and most deployments never need it.
    from app.stages.livekit import Rooms

    rooms = Rooms(settings.livekit)
    try:
        yield rooms
    finally:
        await rooms.aclose()


def broadcasts(settings: Settings) -> bool:
    """Whether rooms can be broadcast and recorded: on LiveKit that is its egress service's work."""
    return settings.livekit is None


def name(settings: Settings) -> str:
    """Which engine's scripts a page loads: “node” or “livekit”."""
    return "node" if settings.livekit is None else "livekit"


def watch_ticket(server: LiveKit, conference: UUID, room: str, viewer: Viewer) -> dict[str, Any]:
    """What this viewer's browser needs to watch a room of LiveKit's."""
    from app.stages import livekit

    guest = livekit.Guest(
        conference=str(conference), room=room, person=str(viewer.person), name=viewer.name
    )
    return livekit.watch_ticket(server, guest, secrets.token_hex(4))


def publish_ticket(server: LiveKit, conference: UUID, slot: Slot, viewer: Viewer) -> dict[str, Any]:
    """What this viewer's browser needs to publish in the green room of a slot, and later on stage."""
    from app.stages import livekit

    guest = _backstage(conference, slot, viewer, slot.id)
    return livekit.publish_ticket(server, guest, secrets.token_hex(4))


def floor_ticket(
    server: LiveKit, conference: UUID, slot: Slot, viewer: Viewer, *, group: str
) -> dict[str, Any]:
    """What a guest's browser needs to come on stage, or to wait in another group of the room."""
    from app.stages import livekit

    guest = _backstage(conference, slot, viewer, group)
    term = livekit.FLOOR_TERM
    return livekit.publish_ticket(server, guest, secrets.token_hex(4), term=term)


def talkback_ticket(
    server: LiveKit, conference: UUID, slot: Slot, viewer: Viewer
) -> dict[str, Any]:
    """What this viewer's browser needs to speak to the people in the green room of a slot."""
    from app.stages import livekit

    guest = _backstage(conference, slot, viewer, slot.id)
    return livekit.talkback_ticket(server, guest, secrets.token_hex(4))


def _backstage(conference: UUID, slot: Slot, viewer: Viewer, group: str) -> Any:
    from app.stages import livekit

    return livekit.Guest(
        conference=str(conference),
        room=slot.room,
        person=str(viewer.person),
        name=viewer.name,
        group=group,
    )
