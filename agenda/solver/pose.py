"""Poses a schedule as a problem, and reads a solution back as edits of that schedule."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agenda.edits import Edit, Move, Place, Spot, spot
from agenda.model import Conference, Schedule, Session, SessionId, SessionState, Slot, SlotId
from agenda.openings import usual_hours
from agenda.rules import Rules, Span
from agenda.solver import constraints as c
from agenda.solver import problem as p
from agenda.solver.frame import Frame, Mode, SessionAsk, SpeakerAsk

STEPS = (30, 20, 15, 10, 5)
COARSE = (5, 10, 15, 20, 30, 60)
MOST_CELLS = 25_000_000
"""Talks × timeslots × rooms that the tables of a search may hold."""

KEYNOTE = "keynote"

Rename = Callable[[SessionId], SlotId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posed:
    """A schedule as a problem. A talk's code is its slot's id, or `new:` and the id of a session
    that has no slot yet; `before` is where the talks are now."""

    problem: p.Problem
    before: Mapping[p.TalkCode, p.Place]
    schedule: Schedule

    def slots_of(self, codes: Iterable[p.TalkCode]) -> tuple[SlotId, ...]:
        """Those of the talks that are slots already."""
        return tuple(SlotId(code) for code in codes if not code.startswith(NEW))


NEW = "new:"


def pose(schedule: Schedule, rules: Rules, frame: Frame) -> Posed:
    """The problem that a schedule poses. Cancelled sessions and marks without length stay out."""
    standing = _standing(schedule)
    fresh = [] if frame.mode is Mode.REPAIR else _unplaced(schedule, frame)
    pinned = {slot.id for slot, _ in standing if _stays(slot, frame)}
    free = [(slot.duration, session) for slot, session in standing if slot.id not in pinned]
    lengths = sorted({length for length, _ in free} | {length for _, length in fresh})
    raster = _timeslots(schedule.conference, [s for s, _ in standing], lengths, frame, rules)
    timeslots = _few_enough(raster, len(standing) + len(fresh), len(schedule.rooms))
    named = {_timeslot_id(slot.start, slot.duration): slot for slot, _ in standing}
    exact = {key: _exact(schedule.conference, slot, frame) for key, slot in named.items()}
    every: dict[str, p.Timeslot] = {slot.id: slot for slot in (*exact.values(), *timeslots)}
    before: dict[str, p.Place] = {
        slot.id: p.Place(timeslot=_timeslot_id(slot.start, slot.duration), room=slot.room)
        for slot, _ in standing
    }
    codes = _codes(standing, fresh)
    talks = [
        _talk(schedule, rules, frame, session, code, length, codes, before.get(code))
        for code, session, length in _items(standing, fresh)
    ]
    talks = [_pinned(talk, before) if SlotId(talk.code) in pinned else talk for talk in talks]
    slots = tuple(sorted(every.values(), key=lambda slot: (slot.start, slot.end)))
    problem = p.Problem(
        name=schedule.conference.title,
        talks=tuple(talks),
        timeslots=slots,
        rooms=tuple(_room(schedule, rules, frame, slots)),
        speakers=tuple(_speakers(schedule, rules, frame, slots)),
        rules=p.Rules(
            pause_minutes=_minutes(rules.pause),
            changeover_minutes=_minutes(rules.changeover),
            night=frame.night,
            breaks=tuple((span.start, span.end) for span in (*frame.breaks, *rules.breaks)),
            keynotes_alone=frame.keynotes_alone and not _have_company(talks, before, every),
            hours_per_day=frame.hours_per_day,
        ),
        weights=_weights(schedule, frame),
        together=_together(rules, codes),
    )
    return Posed(problem=problem, before=before, schedule=schedule)


def edits(
    posed: Posed, assignment: p.Assignment, *, new_slot: Rename | None = None
) -> tuple[Edit, ...]:
    """The edits that make the schedule what the assignment says; each may be done by itself.

    `new_slot` names the slot of a session that gets its first one.
    """
    name = new_slot or first_slot
    slots = {slot.id: slot for slot in posed.schedule.slots}
    times = {slot.id: slot for slot in posed.problem.timeslots}
    found: list[Edit] = []
    for talk in posed.problem.talks:
        place = assignment.get(talk.code)
        if place is None or place == posed.before.get(talk.code):
            continue
        timeslot = times[place.timeslot]
        at = Spot(
            room=posed.schedule.rooms[_room_index(posed, place.room)].id,
            start=timeslot.start,
            duration=timeslot.end - timeslot.start,
        )
        if talk.code.startswith(NEW):
            session = SessionId(talk.code.removeprefix(NEW))
            found.append(Place(slot=name(session), session=session, at=at))
        else:
            old = slots[SlotId(talk.code)]
            found.append(Move(slot=old.id, was=spot(old), to=at))
    return tuple(found)


def first_slot(session: SessionId) -> SlotId:
    """A slot's id for a session without one: a UUID, the same whoever asks."""
    return SlotId(str(uuid.uuid5(uuid.NAMESPACE_URL, f"slot of {session}")))


