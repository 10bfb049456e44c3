"""Builders: a conference with people, sessions and a release, as small as a test needs it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from agenda.model import (
    Conference as AgendaConference,
)
from agenda.model import (
    Room,
    RoomId,
    Schedule,
    Session,
    SessionId,
    Slot,
    SlotId,
    Speaker,
    SpeakerId,
    make_day,
)
from app.accounts.tables import Person
from app.attendees import store as attendees
from app.conferences.store import grant_role
from app.conferences.tables import Conference, Organization
from app.programme import draft, releases
from app.programme import tables as t

T0 = datetime(2027, 5, 12, 9, 0, tzinfo=UTC)


async def make_person(name: str = "Ada Ng", email: str | None = None) -> UUID:
    person = uuid4()
    await Person(id=person, name=name, email=email, created_at=T0).save()
    return person


async def make_conference(title: str = "Tidewater 2027", zone: str = "Europe/Lisbon") -> Conference:
    organization = uuid4()
    await Organization(id=organization, slug=f"o-{organization.hex[:8]}", name="Quay").save()
    conference = Conference(
        id=uuid4(),
        organization=organization,
        slug=f"c-{uuid4().hex[:8]}",
        title=title,
        time_zone=zone,
        created_at=T0,
    )
    await conference.save()
    return conference


async def make_attendee(
    conference: Conference, name: str, email: str | None = None, *, role: str = "attendee"
) -> UUID:
    """A person with a place at the conference, and perhaps one more role."""
    person = await make_person(name, email)
    await attendees.register(
        conference.id, person, ticket_type="Attendee", organization_name="Port", now=T0
    )
    if role != "attendee":
        await grant_role(conference.id, person, role)
    return person


def make_schedule(
    sessions: int = 3, rooms: int = 2, speakers: int = 2, *, zone: str = "Europe/Lisbon"
) -> Schedule:
    """`sessions` of 30 minutes, hourly from T0, over the rooms in turn; each has one speaker."""
    room_ids = [RoomId(str(uuid4())) for _ in range(rooms)]
    speaker_ids = [SpeakerId(str(uuid4())) for _ in range(speakers)]
    session_ids = [SessionId(str(uuid4())) for _ in range(sessions)]
    return Schedule(
        conference=AgendaConference(
            title="Tidewater 2027",
            zone=zone,
            days=tuple(
                make_day((T0 + timedelta(days=n)).date(), zone, timedelta(hours=4))
                for n in range(3)
            ),
        ),
        rooms=tuple(Room(id=key, name=f"Room {n}") for n, key in enumerate(room_ids, 1)),
        speakers=tuple(Speaker(id=key, name=f"Speaker {n}") for n, key in enumerate(speaker_ids)),
        sessions=tuple(
            Session(
                id=key,
                title=f"Session {n}",
                abstract="<p>About tides; &amp; more, at length</p>",
                speakers=(speaker_ids[n % speakers],) if speakers else (),
                duration=timedelta(minutes=30),
            )
            for n, key in enumerate(session_ids)
        ),
        slots=tuple(
            Slot(
                id=SlotId(str(uuid4())),
                session=key,
                room=room_ids[n % rooms],
                start=T0 + timedelta(hours=n),
                duration=timedelta(minutes=30),
            )
            for n, key in enumerate(session_ids)
        ),
    )


async def save_draft(conference: Conference, schedule: Schedule) -> None:
    version = (await draft.read(conference.id)).version
    await draft.write(conference.id, schedule, expected=version)


async def release(conference: Conference, schedule: Schedule, *, now: datetime = T0) -> UUID:
    """Make the schedule the draft, and the draft the next release."""
    await save_draft(conference, schedule)
    await releases.publish(conference.id, by=None, now=now)
    latest = await releases.latest(conference.id)
    assert latest is not None
    return latest.id


async def give_address(speaker: SpeakerId, email: str) -> UUID:
    """Somebody with this address is that speaker."""
    row = await t.Speaker.select(t.Speaker.name).where(t.Speaker.id == UUID(speaker)).first()
    assert row is not None
    person = await make_person(row["name"], email)
    await t.Speaker.update({t.Speaker.person: person}).where(t.Speaker.id == UUID(speaker))
    return person
