"""A sponsor's leads: consents that stand, with what the people did and what the staff noted."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any
from uuid import UUID, uuid4

from agenda.model import SlotId
from app import db
from app.attendees.tables import Registration
from app.conferences.tables import Conference
from app.programme import releases
from app.programme.releases import Released
from app.reports import figures
from app.reports.figures import Stay, shown
from app.reports.store import lives
from app.sponsors import store
from app.sponsors.ledger import Audience, Lead, Ledger, Note, Taken, Typical
from app.sponsors.score import Signals
from app.sponsors.tables import (
    BoothMeeting,
    BoothSignal,
    BoothVisit,
    Consent,
    DrawEntry,
    LeadCard,
    LeadNote,
    Sponsor,
    SponsorFile,
)
from app.stages.tables import PhaseChange, Presence

_OTHERS = 3
"""A median is told from so many other sponsors on: of fewer it would say what one of them has."""


class LeadMoved(Exception):
    """Somebody else of the team changed this lead meanwhile."""


async def gather(sponsor: Mapping[str, Any], conference: Conference, *, now: datetime) -> Ledger:
    """Everything that a sponsor may know as of now."""
    rows = await _standing(sponsor["id"])
    people = [row["person"] for row in rows]
    houses = await _organizations(conference.id, people)
    cards = await _cards(sponsor["id"])
    notes = await _notes(sponsor["id"])
    visits = await BoothVisit.select(BoothVisit.person, BoothVisit.at, BoothVisit.seen_until).where(
        BoothVisit.sponsor == sponsor["id"]
    )
    taken = await BoothSignal.select(BoothSignal.person, BoothSignal.subject).where(
        BoothSignal.sponsor == sponsor["id"], BoothSignal.kind == "download"
    )
    audiences, watched = await _sessions(sponsor["id"], conference, people, now=now)
    did = _Did(
        visits=_by_person(visits),
        taken=_by_person(taken),
        watched=watched,
        meetings=await _meetings(sponsor["id"]),
        draws=await _draws(sponsor["id"]),
    )
    visitors = shown(len({row["person"] for row in visits if row["person"]}), people_seen=False)
    return Ledger(
        leads=tuple(_lead(row, houses.get(row["person"], ""), cards, notes, did) for row in rows),
        revoked=await _revoked(sponsor["id"]),
        visits=len(visits) if visitors is not None else None,
        visitors=visitors,
        half_stayed_s=_half(visits) if visitors else None,
        audiences=audiences,
        taken=await _files(sponsor["id"], taken),
        typical=await _typical(sponsor, conference.id),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Did:
    """Who did what at one sponsor's, by person."""

    visits: Mapping[UUID, Sequence[Mapping[str, Any]]]
    taken: Mapping[UUID, Sequence[Mapping[str, Any]]]
    watched: Mapping[UUID, float]
    meetings: Mapping[UUID, int]
    draws: Mapping[UUID, int]

    def signals(self, person: UUID, *, wants_call: bool) -> Signals:
        own = self.visits.get(person, ())
        return Signals(
            wants_call=wants_call,
            meetings=self.meetings.get(person, 0),
            downloads=len({row["subject"] for row in self.taken.get(person, ())}),
            session_s=self.watched.get(person, 0.0),
            visits=len(own),
            dwell_s=sum(map(_dwell, own)),
            draws=self.draws.get(person, 0),
        )


def _by_person(rows: Sequence[Mapping[str, Any]]) -> Mapping[UUID, list[Mapping[str, Any]]]:
    found: dict[UUID, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["person"]].append(row)
    return found


def _dwell(visit: Mapping[str, Any]) -> float:
    seen: float = ((visit["seen_until"] or visit["at"]) - visit["at"]).total_seconds()
    return max(seen, 0.0)


def _half(visits: Sequence[Mapping[str, Any]]) -> float | None:
    """The median stay, of those visits whose length is known."""
    known = [_dwell(visit) for visit in visits if visit["seen_until"] is not None]
    return median(known) if len(known) >= figures.K else None


async def _standing(sponsor: UUID) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (
        await Consent.select(
            *Consent.all_columns(),
            Consent.person.name.as_alias("name"),
            Consent.person.email.as_alias("email"),
        )
        .where(Consent.sponsor == sponsor, Consent.revoked_at.is_null())
        .order_by(Consent.given_at, ascending=False)
    )
    return rows


