"""The ledger of contacts: given knowingly, in words that are kept, and taken back at any time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from app import db
from app.jobs.store import Made
from app.jobs.tables import Job
from app.sponsors import hooks
from app.sponsors.tables import BoothMeeting, Consent, DrawEntry, LeadCard, LeadNote

FIELDS = ("name", "email", "organization")
"""What of a contact is given by ticking; the first two always are. A phone number is typed."""


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
    phone: str = "",
    message: str = "",
    wants_call: bool = False,
    recorded_by: UUID | None = None,
) -> bool:
    """Write down that a contact was given, in the words that were shown; False where it stood.

    The sponsor's webhook is told in the same transaction.
    """
    async with db.transaction():
        if await standing(sponsor, person) is not None:
            return False
        consent = uuid4()
        await Consent.insert(
            Consent(
                id=consent,
                sponsor=sponsor,
                person=person,
                source=source,
                fields=",".join(fields),
                wording=wording,
                phone=phone if "phone" in fields else "",
                message=message,
                wants_call=wants_call,
                recorded_by=recorded_by,
                given_at=now,
            )
        ).on_conflict(action="DO NOTHING")
        await hooks.tell(sponsor, "lead.given", consent, now=now)
    return True


async def take_back(
    sponsor: UUID, person: UUID, *, now: datetime, files: Path | None = None
) -> None:
    """Take a contact back: gone from every list, and from the reports that were made (`files`).

    What the staff wrote about the person goes too; meetings to come are called off by the caller.
    """
    async with db.transaction():
        gone = (
            await Consent.update({Consent.revoked_at: now, Consent.phone: "", Consent.message: ""})
            .where(
                Consent.sponsor == sponsor,
                Consent.person == person,
                Consent.revoked_at.is_null(),
            )
            .returning(Consent.id)
        )
        if not gone:
            return
        for table in (LeadCard, LeadNote):
            await table.delete().where(table.sponsor == sponsor, table.person == person)
        entries = await DrawEntry.select(DrawEntry.id).where(
            DrawEntry.person == person,
            DrawEntry.draw.sponsor == sponsor,
            DrawEntry.draw.drawn_at.is_null(),
        )
        if entries:
            await DrawEntry.delete().where(DrawEntry.id.is_in([row["id"] for row in entries]))
        await BoothMeeting.update({BoothMeeting.note: ""}).where(
            BoothMeeting.sponsor == sponsor, BoothMeeting.person == person
        )
        await hooks.tell(sponsor, "lead.revoked", gone[0]["id"], now=now)
        made = await Job.select(Job.id, Job.result).where(
            Job.key == report_key(sponsor), Job.state == "done"
        )
        if made:
            await Job.delete().where(Job.id.is_in([row["id"] for row in made]))
    for row in made:
        result = Made.read(row["result"])
        if files is not None and result is not None and result.file:
            (files / result.file).unlink(missing_ok=True)


def report_key(sponsor: UUID) -> str:
    """The key of the job that writes a sponsor's lead report."""
    return f"leads:{sponsor}"
