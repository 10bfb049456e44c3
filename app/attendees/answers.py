"""Who was invited to what, and what they answered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.attendees.tables import Invitation
from app.html import gettext as _
from app.programme.tables import Speaker

_STATES = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "maybe"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One person and one slot. `state`: accepted, declined, maybe, open, withdrawn."""

    session: UUID
    name: str
    email: str
    title: str
    room: str
    start: datetime
    state: str
    comment: str
    sequence: int
    told_at: datetime
    answered_at: datetime | None


def words(state: str) -> str:
    return {
        "accepted": _("Accepted"),
        "declined": _("Declined"),
        "maybe": _("Maybe"),
        "open": _("No answer yet"),
        "withdrawn": _("Withdrawn"),
        "unreachable": _("No address"),
    }[state]


async def of_speakers(conference: UUID) -> list[Line]:
    """Every invite to a speaker, in order of time."""
    return await _lines(Invitation.conference == conference, Invitation.speaking.eq(True))


async def of_person(conference: UUID, person: UUID) -> list[Line]:
    """One's own standing invites, in order of time."""
    lines = await _lines(Invitation.conference == conference, Invitation.person == person)
    return [line for line in lines if line.state != "withdrawn"]


async def _lines(*where: Any) -> list[Line]:
    rows = await Invitation.select(
        *Invitation.all_columns(), Invitation.person.name, Invitation.person.email
    ).where(*where)
    return sorted((_line(row) for row in rows), key=lambda line: (line.start, line.name))


def _line(row: Mapping[str, Any]) -> Line:
    facts = json.loads(row["facts"])
    withdrawn = row["method"] == "CANCEL"
    return Line(
        session=row["session"],
        name=row["person.name"],
        email=row["person.email"] or "",
        title=facts["title"],
        room=facts["room"],
        start=datetime.fromisoformat(facts["start"]),
        state="withdrawn" if withdrawn else _STATES.get(row["answer"], "open"),
        comment=row["answer_words"],
        sequence=row["sequence"],
        told_at=row["told_at"],
        answered_at=row["answer_stamp"] if row["answer"] else None,
    )


def tally(lines: Sequence[Line]) -> dict[str, int]:
    """How many invites stand in each state."""
    found = dict.fromkeys(("accepted", "maybe", "declined", "open", "withdrawn"), 0)
    for line in lines:
        found[line.state] += 1
    return found


async def without_address(conference: UUID) -> int:
    """How many speakers can't be invited, because nobody signed in as them."""
    found: int = await Speaker.count().where(
        Speaker.conference == conference, Speaker.person.is_null()
    )
    return found
