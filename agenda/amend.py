"""What a producer changes in a released schedule while it runs: delays, rooms, cancellations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from agenda.delays import delayed, ripple
from agenda.errors import AgendaError
from agenda.finding import Finding
from agenda.findings import scan
from agenda.model import RoomId, Schedule, SessionState, Slot, SlotId
from agenda.rules import Rules


class NotAmended(AgendaError):
    """What was asked for changes nothing, or concerns what is not there; the text says so."""


def delay(
    schedule: Schedule, slot: SlotId, by: timedelta, *, changeover: timedelta = timedelta(0)
) -> Schedule:
    """The slot starts later, and those after it in its room as far as it pushes them."""
    _slot(schedule, slot)
    if by <= timedelta(0):
        raise NotAmended("A delay is a minute at least.")
    shifts = ripple(_standing(schedule), slot, by, changeover=changeover)
    return replace(schedule, slots=delayed(schedule.slots, shifts))


def change_room(schedule: Schedule, slot: SlotId, room: RoomId) -> Schedule:
    """The slot takes place in another room; what it would meet there takes its room instead."""
    moving = _slot(schedule, slot)
    if room == moving.room:
        raise NotAmended("It is in that room already.")
    if all(other.id != room for other in schedule.rooms):
        raise NotAmended("There is no such room.")
    met = {
        other.id
        for other in _standing(schedule)
        if other.room == room and other.start < moving.end and moving.start < other.end
    }
    return replace(
        schedule,
        slots=tuple(
            replace(s, room=room)
            if s.id == slot
            else replace(s, room=moving.room)
            if s.id in met
            else s
            for s in schedule.slots
        ),
    )


def cancel(schedule: Schedule, slot: SlotId) -> Schedule:
    """The slot does not take place. Its session is cancelled; where it takes place more than once,
    only this time is left out."""
    falling = _slot(schedule, slot)
    if sum(other.session == falling.session for other in schedule.slots) > 1:
        return replace(schedule, slots=tuple(s for s in schedule.slots if s.id != slot))
    return replace(
        schedule,
        sessions=tuple(
            replace(s, state=SessionState.CANCELLED) if s.id == falling.session else s
            for s in schedule.sessions
        ),
    )


def new_findings(before: Schedule, after: Schedule, rules: Rules) -> tuple[Finding, ...]:
    """What is wrong with the later schedule that was not with the earlier one, gravest first."""
    known = {_same(finding) for finding in scan(before, rules)}
    return tuple(finding for finding in scan(after, rules) if _same(finding) not in known)


def _same(finding: Finding) -> tuple[str, frozenset[SlotId], str]:
    return finding.code, frozenset(finding.slots), finding.session or ""


def _slot(schedule: Schedule, key: SlotId) -> Slot:
    found = next((slot for slot in _standing(schedule) if slot.id == key), None)
    if found is None:
        raise NotAmended("It is in the schedule no more.")
    return found


def _standing(schedule: Schedule) -> list[Slot]:
    """The slots that take place."""
    fallen = {s.id for s in schedule.sessions if s.state is SessionState.CANCELLED}
    return [slot for slot in schedule.slots if slot.session not in fallen]
