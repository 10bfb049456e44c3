"""A delay and its ripple: who has to start later, until a gap takes it up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agenda.model import Slot, SlotId


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One slot that starts later than planned. Instants are aware UTC."""

    slot: SlotId
    before: datetime
    after: datetime


def ripple(
    slots: Iterable[Slot], slot: SlotId, by: timedelta, *, changeover: timedelta = timedelta(0)
) -> tuple[Shift, ...]:
    """The shifts that a delay of one slot brings about in its room, in order of the programme.

    A later slot moves only as far as the one before it makes it, leaving `changeover` between them
    or the gap that was planned, if that is shorter, and never further than the delay itself: slots
    that overlapped before go on doing so. Those that overlapped the first, and marks, stay. Raises KeyError for an unknown slot, ValueError for a delay that is none.
    """
    if by <= timedelta(0):
        raise ValueError("a delay is longer than nothing")
    known = {held.id: held for held in slots}
    first = known[slot]
    later = sorted((s for s in known.values() if _follows(s, first)), key=lambda s: (s.start, s.id))
    shifts = [Shift(slot=slot, before=first.start, after=first.start + by)]
    planned_end, free_from = first.end, first.end + by
    for held in later:
        gap = min(changeover, max(held.start - planned_end, timedelta(0)))
        start = min(max(held.start, free_from + gap), held.start + by)
        if start == held.start:
            break
        shifts.append(Shift(slot=held.id, before=held.start, after=start))
        planned_end = max(planned_end, held.end)
        free_from = max(free_from, start + held.duration)
    return tuple(shifts)


def delayed(slots: Iterable[Slot], shifts: Iterable[Shift]) -> tuple[Slot, ...]:
    """The slots with these shifts done. The doors' plan of a delayed programme is the plan of these."""
    to = {shift.slot: shift.after for shift in shifts}
    held: Sequence[Slot] = tuple(slots)
    return tuple(replace(s, start=to[s.id]) if s.id in to else s for s in held)


def _follows(slot: Slot, first: Slot) -> bool:
    return slot.room == first.room and slot.duration > timedelta(0) and slot.start >= first.end
