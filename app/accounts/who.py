"""Roles, and somebody who has them: without the web framework, for all who only pass them on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

ANYONE = "anyone"
SIGNED_IN = "signed in"
STAFF = frozenset({"owner", "producer"})
OWNER = frozenset({"owner"})
EVERYBODY = frozenset({"owner", "producer", "moderator", "speaker", "attendee", "sponsor"})
ROLES = tuple(sorted(EVERYBODY))


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A signed-in person, with the roles in the conference that the request is about."""

    person: UUID
    name: str
    email: str | None
    roles: frozenset[str] = frozenset()
    calendar_url: str | None = None

    @property
    def tag(self) -> str:
        """Tells this person from another one to the browser's own store; says nothing else."""
        return hashlib.sha256(b"who" + self.person.bytes).hexdigest()[:16]

    def has(self, roles: Iterable[str]) -> bool:
        return not self.roles.isdisjoint(roles)


class SignInFirst(Exception):
    """Nobody is signed in, and the page is for somebody; `next_url` brings them back."""

    def __init__(self, next_url: str) -> None:
        super().__init__("sign in first")
        self.next_url = next_url
