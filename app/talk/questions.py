"""Questions to those on stage, and votes for them, read and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app import db, live
from app.errors import Refused
from app.html import gettext as _
from app.recordings import store as recordings
from app.talk.tables import StageQuestion as Question
from app.talk.tables import StageQuestionVote as QuestionVote

_COLUMNS = (
    Question.id,
    Question.room,
    Question.slot,
    Question.person,
    Question.person.name.as_alias("name"),
    Question.anonymous,
    Question.text,
    Question.state,
    Question.votes,
    Question.created_at,
)


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A question as pages get it; who asked without a name is in it nowhere."""
    named = not row["anonymous"]
    return {
        "id": str(row["id"]),
        "slot": str(row["slot"]) if row["slot"] else None,
        "person": str(row["person"]) if named else None,
        "name": row["name"] if named else None,
        "text": row["text"],
        "state": row["state"],
        "votes": row["votes"],
        "at": row["created_at"].isoformat(),
    }


async def find(conference: UUID, room: UUID, question: UUID) -> dict[str, Any]:
    """A question of a room. Raises Refused (404)."""
    row = (
        await Question.select(*_COLUMNS)
        .where(Question.id == question, Question.room == room, Question.conference == conference)
        .first()
    )
    if row is None:
        raise Refused(404, _("That question was taken away meanwhile."))
    return row


async def of_slot(
    conference: UUID, room: UUID, slot: UUID | None, *, viewer: UUID, host: bool
) -> list[dict[str, Any]]:
    """The questions of a slot that this viewer may see, with `mine` and `voted`."""
    where: list[Any] = [Question.conference == conference, Question.room == room]
    where.append(Question.slot == slot if slot is not None else Question.slot.is_null())
    rows = await Question.select(*_COLUMNS).where(*where).order_by(Question.created_at).limit(500)
    votes = await QuestionVote.select(QuestionVote.question).where(
        QuestionVote.person == viewer,
        QuestionVote.question.is_in([row["id"] for row in rows] or [uuid4()]),
    )
    voted = {row["question"] for row in votes}
    return [
        {**shown(row), "mine": row["person"] == viewer, "voted": row["id"] in voted}
        for row in rows
        if host
        or row["state"] in ("open", "answering", "answered")
        or (row["person"] == viewer and row["state"] == "waiting")
    ]


async def ask(
    conference: UUID,
    room: UUID,
    slot: UUID | None,
    person: UUID,
    text: str,
    *,
    anonymous: bool,
    waiting: bool,
    now: datetime,
) -> dict[str, Any]:
    """Write a question and tell the room, or, where it has to be approved, its hosts."""
    async with db.transaction():
        question = uuid4()
        await Question(
            id=question,
            conference=conference,
            room=room,
            slot=slot,
            person=person,
            anonymous=anonymous,
            text=text,
            state="waiting" if waiting else "open",
            created_at=now,
        ).save()
        made = shown(await find(conference, room, question))
        await tell(conference, room, made, now=now)
    return made


async def tell(conference: UUID, room: UUID, question: Mapping[str, Any], *, now: datetime) -> None:
    said = {"what": "question", "room": str(room), "question": question}
    if question["state"] in ("open", "answering", "answered"):
        await live.announce(conference, "talk", said, channel=live.of_room(room), now=now)
        return
    gone = {"what": "gone", "room": str(room), "kind": "question", "id": question["id"]}
    if question["state"] == "hidden":
        await live.announce(conference, "talk", gone, channel=live.of_room(room), now=now)
    await live.announce(conference, "talk", said, channel=live.of_hosts(room), now=now)


async def vote(conference: UUID, room: UUID, question: UUID, person: UUID, *, wanted: bool) -> int:
    """Vote for a question or take the vote back; twice changes nothing. Returns the votes now."""
    async with db.transaction():
        row = await find(conference, room, question)
        if row["state"] not in ("open", "answering"):
            raise Refused(409, _("This question is not open for votes any more."))
        if db.on_postgres():
            await Question.select(Question.id).where(Question.id == question).lock_rows("UPDATE")
        mine = (QuestionVote.question == question, QuestionVote.person == person)
        if wanted:
            await QuestionVote.insert(
                QuestionVote(id=uuid4(), question=question, person=person)
            ).on_conflict(action="DO NOTHING")
        else:
            await QuestionVote.delete().where(*mine)
        votes: int = await QuestionVote.count().where(QuestionVote.question == question)
        await Question.update({Question.votes: votes}).where(Question.id == question)
    return votes


async def counts(questions: Iterable[UUID]) -> list[dict[str, Any]]:
    """Conference, room and votes of some questions, for telling pages."""
    return await Question.select(
        Question.id, Question.conference, Question.room, Question.votes
    ).where(Question.id.is_in(list(questions)))


async def turn(
    conference: UUID, room: UUID, question: UUID, state: str, *, now: datetime
) -> list[dict[str, Any]]:
    """Put a question into a state and tell the room; one alone is being answered in a room.

    Returns the questions that changed.
    """
    async with db.transaction():
        row = await find(conference, room, question)
        changed = [question]
        if state == "answering":
            others = (
                await Question.update({Question.state: "answered", Question.answered_at: now})
                .where(
                    Question.room == room, Question.state == "answering", Question.id != question
                )
                .returning(Question.id)
            )
            changed = [*(other["id"] for other in others), question]
        values: dict[Any, Any] = {Question.state: state}
        if state == "answered":
            values[Question.answered_at] = now
        await Question.update(values).where(Question.id == row["id"])
        if state == "answering" and row["slot"] is not None:
            await recordings.mark(conference, row["slot"], "question", row["text"], now=now)
        made = [shown(await find(conference, room, each)) for each in changed]
        for each in made:
            await tell(conference, room, each, now=now)
    return made


async def remove(
    conference: UUID, room: UUID, question: UUID, person: UUID, *, now: datetime
) -> None:
    """Take back one's own question. Raises Refused for somebody else's."""
    async with db.transaction():
        row = await find(conference, room, question)
        if row["person"] != person:
            raise Refused(403, _("Only who asked a question can take it back."))
        await Question.delete().where(Question.id == question)
        await live.announce(
            conference,
            "talk",
            {"what": "gone", "room": str(room), "kind": "question", "id": str(question)},
            channel=live.of_room(room),
            now=now,
        )


async def everything(conference: UUID, room: UUID) -> list[dict[str, Any]]:
    """All questions of a room for an export, by votes."""
    return (
        await Question.select(*_COLUMNS)
        .where(Question.conference == conference, Question.room == room)
        .order_by(Question.votes, ascending=False)
    )


async def answered(slots: list[UUID]) -> list[dict[str, Any]]:
    """What was asked in these slots and seen by all, most wanted first: for the session's page."""
    if not slots:
        return []
    rows = (
        await Question.select(*_COLUMNS)
        .where(Question.slot.is_in(slots), Question.state.is_in(["open", "answering", "answered"]))
        .order_by(Question.votes, ascending=False)
        .limit(50)
    )
    return [shown(row) for row in rows]
