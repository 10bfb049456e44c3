"""Which synthetic speakers should be where: decided from the release and the recorded phases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

from agenda.doors import Phase
from agenda.model import Session, Slot, SlotId, Speaker, SpeakerId
from app.demo.looks import Look
from app.programme.releases import Released

MOST = 60
"""So many speakers at once; those on air come first, then those who are due next."""

SEATS = 2
_PRESENT = {Phase.LIVE: 0, Phase.DOORS: 1, Phase.GREEN_ROOM: 2}
_SYNTHETIC = UUID("5c1de8b1-5d1f-4b0e-9d43-d1a3f4f0a41e")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One synthetic speaker in one slot. `speaker` is whose place it keeps until they come."""

    slot: Slot
    speaker: SpeakerId
    name: str
    look: Look

    @property
    def key(self) -> str:
        return f"{self.slot.id}:{self.look.seat}"

    @property
    def stand_in(self) -> str:
        """The person under whose id the node knows the synthetic speaker; never a real one's."""
        return str(uuid5(_SYNTHETIC, self.speaker))


def parts(released: Released, reached: Mapping[SlotId, Phase]) -> tuple[Part, ...]:
    """Everybody who should be backstage or on stage now, the most urgent first, MOST at most."""
    number = {room.id: place for place, room in enumerate(released.schedule.rooms)}
    open_now = [
        slot
        for slot in released.schedule.slots
        if reached.get(slot.id) in _PRESENT and released.sessions[slot.session].speakers
    ]
    open_now.sort(key=lambda slot: (_PRESENT[reached[slot.id]], slot.start, slot.id))
    found: list[Part] = []
    for seat in range(SEATS):
        for slot in open_now:
            session = released.sessions[slot.session]
            if len(session.speakers) > seat:
                room = released.rooms[slot.room]
                look = Look(room=room.name, number=number[slot.room], seat=seat)
                found.append(_part(slot, session, released.speakers, look))
    return tuple(found[:MOST])


def _part(slot: Slot, session: Session, speakers: Mapping[SpeakerId, Speaker], look: Look) -> Part:
    speaker = session.speakers[look.seat]
    return Part(slot=slot, speaker=speaker, name=speakers[speaker].name, look=look)


def without_those_here(
    wanted: Iterable[Part], persons: Mapping[SpeakerId, str], here: frozenset[tuple[str, str]]
) -> tuple[Part, ...]:
    """The parts whose real speaker does not publish; `here` holds (slot, person) of who does."""
    return tuple(
        part for part in wanted if (part.slot.id, persons.get(part.speaker, "")) not in here
    )
