"""`/media` of the public address: passed to the media node that it is about, or to the broadcast."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import unquote

import httpx
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from app.clock import now
from app.settings import Settings
from app.stages.broadcast import broadcast_client as broadcast_client
from app.stages.nodes import Nodes, ask_all
from media.errors import NoGrant
from media.grant import verify
from media.registry import Registration

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
_TIMEOUT_S = 2.0
HEALTH, METRICS = ["health"], ["metrics"]
_SESSIONS = ("publishers", "subscribers")
_GONE = (
    404,
    b'{"title":"The media node of this session is gone","status":404,'
    b'"detail":"Connect anew: the room is placed on another node."}',
)
_AWAY = (
    503,
    b'{"title":"The media node is not running","status":503,'
    b'"detail":"It is being started again; try again in a moment."}',
)


class MediaProxy:
    """ASGI application that streams a request to its node, or to the broadcast, and the answer
    back."""

    def __init__(self, nodes: Nodes, broadcast: httpx.AsyncClient, settings: Settings) -> None:
        self._nodes = nodes
        self._broadcast = broadcast
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == ScopeType.HTTP
        path = scope["raw_path"].decode("latin-1").split("?")[0]
        parts = [unquote(part) for part in path.strip("/").split("/")[1:]]
        if parts[:1] == ["hls"]:
            try:
                await pass_on(self._broadcast, scope, receive, send)
            except httpx.ConnectError:
                await _say(send, *_AWAY)
            return
        if parts in (HEALTH, METRICS) and len(await self._nodes.living()) > 1:
            await self._of_all(parts, send)
            return
        # A node that does not answer has read nothing of the request: another may have it.
        for _ in range(2):
            node = await self._node_for(scope, parts)
            if isinstance(node, str):
                await _say(send, *_GONE)
                return
            try:
                await pass_on(self._nodes.client(node), scope, receive, send)
                return
            except httpx.ConnectError:
                if node is None:
                    break
                await self._nodes.lost(node.id)
        await _say(send, *(_GONE if parts[:1] and parts[0] in _SESSIONS else _AWAY))

    async def _of_all(self, parts: list[str], send: Send) -> None:
        """Health and figures of all nodes in one answer: counts added up, samples side by side."""
        clients = await self._nodes.all_clients()
        try:
            answers = await ask_all(clients, "GET", "/media/" + parts[0], timeout=_TIMEOUT_S)
        except httpx.HTTPError:
            await _say(send, *_AWAY)
            return
        if parts == METRICS:
            body = _side_by_side([answer.text for answer in answers.values()])
            await _say(send, 200, body.encode(), b"text/plain; version=0.0.4")
        else:
            body = json.dumps(_added_up([answer.json() for answer in answers.values()]))
            await _say(send, 200, body.encode(), b"application/json")

    async def _node_for(self, scope: Scope, parts: list[str]) -> Registration | str | None:
        """The node that a request is about; None where one is as good as another, the id of a node
        that is gone."""
        living = await self._nodes.living()
        if len(parts) > 1 and parts[0] in _SESSIONS and "~" in parts[1]:
            id = parts[1].partition("~")[0]
            if id not in living and not await self._nodes.gone(id):
                living = await self._nodes.living()
            return living.get(id, id)
        if len(parts) > 1 and parts[0] in ("whip", "whep") and living:
            return await self._node_of_room(scope, parts)
        return next(iter(living.values()), None)

    async def _node_of_room(self, scope: Scope, parts: list[str]) -> Registration | None:
        """Senders and those backstage go where the room lives, viewers where there is place."""
        conference = self._conference(dict(scope["headers"]))
        if conference is None:
            return next(iter((await self._nodes.living()).values()), None)
        backstage = b"group=" in scope.get("query_string", b"")
        if parts[0] == "whip" or backstage:
            return await self._nodes.home(conference, parts[1])
        return await self._nodes.for_viewer(conference, parts[1])

    def _conference(self, headers: Mapping[bytes, bytes]) -> str | None:
        """The conference of the request's grant; None without a good one, which the node refuses."""
        token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")[2].strip()
        try:
            return verify(token, self._settings.media_secret, now=now()).conference
        except NoGrant:
            return None


async def pass_on(client: httpx.AsyncClient, scope: Any, receive: Receive, send: Send) -> None:
    """Stream one request to what stands behind the client, and its answer back.

    Raises httpx.ConnectError when nobody is there, before anything was read; other failures on
    the way there answer 503.
    """
    url = httpx.URL(path=scope["raw_path"].decode("latin-1").split("?")[0])
    query = scope.get("query_string", b"")
    request = client.build_request(
        scope["method"],
        url.copy_with(query=query) if query else url,
        headers=[(k, v) for k, v in scope["headers"] if k not in _HOP],
        content=_body(receive) if scope["method"] not in ("GET", "HEAD", "OPTIONS") else None,
    )
    try:
        answer = await client.send(request, stream=True)
    except httpx.ConnectError:
        raise
    except httpx.TransportError:
        await _say(send, *_AWAY)
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


def _added_up(healths: list[dict[str, Any]]) -> dict[str, Any]:
    """One health of several: the worst status, everything else added up."""
    found: dict[str, Any] = {"status": "ok"}
    for health in healths:
        if health["status"] != "ok":
            found["status"] = health["status"]
        for name, figure in health.items():
            if name != "status":
                found[name] = found.get(name, 0) + figure
    return found


def _side_by_side(texts: list[str]) -> str:
    """The samples of several nodes, which are told apart by their label, under one type line each."""
    types: dict[str, str] = {}
    samples: dict[str, list[str]] = {}
    for line in "\n".join(texts).splitlines():
        if line.startswith("# TYPE "):
            types.setdefault(line.split()[2], line)
        elif line:
            samples.setdefault(re.split(r"[{ ]", line, maxsplit=1)[0], []).append(line)
    lines = [line for name, of in samples.items() for line in (types.get(name, ""), *of) if line]
    return "\n".join(lines) + "\n"


async def _say(
    send: Send, status: int, body: bytes, content_type: bytes = b"application/problem+json"
) -> None:
    headers = [(b"content-type", content_type)]
    if status == 503:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
