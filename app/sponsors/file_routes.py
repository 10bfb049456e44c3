"""A booth's files as visitors get them: the logo, the video, and what is to be taken along."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import File, Response

from app.accounts.viewer import ANYONE, Viewer
from app.clock import now
from app.settings import Settings
from app.sponsors import files, store
from app.sponsors.access import sponsor_of


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


handlers: list[Any] = [booth_file]
