"""The key by which push services know this deployment (VAPID, RFC 8292)."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from app.settings import Settings


@lru_cache(maxsize=4)
def _key(path: Path) -> Vapid02:
    """The key in this file; made at first, readable by its owner only. Two processes agree on one."""
    if not path.exists():
        made = Vapid02()
        made.generate_keys()
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(made.private_pem())
        # A link fails where another process was faster; then its key is the one.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return Vapid02.from_pem(path.read_bytes())


def public_key(settings: Settings) -> str:
    """What a browser subscribes with: the uncompressed point, base64url without padding."""
    key = _key(settings.var / "vapid.pem").public_key
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).decode().rstrip("=")


def headers(settings: Settings, endpoint: str, *, expires: int) -> dict[str, str]:
    """The Authorization of one push; `expires` are seconds since the epoch, a day ahead at most."""
    parts = urlsplit(endpoint)
    sender = settings.mail_from.rpartition("<")[2].rstrip("> ").strip()
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "sub": f"mailto:{sender}",
        "exp": expires,
    }
    signed: dict[str, str] = _key(settings.var / "vapid.pem").sign(claims)
    return signed
