"""Taking part in a room: chat, questions, polls, reactions, and moderating them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from agenda.model import Room
from app import live
from app.accounts.viewer import EVERYBODY
from app.clock import now
from app.errors import Refused
from app.follow import HOSTS
from app.html import gettext as _
from app.limits import allow
from app.programme import kept, releases
from app.reports.cells import cell
from app.stages import view
from app.talk import chat, house_rules, polls, questions, rules
from app.talk.pulse import Pulse
from app.talk.tables import ChatMessage

Asked = Request[Any, Any, Any]
_AT = "/c/{slug:str}/rooms/{room:str}/talk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Who speaks where: the room, what it is about now, and whether they moderate it."""

    conference: UUID
    room: UUID
    slug: str
    found: Room
    slot: UUID | None
    person: UUID
    host: bool
    at: datetime

    @property
    def counted_for(self) -> UUID:
        return self.slot or self.room


async def _place(request: Asked, slug: str, room: str) -> Place:
    conference, viewer = request.state.conference, request.state.viewer
    released = await releases.latest(conference.id)
    found = released.room_by_slug.get(room) if released is not None else None
    if released is None or found is None:
        raise NotFoundException(_("There is no such room."))
    instant = now()
    phases = await kept.phases(conference.id)
    slots = released.slots_of_room[found.id]
    index = view.current(slots, phases.reached, instant)
    return Place(
        conference=conference.id,
        room=UUID(found.id),
        slug=room,
        found=found,
        slot=None if index is None else UUID(slots[index].id),
        person=viewer.person,
        host=viewer.has(HOSTS),
        at=instant,
    )


async def _body(request: Asked) -> dict[str, Any]:
    try:
        asked = json.loads(await request.body() or b"{}")
    except ValueError:
        raise Refused(400, _("That was no JSON.")) from None
    if not isinstance(asked, dict):
        raise Refused(400, _("That was no JSON object."))
    return asked


async def _pace(request: Asked, what: str, *, most: int, seconds: int) -> None:
    key = f"talk-{what}:{request.state.viewer.person}"
    if not await allow(request.app.state.redis, key, most=most, seconds=seconds):
        raise Refused(429, _("That was a lot at once. Wait a few seconds, then go on."))


def _pulse(request: Asked) -> Pulse:
    found: Pulse = request.app.state.pulse
    return found


async def _wake(request: Asked) -> None:
    hub: live.Hub = request.app.state.hub
    await hub.wake()


def _hosts_only(place: Place) -> None:
    if not place.host:
        raise Refused(403, _("Only moderators can do that."))


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        return None


@get(_AT, opt={"who": EVERYBODY})
async def state(request: Asked, slug: FromPath[str], room: FromPath[str]) -> Response[Any]:
    """Everything a page shows, and the number of the last event that is in it."""
    place = await _place(request, slug, room)
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


@get(_AT + "/messages", opt={"who": EVERYBODY})
async def earlier(
    request: Asked, slug: FromPath[str], room: FromPath[str], before: FromQuery[datetime]
) -> Response[Any]:
    """The messages before an instant."""
    place = await _place(request, slug, room)
    found = await chat.recent(
        place.conference, place.room, viewer=place.person, host=place.host, before=before
    )
    return Response({"messages": found})


@post(_AT + "/messages", opt={"who": EVERYBODY}, status_code=201)
async def say(request: Asked, slug: FromPath[str], room: FromPath[str]) -> dict[str, Any]:
    place = await _place(request, slug, room)
    asked = await _body(request)
    text = rules.said(asked.get("text"), longest=rules.LONGEST_MESSAGE)
    allowed = await house_rules.of_room(place.conference, place.room)
    if not allowed.chat and not place.host:
        raise Refused(403, _("The chat of this room is closed."))
    await house_rules.may_write(place.conference, place.person, now=place.at)
    await _pace(request, "say", most=12, seconds=10)
    made = await chat.say(
        place.conference,
        place.room,
        place.person,
        text,
        reply_to=_uuid(asked.get("reply_to")),
        allowed=allowed,
        host=place.host,
        where={"room": place.found.name, "at": f"/c/{slug}/rooms/{room}"},
        now=place.at,
    )
    await _wake(request)
    return made


@post(_AT + "/messages/{message:uuid}", opt={"who": EVERYBODY}, status_code=200)
async def edit(
    request: Asked, slug: FromPath[str], room: FromPath[str], message: FromPath[UUID]
) -> dict[str, Any]:
    place = await _place(request, slug, room)
    text = rules.said((await _body(request)).get("text"), longest=rules.LONGEST_MESSAGE)
    await house_rules.may_write(place.conference, place.person, now=place.at)
    made = await chat.edit(place.conference, place.room, message, place.person, text, now=place.at)
    await _wake(request)
    return made


_TURNS: dict[str, dict[Any, Any]] = {
    "hide": {ChatMessage.state: "hidden", ChatMessage.pinned: False},
    "show": {ChatMessage.state: "shown"},
    "approve": {ChatMessage.state: "shown"},
    "pin": {ChatMessage.pinned: True},
    "unpin": {ChatMessage.pinned: False},
}


