"""Sponsors, their tiers, people and sessions, and visits to their booths."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app import db
from app.accounts import links
from app.accounts.tables import Person
from app.conferences.store import grant_role
from app.conferences.tables import Membership
from app.programme import draft
from app.sponsors.tables import (
    BoothSignal,
    BoothVisit,
    Sponsor,
    SponsorSession,
    SponsorStaff,
    SponsorTier,
)

ONE_VISIT = timedelta(minutes=30)
"""Opening a booth's page again within this time is the same visit."""

LONGEST_GAP = timedelta(seconds=90)
"""A page that was not heard of for so long was not looked at meanwhile."""

ON_DUTY = timedelta(hours=4)
PLACES = ("large", "row", "line")
RESERVED = frozenset({"manage"})
"""Addresses below /sponsors that no sponsor can have."""


class SponsorMoved(Exception):
    """Somebody else edited the booth meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Somebody of a sponsor's staff. `on_duty` says whether they are at the booth now."""

    person: UUID
    name: str
    email: str
    title: str
    on_duty: bool


async def of(conference: UUID) -> list[dict[str, Any]]:
    """The conference's sponsors: by tier, then in their order."""
    rows = (
        await Sponsor.select()
        .where(Sponsor.conference == conference)
        .order_by(Sponsor.position, Sponsor.name)
    )
    order = {tier["name"]: number for number, tier in enumerate(await tiers(conference))}
    return sorted(rows, key=lambda row: order.get(row["tier"], len(order)))


async def tiers(conference: UUID) -> list[dict[str, Any]]:
    """The levels of sponsorship, highest first."""
    rows: list[dict[str, Any]] = (
        await SponsorTier.select()
        .where(SponsorTier.conference == conference)
        .order_by(SponsorTier.position, SponsorTier.name)
    )
    return rows


async def find(conference: UUID, slug: str) -> dict[str, Any] | None:
    return (
        await Sponsor.select().where(Sponsor.conference == conference, Sponsor.slug == slug).first()
    )


async def found(
    conference: UUID, *, name: str, tier: str, contact: str, now: datetime
) -> dict[str, Any]:
    """A new sponsor with its first person. Raises links' errors for an address that is none."""
    async with db.transaction():
        taken = {row["slug"] for row in await of(conference)} | RESERVED
        stem = draft.slugify(name) or "sponsor"
        slug = next(
            s for n in range(1, 1000) if (s := stem if n == 1 else f"{stem}-{n}") not in taken
        )
        sponsor = Sponsor(
            id=uuid4(),
            conference=conference,
            slug=slug,
            position=len(taken),
            name=name,
            tier=tier,
        )
        await sponsor.save()
        if contact:
            await hire(sponsor.id, conference, contact, now=now)
    row = await find(conference, slug)
    assert row is not None
    return row


async def edit(sponsor: UUID, values: Mapping[str, Any], *, expected: int | None = None) -> None:
    """Change a booth. Raises SponsorMoved when it is not the `expected` version any more."""
    changes = {getattr(Sponsor, name): value for name, value in values.items()}
    query = Sponsor.update({**changes, Sponsor.version: Sponsor.version + 1}).where(
        Sponsor.id == sponsor
    )
    if expected is not None:
        query = query.where(Sponsor.version == expected)
    if not await query.returning(Sponsor.id):
        raise SponsorMoved


async def remove(sponsor: UUID) -> None:
    """Take a sponsor away with its booth, leads and consents."""
    await Sponsor.delete().where(Sponsor.id == sponsor)


async def set_tiers(conference: UUID, wanted: Sequence[tuple[str, str]]) -> None:
    """Make these (name, place) the levels, highest first."""
    async with db.transaction():
        await SponsorTier.delete().where(SponsorTier.conference == conference)
        rows = [
            SponsorTier(id=uuid4(), conference=conference, position=n, name=name, place=place)
            for n, (name, place) in enumerate(dict(wanted).items())
        ]
        if rows:
            await SponsorTier.insert(*rows)


async def works_for(person: UUID, sponsor: UUID) -> bool:
    """True for a sponsor's own people."""
    return bool(
        await SponsorStaff.exists().where(
            SponsorStaff.sponsor == sponsor, SponsorStaff.person == person
        )
    )


async def staff(sponsor: UUID, *, now: datetime) -> list[Worker]:
    """The sponsor's people, those at the booth first."""
    rows = await SponsorStaff.select(
        SponsorStaff.title,
        SponsorStaff.on_duty_until,
        SponsorStaff.person.id,
        SponsorStaff.person.name,
        SponsorStaff.person.email,
    ).where(SponsorStaff.sponsor == sponsor)
    people = [
        Worker(
            person=row["person.id"],
            name=_called(row["person.name"], row["person.email"] or ""),
            email=row["person.email"] or "",
            title=row["title"],
            on_duty=row["on_duty_until"] is not None and row["on_duty_until"] > now,
        )
        for row in rows
    ]
    return sorted(people, key=lambda one: (not one.on_duty, one.name))


def _called(name: str, email: str) -> str:
    """A name to show to strangers: of an address, which stands where no name is known, its half."""
    return name if name and name != email else email.partition("@")[0]


async def hire(sponsor: UUID, conference: UUID, email: str, *, now: datetime) -> UUID:
    """Make the person with this address one of the sponsor's; twice is once."""
    async with db.transaction():
        person = await links.find_or_create(email, now=now)
        await grant_role(conference, person, "sponsor")
        await SponsorStaff.insert(
            SponsorStaff(id=uuid4(), sponsor=sponsor, person=person)
        ).on_conflict(action="DO NOTHING")
    return person


