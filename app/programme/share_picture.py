"""Draws the picture of a session that is shared. Loads Pillow, so it is loaded late."""

from __future__ import annotations

import io
import textwrap
import unicodedata
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from agenda.model import Session
from app.html import day_words
from app.programme.view import Programme
from app.words import local

_SIZE = (1200, 630)
_PAPER, _INK, _QUIET = (251, 251, 248), (20, 23, 26), (69, 76, 82)
_TRACKS = [
    "#4549ad",
    "#36a673",
    "#ce7e40",
    "#bb67b2",
    "#0b4c00",
    "#751844",
    "#056ac1",
    "#ab7701",
    "#0d416b",
    "#0d7223",
    "#8b85e9",
    "#885164",
]
_OWN = Path(__file__).resolve().parents[2] / "static" / "fonts"
_NOTO = Path("/usr/share/fonts")
_FACES = {
    "CJK": _NOTO / "opentype/noto/NotoSansCJK-Bold.ttc",
    "OTHER": _NOTO / "truetype/noto/NotoSans-Bold.ttf",
}


def draw(programme: Programme, session: Session) -> bytes:
    """1200 × 630 PNG: the track's edge, the title, who, when and where."""
    image = Image.new("RGB", _SIZE, _PAPER)
    pen = ImageDraw.Draw(image)
    mark = programme.marks.get(session.track) if session.track is not None else None
    pen.rectangle((0, 0, 28, _SIZE[1]), fill=_TRACKS[mark.number - 1] if mark else _INK)
    pen.text((84, 64), programme.schedule.conference.title, _QUIET, _face("", 34))
    _title(pen, session.title)
    names = ", ".join(programme.speakers[s].name for s in session.speakers[:3])
    pen.text((84, 478), textwrap.shorten(names, 60, placeholder="…"), _INK, _face(names, 38))
    cards = programme.cards_of[session.id]
    if cards:
        start = local(cards[0].slot.start, programme.zone)
        words = f"{day_words(start.date(), 'EEEE d MMMM')}, {start:%H:%M}  {cards[0].room.name}"
        pen.text((84, 540), words, _QUIET, _face(words, 32))
    pen.line((1120, 40, 1120, 590), fill=_INK, width=4)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _title(pen: ImageDraw.ImageDraw, title: str) -> None:
    for size, width in ((76, 24), (62, 30), (50, 37), (42, 44)):
        lines = textwrap.wrap(title, width) or [""]
        if len(lines) * size * 1.16 <= 320:
            break
    face = _face(title, size)
    for number, line in enumerate(lines[:6]):
        pen.text((84, 132 + number * size * 1.16), line, _INK, face)


@lru_cache(maxsize=64)
def _face_of(path: Path, size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(path, size)
    if path.is_relative_to(_OWN):
        font.set_variation_by_axes(
            [600 if axis["name"] == b"Weight" else 100 for axis in font.get_variation_axes()]
        )
    return font


def _face(text: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    scripts = {unicodedata.name(c, "LATIN").split()[0] for c in text if c.isalpha()}
    if scripts <= {"LATIN"}:
        wide = any(ord(c) > 0xFF for c in text)
        return _face_of(_OWN / f"archivo-latin{'-ext' if wide else ''}.woff2", size)
    cjk = scripts & {"CJK", "HIRAGANA", "KATAKANA", "HANGUL"}
    path = _FACES["CJK" if cjk else "OTHER"]
    return _face_of(path, size) if path.exists() else ImageFont.load_default(size)
