"""A person's own calendar feed: what they starred and where they speak, under one private address."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response

from agenda.formats import ical
from agenda.model import Session, SessionId
from app.accounts.viewer import ANYONE
from app.conferences.tables import Conference
from app.programme import releases, stars
from app.programme.feed_token import owner_of
from app.programme.releases import Released
from app.programme.tables import Speaker
from app.settings import Settings


@get("/calendar/{name:str}", opt={"who": ANYONE})
async def calendar_feed(
    request: Request[Any, Any, Any], name: FromPath[str], settings: NamedDependency[Settings]
) -> Response[bytes]:
    """The feed as iCalendar (RFC 5545); 304 while nothing has changed."""
    try:
        conference_id, person = owner_of(settings, name.removesuffix(".ics"))
    except ValueError:
        raise NotFoundException("There is no such calendar.") from None
    conference = await Conference.objects().where(Conference.id == conference_id).first()
    if conference is None:
        raise NotFoundException("There is no such calendar.")
    released = await releases.latest(conference.id)
    body = b""
    if released is not None:
        chosen = await stars.of(conference.id, person) | await _speaks_in(released, person)
        body = _calendar(settings, conference, released, chosen)
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=60"}
    if request.headers.get("if-none-match") == etag:
        return Response(b"", status_code=304, headers=headers)
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)


async def _speaks_in(released: Released, person: UUID) -> frozenset[SessionId]:
    rows = await Speaker.select(Speaker.id).where(Speaker.person == person)
    own = {str(row["id"]) for row in rows}
    return frozenset(
        session.id for session in released.schedule.sessions if not own.isdisjoint(session.speakers)
    )


def _calendar(
    settings: Settings, conference: Conference, released: Released, chosen: frozenset[SessionId]
) -> bytes:
    host = urlsplit(settings.base_url).hostname or "localhost"

    def page(session: Session) -> str:
        return f"{settings.base_url}/c/{conference.slug}/sessions/{session.id}"

    standing = ical.entries(
        released.schedule,
        host=host,
        revised=released.release.created_at,
        address=page,
        only={slot.id for slot in released.schedule.slots if slot.session in chosen},
        sequences=released.sequences,
    )
    gone = (
        ical.Entry(
            uid=ical.uid(one.slot, host),
            start=one.start,
            end=one.start + one.duration,
            summary=one.title,
            revised=released.release.created_at,
            sequence=released.sequences[one.slot],
            location=one.room,
            cancelled=True,
        )
        for one in released.withdrawn
        if one.session in chosen
    )
    return ical.calendar([*standing, *gone], zone=conference.time_zone, name=conference.title)


handlers: list[Any] = [calendar_feed]