async def dismiss(sponsor: UUID, conference: UUID, person: UUID) -> None:
    """They are not the sponsor's any more, and lose the role unless another sponsor has them."""
    async with db.transaction():
        await SponsorStaff.delete().where(
            SponsorStaff.sponsor == sponsor, SponsorStaff.person == person
        )
        elsewhere = await SponsorStaff.exists().where(
            SponsorStaff.person == person, SponsorStaff.sponsor.conference == conference
        )
        if not elsewhere:
            await Membership.delete().where(
                Membership.conference == conference,
                Membership.person == person,
                Membership.role == "sponsor",
            )


async def describe(sponsor: UUID, person: UUID, *, title: str, name: str) -> None:
    """What the booth says of one of its people; a name only for who has none yet."""
    await SponsorStaff.update({SponsorStaff.title: title}).where(
        SponsorStaff.sponsor == sponsor, SponsorStaff.person == person
    )
    if name:
        await Person.update({Person.name: name}).where(
            Person.id == person, Person.name == Person.email
        )


async def duty(sponsor: UUID, person: UUID, *, on: bool, now: datetime) -> None:
    """Come to the booth (for ON_DUTY at most), or leave it."""
    await SponsorStaff.update({SponsorStaff.on_duty_until: now + ON_DUTY if on else None}).where(
        SponsorStaff.sponsor == sponsor, SponsorStaff.person == person
    )


async def sessions_of(sponsor: UUID) -> frozenset[str]:
    """The sessions that this sponsor made possible."""
    rows = await SponsorSession.select(SponsorSession.session).where(
        SponsorSession.sponsor == sponsor
    )
    return frozenset(str(row["session"]) for row in rows)


async def set_sessions(sponsor: UUID, sessions: Sequence[UUID]) -> None:
    async with db.transaction():
        await SponsorSession.delete().where(SponsorSession.sponsor == sponsor)
        rows = [
            SponsorSession(id=uuid4(), sponsor=sponsor, session=session)
            for session in dict.fromkeys(sessions)
        ]
        if rows:
            await SponsorSession.insert(*rows)


async def sponsors_of(session: UUID) -> list[dict[str, Any]]:
    """(slug, name) of who made a session possible."""
    rows: list[dict[str, Any]] = (
        await SponsorSession.select(
            SponsorSession.sponsor.slug.as_alias("slug"),
            SponsorSession.sponsor.name.as_alias("name"),
        )
        .where(SponsorSession.session == session)
        .order_by(SponsorSession.sponsor.name)
    )
    return rows


async def visit(sponsor: UUID, person: UUID, *, now: datetime) -> None:
    """Count a visit to the booth, unless it is the same one still."""
    recent = await BoothVisit.exists().where(
        BoothVisit.sponsor == sponsor,
        BoothVisit.person == person,
        BoothVisit.at > now - ONE_VISIT,
    )
    if not recent:
        await BoothVisit(id=uuid4(), sponsor=sponsor, person=person, at=now, seen_until=now).save()


async def still_here(sponsor: UUID, person: UUID, *, now: datetime) -> None:
    """The booth's page is still looked at: lengthen the visit, or begin another."""
    async with db.transaction():
        last = (
            await BoothVisit.select(BoothVisit.id, BoothVisit.at, BoothVisit.seen_until)
            .where(BoothVisit.sponsor == sponsor, BoothVisit.person == person)
            .order_by(BoothVisit.at, ascending=False)
            .first()
        )
        seen = None if last is None else (last["seen_until"] or last["at"])
        if last is None or seen is None or seen < now - LONGEST_GAP:
            await visit(sponsor, person, now=now)
        elif seen < now:
            await BoothVisit.update({BoothVisit.seen_until: now}).where(BoothVisit.id == last["id"])


async def signal(
    sponsor: UUID, person: UUID | None, kind: str, subject: UUID, *, now: datetime
) -> None:
    """Somebody took a file along, or opened an offer; the same again within a visit is once."""
    recent = person is not None and await BoothSignal.exists().where(
        BoothSignal.sponsor == sponsor,
        BoothSignal.person == person,
        BoothSignal.subject == subject,
        BoothSignal.at > now - ONE_VISIT,
    )
    if not recent:
        await BoothSignal(
            id=uuid4(), sponsor=sponsor, person=person, kind=kind, subject=subject, at=now
        ).save()


def offers(sponsor: Mapping[str, Any]) -> list[dict[str, str]]:
    """The booth's offers: title, text, url each."""
    held: list[dict[str, str]] = json.loads(sponsor["offers"])
    return held


async def lobby(conference: UUID) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """What a lobby shows: (tier with name and place, its sponsors), highest first.

    Sponsors of a tier that was not set up come last, in a row.
    """
    everybody = await of(conference)
    shown: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    for tier in await tiers(conference):
        held = [one for one in everybody if one["tier"] == tier["name"]]
        if held:
            shown.append((tier, held))
    named = {tier["name"] for tier, _held in shown}
    rest = [one for one in everybody if one["tier"] not in named]
    for name in dict.fromkeys(one["tier"] for one in rest):
        shown.append(({"name": name, "place": "row"}, [one for one in rest if one["tier"] == name]))
    return shown
