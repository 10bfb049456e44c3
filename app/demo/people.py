"""The demo's people: who they are, what they do in the conference, what they starred."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid4

from agenda.model import Schedule
from app.accounts.tables import Person
from app.attendees import store as attendees
from app.conferences import store as conferences
from app.demo.conference import Booth, written
from app.programme import stars
from app.programme.tables import Speaker
from app.sponsors import store as booth_book
from app.sponsors.tables import Sponsor, SponsorStaff

_CHUNK = 300
_SHORT_WORDING = (
    "I share my name and my e-mail address with {sponsor}, who may write to me about what they "
    "showed here. I can take this back at any time."
)
_WORDING = _SHORT_WORDING.replace(
    "my name and my e-mail address", "my name, my e-mail address, and my organization"
)


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
        )
        for position, booth in enumerate(booths)
    ]
    await Sponsor.insert(*sponsors)
    staff = await introduce(
        [Newcomer(email=address(booth.staff, domain), name=booth.staff) for booth in booths],
        now=now,
    )
    for sponsor, person in zip(sponsors, staff, strict=True):
        await SponsorStaff(id=uuid4(), sponsor=sponsor.id, person=person).save()
        await conferences.grant_role(conference, person, "sponsor")
    return [sponsor.id for sponsor in sponsors]


async def visit_booths(
    sponsors: Mapping[UUID, Booth], persons: Sequence[UUID], *, since: datetime, now: datetime
) -> None:
    """Visits since the doors opened today; some visitors leave their contact, one takes it back."""
    chance = Random(11)
    for place, (sponsor, booth) in enumerate(sponsors.items()):
        curious = chance.sample(persons, min(len(persons), 46 - 9 * place))
        for number, person in enumerate(curious):
            at = since + (now - since) * chance.betavariate(2.2, 1.3)
            await booth_book.visit(sponsor, person, now=at)
            if chance.random() < 0.55:
                await _give(sponsor, booth, person, chance, at)
            if place == 0 and number == len(curious) - 1:
                await _give(sponsor, booth, person, chance, at)
                await booth_book.take_back(sponsor, person, now=now)


async def _give(sponsor: UUID, booth: Booth, person: UUID, chance: Random, at: datetime) -> None:
    whole = chance.random() < 0.7
    await booth_book.give(
        sponsor,
        person,
        fields=booth_book.FIELDS if whole else booth_book.FIELDS[:2],
        wording=(_WORDING if whole else _SHORT_WORDING).format(sponsor=booth.name),
        source=chance.choice(("booth", "booth", "booth", "session", "download")),
        now=at,
    )
