"""What moderators set: the rules of a place, and who may not take part."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.accounts.viewer import EVERYBODY
from app.errors import Refused
from app.html import gettext as _
from app.talk import chat_acts, house_rules
from app.talk.place import AT, Asked, body, hosts_only, place_of, wake


@post(AT + "/rules", opt={"who": EVERYBODY}, status_code=200)
async def set_rules(request: Asked, slug: FromPath[str], room: FromPath[str]) -> dict[str, Any]:
    return await chat_acts.set_rules(request, await place_of(request, slug, room))


@post(AT + "/people/{person:uuid}/{act:str}", opt={"who": EVERYBODY}, status_code=200)
async def restrain(
    request: Asked,
    slug: FromPath[str],
    room: FromPath[str],
    person: FromPath[UUID],
    act: FromPath[str],
) -> dict[str, Any]:
    """Moderators: mute, unmute, ban, unban; `minutes` limits it."""
    place = await place_of(request, slug, room)
    hosts_only(place)
    if act not in ("mute", "unmute", "ban", "unban"):
        raise NotFoundException
    if person == place.person:
        raise Refused(409, _("You can't do that to yourself."))
    minutes = (await body(request)).get("minutes")
    await house_rules.restrain(
        place.conference,
        person,
        act.removeprefix("un"),
        on=not act.startswith("un"),
        minutes=minutes if isinstance(minutes, int) and 0 < minutes < 10000 else None,
        by=place.person,
        now=place.at,
    )
    await wake(request)
    restrained = await house_rules.all_restrained(place.conference, now=place.at)
    return {"restrained": restrained}


handlers: list[Any] = [set_rules, restrain]
