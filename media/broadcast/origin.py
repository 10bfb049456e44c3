"""The broadcast's HTTP side, a small ASGI application: playlists, segments, stills, wishes.

Whatever stands in front (nginx, a CDN) may keep what it gets for as long as the answer says:
segments until their address expires, playlists for as long as they are true.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from media.access import check_path
from media.broadcast.cutter import LONGEST_S
from media.broadcast.playlist import TARGET_S
from media.broadcast.programme import Answer, Programme
from media.broadcast.settings import Settings
from media.broadcast.station import Station, wall
from media.broadcast.wish import read_wishes
from media.errors import BadOffer, MediaError, Missing, NoGrant, NotGranted, TooLarge, WrongMethod
from media.grant import Grant, verify
from media.log import Log

logger = Log(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_BODY = 512 * 1024
BLOCK_S = 3 * TARGET_S + LONGEST_S
AHEAD = 2
PLAYLIST = "application/vnd.apple.mpegurl"
_ANY_ORIGIN = {"access-control-allow-origin": "*", "timing-allow-origin": "*"}
_NEVER = "no-store"
_BRIEFLY = f"public, max-age={TARGET_S}"
_BLOCKED = f"public, max-age={6 * TARGET_S}"


class Late(MediaError):
    """What was asked for has not come in time."""

    status = 503
    title = "Not yet"
    retry_after = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a handler needs to know of a request: `parts` is its path behind /media/hls."""

    method: str
    parts: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    now: datetime

    @property
    def packs(self) -> bool:
        """Whether the answer may be compressed."""
        return "gzip" in self.headers.get("accept-encoding", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer with all of its headers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class OriginApp:
    """The ASGI application around one station, which it starts and closes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._station: Station | None = None

    @property
    def station(self) -> Station:
        assert self._station is not None
        return self._station

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            response = await self._answer(scope, receive)
            await _respond(response, send, bodiless=scope["method"] == "HEAD")

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self._station = Station(self._settings)
            await self._station.start()
        except OSError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.station.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Message, receive: Receive) -> Response:
        try:
            request = await _read(scope, receive)
            return await self._route(request)
        except MediaError as error:
            return _problem(error)
        except Exception:
            logger.exception("request failed", path=scope["path"])
            return _problem(_Failed("The broadcast could not do this; it has been logged"))

    async def _route(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status=204, headers=_OPTIONS)
        if request.parts == ("rooms",) and request.method == "PUT":
            return await self._wish(request)
        if request.method not in ("GET", "HEAD"):
            raise WrongMethod(request.method, "GET, HEAD")
        if request.parts == ("rooms",):
            self._control(request)
            return _json(describe(self.station))
        if request.parts == ("health",):
            return _json({"status": "ok", "rooms": len(self.station.rooms)})
        if request.parts == ("ready",):
            ready = self.station.node_answers
            return _json({"ready": ready}, status=200 if ready else 503)
        if request.parts == ("metrics",):
            return _text(metrics(self.station))
        if len(request.parts) in (4, 5):
            return await self._give(request)
        raise Missing("There is nothing at this address")

    async def _wish(self, request: Request) -> Response:
        self._control(request)
        try:
            document = json.loads(request.body)
        except (ValueError, RecursionError) as error:
            raise BadOffer("The body is not JSON") from error
        if not isinstance(document, dict):
            raise BadOffer("The body is not a JSON object")
        await self.station.wish(read_wishes(document))
        return _json(describe(self.station))

    def _control(self, request: Request) -> Grant:
        """The grant, which must be for control; raises NoGrant, NotGranted."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise NoGrant("Send the grant as “Authorization: Bearer …”")
        grant = verify(token.strip(), self._settings.secret, now=request.now)
        if not grant.control:
            raise NotGranted("This grant does not allow control of the broadcast")
        return grant

    async def _give(self, request: Request) -> Response:
        token, conference, room, *file = request.parts
        until = check_path(token, conference, room, self._settings.secret, now=request.now)
        left = max(0, int((until - request.now).total_seconds()))
        programme = self.station.programme((conference, room))
        if file == ["still.jpg"]:
            return _still(programme.still if programme else None)
        if programme is None:
            raise Missing("This room is not broadcast now")
        if len(file) == 2:
            return await self._segment(programme, file[0], file[1], left)
        return await self._playlist(programme, file[0], request)

    async def _segment(
        self, programme: Programme, run: str, name: str, seconds_left: int
    ) -> Response:
        found = programme.file(run, name)
        if found is None and run == programme.run.name and name == programme.hinted:
            # A player asked for what the playlist hinted at.
            segment, place = (int(x) for x in name[1:-4].split("."))
            await programme.reached(segment, place, BLOCK_S)
            found = programme.file(run, name)
        if found is None:
            raise Missing("This segment is gone, or never was")
        kept = f"public, max-age={min(seconds_left, 86_400)}, immutable"
        return _file(found, "video/mp4" if name.endswith(".mp4") else "video/iso.segment", kept)

    async def _playlist(self, programme: Programme, name: str, request: Request) -> Response:
        if name in ("index.m3u8", "low.m3u8"):
            await programme.reached(0, None, BLOCK_S)
            found = programme.multivariant(low_latency=name == "low.m3u8")
            return _playlist(found, request, _BRIEFLY)
        if name == "plain.m3u8":
            if not await programme.reached(0, None, BLOCK_S):
                raise Late("The broadcast has only begun; try again in a moment")
            return _playlist(programme.plain(), request, _BRIEFLY)
        if name != "live.m3u8":
            raise Missing("There is no such playlist")
        segment = _number(request.query, "_HLS_msn")
        part = _number(request.query, "_HLS_part")
        if segment is None and part is not None:
            raise BadOffer("_HLS_part needs _HLS_msn")
        if segment is not None:
            if segment > programme.run.next_number + AHEAD:
                raise BadOffer("_HLS_msn is too far ahead")
            if not await programme.reached(segment, part, BLOCK_S):
                raise Late("The segment has not come; ask again")
        elif not await programme.reached(0, 0, BLOCK_S):
            raise Late("The broadcast has only begun; try again in a moment")
        skip = request.query.get("_HLS_skip", "") in ("YES", "v2")
        kept = _BLOCKED if segment is not None else "no-cache"
        return _playlist(programme.low_latency(skip=skip), request, kept)


class _Failed(MediaError):
    status = 500
    title = "Internal error"


def describe(station: Station) -> dict[str, Any]:
    """How every room stands, for the suite and for operators."""
    now = wall()
    return {
        "rooms": [
            {
                "conference": key[0],
                "room": key[1],
                "on_slate": room.programme.feed.on_slate,
                "behind_s": round(now - room.programme.run.end, 2),
                "segments": room.programme.run.next_number,
                "late_sounds": room.programme.feed.late_sounds,
                "run": str(room.programme.run.folder),
                "targets": room.outgoing.states(),
            }
            for key, room in station.rooms.items()
        ]
    }


def metrics(station: Station) -> str:
    """Figures in the text format of Prometheus."""
    rooms = station.rooms.values()
    figures = (
        ("rooms", "gauge", len(station.rooms)),
        ("rooms_on_slate", "gauge", sum(1 for r in rooms if r.programme.feed.on_slate)),
        ("segments_total", "counter", sum(r.programme.run.next_number for r in rooms)),
        ("late_sounds_total", "counter", sum(r.programme.feed.late_sounds for r in rooms)),
    )
    lines = []
    for name, kind, value in figures:
        lines += [f"# TYPE plenary_broadcast_{name} {kind}", f"plenary_broadcast_{name} {value}"]
    return "\n".join(lines) + "\n"


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise BadOffer(f"{name} must be a number")
    return int(text)


async def _read(scope: Message, receive: Receive) -> Request:
    parts = tuple(unquote(part) for part in scope["path"].strip("/").split("/"))
    if parts[:2] != ("media", "hls"):
        raise Missing("There is nothing at this address")
    query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=10)
    return Request(
        method=scope["method"],
        parts=parts[2:],
        query={key: values[0] for key, values in query.items()},
        headers={k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]},
        body=await _body(receive) if scope["method"] == "PUT" else b"",
        now=datetime.now(UTC),
    )


