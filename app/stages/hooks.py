"""LiveKit's webhooks: verified, put into our words, and appended to the stream of media events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException, NotFoundException
from litestar.response import Response

from app.accounts.tables import Person
from app.settings import Settings
from media import events

_LARGEST = 256 * 1024


@post("/media-hooks/livekit", opt={"public": True}, status_code=200)
async def livekit_hook(
    request: Request[Any, Any, Any], settings: NamedDependency[Settings]
) -> Response[None]:
    """Take one event. LiveKit sends it again when we answer with anything but 2xx."""
    if settings.livekit is None:
        raise NotFoundException
    from app.stages import livekit

    body = await request.body()
    signature = request.headers.get("authorization", "")
    try:
        hook = livekit.received(settings.livekit, body[:_LARGEST].decode(), signature)
    except (livekit.Forged, UnicodeDecodeError) as error:
        raise NotAuthorizedException("This webhook was not signed with our key.") from error
    event = livekit.event_of(hook)
    if event is not None:
        event = await _named(event)
        await request.app.state.redis.xadd(
            events.STREAM, event.fields(), maxlen=events.STREAM_LENGTH, approximate=True
        )
    return Response(None, status_code=200)


async def _named(event: events.Event) -> events.Event:
    """LiveKit's events about tracks leave the name out; ours carry it."""
    if event.facts.get("name"):
        return event
    row = (
        await Person.select(Person.name)
        .where(Person.id == UUID(str(event.facts["person"])))
        .first()
    )
    return replace(event, facts={**event.facts, "name": row["name"] if row else ""})


handlers: list[Any] = [livekit_hook]
