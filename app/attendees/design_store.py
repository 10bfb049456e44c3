"""Badge designs, read and written: one for each ticket type, and one for all others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

from app import db
from app.attendees import designs
from app.attendees.designs import Design
from app.attendees.tables import BadgeDesign


async def all_of(conference: UUID) -> dict[str, Design]:
    """The stored designs by ticket type; the empty type is for all others."""
    rows = await BadgeDesign.select().where(BadgeDesign.conference == conference)
    return {row["ticket_type"]: designs.load(row["design"]) for row in rows}


def choose(held: Mapping[str, Design], ticket: str) -> Design:
    """A ticket type's own design, else that for all others, else the house's."""
    return held.get(ticket) or held.get("") or Design()


async def of(conference: UUID, ticket: str) -> Design:
    return choose(await all_of(conference), ticket)


async def version(conference: UUID, ticket: str) -> int:
    """How often this type's own design was kept; 0 where it has none."""
    row = await (
        BadgeDesign.select(BadgeDesign.version)
        .where(BadgeDesign.conference == conference, BadgeDesign.ticket_type == ticket)
        .first()
    )
    return int(row["version"]) if row else 0


async def keep(
    conference: UUID, ticket: str, design: Design, *, expected: int, now: datetime
) -> bool:
    """Keep a design; False where somebody else kept another since `expected`."""
    async with db.transaction():
        standing = await version(conference, ticket)
        if standing != expected:
            return False
        if not standing:
            fresh = await (
                BadgeDesign.insert(
                    BadgeDesign(
                        id=uuid4(),
                        conference=conference,
                        ticket_type=ticket,
                        design=designs.dump(design),
                        version=1,
                        changed_at=now,
                    )
                )
                .on_conflict(action="DO NOTHING")
                .returning(BadgeDesign.id)
            )
            return bool(fresh)
        rows = await (
            BadgeDesign.update(
                {
                    BadgeDesign.design: designs.dump(design),
                    BadgeDesign.version: expected + 1,
                    BadgeDesign.changed_at: now,
                }
            )
            .where(
                BadgeDesign.conference == conference,
                BadgeDesign.ticket_type == ticket,
                BadgeDesign.version == expected,
            )
            .returning(BadgeDesign.id)
        )
    return bool(rows)


async def drop(conference: UUID, ticket: str) -> None:
    """Let a ticket type look as all others do."""
    await BadgeDesign.delete().where(
        BadgeDesign.conference == conference, BadgeDesign.ticket_type == ticket
    )