def _room_index(posed: Posed, name: str) -> int:
    return next(i for i, room in enumerate(posed.schedule.rooms) if room.id == name)


def _standing(schedule: Schedule) -> list[tuple[Slot, Session]]:
    sessions = {session.id: session for session in schedule.sessions}
    return [
        (slot, sessions[slot.session])
        for slot in schedule.slots
        if slot.duration > timedelta(0)
        and sessions[slot.session].state is not SessionState.CANCELLED
    ]


def _unplaced(schedule: Schedule, frame: Frame) -> list[tuple[Session, timedelta]]:
    placed = {slot.session for slot in schedule.slots}
    return [
        (session, session.duration if session.duration > timedelta(0) else frame.usual_length)
        for session in schedule.sessions
        if session.id not in placed and session.state is not SessionState.CANCELLED
    ]


def _stays(slot: Slot, frame: Frame) -> bool:
    return (
        frame.mode is Mode.COMPLETE
        or slot.id in frame.locked
        or (frame.line is not None and slot.start < frame.line)
        or (frame.only is not None and slot.id not in frame.only)
    )


def _items(
    standing: list[tuple[Slot, Session]], fresh: list[tuple[Session, timedelta]]
) -> Iterable[tuple[str, Session, timedelta]]:
    for slot, session in standing:
        yield slot.id, session, slot.duration
    for session, length in fresh:
        yield NEW + session.id, session, length


def _codes(
    standing: list[tuple[Slot, Session]], fresh: list[tuple[Session, timedelta]]
) -> dict[SessionId, list[str]]:
    found: dict[SessionId, list[str]] = {}
    for code, session, _ in _items(standing, fresh):
        found.setdefault(session.id, []).append(code)
    return found


def _timeslot_id(start: datetime, length: timedelta) -> str:
    return f"{start.isoformat()} {_minutes(length)}"


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds()) // 60


def _kind(length: timedelta) -> str:
    return f"{_minutes(length)} minutes"


def _timeslots(
    conference: Conference,
    standing: list[Slot],
    lengths: list[timedelta],
    frame: Frame,
    rules: Rules,
) -> list[tuple[int, p.Timeslot]]:
    """New timeslots, each with the coarsest raster (in minutes) on which its start lies."""
    step = _minutes(frame.step) if frame.step else _usual_step(conference, standing)
    found: dict[str, tuple[int, p.Timeslot]] = {}
    for hours in frame.hours or rules.hours or usual_hours(conference, standing):
        for start in _starts(conference, hours, step, frame.line):
            local = conference.local(start)
            coarse = max(
                (s for s in COARSE if (local.hour * 60 + local.minute) % s == 0), default=1
            )
            for length in lengths:
                if start + length <= hours.end:
                    slot = _timeslot(conference, start, length)
                    found[slot.id] = (coarse, slot)
    return list(found.values())


def _starts(
    conference: Conference, hours: Span, step: int, line: datetime | None
) -> Iterable[datetime]:
    start = conference.local(hours.start)
    late = (start.hour * 60 + start.minute) % step
    instant = hours.start + timedelta(minutes=(step - late) % step)
    while instant < hours.end:
        if line is None or instant >= line:
            yield instant
        instant += timedelta(minutes=step)


def _usual_step(conference: Conference, slots: list[Slot]) -> int:
    """The coarsest raster on which nine of ten present starts lie."""
    counts = Counter(conference.local(s.start).minute % 60 for s in slots)
    total = sum(counts.values())
    for step in STEPS if total else ():
        if sum(n for minute, n in counts.items() if minute % step == 0) >= 0.9 * total:
            return step
    return STEPS[-1] if total else STEPS[0]


def _timeslot(conference: Conference, start: datetime, length: timedelta) -> p.Timeslot:
    local = conference.local(start)
    part = "morning" if local.hour < 12 else "afternoon" if local.hour < 17 else "evening"
    on = conference.date_of(start)
    return p.Timeslot(
        id=_timeslot_id(start, length),
        start=start,
        end=start + length,
        date=on,
        kinds=frozenset({_kind(length)}),
        tags=frozenset({part, on.isoformat()}),
    )


def _exact(conference: Conference, slot: Slot, frame: Frame) -> p.Timeslot:
    """The timeslot in which a slot is now. It is open to others unless it lies in the past, or
    outside the hours that were asked for."""
    found = _timeslot(conference, slot.start, slot.duration)
    begun = frame.line is not None and slot.start < frame.line
    asked = frame.hours if frame.mode is not Mode.REPAIR else ()
    outside = asked and not any(h.start <= slot.start and slot.end <= h.end for h in asked)
    return replace(found, kinds=_NOBODYS) if begun or outside else found


