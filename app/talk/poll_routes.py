"""Polls: written and turned by moderators, answered by everybody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.accounts.viewer import EVERYBODY
from app.errors import Refused
from app.html import gettext as _
from app.talk import house_rules, polls, rules
from app.talk.place import AT, Asked, body, hosts_only, place_of, pulse, wake


@post(AT + "/polls", opt={"who": EVERYBODY}, status_code=201)
async def write_poll(request: Asked, slug: FromPath[str], room: FromPath[str]) -> dict[str, Any]:
    place = await place_of(request, slug, room)
    hosts_only(place)
    asked = await body(request)
    made = await polls.write(
        place.conference,
        place.room,
        place.slot,
        rules.new_poll(asked),
        opened=bool(asked.get("open")),
        now=place.at,
    )
    await wake(request)
    return {**made, "mine": None}


@post(AT + "/polls/{poll:uuid}/{act:str}", opt={"who": EVERYBODY}, status_code=200)
async def turn_poll(
    request: Asked,
    slug: FromPath[str],
    room: FromPath[str],
    poll: FromPath[UUID],
    act: FromPath[str],
) -> dict[str, Any]:
    """`answer` it; moderators: open, close, delete."""
    place = await place_of(request, slug, room)
    if act == "answer":
        if await house_rules.banned(place.conference, place.person, now=place.at):
            raise Refused(403, _("A moderator has shut you out of this conference's rooms."))
        asked = (await body(request)).get("answer")
        given = await polls.answer(
            place.conference, place.room, poll, place.person, asked, now=place.at
        )
        pulse(request).answered(poll)
        return {"id": str(poll), "mine": given}
    hosts_only(place)
    made: dict[str, Any] = {"id": str(poll)}
    if act == "delete":
        await polls.remove(place.conference, place.room, poll, now=place.at)
    elif act in ("open", "close"):
        wanted = "open" if act == "open" else "closed"
        made = await polls.turn(place.conference, place.room, poll, wanted, now=place.at)
    else:
        raise NotFoundException
    await wake(request)
    return made


handlers: list[Any] = [write_poll, turn_poll]
