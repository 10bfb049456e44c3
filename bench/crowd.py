"""Many people at once, signed in: what a bench needs to play an audience."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app import db
from app.accounts.sessions import LIFETIME, digest
from app.accounts.tables import Person, WebSession
from app.conferences.tables import Membership

_CHUNK = 90


async def signed_in(
    conference: UUID, count: int, *, now: datetime, name: str = "Guest"
) -> list[tuple[UUID, str]]:
    """New attendees of a conference: each one's id and session cookie."""
    made = [(uuid4(), secrets.token_urlsafe(32)) for _ in range(count)]
    people = [
        Person(id=who, email=f"{who.hex}@example.org", name=f"{name} {at}", created_at=now)
        for at, (who, _) in enumerate(made)
    ]
    members = [
        Membership(id=uuid4(), conference=conference, person=who, role="attendee")
        for who, _ in made
    ]
    doors = [
        WebSession(
            id=uuid4(),
            token_hash=digest(token),
            person=who,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        for who, token in made
    ]
    async with db.transaction():
        await _insert(Person, people)
        await _insert(Membership, members)
        await _insert(WebSession, doors)
    return made


async def _insert(table: Any, rows: list[Any]) -> None:
    for at in range(0, len(rows), _CHUNK):
        await table.insert(*rows[at : at + _CHUNK])
