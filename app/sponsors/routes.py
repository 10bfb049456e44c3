"""Booths as visitors see them: what is shown, taken along, asked for, and given."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.params import FromPath
from litestar.response import Redirect, Response

from app.accounts.viewer import ANYONE, EVERYBODY, OWNER, Viewer
from app.attendees import store as attendees
from app.clock import now
from app.html import gettext as _
from app.html import page
from app.programme import releases
from app.settings import Settings
from app.sponsors import (
    consent,
    draws,
    file_routes,
    files,
    lead_routes,
    manage_routes,
    meetings,
    room_routes,
    scan_routes,
    setup_routes,
    store,
    talk_routes,
    team_routes,
    view,
)
from app.sponsors.access import Form, own, sponsor_of, text, to_booth


@get("/c/{slug:str}/sponsors", opt={"who": ANYONE})
async def sponsors(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    conference, viewer = request.state.conference, request.state.viewer
    given = await consent.given_by(viewer.person, conference.id) if viewer else {}
    shown = await store.lobby(conference.id)
    logos = await files.logos([one["id"] for _tier, held in shown for one in held])
    return page(request, "sponsors/list.html", shown=shown, given=given, logos=logos)


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}", opt={"who": ANYONE})
async def booth(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str]
) -> Response[str]:
    """A booth. A signed-in person's visit is counted, except that of the sponsor's own people."""
    sponsor = await sponsor_of(request, sponsor_slug)
    viewer: Viewer | None = request.state.viewer
    behind = viewer is not None and await store.works_for(viewer.person, sponsor["id"])
    if viewer is not None and not behind:
        await store.visit(sponsor["id"], viewer.person, now=now())
    return page(
        request,
        "sponsors/booth.html",
        **await _shown(request, sponsor, viewer, behind=behind, error=""),
    )


async def _shown(
    request: Request[Any, Any, Any],
    sponsor: dict[str, Any],
    viewer: Viewer | None,
    *,
    behind: bool,
    error: str,
) -> dict[str, Any]:
    """What the booth's page shows to this viewer."""
    conference, instant = request.state.conference, now()
    place = standing = None
    mine: list[dict[str, Any]] = []
    entered: frozenset[UUID] = frozenset()
    if viewer is not None:
        place = await attendees.registration(conference.id, viewer.person)
        standing = await consent.standing(sponsor["id"], viewer.person)
        mine = await meetings.of_person(sponsor["id"], viewer.person)
        entered = await draws.entered(sponsor["id"], viewer.person)
    held = await files.of(sponsor["id"])
    taken = [row["start"] for row in await meetings.booked(sponsor["id"])]
    organization = place["organization_name"] if place else ""
    fields = consent.FIELDS if organization else consent.FIELDS[:2]
    return {
        "sponsor": sponsor,
        "own": behind,
        "member": viewer is not None and bool(viewer.roles),
        "reader": viewer is not None and (behind or viewer.has(OWNER)),
        "organization": organization,
        "standing": standing,
        "wording": view.wording(sponsor["name"], fields),
        "wordings": view.wordings(sponsor["name"], organization=bool(organization)),
        "offers": store.offers(sponsor),
        "logo": next((row for row in held if row["kind"] == "logo"), None),
        "video": next((row for row in held if row["kind"] == "video"), None),
        "files": [row for row in held if row["kind"] == "file"],
        "staff": [one for one in await store.staff(sponsor["id"], now=instant) if one.on_duty],
        "free": meetings.free(sponsor, taken, now=instant)[:60],
        "meetings": mine,
        "when": meetings.when,
        "draws": [d for d in await draws.of(sponsor["id"]) if _shows(d, instant)],
        "entered": entered,
        "sessions": await _sessions(conference.id, sponsor["id"]),
        "instant": instant,
        "error": error,
    }


def _shows(draw: dict[str, Any], instant: datetime) -> bool:
    return draw["drawn_at"] is not None or draw["closes_at"] > instant


async def _sessions(conference: UUID, sponsor: UUID) -> list[Any]:
    """(session, slot, room) of the sessions that the sponsor made possible, in order of time."""
    wanted = await store.sessions_of(sponsor)
    released = await releases.latest(conference) if wanted else None
    if released is None:
        return []
    return sorted(
        (
            (released.sessions[slot.session], slot, released.rooms[slot.room])
            for slot in released.schedule.slots
            if slot.session in wanted
        ),
        key=lambda one: one[1].start,
    )


