"""What is looked at for each room, person and session of a schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agenda import rule_checks
from agenda.finding import Finding, Severity, overlapping, person_key
from agenda.model import (
    Conference,
    Room,
    RoomId,
    Schedule,
    Session,
    SessionId,
    SessionState,
    Slot,
)
from agenda.rules import Rules

MOST_OVERLAPS = 1000
"""So many overlaps of one room or person are named one by one; the rest are counted."""

Subject = tuple[str, str]
"""What a finding depends on: one room, one person (by name), or one session."""


@dataclass(frozen=True, slots=True)
class Index:
    """A schedule's slots by what they share."""

    schedule: Schedule
    rooms: Mapping[RoomId, Room]
    sessions: Mapping[SessionId, Session]
    people: Mapping[SessionId, tuple[str, ...]]
    by_subject: Mapping[Subject, Sequence[Slot]]
    ground: rule_checks.Ground


def indexed(schedule: Schedule, rules: Rules) -> Index:
    """The index of a schedule. Cancelled sessions are in nobody's way: they have slots, no rooms."""
    names = {p.id: person_key(p) for p in schedule.speakers}
    people = {s.id: tuple({names[p]: None for p in s.speakers}) for s in schedule.sessions}
    sessions = {s.id: s for s in schedule.sessions}
    standing: dict[SessionId, list[Slot]] = {}
    by_subject: dict[Subject, list[Slot]] = {("session", s.id): [] for s in schedule.sessions}
    for slot in schedule.slots:
        by_subject["session", slot.session].append(slot)
        if sessions[slot.session].state is SessionState.CANCELLED:
            continue
        standing.setdefault(slot.session, []).append(slot)
        by_subject.setdefault(("room", slot.room), []).append(slot)
        for person in people[slot.session]:
            by_subject.setdefault(("person", person), []).append(slot)
    rooms = {r.id: r for r in schedule.rooms}
    speakers = {p.id: p for p in schedule.speakers}
    ground = rule_checks.Ground(
        schedule.conference,
        rules,
        rooms,
        speakers,
        sessions,
        standing,
        rule_checks.partners(rules),
    )
    return Index(schedule, rooms, sessions, people, by_subject, ground)


def look_at(subject: Subject, index: Index) -> tuple[Finding, ...]:
    kind, key = subject
    slots = index.by_subject.get(subject)
    if slots is None:
        return ()
    return tuple(_LOOKS[kind](key, slots, index))


def _look_at_room(key: str, slots: Sequence[Slot], index: Index) -> Iterator[Finding]:
    room = index.rooms[RoomId(key)]
    if room.name:
        yield from _overlaps(
            slots,
            index,
            code="room_overlap",
            template="“{first}” and “{second}” are both in {place} at {time}.",
            place=room.name,
        )
        yield from rule_checks.of_room(slots, index.ground)
        return
    for slot in slots:
        yield _about_slot(
            slot,
            index,
            code="no_room",
            severity=Severity.MUST,
            template="“{title}” has a time but no room.",
            cure="choose_room",
        )


def _look_at_person(key: str, slots: Sequence[Slot], index: Index) -> Iterator[Finding]:
    if len(slots) > 1:
        yield from _overlaps(
            slots,
            index,
            code="speaker_clash",
            template="{place} speaks in “{first}” and in “{second}” at {time}.",
            place=key,
        )
        yield from rule_checks.of_person(key, slots, index.ground)


def _overlaps(
    slots: Sequence[Slot], index: Index, *, code: str, template: str, place: str
) -> Iterator[Finding]:
    surplus = 0
    for count, (first, second) in enumerate(overlapping(slots)):
        if count >= MOST_OVERLAPS:
            surplus = 1
            break
        yield Finding(
            code=code,
            severity=Severity.MUST,
            template=template,
            facts={
                "first": index.sessions[first.session].title,
                "second": index.sessions[second.session].title,
                "place": place,
                "time": _when(index.schedule.conference, second.start),
            },
            slots=(first.id, second.id),
            cure="move",
        )
    if surplus:
        yield Finding(
            code=f"more_{code}",
            severity=Severity.MUST,
            template="{place} has more than {count} overlaps; the others are not listed.",
            facts={"place": place, "count": MOST_OVERLAPS},
            cure="move",
        )


