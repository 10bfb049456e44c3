"""Static files under one hash of the whole tree, and the headers that every response carries.

One hash for all, in the path and not in a query, so that the relative addresses in style sheets
and between ES modules change with it too.
"""

from __future__ import annotations

import gzip
import mimetypes
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import MutableScopeHeaders
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.types import Message, Scope

from app.static_tree import ROOT as ROOT
from app.static_tree import files as files
from app.static_tree import static_url as static_url
from app.static_tree import version as version

_PACKED = frozenset({".css", ".js", ".svg", ".json", ".txt"})
_TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".css": "text/css",
        ".js": "text/javascript",
        ".json": "application/json",
        ".svg": "image/svg+xml",
        ".woff2": "font/woff2",
    }
)
_FOREVER = "public, max-age=31536000, immutable"
_BRIEFLY = "no-cache"

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self' blob:",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)

SECURITY_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": (
            "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), "
            "picture-in-picture=(self), autoplay=(self), geolocation=(), payment=(), usb=()"
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
    }
)


def securing(*connect: str) -> Callable[[Message, Scope], Awaitable[None]]:
    """The hook below for pages that also connect to these origins, such as a LiveKit server's."""
    if not connect:
        return secure
    policy = POLICY.replace("connect-src 'self'", " ".join(("connect-src 'self'", *connect)))

    async def secure_and_connect(message: Message, scope: Scope) -> None:
        await secure(message, scope)
        if message["type"] == "http.response.start":
            MutableScopeHeaders.from_message(message)["Content-Security-Policy"] = policy

    return secure_and_connect


async def secure(message: Message, scope: Scope) -> None:
    """A `before_send` hook of the application: every response, errors too, gets the headers."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, words in SECURITY_HEADERS.items():
        headers.setdefault(name, words)


@lru_cache(maxsize=256)
def _packed(path: str, modified_ns: int) -> bytes:
    return gzip.compress((ROOT / path).read_bytes(), compresslevel=9, mtime=0)


@get("/static/{tree:str}/{path:path}", opt={"public": True}, include_in_schema=False)
async def static_file(
    request: Request[Any, Any, Any], tree: FromPath[str], path: FromPath[str]
) -> Response[bytes]:
    """One file, packed where that helps. Only the present tree's address is cached for ever."""
    name = str(path).lstrip("/")
    file = (ROOT / name).resolve()
    if not file.is_relative_to(ROOT) or not file.is_file():
        raise NotFoundException
    headers = {"Cache-Control": _FOREVER if tree == version() else _BRIEFLY}
    suffix = file.suffix
    body = None
    if suffix in _PACKED:
        headers["Vary"] = "Accept-Encoding"
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = _packed(name, file.stat().st_mtime_ns)
    media_type = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(
        file.read_bytes() if body is None else body, media_type=media_type, headers=headers
    )