@post(_AT + "/messages/{message:uuid}/{act:str}", opt={"who": EVERYBODY}, status_code=200)
async def turn_message(
    request: Asked,
    slug: FromPath[str],
    room: FromPath[str],
    message: FromPath[UUID],
    act: FromPath[str],
) -> dict[str, Any]:
    """`delete` one's own; moderators also hide, show, approve, pin, unpin."""
    place = await _place(request, slug, room)
    if act == "delete":
        row = await chat.find(place.conference, place.room, message)
        if row["person"] != place.person:
            raise Refused(403, _("Only who wrote a message can take it away."))
        await chat.remove(place.conference, place.room, message, now=place.at)
        made: dict[str, Any] = {"id": str(message)}
    elif act in _TURNS:
        _hosts_only(place)
        made = await chat.change(place.conference, place.room, message, _TURNS[act], now=place.at)
    else:
        raise NotFoundException
    await _wake(request)
    return made


@post(_AT + "/questions", opt={"who": EVERYBODY}, status_code=201)
async def ask(request: Asked, slug: FromPath[str], room: FromPath[str]) -> dict[str, Any]:
    place = await _place(request, slug, room)
    asked = await _body(request)
    text = rules.said(asked.get("text"), longest=rules.LONGEST_QUESTION)
    allowed = await house_rules.of_room(place.conference, place.room)
    if not allowed.questions and not place.host:
        raise Refused(403, _("This room takes no questions now."))
    await house_rules.may_write(place.conference, place.person, now=place.at)
    anonymous = bool(asked.get("anonymous"))
    if anonymous and not allowed.anonymous:
        raise Refused(403, _("This room takes questions with a name only."))
    await _pace(request, "ask", most=6, seconds=60)
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
    await _wake(request)
    return {**made, "mine": True, "voted": False}


_QUESTION_STATES = {
    "answering": "answering",
    "answered": "answered",
    "open": "open",
    "approve": "open",
    "hide": "hidden",
}


@post(_AT + "/questions/{question:uuid}/{act:str}", opt={"who": EVERYBODY}, status_code=200)
async def turn_question(
    request: Asked,
    slug: FromPath[str],
    room: FromPath[str],
    question: FromPath[UUID],
    act: FromPath[str],
) -> dict[str, Any]:
    """`vote`, `unvote`, `delete` one's own; moderators: answering, answered, open, approve, hide."""
    place = await _place(request, slug, room)
    if act in ("vote", "unvote"):
        if await house_rules.banned(place.conference, place.person, now=place.at):
            raise Refused(403, _("A moderator has shut you out of this conference's rooms."))
        votes = await questions.vote(
            place.conference, place.room, question, place.person, wanted=act == "vote"
        )
        _pulse(request).voted(question)
        return {"id": str(question), "votes": votes, "voted": act == "vote"}
    if act == "delete":
        await questions.remove(place.conference, place.room, question, place.person, now=place.at)
        await _wake(request)
        return {"id": str(question)}
    if act not in _QUESTION_STATES:
        raise NotFoundException
    _hosts_only(place)
    made = await questions.turn(
        place.conference, place.room, question, _QUESTION_STATES[act], now=place.at
    )
    await _wake(request)
    return made[-1]


@post(_AT + "/polls", opt={"who": EVERYBODY}, status_code=201)
async def write_poll(request: Asked, slug: FromPath[str], room: FromPath[str]) -> dict[str, Any]:
    place = await _place(request, slug, room)
    _hosts_only(place)
    asked = await _body(request)
    made = await polls.write(
        place.conference,
        place.room,
        place.slot,
        rules.new_poll(asked),
        opened=bool(asked.get("open")),
        now=place.at,
    )
    await _wake(request)
    return {**made, "mine": None}


@post(_AT + "/polls/{poll:uuid}/{act:str}", opt={"who": EVERYBODY}, status_code=200)
async def turn_poll(
    request: Asked,
    slug: FromPath[str],
    room: FromPath[str],
    poll: FromPath[UUID],
    act: FromPath[str],
) -> dict[str, Any]:
    """`answer` it; moderators: open, close, delete."""
    place = await _place(request, slug, room)
    if act == "answer":
        if await house_rules.banned(place.conference, place.person, now=place.at):
            raise Refused(403, _("A moderator has shut you out of this conference's rooms."))
        asked = (await _body(request)).get("answer")
        given = await polls.answer(
            place.conference, place.room, poll, place.person, asked, now=place.at
        )
        _pulse(request).answered(poll)
        return {"id": str(poll), "mine": given}
    _hosts_only(place)
    made: dict[str, Any] = {"id": str(poll)}
    if act == "delete":
        await polls.remove(place.conference, place.room, poll, now=place.at)
    elif act in ("open", "close"):
        wanted = "open" if act == "open" else "closed"
        made = await polls.turn(place.conference, place.room, poll, wanted, now=place.at)
    else:
        raise NotFoundException
    await _wake(request)
    return made


