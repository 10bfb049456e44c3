"""A message that an organizer writes: to whom it goes, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.attendees.tables import Registration
from app.conferences.tables import Conference, Membership
from app.html import gettext as _
from app.notices.letters import Draft

AUDIENCES = ("everybody", "attendees", "speakers", "sponsors")
_ROLES = {"speakers": "speaker", "sponsors": "sponsor"}
LONGEST_SUBJECT = 150
LONGEST_TEXT = 20_000


def audience_words(audience: str) -> str:
    return {
        "everybody": _("Everybody with a role or a place"),
        "attendees": _("Everybody with a place"),
        "speakers": _("Speakers"),
        "sponsors": _("Sponsors’ staff"),
    }[audience]


def wrong(subject: str, text: str, audience: str) -> dict[str, str]:
    """What is wrong with a message, by field, as sentences that say what to do."""
    found = {}
    if not subject.strip():
        found["subject"] = _("Write a subject: it is what people see first.")
    elif len(subject) > LONGEST_SUBJECT:
        found["subject"] = _("Make the subject shorter than 150 characters.")
    if not text.strip():
        found["text"] = _("Write what you want to say.")
    elif len(text) > LONGEST_TEXT:
        found["text"] = _("Make it shorter than 20,000 characters, and link to the rest.")
    if audience not in AUDIENCES:
        found["audience"] = _("Choose who gets it.")
    return found


async def people(conference: UUID, audience: str) -> list[dict[str, Any]]:
    """Who has an address in this audience: person, name, email and zone, each once."""
    found: dict[UUID, dict[str, Any]] = {}
    if audience != "attendees":
        where = [Membership.conference == conference, Membership.person.email.is_not_null()]
        if audience in _ROLES:
            where.append(Membership.role == _ROLES[audience])
        columns = (Membership.person, Membership.person.name, Membership.person.email)
        rows = await Membership.select(*columns, Membership.person.zone).where(*where)
        found.update((row["person"], row) for row in rows)
    if audience in ("everybody", "attendees"):
        rows = await Registration.select(
            Registration.person,
            Registration.person.name,
            Registration.person.email,
            Registration.person.zone,
        ).where(Registration.conference == conference, Registration.person.email.is_not_null())
        found.update((row["person"], row) for row in rows)
    return [
        {
            "person": row["person"],
            "name": row["person.name"],
            "email": row["person.email"],
            "zone": row["person.zone"],
        }
        for row in found.values()
    ]


async def compose(conference: Conference, facts: Mapping[str, Any], notice: UUID) -> list[Draft]:
    """One mail for each person of the audience."""
    return [
        Draft(
            key=f"message:{notice}:{row['person']}",
            person=row["person"],
            to=row["email"],
            name=row["name"],
            payload={"subject": facts["subject"], "text": facts["text"]},
        )
        for row in await people(conference.id, facts["audience"])
    ]
