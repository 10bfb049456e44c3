"""What a sponsor may know: leads, counts and audiences as values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.sponsors import score
from app.sponsors.score import Part, Signals


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A contact as its sponsor may see it: what was not given is empty. `given_at` is aware UTC."""

    id: UUID
    given_at: datetime
    source: str
    name: str
    email: str
    organization: str
    fields: tuple[str, ...]
    wording: str
    phone: str = ""
    message: str = ""
    wants_call: bool = False
    rating: int = 0
    tags: tuple[str, ...] = ()
    owner: UUID | None = None
    answered: bool = False
    version: int = 0
    notes: tuple[Note, ...] = ()
    signals: Signals = field(default_factory=Signals)

    @property
    def parts(self) -> tuple[Part, ...]:
        return score.parts(self.signals)

    @property
    def score(self) -> int:
        return score.total(self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """A sponsored session's audience; None where fewer than five people were there."""

    session: str
    title: str
    start: datetime
    room: str
    unique: int | None
    minutes: int | None
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How often a file was taken along, by how many people; None below five."""

    name: str
    times: int | None
    people: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Typical:
    """Medians over the sponsors of a tier (or of all, where the tier is small), this one too."""

    tier: str
    sponsors: int
    leads: float
    visitors: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All that a sponsor may know. Leads are newest first; those taken back are only counted.

    Counts of visits, people and seconds at the booth are None below five people.
    """

    leads: tuple[Lead, ...]
    revoked: int
    visits: int | None
    visitors: int | None
    half_stayed_s: float | None = None
    audiences: tuple[Audience, ...] = ()
    taken: tuple[Taken, ...] = ()
    typical: Typical | None = None

    @property
    def sources(self) -> list[tuple[str, int]]:
        """How many leads came from where, most first."""
        return Counter(lead.source for lead in self.leads).most_common()

    @property
    def ratings(self) -> list[tuple[int, int]]:
        """How many leads have which rating, the best first; 0 is none yet."""
        return sorted(Counter(lead.rating for lead in self.leads).items(), reverse=True)

    @property
    def calls(self) -> list[Lead]:
        return [lead for lead in self.leads if lead.wants_call]
