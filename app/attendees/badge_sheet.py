"""Badges as pages: runs in a press, knows neither database nor web."""

from __future__ import annotations

import gc
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

from app import words
from app.attendees import faces

ROOT = Path(__file__).resolve().parent.parent.parent

SIZES_PT = (44.0, 38.0, 33.0, 28.0, 24.0, 20.0, 17.0, 14.0, 12.0, 10.0, 8.5, 7.0)
BOX_WIDTH_PT = 222.0
BOX_HEIGHT_PT = 150.0
_LEADING = 1.12
_BREAKS = re.compile(r"\s+|(?<=-)(?=\w)")
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def fitting(name: str) -> float:
    """The rule for long names: the largest size of SIZES_PT at which every word keeps to one line
    and all lines to the box; the smallest size if none does, and words may then break.

    Nothing is ever cut. Widths are taken generously from the kind of each letter.
    """
    lengths = [sum(map(_em, word)) for word in _BREAKS.split(name.strip())]
    for size in SIZES_PT:
        width = BOX_WIDTH_PT / size
        if max(lengths) <= width and _lines(lengths, width) * size * _LEADING <= BOX_HEIGHT_PT:
            return size
    return SIZES_PT[-1]


def whole(name: str, size: float) -> Markup:
    """The name marked up, its ideographic words kept in one piece where they fit."""
    if not _IDEOGRAPHS.search(name):
        return words.name(name)
    parts = [words.name(word) for word in name.split()]
    return Markup(" ").join(
        Markup('<span class="whole">{}</span>').format(part)
        if _IDEOGRAPHS.search(part) and sum(map(_em, word)) <= BOX_WIDTH_PT / size
        else part
        for word, part in zip(name.split(), parts, strict=True)
    )


def _lines(lengths: Sequence[float], width: float) -> int:
    count, used = 1, 0.0
    for length in lengths:
        if used and used + 0.25 + length > width:
            count, used = count + 1, length
        else:
            used += (0.25 if used else 0.0) + length
    return count


@lru_cache(maxsize=4096)
def _em(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF" or ord(letter) >= 0x1F000:
        return 1.06
    if letter in "MWmw@":
        return 0.9
    if letter in "iljftrI.,'’-":
        return 0.38
    return 0.68 if letter.isupper() else 0.58


@lru_cache(maxsize=1)
def _set(letters: str) -> tuple[Template, list[CSS], FontConfiguration]:
    """Template, style sheets and fonts for names with these letters, made once for each press."""
    env = Environment(
        loader=FileSystemLoader(ROOT / "templates"), autoescape=True, undefined=StrictUndefined
    )
    env.filters["name"] = lambda text: faces.with_pictures(words.name(text))
    fonts = FontConfiguration()
    sheets = [CSS(filename=ROOT / "templates" / "badges" / "sheet.css", font_config=fonts)]
    if small := faces.style(letters):
        sheets.append(CSS(string=small, font_config=fonts))
    return env.get_template("badges/sheet.html"), sheets, fonts


def render(
    *,
    badges: Sequence[Mapping[str, str]],
    conference: Mapping[str, str],
    language: str,
    out: str,
    letters: str = "",
) -> int:
    """Write one PDF with a page for each badge; returns how many pages it has.

    A badge: name, organization, ticket, code (signed). The conference: title, dates, line.
    `letters` are all that only large fonts have, of this and the other chunks.
    """
    template, sheets, fonts = _set(letters)
    held = [
        {
            **badge,
            "size": (size := fitting(badge["name"])),
            "whole": faces.with_pictures(whole(badge["name"], size)),
            "qr": qr(badge["code"]),
        }
        for badge in badges
    ]
    text = template.render(badges=held, conference=conference, language=language)
    document = HTML(string=text, base_url=str(ROOT / "static")).render(
        stylesheets=sheets, font_config=fonts
    )
    document.write_pdf(out)
    pages = len(document.pages)
    # Fonts of 20 MB hang in cycles of the document; the next chunk must not add to them.
    del document
    gc.collect()
    return pages


def qr(code: str) -> str:
    """The code as a PNG in a data URI. One mask for all: trying eight takes most of the time."""
    drawn = segno.make(code, error="m", micro=False, mask=4)
    return str(drawn.png_data_uri(scale=6, border=0, dark="#14171a"))
