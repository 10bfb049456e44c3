"""Chat messages, read and written; what pages are told goes into the same transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app import db, live
from app.accounts.tables import Person
from app.errors import Refused
from app.html import gettext as _
from app.talk import rules
from app.talk.tables import ChatMessage

PAGE = 80
_COLUMNS = (
    ChatMessage.id,
    ChatMessage.room,
    ChatMessage.person,
    ChatMessage.person.name.as_alias("name"),
    ChatMessage.reply_to,
    ChatMessage.text,
    ChatMessage.mentions,
    ChatMessage.state,
    ChatMessage.pinned,
    ChatMessage.created_at,
    ChatMessage.edited_at,
)


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A message as pages get it."""
    return {
        "id": str(row["id"]),
        "person": str(row["person"]),
        "name": row["name"],
        "reply_to": str(row["reply_to"]) if row["reply_to"] else None,
        "text": row["text"],
        "mentions": json.loads(row["mentions"]),
        "state": row["state"],
        "pinned": bool(row["pinned"]),
        "at": row["created_at"].isoformat(),
        "edited": row["edited_at"] is not None,
    }


async def find(conference: UUID, room: UUID, message: UUID) -> dict[str, Any]:
    """A message of a room. Raises Refused (404)."""
    row = (
        await ChatMessage.select(*_COLUMNS)
        .where(
            ChatMessage.id == message,
            ChatMessage.room == room,
            ChatMessage.conference == conference,
        )
        .first()
    )
    if row is None:
        raise Refused(404, _("That message was taken away meanwhile."))
    return row


async def recent(
    conference: UUID, room: UUID, *, viewer: UUID, host: bool, before: datetime | None = None
) -> list[dict[str, Any]]:
    """The latest messages that this viewer may see, oldest first; on the first page pinned ones too."""
    where: list[Any] = [ChatMessage.conference == conference, ChatMessage.room == room]
    if not host:
        own_waiting = (ChatMessage.state == "waiting") & (ChatMessage.person == viewer)
        where.append((ChatMessage.state == "shown") | own_waiting)
    page = list(where)
    if before is not None:
        page.append(ChatMessage.created_at < before)
    rows = (
        await ChatMessage.select(*_COLUMNS)
        .where(*page)
        .order_by(ChatMessage.created_at, ascending=False)
        .limit(PAGE)
    )
    found = {row["id"]: row for row in reversed(rows)}
    if before is None:
        pinned = await ChatMessage.select(*_COLUMNS).where(*where, ChatMessage.pinned.eq(True))
        found = {row["id"]: row for row in pinned} | found
    ordered = sorted(found.values(), key=lambda row: (row["created_at"], str(row["id"])))
    return [shown(row) for row in ordered]


async def voices(conference: UUID, room: UUID) -> dict[UUID, str]:
    """Who has written here: whom a mention can mean."""
    rows = await ChatMessage.raw(
        "SELECT DISTINCT person.id AS id, person.name AS name FROM chat_message"
        " JOIN person ON person.id = chat_message.person"
        " WHERE chat_message.conference = {} AND chat_message.room = {}"
        " AND chat_message.state = 'shown'",
        conference,
        room,
    )
    return {UUID(str(row["id"])): row["name"] for row in rows}


async def say(
    conference: UUID,
    room: UUID,
    person: UUID,
    text: str,
    *,
    reply_to: UUID | None,
    allowed: rules.Rules,
    host: bool,
    where: Mapping[str, str],
    now: datetime,
) -> dict[str, Any]:
    """Write a message and tell the room. Raises Refused in slow mode. `where` is for who is named."""
    async with db.transaction():
        if allowed.slow_s and not host:
            await _hold_pace(room, person, timedelta(seconds=allowed.slow_s), now)
        if reply_to is not None:
            reply_to = await _thread(conference, room, reply_to)
        named = rules.mentioned(text, await voices(conference, room)) if "@" in text else []
        message = uuid4()
        await ChatMessage(
            id=message,
            conference=conference,
            room=room,
            person=person,
            reply_to=reply_to,
            text=text,
            mentions=json.dumps(named, ensure_ascii=False),
            state="waiting" if allowed.approve_first and not host else "shown",
            created_at=now,
        ).save()
        made = shown(await find(conference, room, message))
        await tell(conference, room, made, now=now)
        if made["state"] == "shown":
            await _call(conference, made, named, where, now=now)
    return made