async def _body(receive: Receive) -> bytes:
    content, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadOffer("The body ended early")
        content += message.get("body", b"")
        more = message.get("more_body", False)
        if len(content) > MAX_BODY:
            raise TooLarge(f"At most {MAX_BODY} bytes are read")
    return content


_OPTIONS = {
    **_ANY_ORIGIN,
    "access-control-allow-methods": "GET, HEAD, OPTIONS",
    "access-control-allow-headers": "Authorization, Content-Type, Range",
    "access-control-max-age": "86400",
}


def _playlist(answer: Answer, request: Request, kept: str) -> Response:
    headers = {**_ANY_ORIGIN, "content-type": PLAYLIST, "cache-control": kept}
    headers["vary"] = "accept-encoding"
    if request.packs:
        return Response(body=answer.packed, headers={**headers, "content-encoding": "gzip"})
    return Response(body=answer.text, headers=headers)


def _still(content: bytes | None) -> Response:
    """The still, or nothing: that nobody is on stage is nothing wrong."""
    if content is None:
        return Response(status=204, headers={**_ANY_ORIGIN, "cache-control": _BRIEFLY})
    return _file(content, "image/jpeg", "public, max-age=4")


def _file(content: bytes, kind: str, kept: str) -> Response:
    headers = {**_ANY_ORIGIN, "content-type": kind, "cache-control": kept}
    return Response(body=content, headers=headers)


def _json(content: object, status: int = 200) -> Response:
    headers = {"content-type": "application/json", "cache-control": _NEVER}
    return Response(status=status, body=json.dumps(content).encode(), headers=headers)


def _text(content: str) -> Response:
    headers = {"content-type": "text/plain; version=0.0.4", "cache-control": _NEVER}
    return Response(body=content.encode(), headers=headers)


def _problem(error: MediaError) -> Response:
    """An error as problem details (RFC 9457)."""
    content = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": str(error),
    }
    headers = {
        **_ANY_ORIGIN,
        "content-type": "application/problem+json",
        "cache-control": _NEVER,
    }
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    return Response(status=error.status, body=json.dumps(content).encode(), headers=headers)


async def _respond(response: Response, send: Send, *, bodiless: bool) -> None:
    headers = dict(response.headers)
    if response.status != 204:
        headers["content-length"] = str(len(response.body))
    encoded = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    body = b"" if bodiless else response.body
    await send({"type": "http.response.body", "body": body})
