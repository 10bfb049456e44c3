"""A conference's look as it is kept: the colours with the conference, the logo below settings.files."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from uuid import UUID, uuid4

from litestar.datastructures import UploadFile

from app import db
from app.conferences import brand
from app.conferences.brand import Brand, Logo
from app.conferences.tables import Conference
from app.html import gettext as _
from app.pictures import Refused, drawn
from app.settings import Settings

MOST_BYTES = 5 << 20
_FOLDER = "looks"


class Moved(Exception):
    """Somebody else changed the look meanwhile."""


async def keep(conference: UUID, wanted: Brand, *, seen: str) -> None:
    """Store a look. Raises Moved where what stands is not what was `seen` (a Brand's version)."""
    async with db.transaction():
        row = await Conference.select(Conference.brand).where(Conference.id == conference).first()
        if row is None or brand.load(row["brand"]).version != seen:
            raise Moved
        await Conference.update({Conference.brand: brand.dump(wanted)}).where(
            Conference.id == conference
        )


async def draw(settings: Settings, conference: UUID, sent: UploadFile) -> Logo:
    """Draw a logo that was sent, and keep it below the settings' files. Raises Refused."""
    content = await sent.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise Refused(_("The file is larger than {most} MB.").format(most=MOST_BYTES >> 20))
    if not content:
        raise Refused(_("The file is empty. Choose another."))
    folder = settings.files / _FOLDER / str(conference)
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    name = hashlib.sha256(content).hexdigest()[:16]
    paths = {kind: folder / f"{name}-{kind}.png" for kind in ("large", "small")}
    source = folder / f".{uuid4().hex}"
    try:
        await asyncio.to_thread(source.write_bytes, content)
        order = {"path": str(source), **{kind: str(path) for kind, path in paths.items()}}
        return _logo(settings, await drawn("draw_logo", order), paths)
    finally:
        await asyncio.to_thread(source.unlink, missing_ok=True)


def _logo(settings: Settings, made: dict[str, object], paths: dict[str, Path]) -> Logo:
    stored, small = (str(paths[kind].relative_to(settings.files)) for kind in ("large", "small"))
    return Logo(
        stored=stored,
        small=small,
        width=int(str(made["width"])),
        height=int(str(made["height"])),
        plate=str(made["plate"]),
    )
