"""Registrations, read and written."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app import db
from app.attendees.tables import Registration, RevokedBadge
from app.conferences.store import grant_role


async def register(
    conference: UUID,
    person: UUID,
    *,
    ticket_type: str,
    organization_name: str = "",
    now: datetime,
) -> None:
    """Give a person a place and the role that goes with it; an existing place is kept."""
    async with db.transaction():
        await grant_role(conference, person, "attendee")
        await Registration.insert(
            Registration(
                id=uuid4(),
                conference=conference,
                person=person,
                ticket_type=ticket_type,
                organization_name=organization_name,
                badge_code=secrets.token_hex(8),
                created_at=now,
            )
        ).on_conflict(action="DO NOTHING")


async def revoke(conference: UUID, person: UUID, *, now: datetime) -> None:
    """Take a person's place and remember its badge as taken back; nothing where there is none."""
    async with db.transaction():
        rows = await (
            Registration.delete()
            .where(Registration.conference == conference, Registration.person == person)
            .returning(Registration.badge_code)
        )
        for row in rows:
            await RevokedBadge.insert(
                RevokedBadge(
                    id=uuid4(),
                    conference=conference,
                    badge_code=row["badge_code"],
                    revoked_at=now,
                )
            ).on_conflict(action="DO NOTHING")


async def revoked(conference: UUID) -> dict[str, datetime]:
    """The badges that were taken back, by code, and when."""
    rows = await RevokedBadge.select(RevokedBadge.badge_code, RevokedBadge.revoked_at).where(
        RevokedBadge.conference == conference
    )
    return {row["badge_code"]: row["revoked_at"] for row in rows}


async def registration(conference: UUID, person: UUID) -> dict[str, Any] | None:
    """This person's place, or None."""
    return (
        await Registration.select()
        .where(Registration.conference == conference, Registration.person == person)
        .first()
    )


async def count(conference: UUID) -> int:
    """How many people have a place."""
    found: int = await Registration.count().where(Registration.conference == conference)
    return found


async def by_badge_code(conference: UUID, badge_code: str) -> dict[str, Any] | None:
    """The place with this badge code and its person's name, or None."""
    return (
        await Registration.select(Registration.person, Registration.person.name.as_alias("name"))
        .where(Registration.conference == conference, Registration.badge_code == badge_code)
        .first()
    )
