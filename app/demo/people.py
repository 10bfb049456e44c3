"""The demo's people: who they are, what they do in the conference, what they starred."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from agenda.model import Schedule
from app.accounts.tables import Person
from app.attendees import store as attendees
from app.conferences import store as conferences
from app.demo.conference import Booth, written
from app.programme import stars
from app.programme.tables import Speaker
from app.sponsors import consent, draws, leads, view
from app.sponsors import meetings as booth_meetings
from app.sponsors import store as booth_book
from app.sponsors.tables import (
    BoothSignal,
    BoothVisit,
    Sponsor,
    SponsorSession,
    SponsorStaff,
    SponsorTier,
)
from app.talk.tables import ChatMessage

_CHUNK = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Somebody to be known: an address that nobody can have, a name, and where they work."""

    email: str
    name: str
    works_at: str = ""


def address(name: str, domain: str) -> str:
    """An address under a reserved top-level domain, made of the Latin part of a name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return f"{re.sub('[^a-z0-9]+', '.', plain).strip('.')}@{domain}.example"


def listeners(domain: str) -> tuple[Newcomer, ...]:
    """The people who come to listen; the first is the one whose link is printed."""
    return tuple(
        Newcomer(email=address(name, domain), name=name, works_at=works_at)
        for name, works_at in written("attendees")["people"]
    )


async def introduce(newcomers: Sequence[Newcomer], *, now: datetime) -> list[UUID]:
    """The persons' ids, in the order given; those who are known already are kept."""
    ids: dict[str, UUID] = {}
    for begin in range(0, len(newcomers), _CHUNK):
        chunk = newcomers[begin : begin + _CHUNK]
        await Person.insert(
            *(Person(id=uuid4(), email=n.email, name=n.name, created_at=now) for n in chunk)
        ).on_conflict(target=Person.email, action="DO NOTHING")
        rows = await Person.select(Person.id, Person.email).where(
            Person.email.is_in([n.email for n in chunk])
        )
        ids |= {row["email"]: row["id"] for row in rows}
    return [ids[newcomer.email] for newcomer in newcomers]


async def seat_speakers(
    conference: UUID, schedule: Schedule, domain: str, *, now: datetime
) -> dict[str, UUID]:
    """Make a person of every speaker of the (stored) schedule; person by speaker id."""
    newcomers = [
        Newcomer(email=f"speaker.{number}@{domain}.example", name=speaker.name or "?")
        for number, speaker in enumerate(schedule.speakers, 1)
    ]
    persons = await introduce(newcomers, now=now)
    for speaker, person in zip(schedule.speakers, persons, strict=True):
        await Speaker.update({Speaker.person: person}).where(Speaker.id == UUID(speaker.id))
        await conferences.grant_role(conference, person, "speaker")
    return {speaker.id: person for speaker, person in zip(schedule.speakers, persons, strict=True)}


async def register(
    conference: UUID, newcomers: Sequence[Newcomer], persons: Sequence[UUID], *, now: datetime
) -> None:
    """A place for everybody, taken some days or weeks before the conference."""
    chance = Random(41)
    for newcomer, person in zip(newcomers, persons, strict=True):
        await attendees.register(
            conference,
            person,
            ticket_type=chance.choice(("Whole conference", "Whole conference", "One day")),
            organization_name=newcomer.works_at,
            now=now - timedelta(days=chance.randrange(2, 60), minutes=chance.randrange(1440)),
        )


async def star(
    conference: UUID, schedule: Schedule, persons: Iterable[UUID], *, now: datetime
) -> None:
    """Each person stars a handful of talks."""
    chance = Random(7)
    talks = [session.id for session in schedule.sessions if session.speakers]
    for person in persons:
        for session in chance.sample(talks, min(len(talks), chance.randrange(4, 12))):
            await stars.put(
                conference,
                person,
                UUID(session),
                starred=True,
                now=now - timedelta(minutes=chance.randrange(30, 9000)),
            )


async def open_booths(
    conference: UUID, booths: Sequence[Booth], domain: str, *, now: datetime
) -> list[UUID]:
    """The sponsors with the people at their booths; their ids in the order given."""
    sponsors = [
        Sponsor(
            id=uuid4(),
            conference=conference,
            slug=booth.slug,
            position=position,
            name=booth.name,
            tier=booth.tier,
            tagline=booth.tagline,
            text=booth.text,
            url=f"https://{booth.slug}.example/",
            offers=json.dumps(booth.offers, ensure_ascii=False),
        )
        for position, booth in enumerate(booths)
    ]
    await Sponsor.insert(*sponsors)
    await SponsorTier.insert(
        *(
            SponsorTier(
                id=uuid4(),
                conference=conference,
                position=place,
                name=tier,
                place="row" if place else "large",
            )
            for place, tier in enumerate(dict.fromkeys(booth.tier for booth in booths))
        )
    )
    staff = await introduce(
        [Newcomer(email=address(booth.staff, domain), name=booth.staff) for booth in booths],
        now=now,
    )
    for sponsor, person in zip(sponsors, staff, strict=True):
        await SponsorStaff(id=uuid4(), sponsor=sponsor.id, person=person).save()
        await conferences.grant_role(conference, person, "sponsor")
        await booth_book.duty(sponsor.id, person, on=True, now=now)
    await Sponsor.update({Sponsor.live_room: True}).where(Sponsor.conference == conference)
    return [sponsor.id for sponsor in sponsors]


