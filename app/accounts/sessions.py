"""Signed-in browsers: opaque cookies, kept on the server as hashes, revocable."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app.accounts.tables import Person, WebSession
from app.clock import now as present

COOKIE = "plenary_session"
LIFETIME = timedelta(days=30)


def digest(token: str) -> str:
    """SHA-256 of a token, in hex: what is stored instead of it."""
    return hashlib.sha256(token.encode()).hexdigest()


async def open_session(person: UUID, *, now: datetime, link: UUID | None = None) -> str:
    """Sign a browser in; returns the cookie's value, which is stored nowhere.

    `link` is the personal link that did it: the session ends with it.
    """
    token = secrets.token_urlsafe(32)
    await WebSession(
        id=uuid4(),
        token_hash=digest(token),
        person=person,
        created_at=now,
        expires_at=now + LIFETIME,
        link=link,
    ).save()
    return token


async def close_session(token: str) -> None:
    await WebSession.delete().where(WebSession.token_hash == digest(token))


async def close_those_of(link: UUID, *, but: str = "") -> None:
    """Sign out every browser that came by a personal link, `but` the one with this cookie."""
    await WebSession.delete().where(
        WebSession.link == link, WebSession.token_hash != (digest(but) if but else "")
    )


async def person_of(token: str) -> dict[str, Any] | None:
    """The person whose live session this cookie is: id, name, email; or None."""
    row = (
        await WebSession.select(
            WebSession.expires_at,
            WebSession.person.id,
            WebSession.person.name,
            WebSession.person.email,
        )
        .where(WebSession.token_hash == digest(token))
        .first()
    )
    if row is None or row["expires_at"] <= present():
        return None
    return {key: row[f"person.{key}"] for key in ("id", "name", "email")}


async def sweep(*, now: datetime) -> None:
    """Forget sessions that have expired."""
    await WebSession.delete().where(WebSession.expires_at <= now)


def find_person(email: str) -> Any:
    """Query: the person with this address, case folded."""
    return Person.objects().where(Person.email == email.strip().lower()).first()
