"""A conference of any size with invented people, the same for the same seed, in a database of its own."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID, uuid5

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
from app import db, migrate
from app.accounts.tables import Person
from app.attendees.tables import Registration
from app.conferences.tables import Conference, Organization
from app.settings import Settings, from_environment

START = datetime(2027, 5, 11, 8, 0, tzinfo=UTC)
ZONE = "Europe/Lisbon"
_SPACE = UUID("7d6c6f4e-8f0f-4f0e-9a55-5a3f6f2f7a10")
_CHUNK = 90

_GIVEN = [
    "Ada",
    "Annelies",
    "Bo",
    "Charlotte",
    "Chidi",
    "Esi",
    "Fenna",
    "Geertje",
    "Hanne",
    "Ingrid",
    "Jean-Baptiste",
    "Kwaku",
    "Léopold",
    "Mairéad",
    "Nkechi",
    "Oluwaseun",
    "Priyanka",
    "Rémy",
    "Simisola",
    "Tomás",
    "Þorgerður",
    "Yara",
    "Zanele",
    "Zofia",
]
_FAMILY = [
    "Anquetil-Diop",
    "Bhattacharyya",
    "Ezenwa-Hart",
    "Gillespie-Rua",
    "Hallgrímsdóttir",
    "Iriarte",
    "Kulasekara",
    "Lachaussée",
    "Mthembu",
    "Ng",
    "Nkemelu",
    "Okonkwo-Reyes",
    "Przybyła",
    "Quay-Adewale",
    "Solbakken",
    "Straßmair",
    "Taufa",
    "Terpstra-Vlietman",
    "Verstraete-Okafor",
    "Wiersma-Tan",
]
_OTHER = (
    "大谷 真理子",
    "王 小明",
    "김민준",
    "هدى العمري",
    "שירה ימיני",
    "Владимир Орлов",
    "Zoë 🎈 Lefèvre",
)


def identity(kind: str, number: int) -> UUID:
    return uuid5(_SPACE, f"{kind}:{number}")


def name(number: int, chance: Random) -> str:
    """Nine of ten in Latin letters, the others in other scripts or with an emoji."""
    if chance.random() < 0.1:
        return f"{chance.choice(_OTHER)} {number}"
    return f"{chance.choice(_GIVEN)} {chance.choice(_FAMILY)}"


@contextlib.asynccontextmanager
async def deployment() -> AsyncIterator[Settings]:
    """Settings over a fresh migrated SQLite in a temporary folder, bound and open."""
    with tempfile.TemporaryDirectory(prefix="plenary-bench-") as folder:
        settings = from_environment(
            {
                "PLENARY_VAR": folder,
                "PLENARY_SECRET": "b" * 40,
                "PLENARY_SECRET_MEDIA": "m" * 40,
                "PLENARY_BASE_URL": "https://bench.example",
                "PLENARY_MAIL_FROM": "show@bench.example",
                "REDIS_URL": f"unix://{Path(folder) / 'none.sock'}",
            }
        )
        async with db.opened(settings.database_url):
            await migrate.forwards()
            yield settings


async def conference() -> Conference:
    house = identity("organization", 0)
    await Organization(id=house, slug="bench", name="Bench").save()
    made = Conference(
        id=identity("conference", 0),
        organization=house,
        slug="bench",
        title="Bench 2027",
        time_zone=ZONE,
        created_at=START,
    )
    await made.save()
    return made


async def register(held: Conference, count: int, *, seed: int = 1) -> list[UUID]:
    """So many people with a place; their ids."""
    chance = Random(seed)
    people = [
        Person(
            id=identity("person", n),
            email=f"p{n}@bench.example",
            name=name(n, chance),
            created_at=START,
        )
        for n in range(count)
    ]
    async with db.transaction():
        for at in range(0, count, _CHUNK):
            chunk = people[at : at + _CHUNK]
            await Person.insert(*chunk)
            await Registration.insert(
                *(
                    Registration(
                        id=identity("registration", at + n),
                        conference=held.id,
                        person=person.id,
                        organization_name=f"House {(at + n) % 97}",
                        badge_code=identity("badge", at + n).hex[:16],
                        created_at=START,
                    )
                    for n, person in enumerate(chunk)
                )
            )
    return [person.id for person in people]


def schedule(sessions: int, rooms: int, days: int, speakers: int) -> Schedule:
    """Sessions of 45 minutes, every hour, spread over days and rooms; speakers in turn."""
    per_day = -(-sessions // days)
    slots = []
    for n in range(sessions):
        day, within = divmod(n, per_day)
        hour, room = divmod(within, rooms)
        slots.append(
            Slot(
                id=SlotId(str(identity("slot", n))),
                session=SessionId(str(identity("session", n))),
                room=RoomId(str(identity("room", room))),
                start=START + timedelta(days=day, hours=hour),
                duration=timedelta(minutes=45),
            )
        )
    return Schedule(
        conference=AgendaConference(
            title="Bench 2027",
            zone=ZONE,
            days=tuple(
                make_day((START + timedelta(days=d)).date(), ZONE, timedelta(hours=4))
                for d in range(days)
            ),
        ),
        rooms=tuple(
            Room(id=RoomId(str(identity("room", n))), name=f"Room {n + 1}") for n in range(rooms)
        ),
        speakers=tuple(
            Speaker(id=SpeakerId(str(identity("speaker", n))), name=f"Speaker {n}")
            for n in range(speakers)
        ),
        sessions=tuple(
            Session(
                id=SessionId(str(identity("session", n))),
                title=f"What the water said in year {n}",
                abstract="A short account of what happened, and of what it asks of us. " * 4,
                speakers=(SpeakerId(str(identity("speaker", n % speakers))),) if speakers else (),
                duration=timedelta(minutes=45),
            )
            for n in range(sessions)
        ),
        slots=tuple(slots),
    )
