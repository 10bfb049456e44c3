"""Whose booth a request is about, and whether this viewer may be behind its counter."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.params import Body
from litestar.response import Redirect

from app.accounts.viewer import OWNER, Viewer
from app.html import gettext as _
from app.sponsors import store

READERS = frozenset({"owner", "sponsor"})
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]
AnyRequest = Request[Any, Any, Any]


async def sponsor_of(request: AnyRequest, sponsor_slug: str) -> dict[str, Any]:
    """The sponsor of this address. Raises NotFoundException."""
    found = await store.find(request.state.conference.id, sponsor_slug)
    if found is None:
        raise NotFoundException(_("There is no such sponsor at this conference."))
    return found


async def own(request: AnyRequest, sponsor_slug: str) -> dict[str, Any]:
    """The sponsor, for its own people and the owner. Raises PermissionDeniedException."""
    sponsor = await sponsor_of(request, sponsor_slug)
    viewer: Viewer = request.state.viewer
    if not viewer.has(OWNER) and not await store.works_for(viewer.person, sponsor["id"]):
        raise PermissionDeniedException
    return sponsor


def text(form: dict[str, Any], name: str, most: int = 200) -> str:
    """A field of a form, trimmed to `most` characters."""
    return str(form.get(name) or "").replace("\x00", "").strip()[:most]


def web(address: str) -> str:
    """An http(s) address as typed, with https:// where no scheme was; empty where it is none."""
    wanted = address if "://" in address or not address else f"https://{address}"
    try:
        parts = urlsplit(wanted)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in wanted
    except ValueError:
        return ""
    return wanted if fine else ""


def to_booth(slug: str, sponsor_slug: str, rest: str = "#contact") -> Redirect:
    """Back to the booth, or a page of it, after a form."""
    return Redirect(f"/c/{slug}/sponsors/{sponsor_slug}{rest}", status_code=303)