def _look_at_session(key: str, slots: Sequence[Slot], index: Index) -> Iterator[Finding]:
    session = index.sessions[SessionId(key)]
    if session.state is SessionState.CANCELLED:
        return
    for applies, code, severity, template, cure in _SESSION_RULES:
        if applies(session, slots):
            yield Finding(
                code=code,
                severity=severity,
                template=template,
                facts={"title": session.title},
                slots=tuple(slot.id for slot in slots),
                session=session.id,
                cure=cure,
            )
    for slot in slots:
        yield from _look_at_slot(slot, index)
    yield from rule_checks.of_session(session, slots, index.ground)


def _look_at_slot(slot: Slot, index: Index) -> Iterator[Finding]:
    conference = index.schedule.conference
    if slot.duration <= timedelta(0):
        negative = slot.duration < timedelta(0)
        yield _about_slot(
            slot,
            index,
            code="negative_length" if negative else "zero_length",
            severity=Severity.MUST if negative else Severity.NOTE,
            template="“{title}” ends before it starts, at {time}."
            if negative
            else "“{title}” at {time} has no length.",
            cure="lengthen",
        )
    hours = index.ground.rules.hours or conference.days
    if not any(span.start <= slot.start and slot.end <= span.end for span in hours):
        yield _about_slot(
            slot,
            index,
            code="outside_days",
            severity=Severity.SHOULD,
            template="“{title}” at {time} lies outside the conference's hours.",
            cure="move",
        )
    local = conference.local(slot.start)
    offset = local.utcoffset()
    if local.replace(fold=1).utcoffset() != local.replace(fold=0).utcoffset():
        yield _about_slot(
            slot,
            index,
            code="clock_twice",
            severity=Severity.SHOULD,
            template="“{title}” starts at {time}, which the clocks show twice that night.",
            cure="move",
        )
    if slot.duration > timedelta(0) and offset != conference.local(slot.end).utcoffset():
        yield _about_slot(
            slot,
            index,
            code="clock_change",
            severity=Severity.SHOULD,
            template="The clocks change while “{title}” runs, from {time}.",
            cure="move",
        )


def _about_slot(
    slot: Slot, index: Index, *, code: str, severity: Severity, template: str, cure: str
) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        template=template,
        facts={
            "title": index.sessions[slot.session].title,
            "time": _when(index.schedule.conference, slot.start),
        },
        slots=(slot.id,),
        session=slot.session,
        cure=cure,
    )


def _when(conference: Conference, instant: datetime) -> str:
    return f"{conference.local(instant):%Y-%m-%d %H:%M}"


_LOOKS: Mapping[str, Callable[[str, Sequence[Slot], Index], Iterator[Finding]]] = {
    "room": _look_at_room,
    "person": _look_at_person,
    "session": _look_at_session,
}

_SessionRule = tuple[Callable[[Session, Sequence[Slot]], bool], str, Severity, str, str]

_SESSION_RULES: tuple[_SessionRule, ...] = (
    (
        lambda session, slots: not slots,
        "unplaced",
        Severity.SHOULD,
        "“{title}” has no place in the schedule yet.",
        "place",
    ),
    (
        lambda session, slots: not session.speakers,
        "no_speaker",
        Severity.NOTE,
        "“{title}” has no speaker.",
        "add_speaker",
    ),
    (
        lambda session, slots: not session.title,
        "no_title",
        Severity.SHOULD,
        "A session has no title.",
        "name",
    ),
    (
        lambda session, slots: (
            bool(slots) and session.state in (SessionState.DRAFT, SessionState.ACCEPTED)
        ),
        "unconfirmed",
        Severity.SHOULD,
        "“{title}” is in the schedule, but not confirmed.",
        "confirm",
    ),
)
