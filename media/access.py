"""Signed, expiring paths to a room's broadcast, for players that cannot send a header.

A token is good for one room and is the same for everybody who asks within the same quarter of
TERM: so a cache in front keeps one copy of a segment, and not one for each viewer.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from media.errors import NoGrant

TERM = timedelta(hours=2)
_STEP = TERM // 4
_SIZE = 18


def sign_path(conference: str, room: str, secret: str, *, now: datetime) -> str:
    """A token for this room, good for TERM or a little longer."""
    step = int(_STEP.total_seconds())
    expires = (int((now + TERM).timestamp()) // step + 1) * step
    return f"{expires:x}.{_mac(conference, room, expires, secret)}"


def check_path(token: str, conference: str, room: str, secret: str, *, now: datetime) -> datetime:
    """Until when the token is good; raises NoGrant in words where it is not."""
    head, _, mac = token.partition(".")
    try:
        expires = int(head, 16) if len(head) < 12 else 0
    except ValueError:
        expires = 0
    wanted = _mac(conference, room, expires, secret)
    if not expires or not hmac.compare_digest(mac.encode(), wanted.encode()):
        raise NoGrant("This address was not signed for this room")
    until = datetime.fromtimestamp(expires, UTC)
    if until <= now:
        raise NoGrant("This address has expired; open the room again")
    return until


def _mac(conference: str, room: str, expires: int, secret: str) -> str:
    """Names can't run into each other: their lengths are signed with them."""
    words = f"broadcast:{expires}:{len(conference)}:{conference}:{room}"
    raw = hmac.digest(secret.encode(), words.encode(), hashlib.sha256)[:_SIZE]
    return base64.urlsafe_b64encode(raw).decode()