async def _give(
    request: Request[Any, Any, Any], sponsor: dict[str, Any], data: Form, source: str
) -> None:
    """Write down the consent that a form asked for, with the fields that were ticked or typed."""
    phone = "".join(c for c in text(data, "phone", 40) if c in "+-()/. " or c.isdigit())
    place = await attendees.registration(request.state.conference.id, request.state.viewer.person)
    known = bool(place and place["organization_name"])
    fields = [*consent.FIELDS[:2]]
    if data.get("organization") == "1" and known:
        fields.append("organization")
    if phone:
        fields.append("phone")
    await consent.give(
        sponsor["id"],
        request.state.viewer.person,
        fields=fields,
        wording=view.wording(sponsor["name"], fields),
        source=source,
        phone=phone,
        message=text(data, "message", 2000),
        wants_call=data.get("call") == "1",
        now=now(),
    )


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/contact", opt={"who": EVERYBODY})
async def share(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str], data: Form
) -> Redirect:
    """Give one's contact, in the words that the form showed."""
    sponsor = await sponsor_of(request, sponsor_slug)
    await _give(request, sponsor, data, "booth")
    return to_booth(slug, sponsor_slug)


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/contact/withdraw", opt={"who": EVERYBODY})
async def withdraw(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
) -> Redirect:
    """Take one's contact back; meetings to come are called off with it."""
    sponsor = await sponsor_of(request, sponsor_slug)
    person, instant = request.state.viewer.person, now()
    await consent.take_back(sponsor["id"], person, now=instant, files=settings.files)
    for meeting in await meetings.of_person(sponsor["id"], person):
        if meeting["start"] > instant:
            await meetings.call_off(
                sponsor,
                meeting["id"],
                conference=request.state.conference,
                settings=settings,
                now=instant,
            )
    return to_booth(slug, sponsor_slug)


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/here", opt={"who": EVERYBODY}, status_code=204)
async def here(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str]
) -> None:
    """The booth's page is in front of somebody still; its script says so."""
    sponsor = await sponsor_of(request, sponsor_slug)
    person = request.state.viewer.person
    if not await store.works_for(person, sponsor["id"]):
        await store.still_here(sponsor["id"], person, now=now())


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/meetings", opt={"who": EVERYBODY})
async def book(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    data: Form,
) -> Response[Any]:
    """Book a meeting; who meets is known to the booth, so the contact is given with it."""
    sponsor = await sponsor_of(request, sponsor_slug)
    viewer: Viewer = request.state.viewer
    taken = [row["start"] for row in await meetings.booked(sponsor["id"])]
    wanted = next(
        (
            at
            for at in meetings.free(sponsor, taken, now=now())
            if at.isoformat() == data.get("start")
        ),
        None,
    )
    try:
        if wanted is None:
            raise meetings.Taken
        await _give(request, sponsor, data, "meeting")
        await meetings.book(
            sponsor,
            viewer.person,
            wanted,
            text(data, "message", 500),
            conference=request.state.conference,
            settings=settings,
            now=now(),
        )
    except meetings.Taken:
        words = _("That time has just been taken. Choose another.")
        shown = await _shown(request, sponsor, viewer, behind=False, error=words)
        return page(request, "sponsors/booth.html", status=409, **shown)
    return to_booth(slug, sponsor_slug, "#meetings")


@post(
    "/c/{slug:str}/sponsors/{sponsor_slug:str}/meetings/{meeting:uuid}/cancel",
    opt={"who": EVERYBODY},
)
async def call_off(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    meeting: FromPath[UUID],
) -> Redirect:
    """Call a meeting off: who booked it may, and the booth's staff."""
    sponsor = await sponsor_of(request, sponsor_slug)
    row = await meetings.find(sponsor["id"], meeting)
    if row is None:
        raise NotFoundException
    behind = row["person"] != request.state.viewer.person
    if behind:
        await own(request, sponsor_slug)
    await meetings.call_off(
        sponsor, meeting, conference=request.state.conference, settings=settings, now=now()
    )
    if behind:
        return to_booth(slug, sponsor_slug, "/meetings")
    return to_booth(slug, sponsor_slug, "#meetings")


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/draws/{draw:uuid}/enter", opt={"who": EVERYBODY})
async def enter_draw(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    draw: FromPath[UUID],
    data: Form,
) -> Redirect:
    """Enter a prize draw; the contact is given with it, in the words that the form showed."""
    sponsor = await sponsor_of(request, sponsor_slug)
    if await store.works_for(request.state.viewer.person, sponsor["id"]):
        raise PermissionDeniedException
    await _give(request, sponsor, data, "draw")
    await draws.enter(sponsor["id"], draw, request.state.viewer.person, now=now())
    return to_booth(slug, sponsor_slug, "#draws")


handlers: list[Any] = [
    sponsors,
    booth,
    share,
    withdraw,
    here,
    book,
    call_off,
    enter_draw,
    *file_routes.handlers,
    *room_routes.handlers,
    *scan_routes.handlers,
    *setup_routes.handlers,
    *team_routes.handlers,
    *lead_routes.handlers,
    *manage_routes.handlers,
    *talk_routes.handlers,
]
