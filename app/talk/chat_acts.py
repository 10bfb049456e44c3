"""What is done in a chat, whatever place it belongs to: each route finds the place and comes here."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar.exceptions import NotFoundException

from app.errors import Refused
from app.html import gettext as _
from app.talk import chat, house_rules, rules
from app.talk.place import Asked, Place, body, hosts_only, pace, uuid_of, wake
from app.talk.tables import ChatMessage


async def state(request: Asked, place: Place) -> dict[str, Any]:
    """Who one is here, what is allowed, and the latest messages."""
    held = await house_rules.restraints(place.conference, place.person, now=place.at)
    muted = not held.keys().isdisjoint({"mute", "ban"}) or await house_rules.muted_in(
        place.room, place.person
    )
    return {
        "room": str(place.room),
        "me": {
            "id": str(place.person),
            "name": request.state.viewer.name,
            "host": place.host,
            "muted": muted,
        },
        "rules": asdict(await house_rules.of_room(place.conference, place.room)),
        "messages": await chat.recent(
            place.conference, place.room, viewer=place.person, host=place.host
        ),
    }


async def earlier(place: Place, before: datetime) -> dict[str, Any]:
    found = await chat.recent(
        place.conference, place.room, viewer=place.person, host=place.host, before=before
    )
    return {"messages": found}


async def say(request: Asked, place: Place) -> dict[str, Any]:
    asked = await body(request)
    text = rules.said(asked.get("text"), longest=rules.LONGEST_MESSAGE)
    allowed = await house_rules.of_room(place.conference, place.room)
    if not allowed.chat and not place.host:
        raise Refused(403, _("The chat of this room is closed."))
    await house_rules.may_write(place.conference, place.person, place=place.room, now=place.at)
    await pace(request, "say", most=12, seconds=10)
    made = await chat.say(
        place.conference,
        place.room,
        place.person,
        text,
        reply_to=uuid_of(asked.get("reply_to")),
        allowed=allowed,
        host=place.host,
        where={"room": place.name, "at": place.path},
        now=place.at,
    )
    await wake(request)
    return made


async def edit(request: Asked, place: Place, message: UUID) -> dict[str, Any]:
    text = rules.said((await body(request)).get("text"), longest=rules.LONGEST_MESSAGE)
    await house_rules.may_write(place.conference, place.person, place=place.room, now=place.at)
    made = await chat.edit(place.conference, place.room, message, place.person, text, now=place.at)
    await wake(request)
    return made


_TURNS: dict[str, dict[Any, Any]] = {
    "hide": {ChatMessage.state: "hidden", ChatMessage.pinned: False},
    "show": {ChatMessage.state: "shown"},
    "approve": {ChatMessage.state: "shown"},
    "pin": {ChatMessage.pinned: True},
    "unpin": {ChatMessage.pinned: False},
}


async def turn(request: Asked, place: Place, message: UUID, act: str) -> dict[str, Any]:
    """`delete` one's own; who moderates also hides, shows, approves, pins, unpins."""
    if act == "delete":
        row = await chat.find(place.conference, place.room, message)
        if row["person"] != place.person:
            raise Refused(403, _("Only who wrote a message can take it away."))
        await chat.remove(place.conference, place.room, message, now=place.at)
        made: dict[str, Any] = {"id": str(message)}
    elif act in _TURNS:
        hosts_only(place)
        made = await chat.change(place.conference, place.room, message, _TURNS[act], now=place.at)
    else:
        raise NotFoundException
    await wake(request)
    return made


async def set_rules(request: Asked, place: Place) -> dict[str, Any]:
    hosts_only(place)
    asked = await body(request)
    slow = asked.get("slow_s", 0)
    wanted = rules.Rules(
        chat=bool(asked.get("chat", True)),
        questions=bool(asked.get("questions", True)),
        anonymous=bool(asked.get("anonymous", True)),
        approve_first=bool(asked.get("approve_first", False)),
        slow_s=slow if isinstance(slow, int) and 0 <= slow <= 600 else 0,
    )
    await house_rules.set_rules(place.conference, place.room, wanted, now=place.at)
    await wake(request)
    return asdict(wanted)
