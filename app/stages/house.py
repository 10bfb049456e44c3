"""One conference's doors as they stand, read together for a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from agenda.doors import Phase, Plan
from agenda.model import RoomId, Slot, SlotId
from app.conferences.tables import Conference
from app.programme import releases
from app.programme.releases import Released
from app.stages import store
from app.stages.view import RoomView, room_view


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Release, phases, and who is where, at one instant."""

    released: Released
    phases: Mapping[SlotId, Phase]
    audience: Mapping[RoomId, int]
    on_stage: Mapping[RoomId, list[dict[str, str]]]
    now: datetime

    def room(self, room: RoomId) -> RoomView:
        return room_view(self.released, room, self.phases, self.audience, self.on_stage, self.now)

    def rooms(self) -> list[RoomView]:
        return [self.room(room.id) for room in self.released.schedule.rooms]


async def read(conference: Conference, *, now: datetime) -> House | None:
    """The house of a conference, or None before its first release."""
    released = await releases.latest(conference.id)
    if released is None:
        return None
    phases, _ = await store.phases(conference.id)
    return House(
        released=released,
        phases=phases,
        audience=await store.watching(conference.id),
        on_stage=await store.on_stage(conference.id),
        now=now,
    )


async def plan_of_room(conference: Conference, released: Released, slot: Slot) -> Plan:
    """The plan that holds for a slot, with all those that share its room."""
    orders = await store.orders(conference.id)
    return store.plan_of(released, conference.doors, orders)
