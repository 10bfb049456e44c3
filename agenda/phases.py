"""The words of the doors: phases, policies, what producers ask for, and changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from agenda.model import RoomId, Slot, SlotId


class Phase(StrEnum):
    """Where one slot stands."""

    UPCOMING = "upcoming"
    GREEN_ROOM = "green_room"
    DOORS = "doors"
    LIVE = "live"
    ENDED = "ended"
    ARCHIVED = "archived"
    CANCELLED = "cancelled"


RANK: Mapping[Phase, int] = {phase: rank for rank, phase in enumerate(Phase)}
"""Later phases rank higher; a slot's phase only ever rises."""


class OverrideKind(StrEnum):
    """What a producer may ask for."""

    HOLD = "hold"
    RELEASE_HOLD = "release_hold"
    LIVE = "live"
    END = "end"
    EXTEND = "extend"
    CANCEL = "cancel"
    OPEN_GREEN_ROOM = "open_green_room"
    OPEN_DOORS = "open_doors"
    AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorPolicy:
    """How a slot's doors behave. Leads count back from the start, the others on from the end.

    `changeover` is what a delay leaves between two slots, where so much was planned.
    """

    green_room_lead: timedelta = timedelta(minutes=30)
    doors_lead: timedelta = timedelta(minutes=10)
    auto_live: bool = True
    overrun: timedelta = timedelta(minutes=15)
    archive_after: timedelta = timedelta(hours=1)
    changeover: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if not timedelta(0) <= self.doors_lead <= self.green_room_lead:
            raise ValueError("the green room opens before the doors, and both before the start")
        if self.overrun < timedelta(0) or self.changeover < timedelta(0):
            raise ValueError("neither the overrun limit nor the changeover is negative")
        if self.archive_after <= timedelta(0):
            raise ValueError("a slot is archived some time after its end")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorPolicies:
    """The conference's policy, and the whole policies that replace it for a room or a slot."""

    conference: DoorPolicy = field(default_factory=DoorPolicy)
    rooms: Mapping[RoomId, DoorPolicy] = field(default_factory=dict)
    slots: Mapping[SlotId, DoorPolicy] = field(default_factory=dict)

    def of(self, slot: Slot) -> DoorPolicy:
        """The policy that holds for a slot: its own, else its room's, else the conference's."""
        return self.slots.get(slot.id) or self.rooms.get(slot.room) or self.conference


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A producer's wish for one slot, from the instant `at` on. `extend` is for that kind only."""

    slot: SlotId
    kind: OverrideKind
    at: datetime
    by: str = ""
    extend: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A slot enters a phase; `due` is the instant at which it should."""

    slot: SlotId
    room: RoomId
    phase: Phase
    due: datetime
