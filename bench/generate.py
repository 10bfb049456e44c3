"""Conferences of any size for benchmarks: invented, and the same for the same seed."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

from agenda.model import (
    Attachment,
    Conference,
    Link,
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
    make_day,
)
from agenda.rules import Rules, Span

SEED = 20260504
ROOMS = 35
ZONE = "Europe/Brussels"
FIRST_DAY = date(2026, 5, 4)
_OPENS = timedelta(hours=9)
_SLOT = timedelta(minutes=30)
_SLOTS_A_DAY = 18
_WORDS = [
    "anchor",
    "ballast",
    "beacon",
    "bollard",
    "buoy",
    "capstan",
    "channel",
    "chart",
    "compass",
    "current",
    "deck",
    "dock",
    "ebb",
    "fathom",
    "fender",
    "flood",
    "galley",
    "gauge",
    "harbour",
    "hatch",
    "hawser",
    "helm",
    "hull",
    "jetty",
    "keel",
    "knot",
    "lantern",
    "lock",
    "log",
    "mast",
    "mooring",
    "oar",
    "pier",
    "pilot",
    "quay",
    "reef",
    "rigging",
    "rope",
    "rudder",
    "sail",
    "shoal",
    "shroud",
    "sluice",
    "sounding",
    "stern",
    "tide",
]


def schedule(sessions: int, *, seed: int = SEED, text_length: int = 2200) -> Schedule:
    """A conference with that many placed sessions, as dense as FOSDEM: 35 rooms, 20 slots a day and
    room, a speaker and a fifth for each session, six links, a few overlaps and double bookings."""
    chance = random.Random(seed)
    rooms = [Room(id=RoomId(f"room-{n}"), name=f"Room {n + 1}") for n in range(ROOMS)]
    tracks = [Track(id=TrackId(f"track-{n}"), name=f"{_title(chance, 2)}") for n in range(60)]
    speakers = [_speaker(chance, n) for n in range(sessions)]
    held = [_session(chance, n, tracks, speakers, text_length) for n in range(sessions)]
    slots = [_slot(chance, n, session, rooms) for n, session in enumerate(held)]
    days = -(-sessions // (len(rooms) * _SLOTS_A_DAY))
    day_change = timedelta(hours=4)
    return Schedule(
        conference=Conference(
            title=f"Harbour Days with {sessions} sessions",
            zone=ZONE,
            days=tuple(
                make_day(FIRST_DAY + timedelta(days=n), ZONE, day_change) for n in range(days)
            ),
            day_change=day_change,
        ),
        tracks=tuple(tracks),
        rooms=tuple(rooms),
        speakers=tuple(speakers),
        sessions=tuple(held),
        slots=tuple(slots),
    )


def _title(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(_WORDS, k=words)).capitalize()


def _text(chance: random.Random, length: int) -> str:
    words = chance.choices(_WORDS, k=max(1, length // 7))
    lines = (" ".join(words[i : i + 40]) for i in range(0, len(words), 40))
    return "".join(f"<p>{line.capitalize()}.</p>\n" for line in lines)


def _speaker(chance: random.Random, number: int) -> Speaker:
    name = f"{_title(chance, 1)} {_title(chance, 1)} {number}"
    return Speaker(id=SpeakerId(f"speaker-{number}"), name=name, source_id=str(number))


def _session(
    chance: random.Random,
    number: int,
    tracks: list[Track],
    speakers: list[Speaker],
    text_length: int,
) -> Session:
    own = speakers[number].id
    # Whoever joins spoke in the same room just before; one in 300 speaks next door right now.
    beside = number - 1 if chance.random() < 1 / 60 else number - ROOMS
    others = [speakers[beside].id] if beside >= 0 and chance.random() < 0.2 else []
    return Session(
        id=SessionId(f"session-{number}"),
        source_id=str(number),
        title=_title(chance, chance.randint(3, 9)),
        abstract=_text(chance, chance.randint(0, text_length)),
        description=_text(chance, chance.randint(0, text_length // 2)),
        kind="talk",
        language="en",
        track=chance.choice(tracks).id,
        speakers=(own, *others),
        duration=_SLOT,
        links=tuple(Link(url=f"https://example.org/{number}/{n}", title="More") for n in range(6)),
        attachments=(Attachment(url=f"https://example.org/{number}.pdf", kind="slides"),),
        slug=f"session_{number}",
    )


def _slot(chance: random.Random, number: int, session: Session, rooms: list[Room]) -> Slot:
    """Room after room, slot after slot, day after day; one in 200 starts early and overlaps."""
    turn, room = divmod(number, len(rooms))
    day, place = divmod(turn, _SLOTS_A_DAY)
    early = timedelta(minutes=10) if chance.random() < 0.005 else timedelta(0)
    midnight = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC)
    start = midnight + timedelta(days=day) + _OPENS + place * _SLOT - early
    return Slot(
        id=SlotId(f"slot-{number}"),
        session=session.id,
        room=rooms[room].id,
        start=start,
        duration=session.duration,
    )


def rules_of(made: Schedule) -> Rules:
    """Rules of every kind for a schedule: some are kept, some broken, as in a real programme."""
    rng = random.Random(SEED)
    sessions = [session.id for session in made.sessions]
    first = min(slot.start for slot in made.slots)
    hour = timedelta(hours=1)
    away = Span(start=first, end=first + hour)
    return Rules(
        changeover=timedelta(minutes=5),
        pause=timedelta(minutes=10),
        absent_speakers={
            p.id: (away,) for p in rng.sample(made.speakers, len(made.speakers) // 20)
        },
        closed_rooms={room.id: (away,) for room in made.rooms[:2]},
        demand={key: int(rng.expovariate(1 / 80)) for key in sessions},
        earlier={rng.choice(sessions): (rng.choice(sessions),) for _ in range(len(sessions) // 25)},
        wanted_together={
            (min(pair), max(pair)): rng.randrange(3, 30)
            for pair in (rng.sample(sessions, 2) for _ in range(4 * len(sessions)))
        },
        breaks=tuple(
            Span(start=d.start + 12 * hour, end=d.start + 13 * hour) for d in made.conference.days
        ),
        homes={p.id: rng.choice(("America/New_York", "Asia/Tokyo", "UTC")) for p in made.speakers},
    )
