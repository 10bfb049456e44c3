"""The signed code on a badge: checked without a database, by whoever holds the conference's key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from uuid import UUID

_SHAPE = re.compile(r"P1-([0-9A-F]{8,32})-([A-Z2-7]{16})")


def key_of(conference: UUID, secret: str) -> bytes:
    """The key of one conference's badges. A scanner may hold it and knows no other secret by it."""
    return hmac.digest(secret.encode(), b"badge:" + conference.bytes, hashlib.sha256)


def sign(badge_code: str, key: bytes) -> str:
    """What the QR code carries: upper case and digits only, so that the squares stay large."""
    code = badge_code.upper()
    return f"P1-{code}-{_mac(code, key)}"


def verify(text: str, key: bytes) -> str | None:
    """The badge code of a text that `sign` made with this key, or None for any other text."""
    found = _SHAPE.fullmatch(text.strip().upper())
    if found is None:
        return None
    code, mac = found.groups()
    return code.lower() if hmac.compare_digest(mac, _mac(code, key)) else None


def _mac(code: str, key: bytes) -> str:
    """80 bits of HMAC-SHA256 in base 32: 16 signs."""
    return base64.b32encode(hmac.digest(key, code.encode(), hashlib.sha256)[:10]).decode()