async def furnish_booths(
    schedule: Schedule, sponsors: Mapping[UUID, Booth], *, now: datetime
) -> None:
    """Hours in which the staff can be met, and a prize to be drawn after the conference's last
    session."""
    conference = schedule.conference
    days = [day.date for day in conference.days]
    windows = booth_meetings.hours(days, time(10), time(17), conference.zone)
    last = max((slot.end for slot in schedule.slots), default=now)
    for sponsor, booth in sponsors.items():
        await booth_meetings.hours_edited(sponsor, 20, windows)
        if booth.prize:
            title, prize = booth.prize
            await draws.open_draw(sponsor, title=title, prize=prize, closes_at=last)


async def sponsor_sessions(schedule: Schedule, sponsors: Sequence[UUID], *, now: datetime) -> None:
    """Each sponsor made two sessions possible: one that is over, one that is to come."""
    over = [slot for slot in schedule.slots if slot.end < now]
    ahead = [slot for slot in schedule.slots if slot.start > now]
    chance = Random(5)
    for sponsor in sponsors:
        for some in (over, ahead):
            if some:
                session = UUID(chance.choice(some).session)
                await SponsorSession(id=uuid4(), sponsor=sponsor, session=session).save()


async def visit_booths(
    sponsors: Mapping[UUID, Booth], persons: Sequence[UUID], *, since: datetime, now: datetime
) -> None:
    """Visits since the doors opened today; some visitors leave their contact, one takes it back."""
    chance = Random(11)
    for place, (sponsor, booth) in enumerate(sponsors.items()):
        curious = chance.sample(persons, min(len(persons), 46 - 9 * place))
        staff = await booth_book.staff(sponsor, now=now)
        for number, person in enumerate(curious):
            at = since + (now - since) * chance.betavariate(2.2, 1.3)
            await _look_around(sponsor, person, chance, at, now)
            if chance.random() < 0.55:
                await _give(sponsor, booth, person, chance, at, staff[0].name)
            if place == 0 and number == len(curious) - 1:
                await _give(sponsor, booth, person, chance, at, staff[0].name)
                await consent.take_back(sponsor, person, now=now)


async def chat_at_booths(
    conference: UUID, sponsors: Sequence[UUID], persons: Sequence[UUID], *, now: datetime
) -> None:
    """What visitors asked in the booths' chats this morning, and what the staff answered."""
    chance = Random(23)
    for sponsor in sponsors:
        staff = await booth_book.staff(sponsor, now=now)
        place: dict[str, Any] = {"conference": conference, "room": sponsor}
        for number, question in enumerate(written("conference")["questions"]):
            at = now - timedelta(minutes=70 - 16 * number + chance.uniform(0, 6))
            asked = ChatMessage(
                id=uuid4(), **place, person=chance.choice(persons), text=question, created_at=at
            )
            answer = ChatMessage(
                id=uuid4(),
                **place,
                person=staff[0].person,
                reply_to=asked.id,
                text=written("conference")["answers"][number],
                created_at=at + timedelta(minutes=chance.uniform(0.5, 4)),
            )
            await ChatMessage.insert(asked, answer)


async def _look_around(
    sponsor: UUID, person: UUID, chance: Random, at: datetime, now: datetime
) -> None:
    """One visit, of some seconds to some minutes; some people take something along."""
    stayed = timedelta(seconds=chance.lognormvariate(4.8, 0.8))
    await BoothVisit(
        id=uuid4(), sponsor=sponsor, person=person, at=at, seen_until=min(at + stayed, now)
    ).save()
    if chance.random() < 0.4:
        await BoothSignal(
            id=uuid4(), sponsor=sponsor, person=person, kind="download", subject=uuid4(), at=at
        ).save()


async def _give(
    sponsor: UUID, booth: Booth, person: UUID, chance: Random, at: datetime, staff: str
) -> None:
    fields = consent.FIELDS if chance.random() < 0.7 else consent.FIELDS[:2]
    call = chance.random() < 0.25
    await consent.give(
        sponsor,
        person,
        fields=fields,
        wording=view.wording(booth.name, fields),
        source=chance.choice(("booth", "booth", "scan", "session", "download")),
        wants_call=call,
        message=chance.choice(written("conference")["questions"]) if call else "",
        now=at,
    )
    if chance.random() < 0.4:
        words = chance.choice(written("conference")["notes"])
        await leads.note(sponsor, person, words, by=staff, now=at)
        rating = chance.randrange(2, 6)
        await leads.mark(sponsor, person, {"rating": rating}, expected=0, now=at)