def _lead(
    row: Mapping[str, Any],
    organization: str,
    cards: Mapping[UUID, Mapping[str, Any]],
    notes: Mapping[UUID, list[Note]],
    did: _Did,
) -> Lead:
    fields = tuple(row["fields"].split(","))
    card = cards.get(row["person"], {})
    return Lead(
        id=row["id"],
        given_at=row["given_at"],
        source=row["source"],
        name=row["name"] if "name" in fields else "",
        email=(row["email"] or "") if "email" in fields else "",
        organization=organization if "organization" in fields else "",
        phone=row["phone"],
        message=row["message"],
        wants_call=row["wants_call"],
        fields=fields,
        wording=row["wording"],
        rating=card.get("rating", 0),
        tags=tuple(tag for tag in card.get("tags", "").split(",") if tag),
        owner=card.get("owner"),
        answered=card.get("answered", False),
        version=card.get("version", 0),
        notes=tuple(notes.get(row["person"], ())),
        signals=did.signals(row["person"], wants_call=row["wants_call"]),
    )


async def _cards(sponsor: UUID) -> dict[UUID, dict[str, Any]]:
    return {
        row["person"]: row for row in await LeadCard.select().where(LeadCard.sponsor == sponsor)
    }


async def _notes(sponsor: UUID) -> dict[UUID, list[Note]]:
    found: dict[UUID, list[Note]] = defaultdict(list)
    for row in await LeadNote.select().where(LeadNote.sponsor == sponsor).order_by(LeadNote.at):
        found[row["person"]].append(Note(text=row["text"], by=row["by_name"], at=row["at"]))
    return found


async def _meetings(sponsor: UUID) -> dict[UUID, int]:
    rows = await BoothMeeting.select(BoothMeeting.person).where(
        BoothMeeting.sponsor == sponsor, BoothMeeting.state == "booked"
    )
    return Counter(row["person"] for row in rows)


async def _draws(sponsor: UUID) -> dict[UUID, int]:
    rows = await DrawEntry.select(DrawEntry.person).where(DrawEntry.draw.sponsor == sponsor)
    return Counter(row["person"] for row in rows)


async def _organizations(conference: UUID, people: list[UUID]) -> dict[UUID, str]:
    if not people:
        return {}
    rows = await Registration.select(Registration.person, Registration.organization_name).where(
        Registration.conference == conference
    )
    wanted = set(people)
    return {row["person"]: row["organization_name"] for row in rows if row["person"] in wanted}


async def _revoked(sponsor: UUID) -> int:
    """People who took their contact back and did not give it again."""
    rows = await Consent.raw(
        "SELECT count(DISTINCT person) AS people FROM consent AS c WHERE sponsor = {}"
        " AND NOT EXISTS (SELECT 1 FROM consent AS s WHERE s.sponsor = c.sponsor"
        " AND s.person = c.person AND s.revoked_at IS NULL)",
        sponsor,
    )
    return int(rows[0]["people"])


async def _files(sponsor: UUID, taken: Sequence[Mapping[str, Any]]) -> tuple[Taken, ...]:
    rows = (
        await SponsorFile.select(SponsorFile.id, SponsorFile.name)
        .where(SponsorFile.sponsor == sponsor, SponsorFile.kind == "file")
        .order_by(SponsorFile.created_at)
    )
    found = []
    for row in rows:
        own = [one["person"] for one in taken if one["subject"] == row["id"]]
        people = shown(len({person for person in own if person}), people_seen=False)
        times = len(own) if people or not own else None
        found.append(Taken(name=row["name"], times=times, people=people))
    return tuple(found)


async def _sessions(
    sponsor: UUID, conference: Conference, people: Sequence[UUID], *, now: datetime
) -> tuple[tuple[Audience, ...], dict[UUID, float]]:
    """The audience of each sponsored session, and how long each of these people was in them."""
    own = await store.sessions_of(sponsor)
    released = await releases.latest(conference.id) if own else None
    if released is None:
        return (), {}
    slots = [slot for slot in released.schedule.slots if slot.session in own]
    rooms = {UUID(slot.room) for slot in slots}
    if not rooms:
        return (), {}
    changes = await PhaseChange.select(
        PhaseChange.slot, PhaseChange.room, PhaseChange.phase, PhaseChange.at
    ).where(
        PhaseChange.conference == conference.id,
        PhaseChange.slot.is_in([UUID(slot.id) for slot in slots]),
    )
    rows = await Presence.select(
        Presence.person, Presence.room, Presence.joined_at, Presence.left_at
    ).where(Presence.conference == conference.id, Presence.room.is_in(list(rooms)))
    stays = [
        Stay(
            person=row["person"],
            room=str(row["room"]),
            joined=row["joined_at"],
            left=row["left_at"] or now,
        )
        for row in rows
    ]
    return await asyncio.to_thread(_watched, released, slots, changes, stays, people, now)


