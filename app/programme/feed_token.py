"""The private address of a person's calendar feed: it names its owner and can't be forged."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from uuid import UUID

from app.settings import Settings


def token(settings: Settings, conference: UUID, person: UUID) -> str:
    """The secret part of a feed's address. It says whose feed it is, and can't be forged."""
    owner = conference.bytes + person.bytes
    return base64.urlsafe_b64encode(owner + _seal(settings, owner)).decode().rstrip("=")


def owner_of(settings: Settings, text: str) -> tuple[UUID, UUID]:
    """Conference and person of a token. Raises ValueError for any that we did not make."""
    try:
        held = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not a feed token") from error
    if len(held) != 48 or not hmac.compare_digest(held[32:], _seal(settings, held[:32])):
        raise ValueError("not a feed token")
    return UUID(bytes=held[:16]), UUID(bytes=held[16:32])


def _seal(settings: Settings, owner: bytes) -> bytes:
    return hmac.new(settings.secret.encode(), b"feed" + owner, hashlib.sha256).digest()[:16]


def address(settings: Settings, conference: UUID, person: UUID) -> str:
    return f"{settings.base_url}/calendar/{token(settings, conference, person)}.ics"
