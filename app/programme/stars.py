"""What people want to see."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from agenda.model import SessionId
from app import db
from app.programme.tables import Star


async def of(conference: UUID, person: UUID) -> frozenset[SessionId]:
    """The sessions that this person starred."""
    rows = await Star.select(Star.session).where(
        Star.conference == conference, Star.person == person
    )
    return frozenset(SessionId(str(row["session"])) for row in rows)


async def put(
    conference: UUID, person: UUID, session: UUID, *, starred: bool, now: datetime
) -> None:
    """Star or unstar; doing it twice changes nothing."""
    async with db.transaction():
        where = (Star.person == person, Star.session == session)
        if not starred:
            await Star.delete().where(*where)
        elif not await Star.exists().where(*where):
            await Star(
                id=uuid4(), conference=conference, person=person, session=session, created_at=now
            ).save()


async def toggle(conference: UUID, person: UUID, session: UUID, *, now: datetime) -> bool:
    """Turn a star over; returns whether it is starred now."""
    async with db.transaction():
        starred = not await Star.exists().where(Star.person == person, Star.session == session)
        await put(conference, person, session, starred=starred, now=now)
        return starred


async def counts(conference: UUID) -> dict[SessionId, int]:
    """How many people starred each session."""
    rows = await Star.raw(
        "SELECT session, count(*) AS stars FROM star WHERE conference = {} GROUP BY session",
        conference,
    )
    return {SessionId(str(row["session"])): row["stars"] for row in rows}
