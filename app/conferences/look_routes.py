"""The organizer's page for the conference's look, and what every page takes of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Response

from app.accounts.viewer import ANYONE, OWNER
from app.conferences import brand, looks
from app.conferences.brand import Brand
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import page
from app.pictures import Refused
from app.settings import Settings

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]
_FOREVER = "public, max-age=31536000, immutable"


@get("/c/{slug:str}/look", opt={"who": OWNER})
async def look(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    return _page(request, brand.load(request.state.conference.brand))


def _page(
    request: Request[Any, Any, Any],
    held: Brand,
    *,
    typed: str | None = None,
    error: str = "",
    where: str = "",
    status: int = 200,
) -> Response[str]:
    wanted = held.accent if typed is None else typed
    return page(
        request,
        "conferences/look.html",
        block="shown",
        status=status,
        held=held,
        version=held.version,
        typed=wanted,
        error=error,
        where=where,
        **_shown(wanted),
    )


def _shown(typed: str) -> dict[str, Any]:
    """A colour as the preview draws it, with a sentence where it can't be taken."""
    accent = brand.parse(typed) if typed else ""
    return {
        "accent": accent or "",
        "tones": brand.tones(accent) if accent else brand.HOUSE,
        "changed": [light for light, tone in brand.tones(accent).items() if tone.fill != accent]
        if accent
        else [],
        "refusal": _refusal(typed),
    }


def _refusal(typed: str) -> str:
    """Why a colour can't be the accent; empty where it can."""
    if not typed:
        return ""
    accent = brand.parse(typed)
    if accent is None:
        return _("Write a colour as #rrggbb, such as #0d6e6e, or leave it empty.")
    if brand.too_red(accent):
        return _(
            "This is too near the red that says on air, and nothing else may look like that. "
            "Take another colour of yours, or a much darker or yellower one."
        )
    return ""


@post("/c/{slug:str}/look", opt={"who": OWNER})
async def save(request: Request[Any, Any, Any], slug: FromPath[str], data: Form) -> Response[Any]:
    """Keep the accent; an empty one is the house's ink."""
    held = brand.load(request.state.conference.brand)
    typed = data.get("typed", "").strip()[:40]
    if why := _refusal(typed):
        return _page(request, held, typed=typed, error=why, where="accent", status=422)
    wanted = replace(held, accent=(brand.parse(typed) or "") if typed else "")
    return await _keep(request, held, wanted, data.get("version", ""))


async def _keep(
    request: Request[Any, Any, Any], held: Brand, wanted: Brand, seen: str
) -> Response[Any]:
    conference: Conference = request.state.conference
    try:
        await looks.keep(conference.id, wanted, seen=seen)
    except looks.Moved:
        words = _("Somebody else changed the look meanwhile. This is how it is now.")
        return _page(request, held, error=words, where="top", status=409)
    return Redirect(f"/c/{conference.slug}/look", status_code=303)


@post("/c/{slug:str}/look/preview", opt={"who": OWNER}, status_code=200)
async def preview(
    request: Request[Any, Any, Any], slug: FromPath[str], data: Form
) -> Response[str]:
    """How a colour would look in each light; nothing is kept."""
    return _page(
        request,
        brand.load(request.state.conference.brand),
        typed=data.get("typed", "").strip()[:40],
    )


@post("/c/{slug:str}/look/logo", opt={"who": OWNER}, request_max_body_size=6 << 20)
async def add_logo(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    data: Upload,
) -> Response[Any]:
    """A logo, drawn anew whatever it came as."""
    conference: Conference = request.state.conference
    held, sent = brand.load(conference.brand), data.get("file")
    try:
        if not isinstance(sent, UploadFile) or not sent.filename:
            raise Refused(_("Choose a file first."))
        logo = await looks.draw(settings, conference.id, sent)
    except Refused as error:
        return _page(request, held, error=str(error), where="logo", status=422)
    return await _keep(request, held, replace(held, logo=logo), held.version)


@post("/c/{slug:str}/look/logo/remove", opt={"who": OWNER})
async def remove_logo(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    held = brand.load(request.state.conference.brand)
    return await _keep(request, held, replace(held, logo=None), held.version)


@get("/c/{slug:str}/brand.css", opt={"who": ANYONE}, include_in_schema=False)
async def stylesheet(
    request: Request[Any, Any, Any], slug: FromPath[str], v: FromQuery[str] = ""
) -> Response[str]:
    """The colours of this conference. Kept for ever under the look's version."""
    held = brand.load(request.state.conference.brand)
    age = _FOREVER if v == held.version else "no-cache"
    return Response(brand.stylesheet(held), media_type="text/css", headers={"Cache-Control": age})


@get("/c/{slug:str}/logo.png", opt={"who": ANYONE}, include_in_schema=False)
async def logo(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    v: FromQuery[str] = "",
) -> Response[bytes]:
    """The logo for pages, at most 480 × 160."""
    held = brand.load(request.state.conference.brand)
    if held.logo is None:
        raise NotFoundException(_("This conference has no logo."))
    try:
        content = await asyncio.to_thread((settings.files / held.logo.small).read_bytes)
    except FileNotFoundError:
        raise NotFoundException(_("This conference has no logo.")) from None
    age = _FOREVER if v == held.version else "no-cache"
    return Response(content, media_type="image/png", headers={"Cache-Control": age})


handlers: list[Any] = [look, save, preview, add_logo, remove_logo, stylesheet, logo]
