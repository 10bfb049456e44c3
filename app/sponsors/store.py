"""Sponsors, booth visits, and the ledger of contacts that people gave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app.attendees.tables import Registration
from app.reports.figures import shown
from app.sponsors.tables import BoothVisit, Consent, Sponsor, SponsorStaff

ONE_VISIT = timedelta(minutes=30)
"""Opening a booth's page again within this time is the same visit."""

FIELDS = ("name", "email", "organization")
"""What of a contact can be given; the first two always are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A contact as its sponsor may see it: what was not given is empty. `given_at` is aware UTC."""

    given_at: datetime
    source: str
    name: str
    email: str
    organization: str
    fields: tuple[str, ...]
    wording: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A sponsor's leads, newest first; those taken back are counted and nothing else."""

    leads: tuple[Lead, ...]
    revoked: int
    visits: int | None
    visitors: int | None

    @property
    def sources(self) -> list[tuple[str, int]]:
        """How many leads came from where, most first."""
        return Counter(lead.source for lead in self.leads).most_common()


async def of(conference: UUID) -> list[dict[str, Any]]:
    """The conference's sponsors in their order."""
    return (
        await Sponsor.select()
        .where(Sponsor.conference == conference)
        .order_by(Sponsor.position, Sponsor.name)
    )


async def find(conference: UUID, slug: str) -> dict[str, Any] | None:
    return (
        await Sponsor.select().where(Sponsor.conference == conference, Sponsor.slug == slug).first()
    )


async def works_for(person: UUID, sponsor: UUID) -> bool:
    """True for a sponsor's own people."""
    return bool(
        await SponsorStaff.exists().where(
            SponsorStaff.sponsor == sponsor, SponsorStaff.person == person
        )
    )


async def visit(sponsor: UUID, person: UUID, *, now: datetime) -> None:
    """Count a visit to the booth, unless it is the same one still."""
    recent = await BoothVisit.exists().where(
        BoothVisit.sponsor == sponsor,
        BoothVisit.person == person,
        BoothVisit.at > now - ONE_VISIT,
    )
    if not recent:
        await BoothVisit(id=uuid4(), sponsor=sponsor, person=person, at=now).save()


async def standing(sponsor: UUID, person: UUID) -> dict[str, Any] | None:
    """The consent that stands between the two, or None."""
    return (
        await Consent.select()
        .where(Consent.sponsor == sponsor, Consent.person == person, Consent.revoked_at.is_null())
        .first()
    )


async def given_by(person: UUID, conference: UUID) -> dict[UUID, datetime]:
    """To which sponsors of the conference this person gave their contact, and when."""
    rows = await Consent.select(Consent.sponsor, Consent.given_at).where(
        Consent.person == person,
        Consent.sponsor.conference == conference,
        Consent.revoked_at.is_null(),
    )
    return {row["sponsor"]: row["given_at"] for row in rows}


async def give(
    sponsor: UUID,
    person: UUID,
    *,
    fields: Sequence[str],
    wording: str,
    source: str,
    now: datetime,
) -> None:
    """Write down that a contact was given, in the words that were shown. Twice is once."""
    await Consent.insert(
        Consent(
            id=uuid4(),
            sponsor=sponsor,
            person=person,
            source=source,
            fields=",".join(fields),
            wording=wording,
            given_at=now,
        )
    ).on_conflict(action="DO NOTHING")


async def take_back(sponsor: UUID, person: UUID, *, now: datetime) -> None:
    """Take a contact back; it is gone from every list from now on."""
    await Consent.update({Consent.revoked_at: now}).where(
        Consent.sponsor == sponsor, Consent.person == person, Consent.revoked_at.is_null()
    )


async def ledger(sponsor: UUID, conference: UUID) -> Ledger:
    """Everything that a sponsor may know: consents that stand, and counts."""
    rows = (
        await Consent.select(
            Consent.given_at,
            Consent.source,
            Consent.fields,
            Consent.wording,
            Consent.person,
            Consent.person.name.as_alias("name"),
            Consent.person.email.as_alias("email"),
        )
        .where(Consent.sponsor == sponsor, Consent.revoked_at.is_null())
        .order_by(Consent.given_at, ascending=False)
    )
    houses = await _organizations(conference, [row["person"] for row in rows])
    revoked = await _revoked(sponsor)
    visits, visitors = await _visits(sponsor)
    seen = shown(visitors, people_seen=False)
    return Ledger(
        leads=tuple(_lead(row, houses.get(row["person"], "")) for row in rows),
        revoked=revoked,
        visits=visits if seen is not None else None,
        visitors=seen,
    )


def _lead(row: dict[str, Any], organization: str) -> Lead:
    fields = tuple(row["fields"].split(","))
    return Lead(
        given_at=row["given_at"],
        source=row["source"],
        name=row["name"] if "name" in fields else "",
        email=(row["email"] or "") if "email" in fields else "",
        organization=organization if "organization" in fields else "",
        fields=fields,
        wording=row["wording"],
    )


async def _organizations(conference: UUID, people: list[UUID]) -> dict[UUID, str]:
    if not people:
        return {}
    rows = await Registration.select(Registration.person, Registration.organization_name).where(
        Registration.conference == conference, Registration.person.is_in(people)
    )
    return {row["person"]: row["organization_name"] for row in rows}


async def _revoked(sponsor: UUID) -> int:
    """People who took their contact back and did not give it again."""
    rows = await Consent.raw(
        "SELECT count(DISTINCT person) AS people FROM consent AS c WHERE sponsor = {}"
        " AND NOT EXISTS (SELECT 1 FROM consent AS s WHERE s.sponsor = c.sponsor"
        " AND s.person = c.person AND s.revoked_at IS NULL)",
        sponsor,
    )
    return int(rows[0]["people"])


async def _visits(sponsor: UUID) -> tuple[int, int]:
    """(visits, different people)"""
    rows = await BoothVisit.raw(
        "SELECT count(*) AS visits, count(DISTINCT person) AS people FROM booth_visit"
        " WHERE sponsor = {}",
        sponsor,
    )
    return int(rows[0]["visits"]), int(rows[0]["people"])
