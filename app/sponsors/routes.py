"""Booths as visitors see them: what is shown, taken along, asked for, and given."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.params import FromPath
from litestar.response import File, Redirect, Response

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
    files,
    lead_routes,
    manage_routes,
    meetings,
    scan_routes,
    setup_routes,
    store,
    talk_routes,
    team_routes,
    view,
)
from app.sponsors.access import Form, own, sponsor_of, text
from app.stages import grants
from media.turn import ice_servers


@get("/c/{slug:str}/sponsors", opt={"who": ANYONE})
async def sponsors(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    conference, viewer = request.state.conference, request.state.viewer
    given = await consent.given_by(viewer.person, conference.id) if viewer else {}
    shown = await store.lobby(conference.id)
    logos = await _logos([one["id"] for _tier, held in shown for one in held])
    return page(request, "sponsors/list.html", shown=shown, given=given, logos=logos)


async def _logos(of: list[UUID]) -> dict[UUID, UUID]:
    return {
        sponsor: row["id"]
        for sponsor in of
        for row in await files.of(sponsor)
        if row["kind"] == "logo"
    }


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


def _booth(slug: str, sponsor_slug: str, anchor: str = "contact") -> Redirect:
    return Redirect(f"/c/{slug}/sponsors/{sponsor_slug}#{anchor}", status_code=303)


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
    return _booth(slug, sponsor_slug)


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
    return _booth(slug, sponsor_slug)


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/here", opt={"who": EVERYBODY}, status_code=204)
async def here(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str]
) -> None:
    """The booth's page is in front of somebody still; its script says so."""
    sponsor = await sponsor_of(request, sponsor_slug)
    person = request.state.viewer.person
    if not await store.works_for(person, sponsor["id"]):
        await store.still_here(sponsor["id"], person, now=now())


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}/files/{file_id:uuid}", opt={"who": ANYONE})
async def booth_file(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    file_id: FromPath[UUID],
) -> Response[Any] | File:
    """A logo or video to show, or a file to take along, which is counted."""
    sponsor = await sponsor_of(request, sponsor_slug)
    row = await files.find(sponsor["id"], file_id)
    path = files.path_of(settings, row) if row is not None else None
    if row is None or path is None or not path.is_file():
        raise NotFoundException
    viewer: Viewer | None = request.state.viewer
    if row["kind"] == "video":
        return await _part(request, path, row)
    if row["kind"] == "logo":
        body = await asyncio.to_thread(path.read_bytes)
        return Response(
            body,
            media_type="image/png",
            headers={"Cache-Control": "public, max-age=86400, immutable"},
        )
    behind = viewer is not None and await store.works_for(viewer.person, sponsor["id"])
    if not behind:
        person = viewer.person if viewer else None
        await store.signal(sponsor["id"], person, "download", row["id"], now=now())
    return File(
        path=path,
        filename=row["name"],
        media_type="application/octet-stream",
        content_disposition_type="attachment",
        headers={"Cache-Control": "private, no-store"},
    )


async def _part(request: Request[Any, Any, Any], path: Any, row: dict[str, Any]) -> Response[Any]:
    """The wanted stretch of a video (RFC 9110, ranges), so that it can be sought in."""
    size = row["size"]
    wanted = files.span(request.headers.get("range", "bytes=0-"), size)
    if wanted is None:
        return Response(b"", status_code=416, headers={"Content-Range": f"bytes */{size}"})
    first, last = wanted

    def read() -> bytes:
        with path.open("rb") as held:
            held.seek(first)
            chunk: bytes = held.read(last - first + 1)
            return chunk

    return Response(
        await asyncio.to_thread(read),
        status_code=206,
        media_type=row["media_type"],
        headers={
            "Content-Range": f"bytes {first}-{last}/{size}",
            "Accept-Ranges": "bytes",
            "Cache-Control": "public, max-age=3600",
        },
    )


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
    return _booth(slug, sponsor_slug, "meetings")


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
        return Redirect(f"/c/{slug}/sponsors/{sponsor_slug}/meetings", status_code=303)
    return _booth(slug, sponsor_slug, "meetings")


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
    return _booth(slug, sponsor_slug, "draws")


async def _room(request: Request[Any, Any, Any], sponsor_slug: str) -> dict[str, Any]:
    sponsor = await sponsor_of(request, sponsor_slug)
    if not sponsor["live_room"]:
        raise NotFoundException(_("This booth has no room. Write to its staff instead."))
    return sponsor


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}/room", opt={"who": EVERYBODY})
async def room(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str]
) -> Response[str]:
    """The booth's room: visitors and staff see and hear each other."""
    sponsor = await _room(request, sponsor_slug)
    staff = [one for one in await store.staff(sponsor["id"], now=now()) if one.on_duty]
    behind = await store.works_for(request.state.viewer.person, sponsor["id"])
    return page(request, "sponsors/room.html", sponsor=sponsor, staff=staff, own=behind)


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}/room/grant", opt={"who": EVERYBODY})
async def room_grant(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
) -> dict[str, Any]:
    """A fresh grant to take part in the booth's room."""
    sponsor = await _room(request, sponsor_slug)
    viewer: Viewer = request.state.viewer
    token = grants.round_table(
        settings, request.state.conference.id, sponsor["id"], viewer, now=now()
    )
    return {
        "grant": token,
        "room": str(sponsor["id"]),
        "group": str(sponsor["id"]),
        "ice_servers": ice_servers(settings.turn, str(viewer.person), now=now()),
    }


handlers: list[Any] = [
    sponsors,
    booth,
    share,
    withdraw,
    here,
    booth_file,
    book,
    call_off,
    enter_draw,
    room,
    room_grant,
    *scan_routes.handlers,
    *setup_routes.handlers,
    *team_routes.handlers,
    *lead_routes.handlers,
    *manage_routes.handlers,
    *talk_routes.handlers,
]
