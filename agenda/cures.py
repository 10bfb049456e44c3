"""The edit that would cure a finding, in words and as a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from agenda.edits import Edit, Move, Place, Resize, Spot, spot
from agenda.finding import Finding
from agenda.model import RoomId, Schedule, Session, SessionId, Slot, SlotId
from agenda.openings import Window, home_rooms, openings
from agenda.rules import Rules

OTHER_ROOM = timedelta(minutes=25)
"""Another room is as unwelcome as so much time."""

USUAL_LENGTH = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cure:
    """What would help. `template` with its `facts` is a sentence that asks to do it.

    `edit` does it; it is None where something other than the schedule has to change: then `action`
    (`confirm`, `name`, `add_speaker`) says what, for the session of the finding.
    """

    action: str
    template: str
    facts: Mapping[str, str | int] = field(default_factory=dict, hash=False)
    edit: Edit | None = None

    @property
    def sentence(self) -> str:
        return self.template.format(**self.facts)


NewSlot = Callable[[SessionId], SlotId]


def cure(
    finding: Finding,
    schedule: Schedule,
    rules: Rules,
    *,
    new_slot: NewSlot,
    locked: frozenset[SlotId] = frozenset(),
    line: datetime | None = None,
) -> Cure | None:
    """The smallest edit that would cure a finding; None where the schedule offers none.

    Locked slots, and those before `line`, stay. `new_slot` names the slot of a session that gets
    one.
    """
    if finding.cure in _WORDS:
        return Cure(action=finding.cure, template=_WORDS[finding.cure])
    ward = _Ward(schedule, rules, locked, line)
    if finding.cure == "place":
        return _place(finding, ward, new_slot)
    treat = _TREATMENTS.get(finding.cure)
    if treat is None:
        return None
    return next((found for slot in ward.movable(finding) if (found := treat(slot, ward))), None)


_WORDS = {
    "confirm": "Confirm the session.",
    "name": "Give the session a title.",
    "add_speaker": "Name a speaker.",
}


@dataclass(frozen=True, slots=True)
class _Ward:
    schedule: Schedule
    rules: Rules
    locked: frozenset[SlotId]
    line: datetime | None

    def movable(self, finding: Finding) -> Iterator[Slot]:
        """The finding's slots that may be touched, the later named first."""
        slots = {slot.id: slot for slot in self.schedule.slots}
        for key in reversed(finding.slots):
            slot = slots.get(key)
            if slot is None or key in self.locked:
                continue
            if self.line is None or slot.start >= self.line:
                yield slot

    def windows(self, session: SessionId, length: timedelta, without: SlotId | None) -> _Windows:
        return openings(self.schedule, self.rules, session, length, without=without, line=self.line)

    def session(self, key: SessionId) -> Session:
        return next(s for s in self.schedule.sessions if s.id == key)

    def facts(self, session: SessionId, at: Spot) -> dict[str, str | int]:
        room = next(r for r in self.schedule.rooms if r.id == at.room)
        return {
            "title": self.session(session).title,
            "place": room.name,
            "time": f"{self.schedule.conference.local(at.start):%Y-%m-%d %H:%M}",
        }


_Windows = Mapping[RoomId, tuple[Window, ...]]


def _move(slot: Slot, ward: _Ward) -> Cure | None:
    """To the nearest free place, where another room counts as much as some time."""
    if slot.duration <= timedelta(0):
        return None
    windows = ward.windows(slot.session, slot.duration, slot.id)
    options = [
        (abs(start - slot.start) + (OTHER_ROOM if room != slot.room else timedelta(0)), room, start)
        for room, start in _starts(windows, slot.start)
        if (room, start) != (slot.room, slot.start)
    ]
    return _moved(slot, ward, min(options)[1:]) if options else None


def _choose_room(slot: Slot, ward: _Ward) -> Cure | None:
    """At the same time, in the smallest room that is large enough, else wherever is room."""
    demand = ward.rules.demand.get(slot.session, 0)
    windows = ward.windows(slot.session, max(slot.duration, timedelta(minutes=1)), slot.id)
    seats = {room.id: room.capacity for room in ward.schedule.rooms}
    options = [
        room
        for room, start in _starts(windows, slot.start)
        if start == slot.start and room != slot.room and _holds(seats[room], demand)
    ]
    if not options:
        return _move(slot, ward) if not demand else None
    best = min(options, key=lambda room: (seats[room] is None, seats[room] or 0, room))
    return _moved(slot, ward, (best, slot.start))


def _holds(seats: int | None, demand: int) -> bool:
    return seats is None or seats >= demand


def _moved(slot: Slot, ward: _Ward, to: tuple[RoomId, datetime]) -> Cure:
    at = replace(spot(slot), room=to[0], start=to[1])
    return Cure(
        action="move",
        template="Move “{title}” to {place}, {time}.",
        facts=ward.facts(slot.session, at),
        edit=Move(slot=slot.id, was=spot(slot), to=at),
    )


def _lengthen(slot: Slot, ward: _Ward) -> Cure:
    asked = ward.session(slot.session).duration
    to = asked if asked > timedelta(0) else USUAL_LENGTH
    return Cure(
        action="lengthen",
        template="Give “{title}” {minutes} minutes.",
        facts={
            "title": ward.session(slot.session).title,
            "minutes": int(to.total_seconds()) // 60,
        },
        edit=Resize(slot=slot.id, was=slot.duration, to=to),
    )


_TREATMENTS: Mapping[str, Callable[[Slot, _Ward], Cure | None]] = {
    "move": _move,
    "choose_room": _choose_room,
    "lengthen": _lengthen,
}


def _place(finding: Finding, ward: _Ward, new_slot: NewSlot) -> Cure | None:
    """As early as can be, in the room of its track if there is room in it at all."""
    if finding.session is None:
        return None
    session = ward.session(finding.session)
    length = session.duration if session.duration > timedelta(0) else USUAL_LENGTH
    windows = ward.windows(session.id, length, None)
    home = home_rooms(ward.schedule).get(session.id)
    options = [(r != home, span[0].first, r) for r, span in windows.items() if span]
    if not options:
        return None
    _, start, room = min(options)
    at = Spot(room=room, start=start, duration=length)
    return Cure(
        action="place",
        template="Place “{title}” in {place}, {time}.",
        facts=ward.facts(session.id, at),
        edit=Place(slot=new_slot(session.id), session=session.id, at=at),
    )


def _starts(windows: _Windows, near: datetime) -> Iterable[tuple[RoomId, datetime]]:
    for room, spans in windows.items():
        for window in spans:
            yield room, window.nearest(near)
