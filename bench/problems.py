"""Random conferences of a given size, the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from agenda.solver import constraints as c
from agenda.solver.problem import Place, Problem, Room, Rules, Speaker, Talk, Timeslot, Wishes

FIRST_DAY = date(2026, 5, 4)
SIZES = (50, 80, 120, 200, 400, 800)

RASTER_WEIGHTS = {
    c.THEME_CONFLICT: 1,
    c.THEME_STABILITY: 0,
    c.AUDIENCE_DIVERSITY: 0,
    c.LEVEL_DIVERSITY: 0,
    c.LANGUAGE_DIVERSITY: 0,
    c.SAME_DAY: 0,
    c.POPULAR: 0,
    c.TALK_PREFERRED_ROOMS: 1,
    c.SPEAKER_UNDESIRED_TIMES: 1,
    c.SEATS: 1,
}
"""On a raster of times, seats and home rooms stand for popularity and stability."""


def raster(sessions: int, *, seed: int = 7, days: int = 2, halves: int = 16) -> Problem:
    """A conference of 30- and 60-minute sessions on a half-hour raster, rooms four fifths full.

    Each track has a home room; some speakers are away for a day; some sessions build on others.
    """
    rng = random.Random(seed)
    lengths = rng.choices((1, 2), (0.7, 0.3), k=sessions)
    room_count = max(4, round(sum(lengths) / (days * halves) / 0.8))
    slots = [
        _raster_slot(day, half, length)
        for day in range(days)
        for length in (1, 2)
        for half in range(halves - length + 1)
    ]
    rooms = [
        Room(
            name=f"Room {number + 1}",
            capacity=size,
            tags=frozenset({f"home {number}"} | ({"stage"} if number % 3 == 0 else set())),
        )
        for number, size in enumerate(sorted(rng.choice(SIZES) for _ in range(room_count)))
    ]
    speakers = [_raster_speaker(rng, number, slots) for number in range(int(sessions * 0.9))]
    talks = [
        _raster_talk(rng, number, lengths[number], room_count, speakers)
        for number in range(sessions)
    ]
    return Problem(
        name=f"{sessions} sessions",
        talks=_with_prerequisites(rng, talks, speakers),
        timeslots=tuple(slots),
        rooms=tuple(rooms),
        speakers=tuple(speakers),
        rules=Rules(pause_minutes=0),
        weights=RASTER_WEIGHTS,
    )


def _raster_slot(day: int, half: int, length: int) -> Timeslot:
    on = FIRST_DAY + timedelta(days=day)
    start = datetime(on.year, on.month, on.day, 9, tzinfo=UTC) + timedelta(minutes=30 * half)
    tags = {"early"} if half < 3 else {"late"} if half > 12 else {"middle"}
    return Timeslot(
        id=f"{on} {start:%H:%M} {30 * length}",
        start=start,
        end=start + timedelta(minutes=30 * length),
        date=on,
        kinds=frozenset({f"{30 * length} minutes"}),
        tags=frozenset(tags),
    )


def _raster_speaker(rng: random.Random, number: int, slots: list[Timeslot]) -> Speaker:
    away = rng.choice((None, None, None, 0, 1))
    day = None if away is None else FIRST_DAY + timedelta(days=away)
    dislikes = rng.choice(("early", "late", "middle")) if rng.random() < 0.3 else None
    return Speaker(
        name=f"Speaker {number}",
        unavailable=frozenset(slot.id for slot in slots if slot.date == day),
        times=Wishes(undesired=frozenset({dislikes}) if dislikes else frozenset()),
    )


def _raster_talk(
    rng: random.Random, number: int, length: int, tracks: int, speakers: list[Speaker]
) -> Talk:
    track = rng.randrange(tracks)
    crew = [rng.choice(speakers)]
    if rng.random() < 0.25:
        other = rng.choice(speakers)
        if other is not crew[0] and other.unavailable == crew[0].unavailable:
            crew.append(other)
    return Talk(
        code=f"T{number:03}",
        title=f"Session {number}",
        kind=f"{30 * length} minutes",
        speakers=tuple(speaker.name for speaker in crew),
        themes=frozenset({f"Track {track}"}),
        rooms=Wishes(
            preferred=frozenset({f"home {track}"}),
            required=frozenset({"stage"}) if rng.random() < 0.1 else frozenset(),
        ),
        demand=min(600, int(rng.expovariate(1 / 90)) + 10),
    )


def _with_prerequisites(
    rng: random.Random, talks: list[Talk], speakers: list[Speaker]
) -> tuple[Talk, ...]:
    away = {speaker.name: bool(speaker.unavailable) for speaker in speakers}
    needs: dict[str, frozenset[str]] = {}
    for _ in range(len(talks) // 25):
        first, second = sorted(rng.sample(talks, 2), key=lambda talk: talk.code)
        if not any(away[name] for name in (*first.speakers, *second.speakers)):
            needs[second.code] = frozenset({first.code})
    return tuple(_needing(talk, needs.get(talk.code, frozenset())) for talk in talks)


def _needing(talk: Talk, codes: frozenset[str]) -> Talk:
    return replace(talk, prerequisites=codes)


THEMES = ("Cloud", "Mobile", "Data", "Security", "Culture", "Web", "Devices", "Learning")
CONTENTS = tuple(f"Tool {number}" for number in range(21))
AUDIENCES = ("Developers", "Analysts", "Managers")
SECTORS = ("Education", "Finance", "Government", "Health", "Transport")
LAB_STARTS, TALK_STARTS = ((10, 15), (13, 0)), ((10, 15), (11, 30), (15, 30), (16, 30))


def workshop(talks: int = 216, *, slots: int = 18, rooms: int = 20, seed: int = 1) -> Problem:
    """A conference of talks and labs, in the shape of the scheduling problems that circulate:
    six timeslots a day, two of them for labs; every fifth room is for labs."""
    rng = random.Random(seed)
    times = [slot for day in range(-(-slots // 6)) for slot in _workshop_day(day)][:slots]
    places = [_workshop_room(rng, number) for number in range(rooms)]
    labs = min(
        talks // 9, sum("Lab" in t.kinds for t in times) * sum("Lab" in r.kinds for r in places)
    )
    speakers = [_workshop_speaker(rng, number, times) for number in range(talks * 2 // 3)]
    found = [_workshop_talk(rng, number, number < labs, speakers) for number in range(talks)]
    first_talk = next(slot for slot in times if "Breakout" in slot.kinds)
    open_room = next(room for room in places if "Breakout" in room.kinds)
    for number in rng.sample(range(labs, talks), 3):
        found[number] = replace(found[number], crowd_risk=1)
    for number in rng.sample(range(labs + 1, talks), 3):
        found[number] = replace(found[number], prerequisites=frozenset({found[labs].code}))
    pinned = replace(
        found[-1], pin=Place(timeslot=first_talk.id, room=open_room.name), rooms=Wishes()
    )
    return Problem(
        name=f"{talks} talks, {slots} timeslots, {rooms} rooms",
        talks=(*found[:-1], replace(pinned, speakers=(), prerequisites=frozenset())),
        timeslots=tuple(times),
        rooms=tuple(places),
        speakers=tuple(speakers),
        rules=Rules(pause_minutes=15),
    )


def _workshop_day(day: int) -> list[Timeslot]:
    on = FIRST_DAY + timedelta(days=day)
    found = []
    for kind, minutes, starts in (("Lab", 120, LAB_STARTS), ("Breakout", 45, TALK_STARTS)):
        for hour, minute in starts:
            start = datetime(on.year, on.month, on.day, hour, minute, tzinfo=UTC)
            found.append(
                Timeslot(
                    id=f"{on} {hour}:{minute:02} {kind}",
                    start=start,
                    end=start + timedelta(minutes=minutes),
                    date=on,
                    kinds=frozenset({kind}),
                    tags=frozenset({"After lunch"} if hour == 13 else set()),
                )
            )
    return found


def _workshop_room(rng: random.Random, number: int) -> Room:
    tags = {"Recorded"} if rng.random() < 0.5 else set()
    capacity = rng.randrange(5, 80) * 10
    return Room(
        name=f"R {number + 1}",
        capacity=capacity,
        kinds=frozenset({"Lab" if number % 5 == 4 else "Breakout"}),
        tags=frozenset(tags | ({"Large"} if capacity > 550 else set())),
    )


def _workshop_speaker(rng: random.Random, number: int, times: list[Timeslot]) -> Speaker:
    days = sorted({slot.date for slot in times})
    away = rng.choice(days) if rng.random() < 0.06 else None
    dislikes = {"After lunch"} if rng.random() < 0.05 else set()
    return Speaker(
        name=f"Speaker {number}",
        unavailable=frozenset(slot.id for slot in times if slot.date == away),
        times=Wishes(undesired=frozenset(dislikes)),
        rooms=Wishes(preferred=frozenset({"Recorded"} if rng.random() < 0.05 else set())),
    )


def _workshop_talk(rng: random.Random, number: int, lab: bool, speakers: list[Speaker]) -> Talk:
    crew = rng.sample(speakers, rng.choice((1, 1, 2)))
    wish = rng.choice(("Large", "Recorded"))
    return Talk(
        code=f"S{number:03}",
        title=f"Talk {number}",
        kind="Lab" if lab else "Breakout",
        speakers=tuple(speaker.name for speaker in crew),
        themes=frozenset(rng.sample(THEMES, 2 if rng.random() < 0.1 else 1)),
        sectors=frozenset(rng.sample(SECTORS, 1) if rng.random() < 0.2 else ()),
        audiences=frozenset({rng.choice(AUDIENCES)}),
        level=rng.randint(1, 3),
        contents=frozenset({rng.choice(CONTENTS)}),
        language="en",
        rooms=Wishes(
            required=frozenset({wish} if not lab and rng.random() < 0.03 else set()),
            undesired=frozenset({"Recorded"} if rng.random() < 0.03 else set()),
        ),
        exclusive=frozenset({"Platinum Sponsor"} if rng.random() < 0.04 else set()),
        popularity=rng.randint(10, 999),
    )
