"""What the demo says of the hours before it began: doors that opened, people who came and went.

Pure, and the same for the same seed. Rows made from it say that they are invented: their node is
HISTORY, and their uid begins with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from agenda.doors import Change, Phase, Plan
from agenda.model import RoomId, Slot, SlotId

HISTORY = "demo-history"

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A phase change that took place `late` after it was due."""

    change: Change
    late: timedelta

    @property
    def at(self) -> datetime:
        return self.change.due + self.late


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One person in one room, from `joined` to `left` (aware UTC)."""

    person: str
    room: RoomId
    joined: datetime
    left: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """One slot's time on stage."""

    slot: SlotId
    room: RoomId
    began: datetime
    ended: datetime


def happened(plan: Plan, now: datetime, chance: Random) -> tuple[Happened, ...]:
    """Every change that was due before `now`, a few milliseconds late, as a good stagehand is."""
    return tuple(
        Happened(change=change, late=min(_lateness(chance), now - change.due))
        for change in plan.due(now)
    )


def appearances(past: Sequence[Happened]) -> tuple[Appearance, ...]:
    """Who was on stage from when to when, of the slots that are over."""
    live: dict[SlotId, Happened] = {}
    found = []
    for one in past:
        slot = one.change.slot
        if one.change.phase is Phase.LIVE:
            live[slot] = one
        elif one.change.phase is Phase.ENDED and slot in live:
            found.append(
                Appearance(slot=slot, room=one.change.room, began=live[slot].at, ended=one.at)
            )
    return tuple(found)


def stays(
    begun: Sequence[Slot], people: Sequence[str], now: datetime, chance: Random
) -> tuple[Stay, ...]:
    """How people walked through the sessions that are over; nobody is in two rooms at once.

    `begun` holds those that still run, too: whoever chose one of them is not told of any more,
    because who is there now is for the media node to say.
    """
    if not begun:
        return ()
    ordered = sorted(begun, key=lambda slot: (slot.start, slot.id))
    pull = _pull(ordered, chance)
    return tuple(stay for person in people for stay in _walk(person, ordered, pull, now, chance))


def _lateness(chance: Random) -> timedelta:
    usual = chance.gauss(38, 14)
    return timedelta(milliseconds=max(4.0, usual if chance.random() < 0.97 else usual * 6))


def _pull(begun: Sequence[Slot], chance: Random) -> Mapping[SlotId, float]:
    """How attractive each slot is: some rooms are larger, some sessions are better."""
    rooms: dict[RoomId, float] = {}
    for slot in begun:
        rooms.setdefault(slot.room, 0.4 + chance.random() ** 2)
    return {slot.id: rooms[slot.room] * (0.3 + chance.random()) for slot in begun}


def _walk(
    person: str,
    begun: Sequence[Slot],
    pull: Mapping[SlotId, float],
    now: datetime,
    chance: Random,
) -> Iterator[Stay]:
    at = begun[0].start + chance.choice((0, 0, 0, 25, 60, 90)) * _MINUTE
    while at < now:
        open_now = [s for s in begun if s.start <= at + 8 * _MINUTE and s.end > at + 5 * _MINUTE]
        if not open_now or chance.random() < 0.12:
            at += 15 * _MINUTE
            continue
        (slot,) = chance.choices(open_now, [pull[s.id] for s in open_now])
        if slot.end > now:
            return
        joined = max(at, slot.start - chance.uniform(0, 6) * _MINUTE)
        left = min(_leaving(slot, joined, chance), now)
        yield Stay(person=person, room=slot.room, joined=joined, left=left)
        at = left + chance.uniform(0.2, 4) * _MINUTE


def _leaving(slot: Slot, joined: datetime, chance: Random) -> datetime:
    if chance.random() < 0.2:
        return joined + (slot.end - joined) * chance.uniform(0.25, 0.8)
    return slot.end + chance.uniform(-0.5, 1.0) * _MINUTE
