"""Badges as pages: runs in a press, knows neither database nor web."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from weasyprint import CSS, HTML, Document
from weasyprint.text.fonts import FontConfiguration

from app import words
from app.attendees import designs, faces
from app.attendees.designs import Design, Layout
from app.attendees.fitting import BOXES, sizes, stacked, whole

ROOT = Path(__file__).resolve().parent.parent.parent


def with_pictures(text: str) -> Markup:
    """The filter `name` on paper: scripts marked, emoji as small pictures."""
    return faces.with_pictures(words.name(text))


@lru_cache(maxsize=1)
def _set(letters: str) -> tuple[Template, list[CSS], FontConfiguration]:
    """Template, style sheets and fonts for names with these letters, made once for each press."""
    env = Environment(
        loader=FileSystemLoader(ROOT / "templates"), autoescape=True, undefined=StrictUndefined
    )
    env.filters["name"] = with_pictures
    fonts = FontConfiguration()
    files = (ROOT / "static/css/badge.css", ROOT / "templates/badges/sheet.css")
    sheets = [CSS(filename=path, font_config=fonts) for path in files]
    if small := faces.style(letters):
        sheets.append(CSS(string=small, font_config=fonts))
    return env.get_template("badges/sheet.html"), sheets, fonts


def face(badge: Mapping[str, str], design: Design, event: Mapping[str, str]) -> dict[str, Any]:
    """A badge with what its design makes of it: the size of each text, the name whole, the code."""
    measured = sizes(badge, design.size, title=event["title"], logo=bool(event["logo"]))
    name = whole(badge["name"], measured["name"], BOXES[design.size]["name"])
    return {
        **badge,
        "sizes": measured,
        "stacked": stacked(badge["name"]),
        "whole": faces.with_pictures(name),
        "qr": qr(badge["code"]),
    }


def pages(
    badges: Sequence[Mapping[str, Any]], design: Design, layout: Layout
) -> Iterator[dict[str, Any]]:
    """The pages of these badges: the fronts of one page, then, where there are any, their backs."""
    count = len(layout.cells)
    for at in range(0, len(badges), count):
        chunk = badges[at : at + count]
        for back in (False, True) if design.two_sided else (False,):
            yield {"back": back, "places": list(_places(chunk, layout, back))}


def _places(
    chunk: Sequence[Mapping[str, Any]], layout: Layout, back: bool
) -> Iterator[dict[str, Any]]:
    for number, badge in enumerate(chunk):
        cell = designs.behind(number, layout.columns) if back else number
        x, y = layout.cells[cell]
        yield {"badge": badge, "x": x, "y": y}


def render(
    *,
    badges: Sequence[Mapping[str, str]],
    design: Mapping[str, Any],
    event: Mapping[str, str],
    language: str,
    out: str,
    letters: str = "",
) -> int:
    """Write one tagged PDF (PDF/UA-1) with these badges; returns how many pages it has.

    A badge: name, organization, ticket, code (signed). The event: title, dates, line, and
    what app.conferences.brand.on_paper gives. `letters` are
    all that only large fonts have, of this and the other chunks.
    """
    document = _set_up(badges, Design(**design), event, language, letters)
    document.write_pdf(out, pdf_variant="pdf/ua-1")
    count = len(document.pages)
    # Fonts of 20 MB hang in cycles of the document; the next chunk must not add to them.
    del document
    gc.collect()
    return count


def render_each(
    *,
    badges: Sequence[Mapping[str, str]],
    design: Mapping[str, Any],
    event: Mapping[str, str],
    language: str,
    outs: Sequence[str],
    letters: str = "",
) -> int:
    """Write a tagged PDF for each badge, one badge a page whatever its design's paper is."""
    alone = {**design, "sheet": ""}
    document = _set_up(badges, Design(**alone), event, language, letters)
    each = 2 if design["two_sided"] else 1
    for number, out in enumerate(outs):
        own = document.pages[number * each : (number + 1) * each]
        document.copy(own).write_pdf(out, pdf_variant="pdf/ua-1")
    del document
    gc.collect()
    return len(outs)


def _set_up(
    badges: Sequence[Mapping[str, str]],
    design: Design,
    event: Mapping[str, str],
    language: str,
    letters: str,
) -> Document:
    template, sheets, fonts = _set(letters)
    layout = designs.layout(design)
    held = [face(badge, design, event) for badge in badges]
    text = template.render(
        pages=pages(held, design, layout),
        design=design,
        layout=layout,
        event=event,
        language=language,
    )
    return HTML(string=text, base_url=str(ROOT / "static")).render(
        stylesheets=sheets, font_config=fonts
    )


def qr(code: str) -> str:
    """The code as a PNG in a data URI. One mask for all: trying eight takes most of the time."""
    drawn = segno.make(code, error="m", micro=False, mask=4)
    return str(drawn.png_data_uri(scale=6, border=0, dark="#14171a"))
