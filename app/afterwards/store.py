"""Ratings and notes, read and written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from agenda.model import SessionId, Slot
from app import db
from app.afterwards.tables import Note, Rating
from app.errors import Refused
from app.html import gettext as _
from app.reports.figures import merged
from app.stages.tables import Presence

MOST_WORDS = 1000
LONGEST_NOTE = 4000
_ATTENDED = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a session was found: how many rated, their mean, and the counts for 1 to 5."""

    people: int
    mean: float
    counts: tuple[int, ...]
    words: tuple[str, ...]


async def rate(
    conference: UUID, session: UUID, person: UUID, *, score: int, words: str, now: datetime
) -> None:
    """Rate a session, or change one's rating."""
    async with db.transaction():
        await Rating.delete().where(Rating.session == session, Rating.person == person)
        await Rating(
            id=uuid4(),
            conference=conference,
            session=session,
            person=person,
            score=score,
            words=words[:MOST_WORDS],
            created_at=now,
        ).save()


async def rating_of(session: UUID, person: UUID) -> dict[str, Any] | None:
    """One's own rating: score and words."""
    return (
        await Rating.select(Rating.score, Rating.words)
        .where(Rating.session == session, Rating.person == person)
        .first()
    )


async def verdict(session: UUID) -> Verdict | None:
    """What everybody said of a session, without names; None before anybody did."""
    rows = await Rating.select(Rating.score, Rating.words).where(Rating.session == session)
    if not rows:
        return None
    counts = tuple(sum(row["score"] == score for row in rows) for score in range(1, 6))
    return Verdict(
        people=len(rows),
        mean=round(sum(row["score"] for row in rows) / len(rows), 2),
        counts=counts,
        words=tuple(row["words"] for row in rows if row["words"]),
    )


async def note(
    conference: UUID, session: UUID, slot: UUID | None, person: UUID, text: str, *, now: datetime
) -> dict[str, Any]:
    """Keep a note with its instant."""
    found = Note(
        id=uuid4(),
        conference=conference,
        person=person,
        session=session,
        slot=slot,
        text=text,
        at=now,
    )
    await found.save()
    return {"id": str(found.id), "text": text, "at": now.isoformat()}


async def notes(
    conference: UUID, person: UUID, session: UUID | None = None
) -> list[dict[str, Any]]:
    """One's own notes, of one session or of all, oldest first."""
    where = [Note.conference == conference, Note.person == person]
    if session is not None:
        where.append(Note.session == session)
    return await Note.select().where(*where).order_by(Note.at)


async def change_note(person: UUID, note_id: UUID, text: str) -> None:
    """Write one's own note anew, or, without text, take it away. Raises Refused (404)."""
    mine = (Note.id == note_id, Note.person == person)
    if not await Note.exists().where(*mine):
        raise Refused(404, _("There is no such note of yours."))
    if text:
        await Note.update({Note.text: text}).where(*mine)
    else:
        await Note.delete().where(*mine)


async def attended(conference: UUID, person: UUID, slots: Sequence[Slot]) -> frozenset[SessionId]:
    """Sessions of these slots in whose room the person was for five minutes of it."""
    rows = await Presence.select(Presence.room, Presence.joined_at, Presence.left_at).where(
        Presence.conference == conference, Presence.person == str(person)
    )
    return frozenset(slot.session for slot in slots if _there(slot, rows) >= _enough(slot))


def _enough(slot: Slot) -> timedelta:
    return min(_ATTENDED, slot.duration / 2)


def _there(slot: Slot, stays: Iterable[dict[str, Any]]) -> timedelta:
    within = merged(
        (max(stay["joined_at"], slot.start), min(stay["left_at"] or slot.end, slot.end))
        for stay in stays
        if str(stay["room"]) == slot.room
    )
    return sum((until - since for since, until in within), timedelta(0))