def _watched(
    released: Released,
    slots: Sequence[Any],
    changes: list[dict[str, Any]],
    stays: list[Stay],
    people: Sequence[UUID],
    now: datetime,
) -> tuple[tuple[Audience, ...], dict[UUID, float]]:
    held = {one.slot: one for one in lives(changes, now=now)}
    known = [held[slot.id] for slot in slots if slot.id in held]
    counted = {one.live.slot: one for one in figures.attendance(stays, known)}
    own: dict[str, list[Stay]] = defaultdict(list)
    for stay in stays:
        own[stay.person].append(stay)
    seconds = {
        person: sum(one.seconds for one in figures.attendance(own.get(str(person), []), known))
        for person in people
    }
    found = []
    for slot in sorted(slots, key=lambda one: one.start):
        one = counted.get(SlotId(slot.id))
        unique = None if one is None else shown(one.unique, people_seen=False)
        found.append(
            Audience(
                session=slot.session,
                title=released.sessions[slot.session].title,
                start=slot.start,
                room=released.rooms[slot.room].name,
                unique=unique,
                minutes=round(one.average_minutes) if one is not None and unique else None,
                live=one is not None,
            )
        )
    return tuple(found), seconds


async def _typical(sponsor: Mapping[str, Any], conference: UUID) -> Typical | None:
    """How many leads and visitors are usual; None where it would say what one other has."""
    everybody = await Sponsor.select(Sponsor.id, Sponsor.tier).where(
        Sponsor.conference == conference
    )
    peers = [row["id"] for row in everybody if row["tier"] == sponsor["tier"]]
    tier = sponsor["tier"]
    if len(peers) <= _OTHERS:
        peers, tier = [row["id"] for row in everybody], ""
    if len(peers) <= _OTHERS:
        return None
    leads = Counter(
        row["sponsor"]
        for row in await Consent.select(Consent.sponsor).where(
            Consent.sponsor.is_in(peers), Consent.revoked_at.is_null()
        )
    )
    visitors: dict[UUID, set[UUID]] = defaultdict(set)
    for row in await BoothVisit.select(BoothVisit.sponsor, BoothVisit.person).where(
        BoothVisit.sponsor.is_in(peers)
    ):
        visitors[row["sponsor"]].add(row["person"])
    return Typical(
        tier=tier,
        sponsors=len(peers),
        leads=median(leads[one] for one in peers),
        visitors=median(len(visitors[one]) for one in peers),
    )


async def person_of(sponsor: UUID, consent: UUID) -> UUID | None:
    """Whose lead this is, while it stands."""
    row = (
        await Consent.select(Consent.person)
        .where(Consent.id == consent, Consent.sponsor == sponsor, Consent.revoked_at.is_null())
        .first()
    )
    return None if row is None else row["person"]


async def mark(
    sponsor: UUID, person: UUID, values: Mapping[str, Any], *, expected: int, now: datetime
) -> None:
    """Write what the staff think of a lead.

    Raises LeadMoved when it is not the `expected` version any more.
    """
    async with db.transaction():
        await LeadCard.insert(
            LeadCard(id=uuid4(), sponsor=sponsor, person=person, updated_at=now)
        ).on_conflict(action="DO NOTHING")
        changes = {getattr(LeadCard, name): value for name, value in values.items()}
        done = (
            await LeadCard.update(
                {**changes, LeadCard.version: LeadCard.version + 1, LeadCard.updated_at: now}
            )
            .where(
                LeadCard.sponsor == sponsor,
                LeadCard.person == person,
                LeadCard.version == expected,
            )
            .returning(LeadCard.id)
        )
        if not done:
            raise LeadMoved


async def note(sponsor: UUID, person: UUID, text: str, *, by: str, now: datetime) -> None:
    """Write a note about a lead."""
    await LeadNote(id=uuid4(), sponsor=sponsor, person=person, text=text, by_name=by, at=now).save()