async def _thread(conference: UUID, room: UUID, message: UUID) -> UUID:
    """The message that begins the thread: a reply to a reply belongs to the same thread."""
    row = await find(conference, room, message)
    return row["reply_to"] or message


async def _hold_pace(room: UUID, person: UUID, pace: timedelta, now: datetime) -> None:
    last = (
        await ChatMessage.select(ChatMessage.created_at)
        .where(ChatMessage.room == room, ChatMessage.person == person)
        .order_by(ChatMessage.created_at, ascending=False)
        .first()
    )
    if last is not None and last["created_at"] + pace > now:
        left = (last["created_at"] + pace - now).total_seconds()
        raise Refused(
            429,
            _("This chat is in slow mode. You can write again in %(seconds)s seconds.")
            % {"seconds": max(1, round(left))},
        )


async def _call(
    conference: UUID,
    made: Mapping[str, Any],
    named: list[dict[str, str]],
    where: Mapping[str, str],
    *,
    now: datetime,
) -> None:
    for one in named:
        if one["person"] != made["person"]:
            await live.announce(
                conference,
                "mine",
                {"what": "mention", "by": made["name"], "text": made["text"][:200], **where},
                channel=live.of_person(one["person"]),
                now=now,
            )


async def tell(conference: UUID, room: UUID, message: Mapping[str, Any], *, now: datetime) -> None:
    """Tell the room how a message stands: everybody when it is shown, else its hosts alone."""
    said = {"what": "message", "room": str(room), "message": message}
    if message["state"] == "shown":
        await live.announce(conference, "talk", said, channel=live.of_room(room), now=now)
        return
    gone = {"what": "gone", "room": str(room), "kind": "message", "id": message["id"]}
    if message["state"] == "hidden":
        await live.announce(conference, "talk", gone, channel=live.of_room(room), now=now)
    await live.announce(conference, "talk", said, channel=live.of_hosts(room), now=now)


async def edit(
    conference: UUID, room: UUID, message: UUID, person: UUID, text: str, *, now: datetime
) -> dict[str, Any]:
    """Change one's own message. Raises Refused for somebody else's."""
    async with db.transaction():
        row = await find(conference, room, message)
        if row["person"] != person:
            raise Refused(403, _("Only who wrote a message can change it."))
        named = rules.mentioned(text, await voices(conference, room)) if "@" in text else []
        await ChatMessage.update(
            {
                ChatMessage.text: text,
                ChatMessage.edited_at: now,
                ChatMessage.mentions: json.dumps(named, ensure_ascii=False),
            }
        ).where(ChatMessage.id == message)
        made = shown(await find(conference, room, message))
        await tell(conference, room, made, now=now)
    return made


async def remove(conference: UUID, room: UUID, message: UUID, *, now: datetime) -> None:
    """Take a message away for good."""
    async with db.transaction():
        await ChatMessage.delete().where(ChatMessage.id == message, ChatMessage.room == room)
        await live.announce(
            conference,
            "talk",
            {"what": "gone", "room": str(room), "kind": "message", "id": str(message)},
            channel=live.of_room(room),
            now=now,
        )


async def change(
    conference: UUID, room: UUID, message: UUID, values: Mapping[Any, Any], *, now: datetime
) -> dict[str, Any]:
    """Set columns of a message as its hosts wish, and tell the room."""
    async with db.transaction():
        await find(conference, room, message)
        await ChatMessage.update(dict(values)).where(ChatMessage.id == message)
        made = shown(await find(conference, room, message))
        await tell(conference, room, made, now=now)
    return made


async def everything(conference: UUID, room: UUID) -> list[dict[str, Any]]:
    """All messages of a room for an export, oldest first, with their writers' addresses."""
    return (
        await ChatMessage.select(*_COLUMNS, ChatMessage.person.email.as_alias("email"))
        .where(ChatMessage.conference == conference, ChatMessage.room == room)
        .order_by(ChatMessage.created_at)
    )


async def wrote(conference: UUID, room: UUID, person: UUID) -> bool:
    """Whether somebody has written in a room."""
    return bool(
        await ChatMessage.exists().where(
            ChatMessage.conference == conference,
            ChatMessage.room == room,
            ChatMessage.person == person,
        )
    )


async def name_of(person: UUID) -> str:
    row = await Person.select(Person.name).where(Person.id == person).first()
    return row["name"] if row else ""
