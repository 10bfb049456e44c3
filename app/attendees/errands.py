"""What each person should have been told of each slot by iTIP, against what they were told. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from agenda.formats.ical import Party
from agenda.model import Slot, SlotId
from app.programme.releases import Released

Key = tuple[SlotId, UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody to invite. `speaking` decides which door the invite leads to."""

    person: UUID
    party: Party
    speaking: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A line of the ledger. `facts` is None where it was withdrawn."""

    facts: dict[str, Any] | None
    sequence: int
    answer: str
    session: str
    speaking: bool
    party: Party


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What one person must be told of one slot."""

    method: str
    slot: SlotId
    person: UUID
    sequence: int


def errands(
    released: Released,
    guests: Mapping[Key, Guest],
    told: Mapping[Key, Told],
    *,
    now: datetime,
) -> list[Errand]:
    """What must be told, in order of time; nothing of what is over."""
    found: list[tuple[datetime, Errand]] = []
    for (slot_id, person), guest in guests.items():
        slot, line = released.slots[slot_id], told.get((slot_id, person))
        if slot.end <= now or (
            line is not None and line.facts == facts_of(released, slot, guest.speaking)
        ):
            continue
        sequence = released.sequences.get(slot_id, 0)
        if line is not None:
            sequence = max(sequence, line.sequence + 1)
        errand = Errand(method="REQUEST", slot=slot_id, person=person, sequence=sequence)
        found.append((slot.start, errand))
    for (slot_id, person), line in told.items():
        if line.facts is None or (slot_id, person) in guests:
            continue
        if datetime.fromisoformat(line.facts["end"]) <= now:
            continue
        sequence = max(released.sequences.get(slot_id, 0), line.sequence + 1)
        errand = Errand(method="CANCEL", slot=slot_id, person=person, sequence=sequence)
        found.append((datetime.fromisoformat(line.facts["start"]), errand))
    return [errand for _start, errand in sorted(found, key=_order)]


def _order(item: tuple[datetime, Errand]) -> tuple[bool, datetime, str, str]:
    start, errand = item
    return errand.method == "CANCEL", start, errand.slot, str(errand.person)


def facts_of(released: Released, slot: Slot, speaking: bool) -> dict[str, Any]:
    """What an invite says that its reader must hear of when it changes."""
    return {
        "start": slot.start.isoformat(),
        "end": slot.end.isoformat(),
        "room": released.rooms[slot.room].name,
        "title": released.sessions[slot.session].title,
        "speaking": speaking,
    }
