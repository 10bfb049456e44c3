"""The public log of changes, as a page and as an Atom feed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from xml.etree.ElementTree import Element, SubElement, tostring

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response

from app.accounts.viewer import ANYONE
from app.html import gettext as _
from app.html import page, render
from app.programme import changes, kept, releases
from app.programme.changes import Changes
from app.programme.releases import Released
from app.settings import Settings

_MOST = 20
_ATOM = "http://www.w3.org/2005/Atom"
_logs: kept.Shelf[Changes] = kept.Shelf(60)


async def _entries(conference: UUID) -> list[tuple[Released, Changes]]:
    """The latest releases, newest first, each with its changes against the one before."""
    numbers = [row["number"] for row in await releases.history(conference)][: _MOST + 1]
    found: list[tuple[Released, Changes]] = []
    for at, number in enumerate(numbers[:_MOST]):
        one = await releases.numbered(conference, number)
        before = numbers[at + 1] if at + 1 < len(numbers) else None
        old = await releases.numbered(conference, before) if before is not None else None
        assert one is not None
        found.append((one, _between(old, one)))
    return found


def _between(old: Released | None, new: Released) -> Changes:
    return _logs.get(
        (old and old.id, new.id),
        lambda: changes.between(old.schedule if old else None, new.schedule),
    )


@get("/c/{slug:str}/changes", opt={"who": ANYONE})
async def log(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """What every release changed, newest first."""
    entries = await _entries(request.state.conference.id)
    if not entries:
        raise NotFoundException(_("The agenda has not been released yet."))
    return page(request, "programme/changes.html", at=f"/c/{slug}", entries=entries)


@get("/c/{slug:str}/changes.atom", opt={"who": ANYONE}, include_in_schema=False)
async def atom(
    request: Request[Any, Any, Any], slug: FromPath[str], settings: NamedDependency[Settings]
) -> Response[bytes]:
    """The same as an Atom feed (RFC 4287)."""
    conference = request.state.conference
    entries = await _entries(conference.id)
    tag = f'"{entries[0][0].id.hex if entries else "none"}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=60"}
    if request.headers.get("if-none-match") == tag:
        return Response(b"", status_code=304, headers=headers)
    root = f"{settings.base_url}/c/{slug}"
    feed = Element("feed", xmlns=_ATOM)
    _text(feed, "title", _("{conference}: changes").format(conference=conference.title))
    _text(feed, "id", f"urn:uuid:{conference.id}")
    SubElement(feed, "link", rel="self", href=f"{root}/changes.atom")
    SubElement(feed, "link", rel="alternate", href=f"{root}/changes")
    author = SubElement(feed, "author")
    _text(author, "name", conference.title)
    updated = entries[0][0].release.created_at if entries else conference.created_at
    _text(feed, "updated", _stamp(updated))
    for released, found in entries:
        _entry(feed, released, found, root, conference)
    body = tostring(feed, encoding="utf-8", xml_declaration=True)
    return Response(body, media_type="application/atom+xml", headers=headers)


def _entry(feed: Element, released: Released, found: Changes, root: str, conference: Any) -> None:
    entry = SubElement(feed, "entry")
    title = _("Release {number}").format(number=released.number)
    name = released.release.name
    _text(entry, "title", f"{title}: {name}" if name else title)
    _text(entry, "id", f"urn:uuid:{released.id}")
    _text(entry, "updated", _stamp(released.release.created_at))
    SubElement(entry, "link", rel="alternate", href=f"{root}/changes#r{released.number}")
    content = SubElement(entry, "content", type="html")
    content.text = render(
        "programme/_changes.html",
        changes=found,
        conference=conference,
        comment=released.release.comment,
        root=root,
        first=released.number == 1,
    )


def _text(parent: Element, name: str, words: str) -> None:
    SubElement(parent, name).text = "".join(c for c in words if c.isprintable())


def _stamp(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")


handlers: list[Any] = [log, atom]
