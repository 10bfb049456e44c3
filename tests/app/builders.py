"""Plain builders for the suite's tests: people, conferences, programmes, and a client for pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from agenda.model import (
    Conference,
    Room,
    RoomId,
    Schedule,
    Session,
    SessionId,
    Slot,
    SlotId,
    Speaker,
    SpeakerId,
    Track,
    TrackId,
)
from app.accounts import links, sessions
from app.attendees import store as attendees
from app.conferences import store as conferences
from app.conferences.tables import Conference as ConferenceRow

NOW = datetime(2027, 5, 12, 13, 20, tzinfo=UTC)


def make_schedule(*slots: tuple[str, str, int, int], zone: str = "Europe/Lisbon") -> Schedule:
    """A schedule from (room, title, minutes from NOW, minutes long); each has its own speaker."""
    rooms = {name: RoomId(str(uuid4())) for name in dict.fromkeys(s[0] for s in slots)}
    track = Track(id=TrackId(str(uuid4())), name="Works")
    sessions_, speakers, placed = [], [], []
    for room, title, begins, lasts in slots:
        speaker = Speaker(id=SpeakerId(str(uuid4())), name=f"Speaker of {title}")
        session = Session(
            id=SessionId(str(uuid4())),
            title=title,
            abstract=f"About {title}.",
            track=track.id,
            speakers=(speaker.id,),
            duration=timedelta(minutes=lasts),
        )
        speakers.append(speaker)
        sessions_.append(session)
        placed.append(
            Slot(
                id=SlotId(str(uuid4())),
                session=session.id,
                room=rooms[room],
                start=NOW + timedelta(minutes=begins),
                duration=timedelta(minutes=lasts),
            )
        )
    return Schedule(
        conference=Conference(title="Trial 2027", zone=zone),
        tracks=(track,),
        rooms=tuple(Room(id=key, name=name) for name, key in rooms.items()),
        speakers=tuple(speakers),
        sessions=tuple(sessions_),
        slots=tuple(placed),
    )


async def make_person(email: str, name: str = "") -> UUID:
    return await links.find_or_create(email, name=name or email, now=NOW)


async def make_conference(slug: str = "trial", owner: UUID | None = None) -> ConferenceRow:
    return await conferences.create(
        organization=f"house-{slug}",
        slug=slug,
        title="Trial 2027",
        time_zone="Europe/Lisbon",
        owner=owner or await make_person(f"owner@{slug}.example.org", "Olga Owner"),
        now=NOW,
    )


async def member(conference: ConferenceRow, role: str, email: str | None = None) -> UUID:
    """A person with one role in the conference."""
    person = await make_person(email or f"{role}@{conference.slug}.example.org", role.title())
    if role == "attendee":
        await attendees.register(conference.id, person, ticket_type="Attendee", now=NOW)
    else:
        await conferences.grant_role(conference.id, person, role)
    return person


async def sign_in(client: httpx.AsyncClient, person: UUID, *, now: datetime) -> None:
    """Put a session of this person's into the client's cookies."""
    client.cookies.set(sessions.COOKIE, await sessions.open_session(person, now=now))


def same_origin() -> dict[str, str]:
    """What a browser says of a form that one of our own pages sent."""
    return {"sec-fetch-site": "same-origin", "accept": "text/html"}


def texts(rows: Sequence[dict[str, Any]], key: str) -> list[Any]:
    return [row[key] for row in rows]
