"""Every conflict and warning of a schedule, as values that a person can act on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from heapq import heappop, heappush

from agenda.model import (
    Conference,
    Room,
    RoomId,
    Schedule,
    Session,
    SessionId,
    SessionState,
    Slot,
    SlotId,
    Speaker,
)

MOST_OVERLAPS = 1000
"""So many overlaps of one room or person are named one by one; the rest are counted."""


class Severity(StrEnum):
    """`must` breaks the conference, `should` hurts somebody, `note` is good to know."""

    MUST = "must"
    SHOULD = "should"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that an organizer should know.

    `template` is a fixed English sentence whose {names} are the keys of `facts`, so that it can be
    translated; `cure` is the verb of the edit that would help; `slots` are those concerned, and
    `session` is named where no slot is.
    """

    code: str
    severity: Severity
    template: str
    facts: Mapping[str, str | int] = field(default_factory=dict, hash=False)
    slots: tuple[SlotId, ...] = ()
    session: SessionId | None = None
    cure: str = ""

    @property
    def message(self) -> str:
        return self.template.format(**self.facts)


Subject = tuple[str, str]
"""What a finding depends on: one room, one person (by name), or one session."""


def scan(schedule: Schedule) -> tuple[Finding, ...]:
    """Everything that is wrong with a schedule, gravest first."""
    return examine(schedule).findings()


def overlapping(slots: Iterable[Slot]) -> Iterator[tuple[Slot, Slot]]:
    """Every pair of slots that share an instant, earlier start first, by one sweep.

    Slots of zero or negative length share none.
    """
    lasting = sorted((s for s in slots if s.duration > timedelta(0)), key=lambda s: (s.start, s.id))
    running: list[tuple[datetime, SlotId, Slot]] = []
    for slot in lasting:
        while running and running[0][0] <= slot.start:
            heappop(running)
        for _, _, other in sorted(running, key=lambda entry: (entry[2].start, entry[1])):
            yield other, slot
        heappush(running, (slot.end, slot.id, slot))


def person_key(speaker: Speaker) -> str:
    """By what a person is known when double booking is looked for: the name, as people write it."""
    return speaker.name.strip() or speaker.id


@dataclass(frozen=True, slots=True)
class _Index:
    """A schedule's slots by what they share."""

    schedule: Schedule
    rooms: Mapping[RoomId, Room]
    sessions: Mapping[SessionId, Session]
    people: Mapping[SessionId, tuple[str, ...]]
    slots_of: Mapping[SessionId, Sequence[Slot]]
    by_subject: Mapping[Subject, Sequence[Slot]]


@dataclass(frozen=True, slots=True)
class Examination:
    """The findings of one schedule, kept by what each depends on, so that an edit costs little."""

    index: _Index
    held: Mapping[Subject, tuple[Finding, ...]]

    def findings(self) -> tuple[Finding, ...]:
        """All of them, gravest first, then in the order of the programme."""
        found = [finding for group in self.held.values() for finding in group]
        return tuple(sorted(found, key=_gravity))

    def after(self, schedule: Schedule) -> Examination:
        """The examination of an edited schedule; only what the edit touched is looked at again."""
        index = _indexed(schedule)
        before = self.index
        if before.schedule.conference != schedule.conference or before.rooms != index.rooms:
            return examine(schedule)
        held = dict(self.held)
        for subject in _touched(before, index):
            found = _look_at(subject, index)
            if found:
                held[subject] = found
            else:
                held.pop(subject, None)
        return Examination(index, held)


def examine(schedule: Schedule) -> Examination:
    """The whole examination of a schedule."""
    index = _indexed(schedule)
    held: dict[Subject, tuple[Finding, ...]] = {}
    for subject in index.by_subject:
        found = _look_at(subject, index)
        if found:
            held[subject] = found
    return Examination(index, held)


def _indexed(schedule: Schedule) -> _Index:
    names = {p.id: person_key(p) for p in schedule.speakers}
    people = {s.id: tuple({names[p]: None for p in s.speakers}) for s in schedule.sessions}
    sessions = {s.id: s for s in schedule.sessions}
    slots_of: dict[SessionId, list[Slot]] = {s.id: [] for s in schedule.sessions}
    by_subject: dict[Subject, list[Slot]] = {("session", s.id): [] for s in schedule.sessions}
    for slot in schedule.slots:
        slots_of[slot.session].append(slot)
        by_subject["session", slot.session].append(slot)
        if sessions[slot.session].state is SessionState.CANCELLED:
            continue
        by_subject.setdefault(("room", slot.room), []).append(slot)
        for person in people[slot.session]:
            by_subject.setdefault(("person", person), []).append(slot)
    rooms = {r.id: r for r in schedule.rooms}
    return _Index(schedule, rooms, sessions, people, slots_of, by_subject)


def _touched(before: _Index, after: _Index) -> Iterator[Subject]:
    """The subjects whose slots, or whose slots' sessions, are not what they were."""
    changed = {
        key
        for key in before.sessions.keys() | after.sessions.keys()
        if before.sessions.get(key) != after.sessions.get(key)
        or before.people.get(key) != after.people.get(key)
    }
    for subject in before.by_subject.keys() | after.by_subject.keys():
        old, new = before.by_subject.get(subject), after.by_subject.get(subject)
        if (
            old != new
            or (subject[0] == "session" and subject[1] in changed)
            or (changed and new and any(slot.session in changed for slot in new))
        ):
            yield subject


def _look_at(subject: Subject, index: _Index) -> tuple[Finding, ...]:
    kind, key = subject
    slots = index.by_subject.get(subject)
    if slots is None:
        return ()
    return tuple(_LOOKS[kind](key, slots, index))


def _look_at_room(key: str, slots: Sequence[Slot], index: _Index) -> Iterator[Finding]:
    room = index.rooms[RoomId(key)]
    if room.name:
        yield from _overlaps(
            slots,
            index,
            code="room_overlap",
            template="“{first}” and “{second}” are both in {place} at {time}.",
            place=room.name,
        )
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


def _look_at_person(key: str, slots: Sequence[Slot], index: _Index) -> Iterator[Finding]:
    if len(slots) > 1:
        yield from _overlaps(
            slots,
            index,
            code="speaker_clash",
            template="{place} speaks in “{first}” and in “{second}” at {time}.",
            place=key,
        )


def _overlaps(
    slots: Sequence[Slot], index: _Index, *, code: str, template: str, place: str
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


def _look_at_session(key: str, slots: Sequence[Slot], index: _Index) -> Iterator[Finding]:
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


def _look_at_slot(slot: Slot, index: _Index) -> Iterator[Finding]:
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
    if not any(day.start <= slot.start and slot.end <= day.end for day in conference.days):
        yield _about_slot(
            slot,
            index,
            code="outside_days",
            severity=Severity.SHOULD,
            template="“{title}” at {time} lies outside the conference's hours.",
            cure="move",
        )
    offset = conference.local(slot.start).utcoffset()
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
    slot: Slot, index: _Index, *, code: str, severity: Severity, template: str, cure: str
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


def _gravity(finding: Finding) -> tuple[int, str, tuple[SlotId, ...], str]:
    return _ORDER[finding.severity], finding.code, finding.slots, finding.session or ""


_ORDER = {severity: rank for rank, severity in enumerate(Severity)}

_LOOKS: Mapping[str, Callable[[str, Sequence[Slot], _Index], Iterator[Finding]]] = {
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
