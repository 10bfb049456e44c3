"""Meeting people: profiles, requests, private rooms, talks by chance, blocking and reporting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Response

from app.accounts.viewer import EVERYBODY, Viewer
from app.clock import now
from app.conferences.tables import Conference
from app.errors import Refused
from app.html import gettext as _
from app.html import page
from app.limits import allow
from app.meeting import meetings, roulette, rules, store
from app.meeting.meetings import Table
from app.programme.query import viewer_zone
from app.settings import Settings
from app.words import local
from media.grant import Grant, sign
from media.turn import ice_servers

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Asked = Request[Any, Any, Any]
MODERATORS = frozenset({"owner", "producer", "moderator"})


def _table(request: Asked, settings: Settings) -> Table:
    return Table(conference=request.state.conference, settings=settings, now=now())


def _zone(request: Asked, instant: datetime) -> str:
    home: str = request.state.conference.time_zone
    return viewer_zone(request.cookies, home, instant) or home


@get("/c/{slug:str}/meeting", opt={"who": EVERYBODY})
async def meeting_page(
    request: Asked, slug: FromPath[str], q: FromQuery[str] = ""
) -> Response[Any]:
    """One's own profile, requests and meetings, and the people who agreed to be seen."""
    conference: Conference = request.state.conference
    viewer: Viewer = request.state.viewer
    instant = now()
    await store.still_here(conference.id, viewer.person, now=instant)
    mine = await store.profile(conference.id, viewer.person)
    own = await meetings.of(conference.id, viewer.person, since=instant)
    shown = mine is not None and mine["shown"]
    return page(
        request,
        "meeting/people.html",
        block="people",
        root=f"/c/{slug}/meeting",
        mine=mine,
        shown=shown,
        people=await store.people(conference.id, viewer.person, q, now=instant) if shown else [],
        q=q,
        asked=[row for row in own if row["my_turn"]],
        sent=[row for row in own if row["state"] == "asked" and not row["my_turn"]],
        agreed=[row for row in own if row["state"] == "accepted"],
        blocked=await store.blocked_by(viewer.person),
        open_at=lambda row: meetings.open_at(row, instant),
        zone=_zone(request, instant),
    )


@post("/c/{slug:str}/meeting/profile", opt={"who": EVERYBODY})
async def write_profile(request: Asked, slug: FromPath[str], data: Form) -> Redirect:
    """Keep what one says of oneself; seen only with the tick."""
    await store.write(
        request.state.conference.id,
        request.state.viewer.person,
        data,
        shown=data.get("shown") == "1",
        now=now(),
    )
    return Redirect(f"/c/{slug}/meeting", status_code=303)


@get("/c/{slug:str}/meeting/people/{person:uuid}", opt={"who": EVERYBODY})
async def person_page(
    request: Asked,
    slug: FromPath[str],
    person: FromPath[UUID],
    minutes: FromQuery[int] = 15,
    instead: FromQuery[str] = "",
) -> Response[Any]:
    """One person, and the times that are free for both; `instead` names a meeting to move."""
    conference: Conference = request.state.conference
    viewer: Viewer = request.state.viewer
    instant = now()
    other = await store.may_meet(conference.id, viewer.person, person)
    if other is None:
        raise NotFoundException(_("This person is not to be found here."))
    length = minutes if minutes in rules.LENGTHS else rules.LENGTHS[0]
    moved = await _moved(conference.id, viewer.person, instead)
    if moved is not None:
        length = moved["minutes"]
    zone = _zone(request, instant)
    times = await meetings.free(conference, viewer.person, person, length, now=instant)
    return page(
        request,
        "meeting/person.html",
        root=f"/c/{slug}/meeting",
        other=other,
        links=[line.strip() for line in other["links"].split() if line.strip()],
        minutes=length,
        lengths=rules.LENGTHS,
        moved=moved,
        days=[
            (day, list(starts))
            for day, starts in groupby(times, key=lambda at: local(at, zone).date())
        ],
        zone=zone,
    )


async def _moved(conference: UUID, person: UUID, instead: str) -> dict[str, Any] | None:
    try:
        return await meetings.find(conference, UUID(instead), person) if instead else None
    except ValueError:
        raise NotFoundException from None