_NOBODYS = frozenset({"what stays"})


def _few_enough(
    timeslots: list[tuple[int, p.Timeslot]], talks: int, rooms: int
) -> list[p.Timeslot]:
    """The timeslots, on a coarser raster where the tables would grow too large."""
    most = max(1, MOST_CELLS // max(1, talks * rooms))
    for least in COARSE:
        kept = [slot for coarse, slot in timeslots if coarse >= least or least == COARSE[0]]
        if len(kept) <= most:
            return kept
    return kept[:: -(-len(kept) // most)]


def _talk(
    schedule: Schedule,
    rules: Rules,
    frame: Frame,
    session: Session,
    code: str,
    length: timedelta,
    codes: Mapping[SessionId, list[str]],
    place: p.Place | None,
) -> p.Talk:
    ask = frame.sessions.get(session.id, _NOTHING)
    demand = rules.demand.get(session.id, 0)
    earlier = rules.earlier.get(session.id, ())
    return p.Talk(
        code=code,
        title=session.title,
        kind=_kind(length),
        speakers=tuple(session.speakers),
        themes=frozenset({session.track}) if session.track else p.NO_TAGS,
        sectors=ask.sectors,
        audiences=ask.audiences,
        level=ask.level,
        contents=ask.contents,
        language=session.language,
        times=ask.times,
        rooms=ask.rooms,
        exclusive=ask.exclusive,
        prerequisites=frozenset(codes[key][0] for key in earlier if key in codes),
        popularity=demand,
        demand=demand,
        crowd_risk=ask.crowd_risk,
        keynote=ask.keynote or session.kind.strip().lower() == KEYNOTE,
    )


_NOTHING = SessionAsk()
_NOBODY = SpeakerAsk()


def _have_company(
    talks: list[p.Talk], before: Mapping[str, p.Place], slots: Mapping[str, p.Timeslot]
) -> bool:
    """Whether something that stays runs beside a keynote that stays: then it is no rule here."""
    staying = [(talk, slots[talk.pin.timeslot]) for talk in talks if talk.pin is not None]
    if not staying:
        staying = [
            (talk, slots[before[talk.code].timeslot]) for talk in talks if talk.code in before
        ]
    return any(
        slot.start < other.end and other.start < slot.end
        for talk, slot in staying
        if talk.keynote
        for rival, other in staying
        if rival is not talk
    )


def _pinned(talk: p.Talk, before: Mapping[str, p.Place]) -> p.Talk:
    return replace(talk, pin=before[talk.code])


def _room(
    schedule: Schedule, rules: Rules, frame: Frame, slots: tuple[p.Timeslot, ...]
) -> Iterable[p.Room]:
    for room in schedule.rooms:
        closed = rules.closed_rooms.get(room.id, ())
        yield p.Room(
            name=room.id,
            label=room.name,
            capacity=room.capacity or 0,
            tags=frame.room_tags.get(room.id, p.NO_TAGS),
            unavailable=_touched(slots, closed),
        )


def _touched(slots: tuple[p.Timeslot, ...], spans: tuple[Span, ...]) -> frozenset[str]:
    return frozenset(
        slot.id
        for span in spans
        for slot in slots
        if slot.start < span.end and span.start < slot.end
    )


def _speakers(
    schedule: Schedule, rules: Rules, frame: Frame, slots: tuple[p.Timeslot, ...]
) -> Iterable[p.Speaker]:
    for person in schedule.speakers:
        ask = frame.speakers.get(person.id, _NOBODY)
        yield p.Speaker(
            name=person.id,
            label=person.name,
            unavailable=_touched(slots, rules.absent_speakers.get(person.id, ())),
            times=ask.times,
            rooms=ask.rooms,
            zone=ask.zone or rules.homes.get(person.id, ""),
            any_hour=ask.any_hour,
        )


def _weights(schedule: Schedule, frame: Frame) -> dict[str, int]:
    """The frame's, without what the programme has no facts for."""
    weights = dict(frame.weights)
    if any(room.capacity is None for room in schedule.rooms):
        weights[c.POPULAR] = 0
    return weights


def _together(rules: Rules, codes: Mapping[SessionId, list[str]]) -> dict[tuple[str, str], int]:
    """Only sessions that take place once: who misses one of several can see another."""
    found = {}
    for (one, two), people in rules.wanted_together.items():
        if len(codes.get(one, ())) == 1 == len(codes.get(two, ())):
            low, high = sorted((codes[one][0], codes[two][0]))
            found[low, high] = people
    return found
