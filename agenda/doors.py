"""When each slot's green room and doors open, when it goes live and ends: a plan, without a clock.

The rules, in the order in which they win:

- A slot moves `upcoming → green_room → doors → live → ended → archived`, or to `cancelled` from any
  phase before live. It may jump forward, and never goes back.
- In one room at most one slot is live. A slot that is due to go live ends the live one of earlier
  start, unless that one is held, or extended and not past its extended end: then the later waits,
  and goes live when the room is free. Of slots that start together, the one with the greatest id
  goes live. Whoever has to give way ends.
- A producer's “live” and “end” are done at their instant, whatever else holds; so is opening the
  green room or the doors by hand. What was opened is closed by ending or cancelling it.
- “Back to automatic” lets go of a hold and takes extensions back: from then on the slot runs, and
  ends, as if nobody had asked for either.
- A hold keeps a slot in its present phase, but not past its end plus the overrun limit.
- Where the stage does not go live by itself, the slot still ends by its end plus the overrun limit.
- A slot of zero or negative length is a mark in the programme: it is ended at its start, opens
  nothing, displaces nothing, and can only be cancelled.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from agenda.courses import Course, run_room
from agenda.model import RoomId, Slot, SlotId
from agenda.phases import (
    RANK,
    Change,
    DoorPolicies,
    DoorPolicy,
    Override,
    OverrideKind,
    Phase,
)

__all__ = [
    "RANK",
    "Change",
    "DoorPolicies",
    "DoorPolicy",
    "Override",
    "OverrideKind",
    "Phase",
    "Plan",
    "plan",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every change of every slot, in order. At one instant, slots leave a stage before others enter."""

    slots: tuple[SlotId, ...]
    changes: tuple[Change, ...]
    rooms: Mapping[SlotId, RoomId] = field(default_factory=dict, hash=False)

    def due(self, now: datetime) -> tuple[Change, ...]:
        """The changes that are due at `now`, oldest first."""
        return self.changes[: bisect_right(self.changes, now, key=_due_of)]

    def phases(self, now: datetime) -> dict[SlotId, Phase]:
        """Where every slot should be at `now`."""
        standing = dict.fromkeys(self.slots, Phase.UPCOMING)
        standing.update((change.slot, change.phase) for change in self.due(now))
        return standing

    def next_change(self, now: datetime) -> datetime | None:
        """The first instant after `now` at which something changes."""
        index = bisect_right(self.changes, now, key=_due_of)
        return self.changes[index].due if index < len(self.changes) else None

    def outstanding(self, reached: Mapping[SlotId, Phase], now: datetime) -> tuple[Change, ...]:
        """What is due at `now` and lies beyond the phase that each slot is recorded to have reached.

        Whoever records these in order, and calls again, gets nothing: so a crash between two
        records loses no change and repeats none, and a new plan never takes a slot back. Where a
        slot is still live that this plan has elsewhere, it ends before another goes live in its
        room: at most one is live in a room, whatever was released in between.
        """
        return tuple(self._steps(dict(reached), now))

    def _steps(self, reached: dict[SlotId, Phase], now: datetime) -> Iterator[Change]:
        live: dict[RoomId, SlotId] = {}
        wanted = self.phases(now)
        on_air = [
            slot for slot, phase in reached.items() if phase is Phase.LIVE and slot in self.rooms
        ]
        for slot in sorted(on_air, key=lambda slot: (wanted[slot] is not Phase.LIVE, slot)):
            room = self.rooms[slot]
            if live.setdefault(room, slot) != slot:
                reached[slot] = Phase.ENDED
                yield Change(slot=slot, room=room, phase=Phase.ENDED, due=now)
        for change in self.due(now):
            if RANK[change.phase] <= RANK[reached.get(change.slot, Phase.UPCOMING)]:
                continue
            if change.phase is Phase.LIVE:
                other = live.get(change.room)
                if other is not None and reached[other] is Phase.LIVE:
                    reached[other] = Phase.ENDED
                    yield Change(slot=other, room=change.room, phase=Phase.ENDED, due=change.due)
                live[change.room] = change.slot
            reached[change.slot] = change.phase
            yield change


def plan(
    slots: Iterable[Slot],
    policy: DoorPolicy | DoorPolicies,
    overrides: Iterable[Override] = (),
) -> Plan:
    """What should happen to these slots, and when, given what producers asked for so far.

    Pure: the same slots, policy and overrides give the same plan, in whatever order they come. An
    override changes nothing that was due before its own instant. Overrides of other slots are
    passed over.
    """
    policies = policy if isinstance(policy, DoorPolicies) else DoorPolicies(conference=policy)
    wishes = _wishes_by_slot(overrides)
    courses: dict[RoomId, list[Course]] = {}
    rooms: dict[SlotId, RoomId] = {}
    for slot in slots:
        rooms[slot.id] = slot.room
        course = Course(slot, policies.of(slot), wishes.get(slot.id, ()))
        courses.setdefault(slot.room, []).append(course)
    changes = [change for together in courses.values() for change in run_room(together)]
    changes.sort(key=_order)
    return Plan(slots=tuple(sorted(rooms)), changes=tuple(changes), rooms=rooms)


def _due_of(change: Change) -> datetime:
    return change.due


_ENTERS = {phase: RANK[phase] in (1, 2, 3) for phase in Phase}


def _order(change: Change) -> tuple[datetime, bool, int, str]:
    return change.due, _ENTERS[change.phase], RANK[change.phase], change.slot


_KIND_ORDER = {kind: order for order, kind in enumerate(OverrideKind)}


def _wishes_by_slot(overrides: Iterable[Override]) -> dict[SlotId, list[Override]]:
    wishes: dict[SlotId, list[Override]] = {}
    for wish in sorted(overrides, key=lambda o: (o.at, _KIND_ORDER[o.kind], o.extend, o.by)):
        wishes.setdefault(wish.slot, []).append(wish)
    return wishes