@post(_AT + "/reactions", opt={"who": EVERYBODY}, status_code=202)
async def react(request: Asked, slug: FromPath[str], room: FromPath[str]) -> dict[str, Any]:
    """Send a sign; it is counted together with everybody's."""
    place = await _place(request, slug, room)
    sign = (await _body(request)).get("sign")
    if sign not in rules.SIGNS:
        raise Refused(422, _("There is no such reaction."))
    await house_rules.may_write(place.conference, place.person, now=place.at)
    await _pace(request, "react", most=20, seconds=5)
    _pulse(request).react((place.conference, place.room, place.counted_for), sign)
    return {"sign": sign}


@post(_AT + "/rules", opt={"who": EVERYBODY}, status_code=200)
async def set_rules(request: Asked, slug: FromPath[str], room: FromPath[str]) -> dict[str, Any]:
    place = await _place(request, slug, room)
    _hosts_only(place)
    asked = await _body(request)
    slow = asked.get("slow_s", 0)
    wanted = rules.Rules(
        chat=bool(asked.get("chat", True)),
        questions=bool(asked.get("questions", True)),
        anonymous=bool(asked.get("anonymous", True)),
        approve_first=bool(asked.get("approve_first", False)),
        slow_s=slow if isinstance(slow, int) and 0 <= slow <= 600 else 0,
    )
    await house_rules.set_rules(place.conference, place.room, wanted, now=place.at)
    await _wake(request)
    return asdict(wanted)


@post(_AT + "/people/{person:uuid}/{act:str}", opt={"who": EVERYBODY}, status_code=200)
async def restrain(
    request: Asked,
    slug: FromPath[str],
    room: FromPath[str],
    person: FromPath[UUID],
    act: FromPath[str],
) -> dict[str, Any]:
    """Moderators: mute, unmute, ban, unban; `minutes` limits it."""
    place = await _place(request, slug, room)
    _hosts_only(place)
    if act not in ("mute", "unmute", "ban", "unban"):
        raise NotFoundException
    if person == place.person:
        raise Refused(409, _("You can't do that to yourself."))
    minutes = (await _body(request)).get("minutes")
    await house_rules.restrain(
        place.conference,
        person,
        act.removeprefix("un"),
        on=not act.startswith("un"),
        minutes=minutes if isinstance(minutes, int) and 0 < minutes < 10000 else None,
        by=place.person,
        now=place.at,
    )
    await _wake(request)
    restrained = await house_rules.all_restrained(place.conference, now=place.at)
    return {"restrained": restrained}


@get(_AT + "/export.csv", opt={"who": HOSTS})
async def export(
    request: Asked, slug: FromPath[str], room: FromPath[str], what: FromQuery[str] = "chat"
) -> Response[str]:
    """Chat, questions or polls of a room as CSV."""
    place = await _place(request, slug, room)
    makers = {"chat": _chat_rows, "questions": _question_rows, "polls": _poll_rows}
    if what not in makers:
        raise NotFoundException
    out = io.StringIO()
    writer = csv.writer(out)
    for row in await makers[what](place):
        writer.writerow([cell(str(value)) for value in row])
    name = f"{slug}-{room}-{what}.csv"
    return Response(
        "\ufeff" + out.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _chat_rows(place: Place) -> list[list[Any]]:
    rows = await chat.everything(place.conference, place.room)
    head = ["at", "name", "address", "text", "state", "pinned", "reply to", "id"]
    return [head] + [
        [
            row["created_at"].isoformat(),
            row["name"],
            row["email"] or "",
            row["text"],
            row["state"],
            "yes" if row["pinned"] else "",
            row["reply_to"] or "",
            row["id"],
        ]
        for row in rows
    ]


async def _question_rows(place: Place) -> list[list[Any]]:
    rows = await questions.everything(place.conference, place.room)
    return [["votes", "question", "asked by", "state", "at", "session slot"]] + [
        [
            row["votes"],
            row["text"],
            "" if row["anonymous"] else row["name"],
            row["state"],
            row["created_at"].isoformat(),
            row["slot"] or "",
        ]
        for row in rows
    ]


async def _poll_rows(place: Place) -> list[list[Any]]:
    found: list[list[Any]] = [["poll", "kind", "state", "answer", "count", "people"]]
    for poll in await polls.everything(place.conference, place.room):
        held = poll["results"]
        names = poll["options"] or list(range(1, poll["steps"] + 1))
        counted = held.get("words") or list(zip(names, held.get("counts", ()), strict=False))
        for name, count in counted or [("", 0)]:
            found.append([poll["title"], poll["kind"], poll["state"], name, count, held["people"]])
    return found


handlers: list[Any] = [
    state,
    earlier,
    say,
    edit,
    turn_message,
    ask,
    turn_question,
    write_poll,
    turn_poll,
    react,
    set_rules,
    restrain,
    export,
]
