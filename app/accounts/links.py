"""Magic links: asked for by address, mailed, and used once by a POST."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from app import db
from app.accounts import sessions
from app.accounts.tables import Person, SignInLink

LIFETIME = timedelta(minutes=15)
_CHUNK = 300


class LinkSpent(Exception):
    """The link is unknown, used or too old."""


async def find_or_create(email: str, *, name: str = "", now: datetime) -> UUID:
    """The person with this address, made if there is none."""
    address = email.strip().lower()
    async with db.transaction():
        person = await sessions.find_person(address)
        if person is None:
            person = Person(id=uuid4(), email=address, name=name or address, created_at=now)
            await person.save()
        return person.id


async def find_or_create_all(named: Sequence[tuple[str, str]], *, now: datetime) -> list[UUID]:
    """The persons of (address, name) each, in their order; who is known keeps their name."""
    found: dict[str, UUID] = {}
    wanted = [(email.strip().lower(), name) for email, name in named]
    for begin in range(0, len(wanted), _CHUNK):
        chunk = wanted[begin : begin + _CHUNK]
        async with db.transaction():
            await Person.insert(
                *(
                    Person(id=uuid4(), email=email, name=name or email, created_at=now)
                    for email, name in dict(chunk).items()
                )
            ).on_conflict(target=Person.email, action="DO NOTHING")
            rows = await Person.select(Person.id, Person.email).where(
                Person.email.is_in([email for email, _name in chunk])
            )
        found |= {row["email"]: row["id"] for row in rows}
    return [found[email] for email, _name in wanted]


async def issue(person: UUID, *, next_url: str, now: datetime) -> str:
    """A new link's token. Only its hash is stored."""
    token = secrets.token_urlsafe(32)
    await SignInLink(
        id=uuid4(),
        token_hash=sessions.digest(token),
        person=person,
        next_url=next_url,
        expires_at=now + LIFETIME,
    ).save()
    return token


async def usable(token: str, *, now: datetime) -> bool:
    """True while the link could still be consumed. Asking changes nothing."""
    row = (
        await SignInLink.select(SignInLink.used_at, SignInLink.expires_at)
        .where(SignInLink.token_hash == sessions.digest(token))
        .first()
    )
    return row is not None and row["used_at"] is None and row["expires_at"] > now


async def consume(token: str, *, now: datetime) -> tuple[UUID, str]:
    """Use the link up; returns the person and where they were going.

    Two POSTs at once: one wins. Raises LinkSpent for all others.
    """
    used = (
        await SignInLink.update({SignInLink.used_at: now})
        .where(
            SignInLink.token_hash == sessions.digest(token),
            SignInLink.used_at.is_null(),
            SignInLink.expires_at > now,
        )
        .returning(SignInLink.person, SignInLink.next_url)
    )
    if not used:
        raise LinkSpent
    return used[0]["person"], used[0]["next_url"]
