"""No more mail of a kind: signed links that need no sign-in (RFC 2369, RFC 8058)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from app import db
from app.attendees.tables import CalendarWish
from app.notices.kinds import KINDS
from app.notices.tables import Mute
from app.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which mail a person does not want any more."""

    conference: UUID
    person: UUID
    kind: str


def token(wish: Wish, settings: Settings) -> str:
    """The secret part of the link. It says who wants what, and can't be forged."""
    held = wish.conference.bytes + wish.person.bytes + wish.kind.encode()
    return base64.urlsafe_b64encode(_seal(held, settings) + held).decode().rstrip("=")


def read(text: str, settings: Settings) -> Wish | None:
    """What a token says; None for any that we did not make."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    seal, held = raw[:16], raw[16:]
    if len(held) < 33 or not hmac.compare_digest(seal, _seal(held, settings)):
        return None
    kind = held[32:].decode("ascii", "replace")
    if kind not in KINDS:
        return None
    return Wish(conference=UUID(bytes=held[:16]), person=UUID(bytes=held[16:32]), kind=kind)


def address(wish: Wish, settings: Settings) -> str:
    return f"{settings.base_url}/unsubscribe/{token(wish, settings)}"


async def stop(wish: Wish, *, now: datetime) -> None:
    """Send no more of these; doing it twice changes nothing.

    Without invites nothing would keep up to date what was invited to before, so the entries that
    stand in a calendar are withdrawn: one CANCEL each (RFC 5546, 3.2.5), and then nothing more.
    """
    async with db.transaction():
        await Mute.insert(
            Mute(
                id=uuid4(),
                conference=wish.conference,
                person=wish.person,
                kind=wish.kind,
                created_at=now,
            )
        ).on_conflict(action="DO NOTHING")
        if wish.kind == "invites":
            await CalendarWish.delete().where(
                CalendarWish.conference == wish.conference, CalendarWish.person == wish.person
            )


async def resume(wish: Wish, *, now: datetime) -> None:
    """Send them again; invites to what is starred, too."""
    where = (Mute.conference == wish.conference, Mute.person == wish.person, Mute.kind == wish.kind)
    async with db.transaction():
        stopped = await Mute.delete().where(*where).returning(Mute.id)
        if stopped and wish.kind == "invites":
            await CalendarWish.insert(
                CalendarWish(
                    id=uuid4(), conference=wish.conference, person=wish.person, created_at=now
                )
            ).on_conflict(action="DO NOTHING")


async def stopped_of(conference: UUID, person: UUID) -> list[str]:
    """The kinds of mail that a person stopped at this conference."""
    rows = await Mute.select(Mute.kind).where(Mute.conference == conference, Mute.person == person)
    return sorted(row["kind"] for row in rows)


async def is_stopped(wish: Wish) -> bool:
    found: bool = await Mute.exists().where(
        Mute.conference == wish.conference, Mute.person == wish.person, Mute.kind == wish.kind
    )
    return found


async def muted(conference: UUID, kind: str) -> frozenset[UUID]:
    """Who does not want this kind of mail of this conference."""
    rows = await Mute.select(Mute.person).where(Mute.conference == conference, Mute.kind == kind)
    return frozenset(row["person"] for row in rows)


def _seal(held: bytes, settings: Settings) -> bytes:
    return hmac.digest(settings.secret.encode(), b"unsubscribe" + held, hashlib.sha256)[:16]
