"""Pictures drawn anew as PNG: runs in a press, so that a hostile one costs a child at most.

An SVG is drawn here, too, and never kept: what is left of it is a picture without scripts, links
or fonts of others.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from PIL import Image, ImageOps, ImageStat

from app.conferences.brand import ratio

Image.MAX_IMAGE_PIXELS = 40_000_000
LARGE = (1200, 600)
SMALL = (480, 160)
"""For paper, and for pages and mails, where it is shown at most half as large."""

LEAST = 32
WIDEST, TALLEST = 12.0, 3.0
_DRAWN_TAGS = re.compile(
    r"svg|g|defs|symbol|use|switch|title|desc|path|rect|circle|ellipse|line|polyline|polygon"
    r"|text|tspan|textPath|image|clipPath|mask|pattern|marker|linearGradient|radialGradient|stop"
    r"|filter|fe[A-Z]\w+|style"
)
_PICTURE = re.compile(r"data:image/(png|jpeg|jpg|gif|webp);base64,", re.IGNORECASE)
_ELSEWHERE = re.compile(r"@import|url\(\s*['\"]?(?!#)", re.IGNORECASE)
_SVG = "{http://www.w3.org/2000/svg}"
_PAPER, _NIGHT = "#fbfbf8", "#1c1f20"
_PALE, _DARK = 1.6, 3.0


def redraw(*, path: str) -> int:
    """Replace the picture at `path` by a PNG of at most LARGE; returns its size in bytes.

    Raises ValueError with a word for what is wrong: "narrow", "svg".
    """
    file = Path(path)
    drawn = _opened(file.read_bytes())
    drawn.thumbnail(LARGE)
    drawn.save(file, format="PNG", optimize=True)
    return file.stat().st_size


def draw_logo(*, path: str, large: str, small: str) -> dict[str, Any]:
    """Draw the picture at `path` as two PNGs; returns its width, height, and the light in which it
    needs a ground of its own ("up", "down" or none).

    Raises ValueError with a word for what is wrong: "small", "narrow", "empty", "svg".
    """
    drawn = _opened(Path(path).read_bytes())
    alpha = drawn.getchannel("A")
    box = alpha.getbbox()
    if box is None:
        raise ValueError("empty")
    brings_ground = alpha.getextrema()[0] == 255
    drawn = drawn.crop(box)
    if min(drawn.size) < LEAST and max(drawn.size) < 4 * LEAST:
        raise ValueError("small")
    if not 1 / TALLEST <= drawn.width / drawn.height <= WIDEST:
        raise ValueError("narrow")
    for size, out in ((LARGE, large), (SMALL, small)):
        copy = drawn.copy()
        copy.thumbnail(size, Image.Resampling.LANCZOS)
        copy.save(out, format="PNG", optimize=True)
    return {
        "width": drawn.width,
        "height": drawn.height,
        "plate": "" if brings_ground else plate(drawn),
    }


def _opened(content: bytes) -> Image.Image:
    return _of_svg(content) if _is_svg(content) else _of_picture(content)


def _is_svg(content: bytes) -> bool:
    head = content[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"<") and b"<svg" in content[:20_000]


def _of_picture(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP", "GIF")) as held:
        drawn = ImageOps.exif_transpose(held).convert("RGBA")
    drawn.thumbnail((2400, 2400))
    return drawn


def _of_svg(content: bytes) -> Image.Image:
    # Only here: it is a library of 4 MB that nothing else needs.
    import resvg_py

    try:
        png = resvg_py.svg_to_bytes(svg_string=harmless(content), width=LARGE[0])
    except (ParseError, DefusedXmlException, UnicodeError, ValueError) as error:
        raise ValueError("svg") from error
    return _of_picture(bytes(png))


def harmless(content: bytes) -> str:
    """An SVG with shapes, text and embedded pictures, and nothing that leads elsewhere."""
    root = fromstring(content, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    if root.tag != f"{_SVG}svg":
        raise ValueError("svg")
    _prune(root)
    width, height = _extent(root)
    if not 1 / TALLEST <= width / height <= WIDEST:
        raise ValueError("narrow")
    return tostring(root, encoding="unicode")


def _prune(element: Element) -> None:
    for child in list(element):
        tag = child.tag if isinstance(child.tag, str) else ""
        named = tag.removeprefix(_SVG)
        if not tag.startswith(_SVG) or not _DRAWN_TAGS.fullmatch(named) or _styled(child, named):
            element.remove(child)
            continue
        _prune(child)
    for name, value in list(element.attrib.items()):
        link = name.rpartition("}")[2] == "href"
        if (link and not (value.startswith("#") or _PICTURE.match(value))) or (
            not link and _ELSEWHERE.search(value)
        ):
            del element.attrib[name]


def _styled(element: Element, named: str) -> bool:
    """Whether a style sheet in it asks for something from elsewhere."""
    return named == "style" and bool(_ELSEWHERE.search(element.text or ""))


def _extent(root: Element) -> tuple[float, float]:
    """How wide and high it says to be. Raises ValueError where it doesn't."""
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    if len(box) == 4:
        width, height = float(box[2]), float(box[3])
    else:
        width, height = (
            float(re.sub(r"[a-z]+$", "", root.get(name, "0").strip().lower()) or 0)
            for name in ("width", "height")
        )
    if not (0 < width < 1e6 and 0 < height < 1e6):
        raise ValueError("svg")
    return width, height


def plate(drawn: Image.Image) -> str:
    """The light in which too little of it would be seen against the page."""
    mean = ImageStat.Stat(drawn.convert("RGB"), mask=drawn.getchannel("A")).mean
    colour = "#" + "".join(f"{round(part):02x}" for part in mean)
    if ratio(colour, _PAPER) < _PALE:
        return "up"
    return "down" if ratio(colour, _NIGHT) < _DARK else ""
