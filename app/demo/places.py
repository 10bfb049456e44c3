"""The demo's registration: kinds of places, questions, consent texts, and people on the way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid4

from app.attendees.tables import Registration
from app.demo import people
from app.demo.people import Newcomer
from app.registration import store
from app.registration.tables import Agreement, Application, ConsentText, Question, TicketType

_KINDS = (
    ("Whole conference", "All three days, every room and every recording.", "open", "", 400),
    ("One day", "The day that you choose, with its recordings.", "open", "", None),
    ("Student", "With the code that your school has.", "code", "spring-tide", 6),
    ("Press", "For those who report. We look at every request.", "approval", "", None),
    ("Guest of a city", "", "invitation", "", None),
    ("Workshop supporter", "Bought in the shop; carries the workshops.", "paid", "", 30),
)
_CONDUCT = (
    "We listen before we answer, we criticise work and not people, and nobody is filmed or quoted "
    "from a workshop without having said yes.",
    "We listen before we answer, we criticise work and not people, and nobody is filmed or quoted "
    "from a workshop without having said yes. Whoever is told to stop, stops.\n\n"
    "The moderators of each room see what you report, and answer within the session.",
)
_RECORDING = (
    "Sessions are recorded, and questions that I ask by voice or camera may be heard in the "
    "recording. Without this I take part all the same, by text."
)
_COMING = (
    ("Noor Lindqvist-Achebe", "Sound & Strait radio", "Press", "pending"),
    ("Ignacio Baptista Reyes", "La Marea weekly", "Press", "pending"),
    ("Maren Holtzdorf", "Coastal engineering, year 3", "Student", "waiting"),
    ("Oyelaran Tidewell", "Hydrology, year 2", "Student", "waiting"),
    ("Rūta Jūrienė", "Klaipėda-Sąsmauka", "Guest of a city", "invited"),
    ("Pelumi Osei-Brandt", "City of Anchor Bay", "Guest of a city", "invited"),
)
_TOPICS = ("Harbours", "Dunes and wetlands", "Water in streets", "Money and law", "Telling it")


async def offer(conference: UUID, persons: Sequence[UUID], domain: str, *, now: datetime) -> None:
    """Put up what can be chosen, and let some people be on the way."""
    opened = now - timedelta(days=70)
    await _kinds(conference)
    await _questions(conference)
    conduct = await _texts(conference, opened)
    await _enrol(conference)
    await store.adopt(conference)
    await _answers(conference)
    await Agreement.insert(
        *(
            Agreement(
                id=uuid4(),
                conference=conference,
                person=person,
                text=conduct,
                given_at=opened + timedelta(days=number % 40, minutes=7 * number),
            )
            for number, person in enumerate(persons)
        )
    )
    await _coming(conference, domain, now=now)


async def _enrol(conference: UUID) -> None:
    """Six of those who came for a day are students, which is all that there may be."""
    few = (
        await Registration.select(Registration.id)
        .where(Registration.conference == conference, Registration.ticket_type == "One day")
        .order_by(Registration.created_at)
        .limit(6)
    )
    await Registration.update({Registration.ticket_type: "Student"}).where(
        Registration.id.is_in([row["id"] for row in few] or [conference])
    )


async def _kinds(conference: UUID) -> None:
    await TicketType.insert(
        *(
            TicketType(
                id=uuid4(),
                conference=conference,
                position=position,
                name=name,
                description=description,
                kind=kind,
                code=code,
                capacity=capacity,
            )
            for position, (name, description, kind, code, capacity) in enumerate(_KINDS)
        )
    )


async def _questions(conference: UUID) -> None:
    asked = (
        ("What do you work on?", "several", _TOPICS, False),
        ("What do you hope to take home?", "long", (), False),
        ("How did you hear of us?", "choice", ("A colleague", "A newspaper", "My city"), True),
    )
    await Question.insert(
        *(
            Question(
                id=uuid4(),
                conference=conference,
                position=position,
                label=label,
                kind=kind,
                options=json.dumps(options),
                required=required,
            )
            for position, (label, kind, options, required) in enumerate(asked)
        )
    )


async def _texts(conference: UUID, opened: datetime) -> UUID:
    """The consent texts; returns the version of the first that the early ones agreed to."""
    key = str(uuid4())
    versions = [
        ConsentText(
            id=uuid4(),
            conference=conference,
            key=key,
            version=number,
            title="How we treat each other",
            text=text,
            created_at=opened + timedelta(days=45 * (number - 1)),
        )
        for number, text in enumerate(_CONDUCT, 1)
    ]
    recording = ConsentText(
        id=uuid4(),
        conference=conference,
        key=str(uuid4()),
        title="Recordings",
        text=_RECORDING,
        required=False,
        created_at=opened + timedelta(minutes=1),
    )
    await ConsentText.insert(*versions, recording)
    first: UUID = versions[0].id
    return first


async def _answers(conference: UUID) -> None:
    """Some answers for those who have a place."""
    chance = Random(17)
    topics, _hope, heard = await store.questions(conference)
    for row in await Application.select(Application.id).where(Application.conference == conference):
        answers = {
            str(topics.id): chance.sample(topics.options, chance.randrange(1, 4)),
            str(heard.id): chance.choice(heard.options),
        }
        await Application.update(
            {Application.answers: json.dumps(answers), Application.source: "form"}
        ).where(Application.id == row["id"])


async def _coming(conference: UUID, domain: str, *, now: datetime) -> None:
    """Those who wait, ask, or were asked."""
    kinds = {row["name"]: row["id"] for row in await store.ticket_rows(conference)}
    newcomers = [
        Newcomer(email=people.address(name, domain), name=name) for name, *_rest in _COMING
    ]
    persons = await people.introduce(newcomers, now=now)
    await Application.insert(
        *(
            Application(
                id=uuid4(),
                conference=conference,
                person=person,
                ticket=kinds[kind],
                state=state,
                organization_name=works_at,
                source="invite" if state == "invited" else "form",
                created_at=now - timedelta(hours=9 * number + 5),
                since=now - timedelta(hours=9 * number + 5),
            )
            for number, (person, (_name, works_at, kind, state)) in enumerate(
                zip(persons, _COMING, strict=True)
            )
        )
    )
