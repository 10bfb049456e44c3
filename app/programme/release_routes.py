"""Releasing: what would change, who would be told, a look as the public; comparing and rolling back."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Response

from app.accounts.viewer import OWNER
from app.clock import now
from app.conferences.tables import Conference
from app.editor import store as editor
from app.html import gettext as _
from app.html import page, wants_block
from app.programme import changes, preview, releases, told
from app.programme.releases import Released

_SHOWN = 60
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/c/{slug:str}/releases", opt={"who": OWNER})
async def release_page(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """What a release would tell the public and whom, its conflicts, and the earlier ones."""
    conference: Conference = request.state.conference
    desk = await editor.present(conference.id)
    last = await releases.latest(conference.id)
    found = changes.between(last.schedule if last else None, desk.schedule)
    return page(
        request,
        "programme/releases.html",
        at=f"/c/{slug}",
        draft=desk.schedule,
        version=desk.version,
        last=last,
        changes=found,
        lines=found.lines if last else (),
        told=await told.by_release(conference.id, last, await preview.of(conference.id))
        if last
        else None,
        findings=told.by_severity(desk.examination.findings()),
        history=await releases.history(conference.id),
        most=_SHOWN,
    )


@get("/c/{slug:str}/releases/compare", opt={"who": OWNER})
async def compare(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    before: FromQuery[int] = 0,
    after: FromQuery[int] = 0,
) -> Response[Any]:
    """The difference of any two releases; 0 is nothing before the first, and the draft after."""
    conference: Conference = request.state.conference
    old = await _numbered(conference, before) if before else None
    new = (await _numbered(conference, after)).schedule if after else None
    if new is None:
        new = (await editor.present(conference.id)).schedule
    return page(
        request,
        "programme/compare.html",
        at=f"/c/{slug}",
        before=before,
        after=after,
        changes=changes.between(old.schedule if old else None, new),
        history=await releases.history(conference.id),
    )


async def _numbered(conference: Conference, number: int) -> Released:
    found = await releases.numbered(conference.id, number)
    if found is None:
        raise NotFoundException(_("There is no release of that number."))
    return found


@post("/c/{slug:str}/releases", opt={"who": OWNER})
async def release(request: Request[Any, Any, Any], slug: FromPath[str], data: Form) -> Redirect:
    """Publish the draft, if it is still the one that was looked at."""
    conference: Conference = request.state.conference
    await releases.publish(
        conference.id,
        expected=_whole(data.get("version", "")),
        by=request.state.viewer.person,
        name=data.get("name", "")[:200],
        comment=data.get("comment", "")[:5000],
        now=now(),
    )
    return Redirect(f"/c/{slug}/agenda", status_code=303)


@post("/c/{slug:str}/releases/{number:int}/rollback", opt={"who": OWNER})
async def rollback(
    request: Request[Any, Any, Any], slug: FromPath[str], number: FromPath[int], data: Form
) -> Redirect:
    """Make an earlier release the draft again; with `publish`, also the next release."""
    conference: Conference = request.state.conference
    old = await _numbered(conference, number)
    await releases.roll_back(
        conference.id,
        old,
        expected=_whole(data.get("version", "")),
        by=request.state.viewer.person,
        comment=_("Back to release {number}").format(number=number),
        publish_now=data.get("publish") == "1",
        now=now(),
    )
    return Redirect(f"/c/{slug}/releases", status_code=303)


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else -1


@get("/c/{slug:str}/releases/preview/agenda", opt={"who": OWNER})
async def preview_agenda(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """The draft as the public would see it."""
    found = await preview.of(request.state.conference.id)
    context = await preview.agenda(request, found, f"/c/{slug}/releases/preview")
    if context is None:
        raise NotFoundException(_("Nothing is placed in the draft yet."))
    # What a search brings is the agenda's own block; the preview only has a note around the page.
    whole = not wants_block(request)
    template = "programme/preview.html" if whole else "agenda/day.html"
    return page(request, template, block="sheet", **context)


@get("/c/{slug:str}/releases/preview/agenda.css", opt={"who": OWNER})
async def preview_places(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """Where each slot of the draft stands in its grid."""
    style = preview.places(await preview.of(request.state.conference.id))
    return Response(style, media_type="text/css", headers={"Cache-Control": "private, no-cache"})


@get("/c/{slug:str}/releases/preview/sessions/{session_id:uuid}", opt={"who": OWNER})
async def preview_session(
    request: Request[Any, Any, Any], slug: FromPath[str], session_id: FromPath[UUID]
) -> Redirect:
    """A session of the preview leads to its facts."""
    return Redirect(f"/c/{slug}/tables/sessions#{session_id}")


handlers: list[Any] = [
    release_page,
    compare,
    release,
    rollback,
    preview_agenda,
    preview_places,
    preview_session,
]
