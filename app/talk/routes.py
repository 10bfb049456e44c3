"""Taking part in a room: its state, chat and reactions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from app import live
from app.accounts.viewer import EVERYBODY
from app.errors import Refused
from app.html import gettext as _
from app.talk import (
    chat_acts,
    export_routes,
    house_rules,
    moderation_routes,
    poll_routes,
    polls,
    question_routes,
    questions,
    rules,
)
from app.talk.place import AT, Asked, body, pace, place_of, pulse


@get(AT, opt={"who": EVERYBODY})
async def state(request: Asked, slug: FromPath[str], room: FromPath[str]) -> Response[Any]:
    """Everything a page shows, and the number of the last event that is in it."""
    place = await place_of(request, slug, room)
    number = await live.latest()
    see: dict[str, Any] = {"viewer": place.person, "host": place.host}
    told = {
        "number": number,
        "slot": place.slot and str(place.slot),
        **await chat_acts.state(request, place),
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
    return Response(await chat_acts.earlier(await place_of(request, slug, room), before))


@post(AT + "/messages", opt={"who": EVERYBODY}, status_code=201)
async def say(request: Asked, slug: FromPath[str], room: FromPath[str]) -> dict[str, Any]:
    return await chat_acts.say(request, await place_of(request, slug, room))


@post(AT + "/messages/{message:uuid}", opt={"who": EVERYBODY}, status_code=200)
async def edit(
    request: Asked, slug: FromPath[str], room: FromPath[str], message: FromPath[UUID]
) -> dict[str, Any]:
    return await chat_acts.edit(request, await place_of(request, slug, room), message)


@post(AT + "/messages/{message:uuid}/{act:str}", opt={"who": EVERYBODY}, status_code=200)
async def turn_message(
    request: Asked,
    slug: FromPath[str],
    room: FromPath[str],
    message: FromPath[UUID],
    act: FromPath[str],
) -> dict[str, Any]:
    """`delete` one's own; moderators also hide, show, approve, pin, unpin."""
    return await chat_acts.turn(request, await place_of(request, slug, room), message, act)


@post(AT + "/reactions", opt={"who": EVERYBODY}, status_code=202)
async def react(request: Asked, slug: FromPath[str], room: FromPath[str]) -> dict[str, Any]:
    """Send a sign; it is counted together with everybody's."""
    place = await place_of(request, slug, room)
    sign = (await body(request)).get("sign")
    if sign not in rules.SIGNS:
        raise Refused(422, _("There is no such reaction."))
    await house_rules.may_write(place.conference, place.person, place=place.room, now=place.at)
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
