"""What the stage pages show, computed from the release, the phases and the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agenda.doors import Phase, Plan
from agenda.model import Room, RoomId, Session, Slot, SlotId, Speaker, Track
from app.programme.releases import Released

_OPEN = (Phase.LIVE, Phase.DOORS, Phase.GREEN_ROOM)
_OVER = (Phase.ENDED, Phase.ARCHIVED, Phase.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotView:
    """One slot with all that a page says about it. Instants are aware UTC."""

    slot: Slot
    session: Session
    room: Room
    room_slug: str
    track: Track | None
    speakers: tuple[Speaker, ...]
    phase: Phase

    @property
    def live(self) -> bool:
        return self.phase is Phase.LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomView:
    """One room now: what is on or opens next, and what follows."""

    room: Room
    slug: str
    now: SlotView | None
    following: tuple[SlotView, ...]
    audience: int
    on_stage: tuple[str, ...]

    @property
    def live(self) -> bool:
        return self.now is not None and self.now.live


def slot_view(released: Released, slot: Slot, phases: Mapping[SlotId, Phase]) -> SlotView:
    session = released.sessions[slot.session]
    return SlotView(
        slot=slot,
        session=session,
        room=released.rooms[slot.room],
        room_slug=released.room_slugs[slot.room],
        track=released.tracks.get(session.track) if session.track else None,
        speakers=tuple(released.speakers[s] for s in session.speakers),
        phase=phases.get(slot.id, Phase.UPCOMING),
    )


def current(slots: Sequence[Slot], phases: Mapping[SlotId, Phase], now: datetime) -> int | None:
    """Index of the slot that a room is about: the live one, else the next that is not over.

    `slots` are one room's, by start. None when nothing comes any more.
    """
    waiting = None
    for index, slot in enumerate(slots):
        phase = phases.get(slot.id, Phase.UPCOMING)
        if phase is Phase.LIVE:
            return index
        over = phase in _OVER or (phase is Phase.UPCOMING and slot.end <= now)
        if waiting is None and not over:
            waiting = index
    return waiting


def room_view(
    released: Released,
    room: RoomId,
    phases: Mapping[SlotId, Phase],
    audience: Mapping[RoomId, int],
    on_stage: Mapping[RoomId, Sequence[Mapping[str, str]]],
    now: datetime,
) -> RoomView:
    slots = released.slots_of_room[room]
    index = current(slots, phases, now)
    after = [
        slot
        for slot in slots[(index + 1 if index is not None else len(slots)) :]
        if phases.get(slot.id, Phase.UPCOMING) not in _OVER
    ]
    return RoomView(
        room=released.rooms[room],
        slug=released.room_slugs[room],
        now=None if index is None else slot_view(released, slots[index], phases),
        following=tuple(slot_view(released, slot, phases) for slot in after[:3]),
        audience=audience.get(room, 0),
        on_stage=tuple(one["name"] for one in on_stage.get(room, ())),
    )


def parallel(rooms: Sequence[RoomView], now: datetime) -> list[RoomView]:
    """The rooms worth switching to: live ones first, then what opens within the hour."""
    near = [
        room
        for room in rooms
        if room.now is not None
        and (room.now.phase in _OPEN or room.now.slot.start - now < timedelta(hours=1))
    ]
    return sorted(near, key=lambda r: (not r.live, r.now.slot.start if r.now else now))


def due_live(plan: Plan, slot: SlotId) -> datetime | None:
    """When this slot goes live by itself, or None if a producer has to say so."""
    return next(
        (c.due for c in plan.changes if c.slot == slot and c.phase is Phase.LIVE),
        None,
    )
