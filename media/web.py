"""Requests and answers of the node's HTTP side: what its handlers read and write."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from media.errors import (
    BadOffer,
    MediaError,
    NoGrant,
    TooLarge,
    WrongMethod,
    WrongType,
)
from media.grant import Grant, verify

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_BODY = 128 * 1024
MAX_NAME = 128
CORS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "Location, ETag, Link, Retry-After, Accept-Patch",
}
SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a handler needs to know of a request: `resource` is the first part of its path behind
    /media, `path` holds the parts that vary."""

    method: str
    resource: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    now: datetime

    def grant(self, secret: str) -> Grant:
        """The grant in the Authorization header; raises NoGrant."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NoGrant("Send the grant as “Authorization: Bearer …”")
        return verify(token.strip(), secret, now=self.now)

    def text(self, content_type: str) -> str:
        """The body, which must be of this type and UTF-8."""
        given = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if given != content_type:
            raise WrongType(f"The body must be {content_type}, not {given or 'of no type'}")
        try:
            return self.body.decode()
        except UnicodeDecodeError as error:
            raise BadOffer("The body is not UTF-8") from error

    def document(self) -> dict[str, Any]:
        """The body, which must be a JSON object."""
        try:
            found = json.loads(self.text(JSON))
        except (ValueError, RecursionError) as error:
            raise BadOffer("The body is not JSON") from error
        if not isinstance(found, dict):
            raise BadOffer("The body is not a JSON object")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Status, body and headers beyond those that every answer carries."""

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    links: Sequence[str] = ()


def name(text: str) -> str:
    """A room's or group's name as it may be; raises BadOffer."""
    if not text or len(text) > MAX_NAME or not text.isprintable():
        raise BadOffer(f"Not a name of a room or group: {text[:40]!r}")
    return text


def answer_json(content: object, status: int = 200) -> Response:
    """A document."""
    return Response(status=status, body=json.dumps(content).encode(), content_type=JSON)


def answer_options(methods: Collection[str]) -> Response:
    """What may be asked of an address, for browsers of other origins and for WHIP clients."""
    headers = {
        "access-control-allow-methods": ", ".join((*methods, "OPTIONS")),
        "access-control-allow-headers": "Authorization, Content-Type, If-Match",
        "access-control-max-age": "86400",
    }
    if "POST" in methods:
        headers["accept-post"] = SDP
    return Response(status=200, headers=headers)


def answer_problem(error: MediaError) -> Response:
    """An error as problem details (RFC 9457)."""
    content = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": str(error),
    }
    headers: dict[str, str] = {}
    ways: tuple[str, ...] = ()
    broadcast = getattr(error, "broadcast", None)
    if broadcast:
        content["broadcast"] = broadcast
        ways = (f'<{broadcast}>; rel="alternate"; type="application/vnd.apple.mpegurl"',)
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    if isinstance(error, WrongMethod):
        headers["allow"] = error.allow
    return Response(
        status=error.status,
        body=json.dumps(content).encode(),
        content_type="application/problem+json",
        headers=headers,
        links=ways,
    )


async def read_body(receive: Receive) -> bytes:
    """The whole body; raises TooLarge as soon as it passes MAX_BODY."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadOffer("The body ended early")
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            raise TooLarge(f"At most {MAX_BODY} bytes are read")
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def respond(response: Response, send: Send) -> None:
    """Send an answer."""
    headers = {**CORS, "cache-control": "no-store", **response.headers}
    if response.content_type:
        headers["content-type"] = response.content_type
    if response.status != 204:
        headers["content-length"] = str(len(response.body))
    pairs = [*headers.items(), *(("link", link) for link in response.links)]
    encoded = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in pairs]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    await send({"type": "http.response.body", "body": response.body})