@post("/c/{slug:str}/meeting/people/{person:uuid}/{verb:str}", opt={"who": EVERYBODY})
async def about_person(
    request: Asked,
    slug: FromPath[str],
    person: FromPath[UUID],
    verb: FromPath[str],
    data: Form,
    settings: NamedDependency[Settings],
) -> Redirect:
    """Ask to meet, block, take the block back, or report."""
    viewer: Viewer = request.state.viewer
    table = _table(request, settings)
    if not await allow(request.app.state.redis, f"meet:{viewer.person}", most=60, seconds=600):
        raise Refused(429, _("Too often. Wait a few minutes."))
    if verb == "unblock":
        await store.unblock(viewer.person, person)
    elif verb == "ask":
        await meetings.ask(
            table,
            viewer.person,
            person,
            start=_instant(data.get("start", "")),
            minutes=int(data["minutes"]) if data.get("minutes", "").isdecimal() else 15,
            note=data.get("note", ""),
        )
    elif verb in ("block", "report"):
        await _part(table, viewer.person, person, verb, data)
    else:
        raise NotFoundException
    return Redirect(f"/c/{slug}/meeting", status_code=303)


async def _part(
    table: Table, person: UUID, other: UUID, verb: str, data: Mapping[str, str]
) -> None:
    if await store.profile(table.conference.id, other) is None or other == person:
        raise NotFoundException(_("This person is not to be found here."))
    await roulette.leave(table.conference.id, person, now=table.now)
    if verb == "block":
        await store.block(person, other, now=table.now)
    else:
        await store.report(table.conference.id, person, other, data.get("words", ""), now=table.now)


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(422, _("Choose one of the times.")) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def _meeting(request: Asked, meeting: UUID) -> dict[str, Any]:
    row = await meetings.find(request.state.conference.id, meeting, request.state.viewer.person)
    if row is None:
        raise NotFoundException(_("There is no such meeting of yours."))
    return row


@post("/c/{slug:str}/meeting/{meeting:uuid}/{verb:str}", opt={"who": EVERYBODY})
async def answer(
    request: Asked,
    slug: FromPath[str],
    meeting: FromPath[UUID],
    verb: FromPath[str],
    data: Form,
    settings: NamedDependency[Settings],
) -> Redirect:
    """Accept, decline or call off, or propose another time."""
    row = await _meeting(request, meeting)
    table, person = _table(request, settings), request.state.viewer.person
    if verb == "accept":
        await meetings.accept(table, row, person)
    elif verb == "decline":
        await meetings.decline(table, row, person)
    elif verb == "propose":
        await meetings.propose(table, row, person, _instant(data.get("start", "")))
    else:
        raise NotFoundException
    return Redirect(f"/c/{slug}/meeting", status_code=303)


@get("/c/{slug:str}/meeting/{meeting:uuid}/room", opt={"who": EVERYBODY})
async def room(request: Asked, slug: FromPath[str], meeting: FromPath[UUID]) -> Response[Any]:
    """The private room of a meeting, open from five minutes before it."""
    row = await _meeting(request, meeting)
    instant = now()
    return page(
        request,
        "meeting/room.html",
        root=f"/c/{slug}/meeting",
        row=row,
        opened=meetings.open_at(row, instant),
        opens=row["start"] - meetings.OPENS,
        room=row["id"],
        grant=f"/c/{slug}/meeting/{meeting}/grant",
        ends=row["end"] + meetings.OPENS,
        chance=False,
        zone=_zone(request, instant),
    )


@get("/c/{slug:str}/meeting/{meeting:uuid}/grant", opt={"who": EVERYBODY})
async def room_grant(
    request: Asked,
    slug: FromPath[str],
    meeting: FromPath[UUID],
    settings: NamedDependency[Settings],
) -> dict[str, Any]:
    """A grant for the two of a meeting, until its room closes."""
    row = await _meeting(request, meeting)
    if not meetings.open_at(row, now()):
        raise Refused(409, _("The room of this meeting is not open."))
    return _grant(request, settings, row["id"], row["end"] + meetings.OPENS)


