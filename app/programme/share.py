"""What other sites show of a session that somebody shares: a sentence and a picture."""

from __future__ import annotations

import asyncio
import importlib
import re
import textwrap
from uuid import UUID

import nh3

from agenda.model import Session
from app.html import day_words
from app.programme import kept
from app.programme.view import Programme
from app.words import local

_pictures: kept.Shelf[bytes] = kept.Shelf(64)


def summary(programme: Programme, session: Session) -> str:
    """Who, when and the first words of what, as plain text of at most 200 signs."""
    names = ", ".join(programme.speakers[s].name for s in session.speakers[:3])
    when = ""
    if programme.cards_of[session.id]:
        start = local(programme.cards_of[session.id][0].slot.start, programme.zone)
        when = f"{day_words(start.date(), 'EEE d MMM')}, {start:%H:%M}"
    text = re.sub(r"\s+", " ", nh3.clean(session.abstract, tags=set())).strip()
    said = ". ".join(part for part in (names, when, text) if part)
    return textwrap.shorten(said, 200, placeholder="…")


async def kept_picture(release: UUID, programme: Programme, session: Session) -> bytes:
    """The picture of a session, drawn once for a release."""
    key = (release, session.id)
    if not _pictures.has(key):
        # Pillow comes with the first picture.
        module = importlib.import_module("app.programme.share_picture")
        drawn = await asyncio.to_thread(module.draw, programme, session)
        return _pictures.get(key, lambda: drawn)
    return _pictures.get(key, bytes)
