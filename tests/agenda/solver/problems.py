"""Small random problems in which every constraint has something to count."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta

from agenda.solver.constraints import CONSTRAINTS
from agenda.solver.problem import Place, Problem, Room, Rules, Speaker, Talk, Timeslot, Wishes

TAGS = ("early", "late", "large", "filmed")
WORDS = ("x", "y", "z")


def random_problem(seed: int, *, talks: int = 8, rooms: int = 3, weights: bool = True) -> Problem:
    """A problem that may well be impossible; the same for the same seed."""
    rng = random.Random(seed)
    timeslots = tuple(_timeslot(rng, day, n) for day in (0, 1, 3) for n in range(4))
    speakers = tuple(_speaker(rng, n, timeslots) for n in range(5))
    made = [_talk(rng, n, timeslots, rooms) for n in range(talks)]
    together = {
        (a.code, b.code): rng.randrange(1, 5)
        for i, a in enumerate(made)
        for b in made[i + 1 :]
        if rng.random() < 0.2
    }
    return Problem(
        talks=tuple(made),
        timeslots=timeslots,
        rooms=tuple(_room(rng, n, timeslots) for n in range(rooms)),
        speakers=speakers,
        rules=Rules(
            pause_minutes=rng.choice((0, 15)),
            changeover_minutes=rng.choice((0, 10)),
            night=rng.choice((None, (time(22), time(8)), (time(1), time(5)))),
            breaks=((timeslots[5].start, timeslots[5].end),) if rng.random() < 0.3 else (),
            keynotes_alone=rng.random() < 0.5,
            hours_per_day=rng.choice((None, 2.0)),
        ),
        weights={c.name: rng.randrange(4) for c in CONSTRAINTS if rng.random() < 0.3}
        if weights
        else {},
        together=together,
    )


def easy_problem(seed: int, *, talks: int = 5, rooms: int = 2) -> Problem:
    """A problem in which everybody has a place: no demands but rooms, speakers and soft ones."""
    rng = random.Random(seed)
    timeslots = tuple(_in_a_row(n) for n in range(4))
    made = tuple(
        Talk(
            code=f"T{n}",
            kind=rng.choice(("talk", "")),
            speakers=(f"P{rng.randrange(4)}",),
            themes=_some(rng, WORDS),
            contents=_some(rng, WORDS),
            level=rng.randrange(3),
            popularity=rng.randrange(50),
            language=rng.choice(("en", "nl")),
        )
        for n in range(talks)
    )
    return Problem(
        talks=made,
        timeslots=timeslots,
        rooms=tuple(Room(name=f"R{n}", capacity=10 * n + 10) for n in range(rooms)),
        speakers=tuple(Speaker(name=f"P{n}") for n in range(4)),
    )


def random_assignment(problem: Problem, seed: int, *, missing: float = 0.1) -> dict[str, Place]:
    """Places without regard to anything; a talk in a kind of timeslot that doesn't fit as well."""
    rng = random.Random(seed)
    return {
        talk.code: Place(
            timeslot=rng.choice(problem.timeslots).id, room=rng.choice(problem.rooms).name
        )
        for talk in problem.talks
        if rng.random() >= missing
    }


def _some(rng: random.Random, words: tuple[str, ...], chance: float = 0.3) -> frozenset[str]:
    return frozenset(word for word in words if rng.random() < chance)


def _timeslot(rng: random.Random, day: int, number: int) -> Timeslot:
    on = date(2026, 5, 4) + timedelta(days=day)
    start = datetime(on.year, on.month, on.day, 9, tzinfo=UTC) + timedelta(
        minutes=40 * number + rng.choice((0, 0, 10))
    )
    return Timeslot(
        id=f"{day}-{number}",
        start=start,
        end=start + timedelta(minutes=rng.choice((30, 45, 60))),
        date=on,
        tags=_some(rng, TAGS[:2]),
    )


def _in_a_row(number: int) -> Timeslot:
    on = date(2026, 5, 4)
    start = datetime(on.year, on.month, on.day, 9, tzinfo=UTC) + timedelta(minutes=40 * number)
    return Timeslot(id=f"0-{number}", start=start, end=start + timedelta(minutes=40), date=on)


def _wishes(rng: random.Random, tags: tuple[str, ...]) -> Wishes:
    return Wishes(
        required=_some(rng, tags, 0.08),
        preferred=_some(rng, tags),
        prohibited=_some(rng, tags, 0.08),
        undesired=_some(rng, tags),
    )


def _speaker(rng: random.Random, number: int, slots: tuple[Timeslot, ...]) -> Speaker:
    return Speaker(
        name=f"P{number}",
        unavailable=frozenset(slot.id for slot in slots if rng.random() < 0.1),
        times=_wishes(rng, TAGS[:2]),
        rooms=_wishes(rng, TAGS[2:]),
        zone=rng.choice(("", "America/New_York", "Asia/Tokyo")),
        any_hour=rng.random() < 0.3,
    )


def _room(rng: random.Random, number: int, slots: tuple[Timeslot, ...]) -> Room:
    return Room(
        name=f"R{number}",
        capacity=rng.choice((0, 20, 50)),
        tags=_some(rng, TAGS[2:], 0.5),
        unavailable=frozenset(slot.id for slot in slots if rng.random() < 0.1),
    )


def _talk(rng: random.Random, number: int, slots: tuple[Timeslot, ...], rooms: int) -> Talk:
    crew = rng.sample(range(6), rng.choice((0, 1, 1, 2)))
    return Talk(
        code=f"T{number}",
        title=f"Talk {number}",
        speakers=tuple(f"P{n}" for n in crew),
        themes=_some(rng, WORDS),
        sectors=_some(rng, WORDS),
        audiences=_some(rng, WORDS),
        contents=_some(rng, WORDS),
        level=rng.randrange(3),
        language=rng.choice(("en", "nl")),
        times=_wishes(rng, TAGS[:2]),
        rooms=_wishes(rng, TAGS[2:]),
        exclusive=_some(rng, WORDS, 0.1),
        prerequisites=frozenset(f"T{n}" for n in range(number) if rng.random() < 0.05),
        popularity=rng.randrange(100),
        demand=rng.randrange(60),
        crowd_risk=int(rng.random() < 0.2),
        keynote=rng.random() < 0.1,
        published_timeslot=rng.choice(slots).id if rng.random() < 0.2 else None,
        published_room=f"R{rng.randrange(rooms)}" if rng.random() < 0.2 else None,
    )
