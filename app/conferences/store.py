"""Conferences and roles, read and written."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from app import db
from app.conferences.tables import Conference, Membership, Organization


async def create(
    *, organization: str, slug: str, title: str, time_zone: str, owner: UUID, now: datetime
) -> Conference:
    """A new conference with its owner, in the organization of that name (made if new)."""
    async with db.transaction():
        house = await Organization.objects().where(Organization.slug == organization).first()
        if house is None:
            house = Organization(id=uuid4(), slug=organization, name=organization)
            await house.save()
        conference = Conference(
            id=uuid4(),
            organization=house.id,
            slug=slug,
            title=title,
            time_zone=time_zone,
            created_at=now,
        )
        await conference.save()
        await grant_role(conference.id, owner, "owner")
    return conference


async def grant_role(conference: UUID, person: UUID, role: str) -> None:
    """Give a role; giving it twice changes nothing."""
    await Membership.insert(
        Membership(id=uuid4(), conference=conference, person=person, role=role)
    ).on_conflict(action="DO NOTHING")


async def people_with(conference: UUID, role: str) -> list[UUID]:
    rows = await Membership.select(Membership.person).where(
        Membership.conference == conference, Membership.role == role
    )
    return [row["person"] for row in rows]
