"""A booth's files: logo, video, and what visitors take along."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from litestar.datastructures import UploadFile

from app.html import gettext as _
from app.pictures import Refused, drawn
from app.settings import Settings
from app.sponsors.tables import SponsorFile

MOST_FILES = 20
MOST_BYTES = {"logo": 5 << 20, "video": 200 << 20, "file": 25 << 20}
_CHUNK = 1 << 20
_VIDEOS = {b"ftyp": "video/mp4", b"\x1a\x45\xdf\xa3": "video/webm"}


async def of(sponsor: UUID) -> list[dict[str, Any]]:
    """All files of a booth, in the order in which they came."""
    rows: list[dict[str, Any]] = (
        await SponsorFile.select()
        .where(SponsorFile.sponsor == sponsor)
        .order_by(SponsorFile.created_at)
    )
    return rows


async def logos(sponsors: Collection[UUID]) -> dict[UUID, UUID]:
    """The logo's file of each of these sponsors that has one."""
    if not sponsors:
        return {}
    rows = await SponsorFile.select(SponsorFile.id, SponsorFile.sponsor).where(
        SponsorFile.sponsor.is_in(list(sponsors)), SponsorFile.kind == "logo"
    )
    return {row["sponsor"]: row["id"] for row in rows}


async def find(sponsor: UUID, file: UUID) -> dict[str, Any] | None:
    return (
        await SponsorFile.select()
        .where(SponsorFile.sponsor == sponsor, SponsorFile.id == file)
        .first()
    )


def path_of(settings: Settings, row: dict[str, Any]) -> Path:
    return settings.files / str(row["stored"])


async def keep(
    settings: Settings, sponsor: UUID, kind: str, sent: UploadFile, *, now: datetime
) -> None:
    """Keep a file that was sent; a logo or video takes the place of the last. Raises Refused."""
    held = await of(sponsor)
    if kind == "file" and sum(row["kind"] == "file" for row in held) >= MOST_FILES:
        raise Refused(
            _("A booth has at most {most} files. Remove one first.").format(most=MOST_FILES)
        )
    folder = settings.files / "sponsors" / str(sponsor)
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    file = uuid4()
    path = folder / file.hex
    try:
        size = await _write(path, kind, sent)
        media_type, name = "application/octet-stream", _plain(sent.filename)
        if kind == "video":
            media_type = await asyncio.to_thread(_video, path)
        elif kind == "logo":
            media_type, size = "image/png", await drawn("redraw", {"path": str(path)})
        await SponsorFile(
            id=file,
            sponsor=sponsor,
            kind=kind,
            name=name,
            media_type=media_type,
            size=size,
            stored=str(path.relative_to(settings.files)),
            created_at=now,
        ).save()
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    for row in held:
        if kind in ("logo", "video") and row["kind"] == kind:
            await remove(settings, sponsor, row["id"])


async def remove(settings: Settings, sponsor: UUID, file: UUID) -> None:
    row = await find(sponsor, file)
    if row is not None:
        await SponsorFile.delete().where(SponsorFile.id == file)
        await asyncio.to_thread(path_of(settings, row).unlink, missing_ok=True)


async def _write(path: Path, kind: str, sent: UploadFile) -> int:
    size, most = 0, MOST_BYTES[kind]
    with await asyncio.to_thread(path.open, "wb") as out:
        while chunk := await sent.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise Refused(_("The file is larger than {most} MB.").format(most=most >> 20))
            await asyncio.to_thread(out.write, chunk)
    if not size:
        raise Refused(_("The file is empty. Choose another."))
    return size


def _video(path: Path) -> str:
    with path.open("rb") as held:
        head = held.read(12)
    for sign, media_type in _VIDEOS.items():
        if sign in (head[:4], head[4:8]):
            return media_type
    raise Refused(_("This is no MP4 or WebM video, which browsers can play. Send one of those."))


def _plain(name: str) -> str:
    """A file's name without folders and control characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in last if c.isprintable()).strip()
    return kept[-200:] or "file"


def span(header: str, size: int, most: int = 4 << 20) -> tuple[int, int] | None:
    """(first, last) byte of a Range header (RFC 9110), both included; at most so many.

    None where it can't be met. Only one range of bytes is understood; others give the beginning.
    """
    unit, _equals, wanted = header.partition("=")
    first, dash, last = wanted.split(",")[0].strip().partition("-")
    if unit.strip().lower() != "bytes" or not dash:
        return 0, min(size, most) - 1
    if not first:
        count = int(last) if last.isdecimal() else 0
        begin, end = max(size - count, 0), size - 1
        if not count:
            return None
    else:
        if not first.isdecimal() or (last and not last.isdecimal()):
            return None
        begin, end = int(first), min(int(last), size - 1) if last else size - 1
    if begin >= size or begin > end:
        return None
    return begin, min(end, begin + most - 1)
