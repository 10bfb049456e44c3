"""`python -m tests.media.browser.front PORT`: a real node with our scripts and grants beside it.

What a browser test needs of the suite and no more: `/js/NAME` is static/js, `/grant?…` signs the
grant that its query describes, everything else is the node.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import uvicorn

from media.__main__ import settings_from
from media.grant import Grant, sign
from media.node import Node
from media.server import MediaApp
from media.turn import ice_servers
from media.web import Message, Receive, Send

SCRIPTS = Path(__file__).resolve().parents[3] / "static" / "js"
PAGE = b"<!doctype html><meta charset=utf-8><title>front</title><body></body>"


class Front:
    """The node's application, with a page, our scripts and grants for anybody."""

    def __init__(self) -> None:
        self._settings = settings_from(os.environ)
        self._media = MediaApp(lambda: Node(self._settings))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or path.startswith("/media/"):
            await self._media(scope, receive, send)
        elif path.startswith("/js/"):
            await _send(send, (SCRIPTS / Path(path).name).read_bytes(), b"text/javascript")
        elif path == "/grant":
            await _send(send, self._grant(scope["query_string"]), b"application/json")
        else:
            await _send(send, PAGE, b"text/html")

    def _grant(self, query: bytes) -> bytes:
        asked = dict(parse_qsl(query.decode()))
        grant = Grant(
            conference="trial",
            rooms=("*",),
            person=asked["person"],
            name=asked["person"].title(),
            publish=asked.get("publish"),
            subscribe=True,
            backstage=(asked["backstage"],) if "backstage" in asked else (),
            expires=datetime.now(UTC) + timedelta(minutes=5),
        )
        token = sign(grant, self._settings.secret)
        ways = ice_servers(self._settings.turn, asked["person"], now=datetime.now(UTC))
        given = {"grant": token, "room": asked.get("room", ""), "ice_servers": ways}
        return json.dumps(given).encode()


async def _send(send: Send, body: bytes, content_type: bytes) -> None:
    headers = [(b"content-type", content_type), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(
        Front(), host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", log_level="warning"
    )
