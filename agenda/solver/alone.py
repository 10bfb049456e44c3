"""Where each talk may be on its own account, and what each such place costs: wishes, nights, breaks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from agenda.solver import constraints as c
from agenda.solver.constraints import weight
from agenda.solver.problem import Problem, Speaker, Talk, Timeslot, Wishes
from agenda.solver.tables import MEDIUM, Bools, Ints

_NONE = Wishes()
_TALK_TIMES = (
    c.TALK_REQUIRED_TIMES,
    c.TALK_PROHIBITED_TIMES,
    c.TALK_PREFERRED_TIMES,
    c.TALK_UNDESIRED_TIMES,
)
_SPEAKER_TIMES = (
    c.SPEAKER_REQUIRED_TIMES,
    c.SPEAKER_PROHIBITED_TIMES,
    c.SPEAKER_PREFERRED_TIMES,
    c.SPEAKER_UNDESIRED_TIMES,
)
_TALK_ROOMS = (
    c.TALK_REQUIRED_ROOMS,
    c.TALK_PROHIBITED_ROOMS,
    c.TALK_PREFERRED_ROOMS,
    c.TALK_UNDESIRED_ROOMS,
)
_SPEAKER_ROOMS = (
    c.SPEAKER_REQUIRED_ROOMS,
    c.SPEAKER_PROHIBITED_ROOMS,
    c.SPEAKER_PREFERRED_ROOMS,
    c.SPEAKER_UNDESIRED_ROOMS,
)


def alone(problem: Problem) -> tuple[Bools, Ints]:
    """Where each talk may be on its own account, and what each such place costs.

    A pinned talk may be where it is pinned, whatever it demands, and nowhere else.
    """
    slots, rooms = problem.timeslots, problem.rooms
    people = {speaker.name: speaker for speaker in problem.speakers}
    closed = np.zeros((len(slots), len(rooms)), dtype=np.bool_)
    if weight(problem, c.ROOM_UNAVAILABLE):
        for r, room in enumerate(rooms):
            for t, slot in enumerate(slots):
                closed[t, r] = slot.id in room.unavailable
    breaks = np.array([_in_break(slot, problem) for slot in slots], dtype=np.bool_)
    nights = dict(_nights(problem))
    minutes = np.array([slot.minutes for slot in slots], dtype=np.int64)
    shape = (len(problem.talks), len(slots), len(rooms))
    time_of = {slot.id: index for index, slot in enumerate(slots)}
    room_of = {room.name: index for index, room in enumerate(rooms)}
    may, cost = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.int64)
    for i, talk in enumerate(problem.talks):
        crew = [people.get(name, Speaker(name=name)) for name in dict.fromkeys(talk.speakers)]
        no_time, time_cost = _time_wishes(problem, talk, crew, minutes)
        no_room, room_rate, room_cost = _room_wishes(problem, talk, crew)
        no_time |= breaks
        for speaker in crew:
            if speaker.name in nights:
                no_time |= nights[speaker.name]
        may[i] = ~(closed | no_time[:, None] | no_room[None, :])
        if talk.pin is not None:
            may[i] = False
            may[i, time_of[talk.pin.timeslot], room_of[talk.pin.room]] = True
        cost[i] = time_cost[:, None] + room_cost[None, :] + minutes[:, None] * room_rate[None, :]
    return may, cost


def _in_break(slot: Timeslot, problem: Problem) -> bool:
    return bool(weight(problem, c.BREAK)) and any(
        slot.start < end and start < slot.end for start, end in problem.rules.breaks
    )


def _nights(problem: Problem) -> Iterator[tuple[str, Bools]]:
    """Whom a night keeps from timeslots, and from which; each zone is looked at once."""
    night = problem.rules.night
    if night is None or not weight(problem, c.NIGHT):
        return
    known: dict[str, Bools] = {}
    for person in problem.speakers:
        if person.zone and not person.any_hour:
            if person.zone not in known:
                zone = ZoneInfo(person.zone)
                asleep = [_asleep(zone, slot, night) for slot in problem.timeslots]
                known[person.zone] = np.array(asleep, dtype=np.bool_)
            yield person.name, known[person.zone]


def _asleep(zone: ZoneInfo, slot: Timeslot, night: tuple[time, time]) -> bool:
    """Whether a timeslot touches the night on a clock."""
    moment = slot.start
    while moment < slot.end:
        clock = moment.astimezone(zone).time()
        if night[0] < night[1]:
            asleep = night[0] <= clock < night[1]
        else:
            asleep = clock >= night[0] or clock < night[1]
        if asleep:
            return True
        moment += timedelta(minutes=1)
    return False


def _time_wishes(
    problem: Problem, talk: Talk, crew: list[Speaker], minutes: Ints
) -> tuple[Bools, Ints]:
    slots = problem.timeslots
    no = np.array(
        [bool(slot.kinds) and talk.kind not in slot.kinds for slot in slots], dtype=np.bool_
    )
    if weight(problem, c.SPEAKER_UNAVAILABLE):
        away = frozenset().union(*(speaker.unavailable for speaker in crew))
        no |= np.array([slot.id in away for slot in slots], dtype=np.bool_)
    cost = np.zeros(len(slots), dtype=np.int64)
    for wishes, names in [(talk.times, _TALK_TIMES), *((p.times, _SPEAKER_TIMES) for p in crew)]:
        if wishes != _NONE:
            bad, rate = _weigh(problem, wishes, names, [slot.tags for slot in slots])
            no |= bad
            cost += rate * minutes
    if talk.published_timeslot is not None:
        moved = np.array([slot.id != talk.published_timeslot for slot in slots])
        cost += MEDIUM * weight(problem, c.PUBLISHED_TIMESLOT) * moved
    return no, cost


def _room_wishes(problem: Problem, talk: Talk, crew: list[Speaker]) -> tuple[Bools, Ints, Ints]:
    """Which rooms do not suit, what each costs for a minute, and what it costs at all."""
    rooms = problem.rooms
    no = np.array(
        [bool(room.kinds) and talk.kind not in room.kinds for room in rooms], dtype=np.bool_
    )
    rate = np.zeros(len(rooms), dtype=np.int64)
    for wishes, names in [(talk.rooms, _TALK_ROOMS), *((p.rooms, _SPEAKER_ROOMS) for p in crew)]:
        if wishes != _NONE:
            bad, more = _weigh(problem, wishes, names, [room.tags for room in rooms])
            no |= bad
            rate += more
    short = [max(0, talk.demand - room.capacity) if room.capacity else 0 for room in rooms]
    cost = weight(problem, c.SEATS) * np.array(short, dtype=np.int64)
    if talk.published_room is not None:
        moved = np.array([room.name != talk.published_room for room in rooms])
        cost = cost + MEDIUM * weight(problem, c.PUBLISHED_ROOM) * moved
    return no, rate, cost


def _weigh(
    problem: Problem,
    wishes: Wishes,
    names: tuple[str, str, str, str],
    tags: list[frozenset[str]],
) -> tuple[Bools, Ints]:
    """Which of the tagged things are out of the question, and what each costs for a minute."""
    required, prohibited, preferred, undesired = (weight(problem, name) for name in names)
    bad = np.array(
        [
            bool(required and wishes.required - own) or bool(prohibited and wishes.prohibited & own)
            for own in tags
        ],
        dtype=np.bool_,
    )
    rate = np.array(
        [
            preferred * len(wishes.preferred - own) + undesired * len(wishes.undesired & own)
            for own in tags
        ],
        dtype=np.int64,
    )
    return bad, rate
