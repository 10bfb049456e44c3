"""Credentials for a TURN server, made for one person and a few hours (the REST way of coturn)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

TERM = timedelta(hours=12)
SCHEMES = ("turn:", "turns:", "stun:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Where the TURN server is (turn: and turns: addresses), and the secret that it shares with us
    (coturn: use-auth-secret, static-auth-secret)."""

    urls: tuple[str, ...] = ()
    secret: str = field(default="", repr=False)


def turn_from(environment: Mapping[str, str]) -> Turn:
    """The TURN server that PLENARY_TURN_URLS and PLENARY_TURN_SECRET name; raises ValueError."""
    listed = environment.get("PLENARY_TURN_URLS", "")
    urls = tuple(url.strip() for url in listed.split(",") if url.strip())
    wrong = [url for url in urls if not url.startswith(SCHEMES)]
    if wrong:
        raise ValueError(f"PLENARY_TURN_URLS holds no turn: or turns: address: {wrong[0]!r}")
    secret = environment.get("PLENARY_TURN_SECRET", "")
    if any(not url.startswith("stun:") for url in urls) and not secret:
        raise ValueError(
            "PLENARY_TURN_SECRET is missing: the static-auth-secret of the TURN server"
        )
    return Turn(urls=urls, secret=secret)


def credentials(turn: Turn, person: str, *, now: datetime) -> tuple[str, str]:
    """User name and password for this person, good for TERM."""
    username = f"{int((now + TERM).timestamp())}:{person}"
    digest = hmac.digest(turn.secret.encode(), username.encode(), "sha1")
    return username, base64.b64encode(digest).decode()


def ice_servers(turn: Turn, person: str, *, now: datetime) -> list[dict[str, object]]:
    """The server as a browser's RTCConfiguration wants it; empty without one."""
    if not turn.urls:
        return []
    username, password = credentials(turn, person, now=now)
    return [{"urls": list(turn.urls), "username": username, "credential": password}]


def links(turn: Turn, person: str, *, now: datetime) -> Sequence[str]:
    """The server as Link headers (RFC 9725, section 4.6)."""
    if not turn.urls:
        return ()
    username, password = credentials(turn, person, now=now)
    known = f'username="{username}"; credential="{password}"; credential-type="password"'
    return tuple(
        f'<{url}>; rel="ice-server"' + ("" if url.startswith("stun:") else f"; {known}")
        for url in turn.urls
    )
