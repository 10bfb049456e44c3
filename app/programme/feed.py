"""A person's own calendar feed: what they starred and where they speak, under one private address."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response

from agenda.model import SessionId, SlotId
from app.accounts.viewer import ANYONE
from app.attendees.tables import Invitation
from app.conferences.tables import Conference
from app.meeting import meetings
from app.programme import calendar, releases, stars
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
        body = await _calendar(settings, conference, released, person)
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


async def _told(conference: UUID, person: UUID) -> dict[SlotId, int]:
    """The sequence up to which invites told this person of each slot: a feed is never behind it."""
    rows = await Invitation.select(Invitation.slot, Invitation.sequence).where(
        Invitation.conference == conference, Invitation.person == person
    )
    return {SlotId(str(row["slot"])): row["sequence"] for row in rows}


async def _calendar(
    settings: Settings, conference: Conference, released: Released, person: UUID
) -> bytes:
    speaks = await _speaks_in(released, person)
    chosen = await stars.of(conference.id, person) | speaks
    told = await _told(conference.id, person)
    standing = [
        calendar.entry_of(
            released,
            conference,
            slot,
            settings=settings,
            speaking=slot.session in speaks,
            sequence=told.get(slot.id, 0),
        )
        for slot in released.schedule.slots
        if slot.session in chosen
    ]
    gone = [
        calendar.withdrawn_entry(one, released, settings=settings, sequence=told.get(one.slot, 0))
        for one in released.withdrawn
        if one.session in chosen
    ]
    met = await meetings.entries(conference, person, settings)
    return calendar.write([*standing, *gone, *met], conference, settings)


handlers: list[Any] = [calendar_feed]
