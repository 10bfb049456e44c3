"""Who has the floor: hands that are up, people on and off the stage, pins, seats at a roundtable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app import db, live
from app.accounts.tables import Person
from app.stages.tables import Hand, Roundtable, StageCue

PIN, HELD, BACK = "pin", "held", "back"
"""Orders of a slot: who is first, who is held off the stage, who went back into the audience. The
last two keep a person off alike; a roundtable forgets who went back."""
RAISED, INVITED, LOWERED = "raised", "invited", "lowered"
MOST_SEATS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Cues:
    """What the producer ordered for the people of one slot: the one who is pinned, those held off
    the stage. People are the ids in their grants."""

    pin: str | None = None
    held: tuple[str, ...] = field(default=())
    back: tuple[str, ...] = field(default=())
    """Those of the held who went back into the audience, and have no place backstage either."""


async def cues() -> dict[str, Cues]:
    """The standing orders of every slot that has some."""
    found: dict[str, Cues] = {}
    for row in await StageCue.select(StageCue.slot, StageCue.kind, StageCue.person).order_by(
        StageCue.at
    ):
        slot, present = str(row["slot"]), found.get(str(row["slot"]), Cues())
        if row["kind"] == PIN:
            found[slot] = replace(present, pin=row["person"])
        else:
            back = (row["person"],) if row["kind"] == BACK else ()
            found[slot] = replace(
                present, held=(*present.held, row["person"]), back=(*present.back, *back)
            )
    return found


async def is_held(slot: UUID, person: str) -> bool:
    """Whether this person is kept off the stage in this slot."""
    return await StageCue.exists().where(
        StageCue.slot == slot, StageCue.kind != PIN, StageCue.person == person
    )


async def pin(conference: UUID, slot: UUID, person: str | None, *, by: UUID, now: datetime) -> None:
    """Put this person first on the stage, or nobody in particular."""
    async with db.transaction():
        await StageCue.delete().where(StageCue.slot == slot, StageCue.kind == PIN)
        if person:
            await _cue(conference, slot, PIN, person, by=by, now=now)
        await live.announce(conference, "floor", {"slot": str(slot)}, now=now)


async def hold(
    conference: UUID, slot: UUID, person: str, held: bool, *, by: UUID, now: datetime
) -> None:
    """Keep this person off the stage, or let them back on, without a new connection."""
    async with db.transaction():
        await _release(slot, person)
        if held:
            await _cue(conference, slot, HELD, person, by=by, now=now)
        await live.announce(conference, "floor", {"slot": str(slot)}, now=now)


async def _cue(
    conference: UUID, slot: UUID, kind: str, person: str, *, by: UUID, now: datetime
) -> None:
    row = StageCue(
        id=uuid4(), conference=conference, slot=slot, kind=kind, person=person, at=now, by=by
    )
    await StageCue.insert(row).on_conflict(action="DO NOTHING")


async def _release(slot: UUID, person: str) -> None:
    await StageCue.delete().where(
        StageCue.slot == slot, StageCue.kind != PIN, StageCue.person == person
    )


async def hand_of(slot: UUID, person: UUID) -> str | None:
    """“raised” or “invited”, or None while this person's hand is down."""
    row = (
        await Hand.select(Hand.state)
        .where(Hand.slot == slot, Hand.person == person, Hand.state != LOWERED)
        .first()
    )
    return str(row["state"]) if row else None


async def raise_hand(
    conference: UUID, room: UUID, slot: UUID, person: UUID, *, now: datetime
) -> None:
    """Raise somebody's hand in a session; one that is up stays as it is."""
    async with db.transaction():
        raised = Hand(
            id=uuid4(),
            conference=conference,
            room=room,
            slot=slot,
            person=person,
            state=RAISED,
            at=now,
        )
        await Hand.insert(raised).on_conflict(action="DO NOTHING")
        await _tell(conference, slot, person, now=now)


async def lower_hand(conference: UUID, slot: UUID, person: UUID, *, now: datetime) -> None:
    """Take one's hand down, and oneself off the stage."""
    await _decide(conference, slot, person, LOWERED, by=person, now=now)


async def invite(conference: UUID, slot: UUID, person: UUID, *, by: UUID, now: datetime) -> bool:
    """Ask somebody whose hand is up onto the stage; False when it no longer is."""
    return await _decide(conference, slot, person, INVITED, by=by, now=now)


async def send_back(conference: UUID, slot: UUID, person: UUID, *, by: UUID, now: datetime) -> bool:
    """Back into the audience: the hand is down and the person off the stage at once, whatever
    their grant still says."""
    return await _decide(conference, slot, person, LOWERED, by=by, now=now)


async def _decide(
    conference: UUID, slot: UUID, person: UUID, state: str, *, by: UUID, now: datetime
) -> bool:
    async with db.transaction():
        changed = (
            await Hand.update({Hand.state: state, Hand.decided_at: now, Hand.by: by})
            .where(Hand.slot == slot, Hand.person == person, Hand.state != LOWERED)
            .returning(Hand.id)
        )
        if changed:
            await _release(slot, str(person))
            if state == LOWERED:
                await _cue(conference, slot, BACK, str(person), by=by, now=now)
            await _tell(conference, slot, person, now=now)
    return bool(changed)


async def _tell(conference: UUID, slot: UUID, person: UUID, *, now: datetime) -> None:
    """Nothing personal goes to every page: only that somebody's hand moved, by their own id."""
    await live.announce(conference, "hand", {"slot": str(slot), "person": str(person)}, now=now)


async def hands(conference: UUID) -> list[dict[str, Any]]:
    """Every hand that is up, the one that has waited longest first."""
    rows = (
        await Hand.select(Hand.room, Hand.slot, Hand.person, Hand.state, Hand.at)
        .where(Hand.conference == conference, Hand.state != LOWERED)
        .order_by(Hand.at)
    )
    names = await Person.select(Person.id, Person.name).where(
        Person.id.is_in([row["person"] for row in rows] or [uuid4()])
    )
    called: Mapping[UUID, str] = {row["id"]: row["name"] for row in names}
    return [
        {
            "room": str(row["room"]),
            "slot": str(row["slot"]),
            "person": str(row["person"]),
            "name": called.get(row["person"], ""),
            "state": row["state"],
            "at": row["at"].isoformat(),
        }
        for row in rows
    ]


async def seats(room: UUID) -> int:
    """How many seats the roundtable in this room has; 0 where it is a stage."""
    row = await Roundtable.select(Roundtable.seats).where(Roundtable.room == room).first()
    return int(row["seats"]) if row else 0


async def all_seats(conference: UUID) -> dict[str, int]:
    """The roundtables of a conference: seats by room."""
    rows = await Roundtable.select(Roundtable.room, Roundtable.seats).where(
        Roundtable.conference == conference
    )
    return {str(row["room"]): row["seats"] for row in rows}


async def set_seats(conference: UUID, room: UUID, count: int, *, now: datetime) -> None:
    """Make the room a roundtable with so many seats, or (0) a stage again.

    Who was on stage and went back may sit down at it; who is held off may not.
    """
    async with db.transaction():
        await Roundtable.delete().where(Roundtable.room == room)
        if count:
            await Roundtable(id=uuid4(), conference=conference, room=room, seats=count).save()
            asked = await Hand.select(Hand.slot).where(Hand.room == room)
            await StageCue.delete().where(
                StageCue.kind == BACK,
                StageCue.slot.is_in([row["slot"] for row in asked] or [uuid4()]),
            )
        await live.announce(conference, "floor", {"room": str(room)}, now=now)
