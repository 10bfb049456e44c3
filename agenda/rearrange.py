"""Rearrangements of many slots at once, as edits: parting and joining sessions, merging days."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from agenda.edits import (
    Edit,
    EditRefused,
    Move,
    NoLength,
    Place,
    Resize,
    Together,
    Unschedule,
    spot,
)
from agenda.errors import AgendaError
from agenda.model import Conference, Schedule, Slot, SlotId
from agenda.zones import resolve


class NotTheSame(EditRefused):
    """Two slots that are to be joined belong to different sessions."""

    def __init__(self, slot: SlotId) -> None:
        super().__init__(slot, f"slot {slot} is of another session")


class NothingThere(AgendaError):
    """A day on which nothing is placed, or that is the day itself."""


def split(slot: Slot, at: datetime, new: SlotId, *, pause: timedelta = timedelta(0)) -> Together:
    """Part a slot at an instant: the rest, a slot of its own, follows after a pause.

    Together both parts last as long as the whole did. Raises NoLength where a part would be empty.
    """
    first, second = at - slot.start, slot.end - at
    if first <= timedelta(0) or second <= timedelta(0) or pause < timedelta(0):
        raise NoLength(slot.id)
    rest = replace(spot(slot), start=at + pause, duration=second)
    return Together(
        edits=(
            Resize(slot=slot.id, was=slot.duration, to=first),
            Place(slot=new, session=slot.session, at=rest),
        )
    )


def join(first: Slot, second: Slot) -> Together:
    """One slot, where the earlier starts, as long as both. Raises NotTheSame."""
    if first.session != second.session:
        raise NotTheSame(second.id)
    kept, gone = sorted((first, second), key=lambda slot: (slot.start, slot.id))
    return Together(
        edits=(
            Unschedule(slot=gone.id, session=gone.session, was=spot(gone)),
            Resize(slot=kept.id, was=kept.duration, to=kept.duration + gone.duration),
        )
    )


def merge_days(
    schedule: Schedule, day: date, into: date, *, locked: Collection[SlotId] = ()
) -> Together:
    """Take everything of one conference day to another, at the same times on the conference's clock.

    Locked slots stay. Overlaps are not avoided: findings name them, a repair cures them. Raises
    NothingThere.
    """
    conference = schedule.conference
    moving = [
        slot
        for slot in schedule.slots
        if conference.date_of(slot.start) == day and slot.id not in locked
    ]
    if not moving or day == into:
        raise NothingThere("There is nothing on that day to be taken to another.")
    edits: list[Edit] = []
    for slot in moving:
        start = _on_another_day(conference, slot.start, into - day)
        edits.append(Move(slot=slot.id, was=spot(slot), to=replace(spot(slot), start=start)))
    return Together(edits=tuple(edits))


def _on_another_day(conference: Conference, instant: datetime, by: timedelta) -> datetime:
    """The same time of the clock so many days later; one that the clocks skip, just after."""
    local = conference.local(instant).replace(tzinfo=None) + by
    return resolve(local, conference.tz)[0].astimezone(UTC)
