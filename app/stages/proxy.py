"""`/media` of the public address: passed to the media node over its unix socket."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from app.settings import Settings

_HOP = {
    b"connection",
    b"keep-alive",
    b"transfer-encoding",
    b"upgrade",
    b"te",
    b"trailer",
    b"proxy-authorization",
    b"host",
    # The node needs neither; a grant is all that may speak for somebody there.
    b"cookie",
}


def node_client(settings: Settings) -> httpx.AsyncClient:
    """A client of the media node on this machine."""
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(
            uds=str(settings.media_socket),
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=20),
        ),
        base_url="http://media",
        timeout=httpx.Timeout(10.0, read=30.0),
    )


class MediaProxy:
    """ASGI application that streams a request to the node and its answer back."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == ScopeType.HTTP
        url = httpx.URL(path=scope["raw_path"].decode("latin-1").split("?")[0])
        query = scope.get("query_string", b"")
        request = self._client.build_request(
            scope["method"],
            url.copy_with(query=query) if query else url,
            headers=[(k, v) for k, v in scope["headers"] if k not in _HOP],
            content=_body(receive) if scope["method"] not in ("GET", "HEAD", "OPTIONS") else None,
        )
        try:
            answer = await self._client.send(request, stream=True)
        except httpx.TransportError:
            await _unavailable(send)
            return
        try:
            headers = [(k.lower(), v) for k, v in answer.headers.raw if k.lower() not in _HOP]
            await send(
                {
                    "type": "http.response.start",
                    "status": answer.status_code,
                    "headers": headers,
                }
            )
            async for chunk in answer.aiter_raw():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await answer.aclose()


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise httpx.WriteError("the client left")
        yield message["body"]
        if not message["more_body"]:
            return


async def _unavailable(send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": 503,
            "headers": [(b"content-type", b"application/problem+json"), (b"retry-after", b"1")],
        }
    )
    await send(
        {
            "type": "http.response.body",
            "body": b'{"title":"The media node is not running","status":503,'
            b'"detail":"It is being started again; try again in a moment."}',
            "more_body": False,
        }
    )
