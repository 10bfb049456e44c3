"""Taking part in a room: its state, chat and reactions."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from app import live
from app.accounts.viewer import EVERYBODY
from app.errors import Refused
from app.html import gettext as _
from app.talk import (
    chat,
    export_routes,
    house_rules,
    moderation_routes,
    poll_routes,
    polls,
    question_routes,
    questions,
    rules,
)
from app.talk.place import AT, Asked, body, hosts_only, pace, place_of, pulse, uuid_of, wake
from app.talk.tables import ChatMessage


@get(AT, opt={"who": EVERYBODY})
async def state(request: Asked, slug: FromPath[str], room: FromPath[str]) -> Response[Any]:
    """Everything a page shows, and the number of the last event that is in it."""
    place = await place_of(request, slug, room)
    number = await live.latest()
    held = await house_rules.restraints(place.conference, place.person, now=place.at)
    see: dict[str, Any] = {"viewer": place.person, "host": place.host}
    told = {
        "number": number,
        "room": str(place.room),
        "slot": place.slot and str(place.slot),
        "me": {
            "id": str(place.person),
            "name": request.state.viewer.name,
            "host": place.host,
            "muted": "mute" in held or "ban" in held,
        },
        "rules": asdict(await house_rules.of_room(place.conference, place.room)),
        "messages": await chat.recent(place.conference, place.room, **see),
        "questions": await questions.of_slot(place.conference, place.room, place.slot, **see),
        "polls": await polls.of_room(place.conference, place.room, place.slot, **see),
        "signs": rules.SIGNS,
        "restrained": await house_rules.all_restrained(place.conference, now=place.at)
        if place.host
        else [],
    }
    return Response(told, headers={"Cache-Control": "no-store"})


@get(AT + "/messages", opt={"who": EVERYBODY})
async def earlier(
    request: Asked, slug: FromPath[str], room: FromPath[str], before: FromQuery[datetime]
) -> Response[Any]:
    """The messages before an instant."""
    place = await place_of(request, slug, room)
    found = await chat.recent(
        place.conference, place.room, viewer=place.person, host=place.host, before=before
    )
    return Response({"messages": found})


@post(AT + "/messages", opt={"who": EVERYBODY}, status_code=201)
async def say(request: Asked, slug: FromPath[str], room: FromPath[str]) -> dict[str, Any]:
    place = await place_of(request, slug, room)
    asked = await body(request)
    text = rules.said(asked.get("text"), longest=rules.LONGEST_MESSAGE)
    allowed = await house_rules.of_room(place.conference, place.room)
    if not allowed.chat and not place.host:
        raise Refused(403, _("The chat of this room is closed."))
    await house_rules.may_write(place.conference, place.person, now=place.at)
    await pace(request, "say", most=12, seconds=10)
    made = await chat.say(
        place.conference,
        place.room,
        place.person,
        text,
        reply_to=uuid_of(asked.get("reply_to")),
        allowed=allowed,
        host=place.host,
        where={"room": place.found.name, "at": f"/c/{slug}/rooms/{room}"},
        now=place.at,
    )
    await wake(request)
    return made


@post(AT + "/messages/{message:uuid}", opt={"who": EVERYBODY}, status_code=200)
async def edit(
    request: Asked, slug: FromPath[str], room: FromPath[str], message: FromPath[UUID]
) -> dict[str, Any]:
    place = await place_of(request, slug, room)
    text = rules.said((await body(request)).get("text"), longest=rules.LONGEST_MESSAGE)
    await house_rules.may_write(place.conference, place.person, now=place.at)
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


@post(AT + "/messages/{message:uuid}/{act:str}", opt={"who": EVERYBODY}, status_code=200)
async def turn_message(
    request: Asked,
    slug: FromPath[str],
    room: FromPath[str],
    message: FromPath[UUID],
    act: FromPath[str],
) -> dict[str, Any]:
    """`delete` one's own; moderators also hide, show, approve, pin, unpin."""
    place = await place_of(request, slug, room)
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


@post(AT + "/reactions", opt={"who": EVERYBODY}, status_code=202)
async def react(request: Asked, slug: FromPath[str], room: FromPath[str]) -> dict[str, Any]:
    """Send a sign; it is counted together with everybody's."""
    place = await place_of(request, slug, room)
    sign = (await body(request)).get("sign")
    if sign not in rules.SIGNS:
        raise Refused(422, _("There is no such reaction."))
    await house_rules.may_write(place.conference, place.person, now=place.at)
    await pace(request, "react", most=20, seconds=5)
    pulse(request).react((place.conference, place.room, place.counted_for), sign)
    return {"sign": sign}


handlers: list[Any] = [
    state,
    earlier,
    say,
    edit,
    turn_message,
    react,
    *question_routes.handlers,
    *poll_routes.handlers,
    *moderation_routes.handlers,
    *export_routes.handlers,
]
