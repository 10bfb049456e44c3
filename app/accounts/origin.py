"""Cross-site request forgery: refused by what the browser says of a request's origin."""

from __future__ import annotations

from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from app.accounts.sessions import COOKIE

_SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}


class SameOriginOnly:
    """ASGI middleware: a changing request with a session cookie must come from our own pages.

    `Sec-Fetch-Site` decides where the browser sends it; otherwise the `Origin` must be ours.
    So no page carries a token, and cached pages stay cacheable. The scheme follows OWASP's
    "Fetch Metadata" and Go's net/http CrossOriginProtection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or _harmless(scope):
            await self.app(scope, receive, send)
            return
        await send(
            {
                "type": "http.response.start",
                "status": 403,
                "headers": [(b"content-type", b"text/plain; charset=utf-8")],
            }
        )
        body: Message = {
            "type": "http.response.body",
            "body": b"This form was sent from another site. Open the page here and send it again.",
            "more_body": False,
        }
        await send(body)


def _harmless(scope: HTTPScope) -> bool:
    # A grant, never a cookie, speaks for somebody to the media node; a signed link, never a cookie,
    # unsubscribes, and mail programs send that from where they are (RFC 8058).
    return (
        scope["method"] in _SAFE
        or scope["path"].startswith(("/media/", "/unsubscribe/"))
        or _allowed(dict(scope["headers"]))
    )


def _allowed(headers: dict[bytes, bytes]) -> bool:
    if f"{COOKIE}=".encode() not in headers.get(b"cookie", b"") and b"origin" not in headers:
        return True
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site in (b"same-origin", b"none")
    origin = headers.get(b"origin", b"").decode("latin-1")
    return bool(origin) and urlsplit(origin).netloc == headers.get(b"host", b"").decode("latin-1")
