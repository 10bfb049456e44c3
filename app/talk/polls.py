"""Polls and their answers, read and written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app import db, live
from app.errors import Refused
from app.html import gettext as _
from app.talk import rules
from app.talk.tables import Poll, PollAnswer


async def find(conference: UUID, room: UUID, poll: UUID) -> dict[str, Any]:
    """A poll of a room. Raises Refused (404)."""
    row = (
        await Poll.select()
        .where(Poll.id == poll, Poll.room == room, Poll.conference == conference)
        .first()
    )
    if row is None:
        raise Refused(404, _("That poll was taken away meanwhile."))
    return row


async def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A poll as pages get it. A quiz tells its results and its right answer when it is closed."""
    options = json.loads(row["options"])
    given = (
        await PollAnswer.select(PollAnswer.answer)
        .where(PollAnswer.poll == row["id"])
        .order_by(PollAnswer.created_at)
    )
    found = rules.results(row, options, (json.loads(each["answer"]) for each in given))
    over = row["state"] == "closed"
    if row["kind"] == "quiz" and not over:
        found = {"people": found["people"]}
    return {
        "id": str(row["id"]),
        "slot": str(row["slot"]) if row["slot"] else None,
        "kind": row["kind"],
        "title": row["title"],
        "options": options,
        "steps": row["steps"],
        "low": row["low"],
        "high": row["high"],
        "right": row["right"] if over else None,
        "state": row["state"],
        "results": found,
    }


async def of_room(
    conference: UUID, room: UUID, slot: UUID | None, *, viewer: UUID, host: bool
) -> list[dict[str, Any]]:
    """The polls of a slot, newest first, each with the viewer's own answer; drafts for hosts."""
    where: list[Any] = [Poll.conference == conference, Poll.room == room]
    where.append(Poll.slot == slot if slot is not None else Poll.slot.is_null())
    if not host:
        where.append(Poll.state != "draft")
    rows = await Poll.select().where(*where).order_by(Poll.created_at, ascending=False).limit(30)
    found = []
    for row in rows:
        own = (
            await PollAnswer.select(PollAnswer.answer)
            .where(PollAnswer.poll == row["id"], PollAnswer.person == viewer)
            .first()
        )
        found.append({**await shown(row), "mine": json.loads(own["answer"]) if own else None})
    return found


async def write(
    conference: UUID,
    room: UUID,
    slot: UUID | None,
    asked: rules.NewPoll,
    *,
    opened: bool,
    now: datetime,
) -> dict[str, Any]:
    """Keep a poll and tell its hosts; everybody, where it opens at once."""
    async with db.transaction():
        poll = uuid4()
        await Poll(
            id=poll,
            conference=conference,
            room=room,
            slot=slot,
            kind=asked.kind,
            title=asked.title,
            options=json.dumps(asked.options, ensure_ascii=False),
            steps=asked.steps,
            low=asked.low,
            high=asked.high,
            right=asked.right,
            state="open" if opened else "draft",
            created_at=now,
        ).save()
        made = await shown(await find(conference, room, poll))
        await tell(conference, room, made, now=now)
    return made


async def tell(conference: UUID, room: UUID, poll: Mapping[str, Any], *, now: datetime) -> None:
    channel = live.of_hosts(room) if poll["state"] == "draft" else live.of_room(room)
    said = {"what": "poll", "room": str(room), "poll": poll}
    await live.announce(conference, "talk", said, channel=channel, now=now)


async def turn(
    conference: UUID, room: UUID, poll: UUID, state: str, *, now: datetime
) -> dict[str, Any]:
    """Open or close a poll and tell the room."""
    async with db.transaction():
        await find(conference, room, poll)
        closed = now if state == "closed" else None
        await Poll.update({Poll.state: state, Poll.closed_at: closed}).where(Poll.id == poll)
        made = await shown(await find(conference, room, poll))
        await tell(conference, room, made, now=now)
    return made


async def remove(conference: UUID, room: UUID, poll: UUID, *, now: datetime) -> None:
    """Take a poll and its answers away."""
    async with db.transaction():
        await find(conference, room, poll)
        await Poll.delete().where(Poll.id == poll)
        await live.announce(
            conference,
            "talk",
            {"what": "gone", "room": str(room), "kind": "poll", "id": str(poll)},
            channel=live.of_room(room),
            now=now,
        )


async def answer(
    conference: UUID, room: UUID, poll: UUID, person: UUID, asked: object, *, now: datetime
) -> list[Any]:
    """Keep somebody's answer, instead of an earlier one; a quiz takes the first. Raises Refused."""
    async with db.transaction():
        row = await find(conference, room, poll)
        if row["state"] != "open":
            raise Refused(409, _("This poll is closed."))
        given = rules.answer(row, json.loads(row["options"]), asked)
        mine = (PollAnswer.poll == poll, PollAnswer.person == person)
        if row["kind"] == "quiz" and await PollAnswer.exists().where(*mine):
            raise Refused(409, _("In a quiz the first answer counts."))
        await PollAnswer.delete().where(*mine)
        await PollAnswer(
            id=uuid4(),
            poll=poll,
            person=person,
            answer=json.dumps(given, ensure_ascii=False),
            created_at=now,
        ).save()
    return given


async def with_results(polls: Iterable[UUID]) -> list[tuple[UUID, UUID, dict[str, Any]]]:
    """(conference, room, poll as shown) of some polls, for telling pages."""
    rows = await Poll.select().where(Poll.id.is_in(list(polls)))
    return [(row["conference"], row["room"], await shown(row)) for row in rows]


async def of_slots(slots: list[UUID]) -> list[dict[str, Any]]:
    """The polls of these slots with their results: what is kept for the session's page."""
    if not slots:
        return []
    rows = (
        await Poll.select()
        .where(Poll.slot.is_in(slots), Poll.state != "draft")
        .order_by(Poll.created_at)
    )
    return [await shown(row) for row in rows]


async def everything(conference: UUID, room: UUID) -> list[dict[str, Any]]:
    rows = (
        await Poll.select()
        .where(Poll.conference == conference, Poll.room == room)
        .order_by(Poll.created_at)
    )
    return [await shown(row) for row in rows]
