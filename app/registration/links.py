"""The personal link: one for each person and conference, good on any device until it is renewed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app import db
from app.accounts import sessions
from app.conferences.tables import Membership
from app.registration.tables import PersonalLink
from app.settings import Settings

HARMLESS = frozenset({"attendee", "speaker"})
"""Whoever holds any other role somewhere signs in by a fresh mail: a lasting link is too little."""

_SEAL = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose link it is, and for which conference."""

    link: UUID
    person: UUID
    conference: UUID


async def address(
    settings: Settings, conference: UUID, person: UUID, *, now: datetime, next_url: str = ""
) -> str:
    """The person's link, made when there is none; a revoked one is made anew."""
    row = await _row(conference, person)
    if row is None:
        await PersonalLink.insert(
            PersonalLink(id=uuid4(), conference=conference, person=person, made_at=now)
        ).on_conflict(action="DO NOTHING")
        row = await _row(conference, person)
    elif row["revoked"]:
        row = await renew(conference, person, now=now)
    assert row is not None
    token = _token(settings, row["id"], row["serial"])
    return f"{settings.base_url}/go/{token}" + (f"?next={next_url}" if next_url else "")


async def holder(settings: Settings, token: str) -> Holder | None:
    """Whose link this is; None for one that was renewed, revoked, or not made by us."""
    found = _read(settings, token)
    if found is None:
        return None
    link, serial = found
    row = await PersonalLink.select().where(PersonalLink.id == link).first()
    if row is None or row["revoked"] or row["serial"] != serial:
        return None
    return Holder(link=link, person=row["person"], conference=row["conference"])


async def may_use(person: UUID) -> bool:
    """Whether a lasting link is enough to be this person."""
    rows = await Membership.select(Membership.role).where(Membership.person == person)
    return {row["role"] for row in rows} <= HARMLESS


async def renew(
    conference: UUID, person: UUID, *, now: datetime, here: str = ""
) -> dict[str, Any] | None:
    """End the present link, with the browsers that it signed in, and make another.

    `here` is the cookie of the browser that asks for it, which stays signed in.
    """
    async with db.transaction():
        await PersonalLink.update(
            {
                PersonalLink.serial: PersonalLink.serial + 1,
                PersonalLink.revoked: False,
                PersonalLink.made_at: now,
            }
        ).where(PersonalLink.conference == conference, PersonalLink.person == person)
        row = await _row(conference, person)
        if row is not None:
            await sessions.close_those_of(row["id"], but=here)
        return row


async def revoke(conference: UUID, person: UUID) -> None:
    """End the link, and sign out the browsers that it signed in.

    Who signed in by mail, or by the link of another conference, stays: that is not this
    organizer's to end.
    """
    async with db.transaction():
        await PersonalLink.update({PersonalLink.revoked: True}).where(
            PersonalLink.conference == conference, PersonalLink.person == person
        )
        row = await _row(conference, person)
        if row is not None:
            await sessions.close_those_of(row["id"])


async def _row(conference: UUID, person: UUID) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (
        await PersonalLink.select()
        .where(PersonalLink.conference == conference, PersonalLink.person == person)
        .first()
    )
    return found


def _token(settings: Settings, link: UUID, serial: int) -> str:
    held = link.bytes + serial.to_bytes(4, "big")
    return base64.urlsafe_b64encode(held + _seal(settings, held)).decode().rstrip("=")


def _read(settings: Settings, token: str) -> tuple[UUID, int] | None:
    try:
        held = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    if len(held) != 20 + _SEAL or not hmac.compare_digest(held[20:], _seal(settings, held[:20])):
        return None
    return UUID(bytes=held[:16]), int.from_bytes(held[16:20], "big")


def _seal(settings: Settings, held: bytes) -> bytes:
    return hmac.digest(settings.secret.encode(), b"personal-link" + held, hashlib.sha256)[:_SEAL]