def _grant(request: Asked, settings: Settings, key: UUID, until: datetime) -> dict[str, Any]:
    """Two seats in a room that has no stage; nobody else ever has a grant for it."""
    viewer: Viewer = request.state.viewer
    token = sign(
        Grant(
            conference=str(request.state.conference.id),
            rooms=(str(key),),
            person=str(viewer.person),
            name=viewer.name,
            publish=str(key),
            seats=2,
            subscribe=True,
            backstage=(str(key),),
            expires=until,
        ),
        settings.media_secret,
    )
    return {
        "grant": token,
        "room": str(key),
        "group": str(key),
        "ice_servers": ice_servers(settings.turn, str(viewer.person), now=now()),
    }


@get("/c/{slug:str}/meeting/roulette", opt={"who": EVERYBODY})
async def roulette_page(request: Asked, slug: FromPath[str]) -> Response[Any]:
    """Wait for somebody, or talk with whom chance brought. Asking says that the page is there."""
    conference: Conference = request.state.conference
    viewer: Viewer = request.state.viewer
    instant = now()
    mine = await store.profile(conference.id, viewer.person)
    waits = await roulette.heard(conference.id, viewer.person, now=instant)
    pair = await roulette.present(conference.id, viewer.person, now=instant)
    root = f"/c/{slug}/meeting"
    if pair is not None:
        return page(
            request,
            "meeting/room.html",
            root=root,
            row=pair,
            opened=True,
            room=pair["id"],
            grant=f"{root}/roulette/grant",
            ends=pair["ends_at"],
            chance=True,
            zone=_zone(request, instant),
            headers={"HX-Refresh": "true"} if request.headers.get("hx-request") else {},
        )
    return page(
        request,
        "meeting/roulette.html",
        block="waiting",
        root=root,
        shown=mine is not None and mine["shown"],
        waits=waits,
        minutes=int(rules.TALK.total_seconds()) // 60,
    )


@post("/c/{slug:str}/meeting/roulette/{verb:str}", opt={"who": EVERYBODY})
async def change_roulette(request: Asked, slug: FromPath[str], verb: FromPath[str]) -> Redirect:
    """Wait for somebody, go on to the next, or stop."""
    conference: Conference = request.state.conference
    viewer: Viewer = request.state.viewer
    mine = await store.profile(conference.id, viewer.person)
    if mine is None or not mine["shown"]:
        return Redirect(f"/c/{slug}/meeting", status_code=303)
    if verb not in ("join", "next", "leave"):
        raise NotFoundException
    await roulette.leave(conference.id, viewer.person, now=now())
    if verb != "leave":
        await roulette.wait(conference.id, viewer.person, now=now())
    return Redirect(f"/c/{slug}/meeting/roulette", status_code=303)


@get("/c/{slug:str}/meeting/roulette/grant", opt={"who": EVERYBODY})
async def roulette_grant(
    request: Asked, slug: FromPath[str], settings: NamedDependency[Settings]
) -> dict[str, Any]:
    """A grant for the present talk, which ends with it."""
    pair = await roulette.present(
        request.state.conference.id, request.state.viewer.person, now=now()
    )
    if pair is None:
        raise Refused(409, _("This talk is over."))
    return _grant(request, settings, pair["id"], pair["ends_at"])


@get("/c/{slug:str}/meeting/reports", opt={"who": MODERATORS})
async def reports_page(request: Asked, slug: FromPath[str]) -> Response[Any]:
    """What people reported, for those who keep the peace."""
    conference: Conference = request.state.conference
    return page(
        request,
        "meeting/reports.html",
        root=f"/c/{slug}/meeting",
        reports=await store.reports(conference.id),
        zone=conference.time_zone,
    )


@post("/c/{slug:str}/meeting/reports/{report:uuid}", opt={"who": MODERATORS})
async def close_report(request: Asked, slug: FromPath[str], report: FromPath[UUID]) -> Redirect:
    await store.close_report(
        request.state.conference.id, report, request.state.viewer.person, now=now()
    )
    return Redirect(f"/c/{slug}/meeting/reports", status_code=303)


handlers: list[Any] = [
    meeting_page,
    write_profile,
    person_page,
    about_person,
    answer,
    room,
    room_grant,
    roulette_page,
    change_roulette,
    roulette_grant,
    reports_page,
    close_report,
]
