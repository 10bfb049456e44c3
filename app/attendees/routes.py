"""Badges, and calendar invites to take along."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import segno
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response
from markupsafe import Markup

from app.accounts.viewer import ANYONE, EVERYBODY, Viewer
from app.attendees import badges, certificates, codes, invite_mails, store
from app.clock import now
from app.conferences.tables import Conference
from app.html import page
from app.jobs import store as jobs
from app.jobs.routes import shown
from app.programme import releases
from app.settings import Settings


def _one(conference: Conference, viewer: Viewer) -> str:
    return f"badge:{conference.id}:{viewer.person}"


def _certificate(conference: Conference, viewer: Viewer) -> str:
    return f"certificate:{conference.id}:{viewer.person}"


def _qr(code: str) -> Markup:
    """The code as squares on its own white ground, readable in both lights."""
    if not code:
        return Markup("")
    drawn = segno.make(code, error="m", micro=False).svg_inline(
        border=2, dark="#14171a", light="#ffffff", omitsize=True, title=code
    )
    return Markup(drawn)


@get("/c/{slug:str}/badge", opt={"who": EVERYBODY})
async def badge(
    request: Request[Any, Any, Any], settings: NamedDependency[Settings], slug: FromPath[str]
) -> Response[str]:
    """One's own badge as it will be printed."""
    conference, viewer = request.state.conference, request.state.viewer
    place = await store.registration(conference.id, viewer.person)
    own = await jobs.latest(_one(conference, viewer))
    certified = await jobs.latest(_certificate(conference, viewer))
    code = ""
    if place is not None:
        code = codes.sign(place["badge_code"], codes.key_of(conference.id, settings.secret))
    return page(
        request,
        "badges/badge.html",
        place=place,
        code=code,
        qr=_qr(code),
        dates=badges.dates(conference),
        job=shown(own) if own else None,
        certificate_job=shown(certified) if certified else None,
    )


@post("/c/{slug:str}/badge", opt={"who": EVERYBODY})
async def make_badge(request: Request[Any, Any, Any], slug: FromPath[str]) -> Redirect:
    conference, viewer = request.state.conference, request.state.viewer
    await jobs.ask(
        "badge",
        _one(conference, viewer),
        {"person": str(viewer.person)},
        conference=conference.id,
        asked_by=viewer.person,
        now=now(),
    )
    return Redirect(f"/c/{slug}/badge", status_code=303)


@post("/c/{slug:str}/certificate", opt={"who": EVERYBODY})
async def make_certificate(request: Request[Any, Any, Any], slug: FromPath[str]) -> Redirect:
    conference, viewer = request.state.conference, request.state.viewer
    await jobs.ask(
        "certificate",
        _certificate(conference, viewer),
        {"person": str(viewer.person)},
        conference=conference.id,
        asked_by=viewer.person,
        now=now(),
    )
    return Redirect(f"/c/{slug}/badge#certificate", status_code=303)


@get("/c/{slug:str}/certificates/{code:str}", opt={"who": ANYONE})
async def certificate(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    code: FromPath[str],
) -> Response[str]:
    """Says to anybody whether a certificate is genuine, and what it certifies."""
    conference = request.state.conference
    found = certificates.verify(code, codes.key_of(conference.id, settings.secret))
    holder = await store.by_badge_code(conference.id, found[0]) if found else None
    return page(
        request,
        "badges/certificate.html",
        status=200 if holder else 404,
        holder=holder,
        earned=found[1] if found else None,
        dates=badges.dates(conference),
        minutes=certificates.minutes,
    )


@get("/c/{slug:str}/sessions/{session_id:uuid}/invite.ics", opt={"who": ANYONE})
async def session_invite(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    session_id: FromPath[UUID],
) -> Response[bytes]:
    """A session of the present release as a calendar entry to save."""
    released = await releases.latest(request.state.conference.id)
    if released is None:
        raise NotFoundException
    found = invite_mails.for_download(
        released, request.state.conference, session_id, settings=settings
    )
    if found is None:
        raise NotFoundException
    return Response(
        found,
        media_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="session.ics"'},
    )


handlers: list[Any] = [
    badge,
    make_badge,
    make_certificate,
    certificate,
    session_invite,
]
