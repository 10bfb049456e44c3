"""What makes a conference an app on a phone: manifest, icons, and the worker that keeps pages."""

from __future__ import annotations

import json
import struct
import zlib
from functools import lru_cache
from typing import Any

from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response

from app import static
from app.accounts.viewer import ANYONE
from app.conferences import brand
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import language, page

_PAPER = "#fbfbf8"
_SIZES = {"192.png": (192, False), "512.png": (512, False), "maskable.png": (512, True)}
_BARS = ((4, 12.5, 9), (20, 26, 9), (7, 12.5, 16), (20, 28, 16), (4, 12.5, 23), (20, 24, 23))
"""The mark on a field of 32: from, to and height of each room's line."""

FIRST = (
    *(f"css/{name}.css" for name in ("tokens", "fonts", "base", "components", "agenda", "report")),
    *(f"css/{name}.css" for name in ("print", "registration")),
    *(f"js/{name}.js" for name in ("lights", "page", "live", "words", "agenda", "session")),
    "js/offline.js",
    "vendor/htmx-2.0.11.min.js",
    "icons.svg",
    "mark.svg",
    "fonts/archivo-latin.woff2",
    "fonts/archivo-latin-ext.woff2",
    "fonts/sofia-sans-semi-condensed-latin.woff2",
)
"""What the kept pages need of static/, fetched when the worker is installed."""


@get("/c/{slug:str}/manifest.webmanifest", opt={"who": ANYONE})
async def manifest(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[bytes]:
    """The conference as an app (W3C Web Application Manifest)."""
    conference: Conference = request.state.conference
    made = {
        "id": f"/c/{slug}",
        "name": conference.title,
        "short_name": conference.title[:24],
        "description": conference.tagline,
        "lang": language.get(),
        "start_url": f"/c/{slug}/agenda?view=list",
        "scope": "/",
        "display": "standalone",
        "background_color": _PAPER,
        "theme_color": _PAPER,
        "icons": [
            {
                "src": f"/c/{slug}/icons/{name}",
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": "maskable" if safe else "any",
            }
            for name, (size, safe) in _SIZES.items()
        ],
        "shortcuts": [
            {"name": _("My agenda"), "url": f"/c/{slug}/agenda?mine=1&view=list"},
            {"name": _("My badge"), "url": f"/c/{slug}/badge"},
        ],
    }
    return Response(
        json.dumps(made, ensure_ascii=False).encode(),
        media_type="application/manifest+json",
        headers={"Cache-Control": "no-cache"},
    )


@get("/c/{slug:str}/icons/{name:str}", opt={"who": ANYONE})
async def icon(
    request: Request[Any, Any, Any], slug: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """The mark in the conference's colours."""
    if name not in _SIZES:
        raise NotFoundException
    size, safe = _SIZES[name]
    ink = brand.load(request.state.conference.brand).paper
    return Response(
        drawn(size, ink, _PAPER, safe),
        media_type="image/png",
        headers={"Cache-Control": "public, max-age=86400"},
    )


@lru_cache(maxsize=16)
def drawn(size: int, ground: str, line: str, safe: bool) -> bytes:
    """The mark as PNG. `safe` leaves the margin that a launcher may cut off."""
    inset = 0.16 if safe else 0.0
    scale = size * (1 - 2 * inset) / 32
    offset = size * inset
    back, front = (bytes.fromhex(text[1:]) for text in (ground, line))
    pale = bytes(round(b * 0.4 + f * 0.6) for b, f in zip(back, front, strict=True))
    rows = [[back] * size for _row in range(size)]

    def box(left: float, right: float, top: float, bottom: float, colour: bytes) -> None:
        x0, x1, y0, y1 = (round(offset + scale * edge) for edge in (left, right, top, bottom))
        for y in range(y0, y1):
            rows[y][x0:x1] = [colour] * (x1 - x0)

    for left, right, height in _BARS:
        box(left, right, height - 1.6, height + 1.6, pale)
    box(14.8, 17.6, 3, 29, front)
    raw = b"".join(b"\0" + b"".join(row) for row in rows)
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(raw, 9)), _chunk(b"IEND", b""))
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@get("/sw.js", opt={"public": True}, include_in_schema=False)
async def worker() -> Response[str]:
    """The service worker, for the whole site; its text changes with every static file."""
    facts = {"version": static.version(), "first": [static.static_url(name) for name in FIRST]}
    text = (static.ROOT / "js" / "worker.js").read_text("utf-8")
    return Response(
        f"const PLENARY = {json.dumps(facts)};\n{text}",
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache"},
    )


@get("/offline", opt={"who": ANYONE}, include_in_schema=False)
async def offline(request: Request[Any, Any, Any]) -> Response[Any]:
    """What the worker shows for a page that it did not keep."""
    return page(request, "offline.html", viewer=None, conference=None)


handlers: list[Any] = [manifest, icon, worker, offline]
