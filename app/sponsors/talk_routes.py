"""The chat of a booth: visitors and staff write, the staff moderates it."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from app import live
from app.accounts.viewer import EVERYBODY
from app.clock import now
from app.errors import Refused
from app.follow import HOSTS
from app.html import gettext as _
from app.notices import notify
from app.notices.notify import News
from app.reports.cells import cell
from app.settings import Settings
from app.sponsors import store
from app.sponsors.access import READERS, own, sponsor_of
from app.talk import chat, chat_acts, house_rules
from app.talk.place import Asked, Place, hosts_only, wake

AT = "/c/{slug:str}/sponsors/{sponsor_slug:str}/talk"
RINGS_AGAIN = timedelta(minutes=10)
"""Staff on duty are rung of visitors' messages, once in this time for each visitor."""


async def _place(request: Asked, sponsor: dict[str, Any]) -> Place:
    conference, viewer = request.state.conference, request.state.viewer
    behind = await store.works_for(viewer.person, sponsor["id"])
    return Place(
        conference=conference.id,
        room=sponsor["id"],
        name=sponsor["name"],
        path=f"/c/{conference.slug}/sponsors/{sponsor['slug']}",
        slot=None,
        person=viewer.person,
        host=behind or viewer.has(HOSTS),
        at=now(),
    )


@get(AT, opt={"who": EVERYBODY})
async def state(
    request: Asked, slug: FromPath[str], sponsor_slug: FromPath[str]
) -> Response[dict[str, Any]]:
    """Everything that the chat shows, and the number of the last event that is in it."""
    sponsor = await sponsor_of(request, sponsor_slug)
    place = await _place(request, sponsor)
    number = await live.latest()
    staff = await store.staff(sponsor["id"], now=place.at)
    told = {
        "number": number,
        **await chat_acts.state(request, place),
        "staff": [str(one.person) for one in staff],
        "restrained": await house_rules.all_muted_in(place.room) if place.host else [],
    }
    return Response(told, headers={"Cache-Control": "no-store"})


@get(AT + "/messages", opt={"who": EVERYBODY})
async def earlier(
    request: Asked, slug: FromPath[str], sponsor_slug: FromPath[str], before: FromQuery[datetime]
) -> Response[Any]:
    """The messages before an instant."""
    place = await _place(request, await sponsor_of(request, sponsor_slug))
    return Response(await chat_acts.earlier(place, before))


@post(AT + "/messages", opt={"who": EVERYBODY}, status_code=201)
async def say(
    request: Asked,
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
) -> dict[str, Any]:
    """Write to the booth; staff on duty who look elsewhere are told."""
    sponsor = await sponsor_of(request, sponsor_slug)
    place = await _place(request, sponsor)
    made = await chat_acts.say(request, place)
    if not place.host:
        await _call_staff(request, sponsor, place, made, settings)
    return made


async def _call_staff(
    request: Asked, sponsor: dict[str, Any], place: Place, made: dict[str, Any], settings: Settings
) -> None:
    stretch = int(place.at.timestamp() // RINGS_AGAIN.total_seconds())
    news = News(
        kind="mention",
        key=f"booth:{sponsor['id']}:{place.person}:{stretch}",
        title=_("{name} writes at your booth").format(name=made["name"]),
        body=made["text"][:200],
        url=f"{place.path}#talk",
        over=place.at + RINGS_AGAIN,
    )
    for one in await store.staff(sponsor["id"], now=place.at):
        if one.on_duty:
            await notify.tell(
                request.state.conference, one.person, news, settings=settings, now=place.at
            )


@post(AT + "/messages/{message:uuid}", opt={"who": EVERYBODY}, status_code=200)
async def edit(
    request: Asked, slug: FromPath[str], sponsor_slug: FromPath[str], message: FromPath[UUID]
) -> dict[str, Any]:
    place = await _place(request, await sponsor_of(request, sponsor_slug))
    return await chat_acts.edit(request, place, message)


@post(AT + "/messages/{message:uuid}/{act:str}", opt={"who": EVERYBODY}, status_code=200)
async def turn_message(
    request: Asked,
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    message: FromPath[UUID],
    act: FromPath[str],
) -> dict[str, Any]:
    """`delete` one's own; the booth's staff also hides, shows, approves, pins, unpins."""
    place = await _place(request, await sponsor_of(request, sponsor_slug))
    return await chat_acts.turn(request, place, message, act)


@post(AT + "/rules", opt={"who": EVERYBODY}, status_code=200)
async def set_rules(
    request: Asked, slug: FromPath[str], sponsor_slug: FromPath[str]
) -> dict[str, Any]:
    place = await _place(request, await sponsor_of(request, sponsor_slug))
    return await chat_acts.set_rules(request, place)


@post(AT + "/people/{person:uuid}/{act:str}", opt={"who": EVERYBODY}, status_code=200)
async def restrain(
    request: Asked,
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    person: FromPath[UUID],
    act: FromPath[str],
) -> dict[str, Any]:
    """The booth's staff: mute or unmute somebody here, and nowhere else."""
    sponsor = await sponsor_of(request, sponsor_slug)
    place = await _place(request, sponsor)
    hosts_only(place)
    if act not in ("mute", "unmute"):
        raise NotFoundException
    if await store.works_for(person, sponsor["id"]):
        raise Refused(409, _("The booth’s own people can’t be muted here."))
    on = act == "mute"
    if on and not await chat.wrote(place.conference, place.room, person):
        raise Refused(404, _("They have not written here."))
    await house_rules.mute_in(
        place.conference, place.room, person, on=on, by=place.person, now=place.at
    )
    await wake(request)
    return {"restrained": await house_rules.all_muted_in(place.room)}


@get(AT + "/export.csv", opt={"who": READERS})
async def export(request: Asked, slug: FromPath[str], sponsor_slug: FromPath[str]) -> Response[str]:
    """What was written at one's own booth. Addresses are given by their owners, not by a chat."""
    sponsor = await own(request, sponsor_slug)
    rows = await chat.everything(request.state.conference.id, sponsor["id"])
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["at", "name", "text", "state", "pinned", "reply to", "id"])
    for row in rows:
        pinned = "yes" if row["pinned"] else ""
        held = [row["created_at"].isoformat(), row["name"], row["text"], row["state"], pinned]
        writer.writerow([cell(str(one)) for one in [*held, row["reply_to"] or "", row["id"]]])
    return Response(
        "\ufeff" + out.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{slug}-{sponsor_slug}-chat.csv"',
            "Cache-Control": "private, no-store",
        },
    )


handlers: list[Any] = [
    state,
    earlier,
    say,
    edit,
    turn_message,
    set_rules,
    restrain,
    export,
]
