"""Questions to those on stage: asked, voted up, answered."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.accounts.viewer import EVERYBODY
from app.errors import Refused
from app.html import gettext as _
from app.talk import house_rules, questions, rules
from app.talk.place import AT, Asked, body, hosts_only, pace, place_of, pulse, wake


@post(AT + "/questions", opt={"who": EVERYBODY}, status_code=201)
async def ask(request: Asked, slug: FromPath[str], room: FromPath[str]) -> dict[str, Any]:
    place = await place_of(request, slug, room)
    asked = await body(request)
    text = rules.said(asked.get("text"), longest=rules.LONGEST_QUESTION)
    allowed = await house_rules.of_room(place.conference, place.room)
    if not allowed.questions and not place.host:
        raise Refused(403, _("This room takes no questions now."))
    await house_rules.may_write(place.conference, place.person, place=place.room, now=place.at)
    anonymous = bool(asked.get("anonymous"))
    if anonymous and not allowed.anonymous:
        raise Refused(403, _("This room takes questions with a name only."))
    await pace(request, "ask", most=6, seconds=60)
    made = await questions.ask(
        place.conference,
        place.room,
        place.slot,
        place.person,
        text,
        anonymous=anonymous,
        waiting=allowed.approve_first and not place.host,
        now=place.at,
    )
    await wake(request)
    return {**made, "mine": True, "voted": False}


_QUESTION_STATES = {
    "answering": "answering",
    "answered": "answered",
    "open": "open",
    "approve": "open",
    "hide": "hidden",
}


@post(AT + "/questions/{question:uuid}/{act:str}", opt={"who": EVERYBODY}, status_code=200)
async def turn_question(
    request: Asked,
    slug: FromPath[str],
    room: FromPath[str],
    question: FromPath[UUID],
    act: FromPath[str],
) -> dict[str, Any]:
    """`vote`, `unvote`, `delete` one's own; moderators: answering, answered, open, approve, hide."""
    place = await place_of(request, slug, room)
    if act in ("vote", "unvote"):
        if await house_rules.banned(place.conference, place.person, now=place.at):
            raise Refused(403, _("A moderator has shut you out of this conference's rooms."))
        votes = await questions.vote(
            place.conference, place.room, question, place.person, wanted=act == "vote"
        )
        pulse(request).voted(question)
        return {"id": str(question), "votes": votes, "voted": act == "vote"}
    if act == "delete":
        await questions.remove(place.conference, place.room, question, place.person, now=place.at)
        await wake(request)
        return {"id": str(question)}
    if act not in _QUESTION_STATES:
        raise NotFoundException
    hosts_only(place)
    made = await questions.turn(
        place.conference, place.room, question, _QUESTION_STATES[act], now=place.at
    )
    await wake(request)
    return made[-1]


handlers: list[Any] = [ask, turn_question]
