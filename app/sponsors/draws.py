"""Prize draws among those who gave their contact."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app import db
from app.sponsors import consent
from app.sponsors.tables import DrawEntry, PrizeDraw


async def of(sponsor: UUID) -> list[dict[str, Any]]:
    """The sponsor's draws, the newest first, each with `count` of entries and `winner_name`."""
    rows = (
        await PrizeDraw.select(
            *PrizeDraw.all_columns(), PrizeDraw.winner.name.as_alias("winner_name")
        )
        .where(PrizeDraw.sponsor == sponsor)
        .order_by(PrizeDraw.closes_at, ascending=False)
    )
    counted = await DrawEntry.raw(
        "SELECT e.draw AS draw, count(*) AS entries FROM draw_entry AS e"
        " JOIN prize_draw AS p ON p.id = e.draw WHERE p.sponsor = {} GROUP BY e.draw",
        sponsor,
    )
    entries = {UUID(str(row["draw"])): int(row["entries"]) for row in counted}
    return [{**row, "count": entries.get(row["id"], 0)} for row in rows]


async def entered(sponsor: UUID, person: UUID) -> frozenset[UUID]:
    """The draws of this sponsor that this person is in."""
    rows = await DrawEntry.select(DrawEntry.draw).where(
        DrawEntry.person == person, DrawEntry.draw.sponsor == sponsor
    )
    return frozenset(row["draw"] for row in rows)


async def open_draw(sponsor: UUID, *, title: str, prize: str, closes_at: datetime) -> UUID:
    draw = PrizeDraw(id=uuid4(), sponsor=sponsor, title=title, prize=prize, closes_at=closes_at)
    await draw.save()
    return draw.id


async def enter(sponsor: UUID, draw: UUID, person: UUID, *, now: datetime) -> bool:
    """Put a person into the drum; False where it is closed or they gave no contact."""
    async with db.transaction():
        row = (
            await PrizeDraw.select()
            .where(PrizeDraw.id == draw, PrizeDraw.sponsor == sponsor)
            .first()
        )
        if row is None or row["drawn_at"] is not None or row["closes_at"] <= now:
            return False
        if await consent.standing(sponsor, person) is None:
            return False
        await DrawEntry.insert(DrawEntry(id=uuid4(), draw=draw, person=person, at=now)).on_conflict(
            action="DO NOTHING"
        )
    return True


async def pull(sponsor: UUID, draw: UUID, *, now: datetime) -> UUID | None:
    """Draw the winner, once: by the system's own randomness, among those whose consent stands.

    None where nobody is in the drum, it is not closed yet, or it was drawn already.
    """
    async with db.transaction():
        claimed = (
            await PrizeDraw.update({PrizeDraw.drawn_at: now})
            .where(
                PrizeDraw.id == draw,
                PrizeDraw.sponsor == sponsor,
                PrizeDraw.drawn_at.is_null(),
                PrizeDraw.closes_at <= now,
            )
            .returning(PrizeDraw.id)
        )
        if not claimed:
            return None
        rows = await DrawEntry.select(DrawEntry.person).where(DrawEntry.draw == draw)
        people = [
            row["person"]
            for row in rows
            if await consent.standing(sponsor, row["person"]) is not None
        ]
        winner = secrets.choice(people) if people else None
        await PrizeDraw.update({PrizeDraw.winner: winner, PrizeDraw.entries: len(people)}).where(
            PrizeDraw.id == draw
        )
    return winner
