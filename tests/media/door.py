"""The node's HTTP side without a socket, for tests that ask it by the letter."""

from __future__ import annotations

from typing import Any

import httpx

from media.client import Connection, OfferedLine, describe
from media.grant import Grant, sign
from media.server import MediaApp
from tests.media.builders import CERTIFICATE, SECRET, make_grant

SDP = {"content-type": "application/sdp"}
FRAGMENT = {"content-type": "application/trickle-ice-sdpfrag"}
SPEAKER = make_grant(person="ada", publish="opening")
VIEWER = make_grant(person="eve", subscribe=True)
CONTROL = make_grant(person="desk", control=True)


class Door:
    """The node's HTTP side, without a socket."""

    def __init__(self, app: MediaApp) -> None:
        assert app.node is not None
        self.node = app.node
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://node"
        )

    async def ask(
        self, method: str, path: str, grant: Grant | None = None, **more: Any
    ) -> httpx.Response:
        headers = more.pop("headers", {})
        if grant:
            headers = {**headers, "authorization": f"Bearer {sign(grant, SECRET)}"}
        return await self.http.request(method, path, headers=headers, **more)

    async def post(self, path: str, grant: Grant, *kinds: str) -> httpx.Response:
        return await self.ask("POST", path, grant, content=offer(*kinds), headers=SDP)


def offer(*kinds: str, sends: bool = True) -> str:
    kinds = kinds or ("audio", "video")
    lines = [OfferedLine(kind=k, ssrc=7 + i if sends else None) for i, k in enumerate(kinds)]
    return describe(Connection(certificate=CERTIFICATE), lines)
