"""The node's HTTP side, a small ASGI application: WHIP, WHEP, stages, figures, health."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from media import sdp, views
from media.access import sign_path
from media.errors import (
    BadOffer,
    Full,
    MatchNeeded,
    MediaError,
    Missing,
    NoGrant,
    NoRestart,
    NotGranted,
    Stale,
    TooLarge,
    WrongMethod,
    WrongType,
)
from media.grant import EVERY, Grant, verify
from media.layout import LAYERS, LAYOUTS, Wish
from media.log import Log
from media.node import Node
from media.publisher import Publisher
from media.room import TALKBACK, Stage
from media.subscriber import Subscriber
from media.turn import links

logger = Log(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Handler = Callable[["Request", Node], "Response"]

MAX_BODY = 128 * 1024
MAX_NAME = 128
NODE_SCHEMES = ("http://", "https://", "unix:/")
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


def publish(request: Request, node: Node) -> Response:
    """POST /media/whip/{room}"""
    grant = request.grant(node.settings.secret)
    publisher, answer = node.publish(name(request.path[0]), grant, request.text(SDP))
    return _created("publishers", publisher, answer, _ways(request, node, grant))


def subscribe(request: Request, node: Node) -> Response:
    """POST /media/whep/{room}[?group=G]"""
    grant = request.grant(node.settings.secret)
    group = request.query.get("group") or None
    room = name(request.path[0])
    wish = _wish(request.query, Wish())
    try:
        subscriber, answer = node.subscribe(
            room, name(group) if group else None, grant, request.text(SDP), wish
        )
    except Full as full:
        if group is None:
            full.broadcast = node.settings.broadcast.format(
                conference=quote(grant.conference, safe=""),
                room=quote(room, safe=""),
                token=sign_path(grant.conference, room, node.settings.secret, now=request.now),
            )
        raise
    return _created("subscribers", subscriber, answer, _ways(request, node, grant))


def trickle(request: Request, node: Node) -> Response:
    """PATCH of a session: candidates are welcome, though we learn addresses from checks alone."""
    session = _own_session(request, node)
    fragment = request.text(FRAGMENT)
    match = request.headers.get("if-match")
    if match is None:
        raise MatchNeeded("Send the session’s ETag as If-Match")
    ufrag, _ = sdp.parse_fragment(fragment)
    if match.strip() == "*" or (ufrag and ufrag != session.peer.remote_ufrag):
        raise NoRestart
    if session.peer.etag not in (tag.strip() for tag in match.split(",")):
        raise Stale("If-Match does not name the present ICE session")
    return Response(status=204, headers={"etag": session.peer.etag})


def hang_up(request: Request, node: Node) -> Response:
    """DELETE of a session."""
    node.drop(_own_session(request, node), "left")
    return Response(status=200)


def show_publisher(request: Request, node: Node) -> Response:
    """GET /media/publishers/{id}"""
    session = _own_session(request, node)
    assert isinstance(session, Publisher)
    return _json(views.one_publisher(node.room_of(session), session, node))


def tell_quality(request: Request, node: Node) -> Response:
    """POST /media/subscribers/{id}/quality: what only a receiver knows of how it fares."""
    session = _own_session(request, node)
    assert isinstance(session, Subscriber)
    told = request.document()
    figures = [told.get(name, 0) for name in ("freezes", "freeze_ms", "rtt_ms")]
    if not all(isinstance(x, int) and 0 <= x < 10**7 for x in figures):
        raise BadOffer("“freezes”, “freeze_ms” and “rtt_ms” are numbers from 0")
    node.note_quality(session, *figures)
    return Response(status=204)


def show_subscriber(request: Request, node: Node) -> Response:
    """GET /media/subscribers/{id}"""
    session = _own_session(request, node)
    assert isinstance(session, Subscriber)
    return _json(views.subscriber(session, node))


def move(request: Request, node: Node) -> Response:
    """PUT /media/subscribers/{id}/room"""
    session = _own_session(request, node)
    assert isinstance(session, Subscriber)
    wanted = request.document()
    room, group = wanted.get("room"), wanted.get("group")
    if not isinstance(room, str) or not (group is None or isinstance(group, str)):
        raise BadOffer("The body must be {“room”: …, “group”: … or null}")
    grant = request.grant(node.settings.secret)
    node.move(session, grant, name(room), name(group) if group else None)
    return _json(views.subscriber(session, node))


def set_stages(request: Request, node: Node) -> Response:
    """PUT /media/stages"""
    grant = request.grant(node.settings.secret)
    stages = request.document().get("stages")
    if not isinstance(stages, dict):
        raise BadOffer("The body must be {“stages”: {room: {“on_air”: group or null}}}")
    wanted = {name(room): _stage(room, state) for room, state in stages.items()}
    return _json({"boot": node.boot, "applied": node.set_stages(grant, wanted)})


def _stage(room: str, state: object) -> Stage:
    """The stage that a room's entry describes; raises BadOffer."""
    described = state if isinstance(state, dict) else {"on_air": 0}
    group, pin = described.get("on_air"), described.get("pin")
    held, home = described.get("held", []), described.get("home")
    if not (group is None or isinstance(group, str)) or not (pin is None or isinstance(pin, str)):
        raise BadOffer(f"The stage of {room[:60]!r} must be {{“on_air”: group or null}}")
    if not isinstance(held, list) or not all(isinstance(person, str) for person in held):
        raise BadOffer(f"“held” of {room[:60]!r} must be a list of people")
    if not (home is None or (isinstance(home, str) and home.startswith(NODE_SCHEMES))):
        raise BadOffer("“home” is the address of another node, http://… or unix:/…")
    if group is not None and group.startswith(TALKBACK):
        raise BadOffer("A talkback group cannot be on air")
    return Stage(group=group or None, pin=pin, held=frozenset(held), home=home)


def regroup(request: Request, node: Node) -> Response:
    """PUT /media/publishers/{id}/group: the Authorization is the new grant, of the same person."""
    session = _own_session(request, node)
    assert isinstance(session, Publisher)
    grant = request.grant(node.settings.secret)
    if grant.person != session.grant.person:
        raise NotGranted("The new grant must be this publisher’s own")
    node.regroup(session, grant)
    return _json({"id": session.id, "room": session.room, "group": session.group})


def talk(request: Request, node: Node) -> Response:
    """PUT /media/publishers/{id}/talk"""
    session = _own_session(request, node)
    assert isinstance(session, Publisher)
    to = request.document().get("to")
    if to is not None and not (isinstance(to, list) and all(isinstance(x, str) for x in to)):
        raise BadOffer("The body must be {“to”: [person, …], [“*”] for all, or null}")
    node.talk(session, to)
    return _json({"id": session.id, "to": to})


def ask(request: Request, node: Node) -> Response:
    """PUT /media/subscribers/{id}/view"""
    session = _own_session(request, node)
    assert isinstance(session, Subscriber)
    node.ask(session, _wish(request.document(), session.wish))
    return _json(views.subscriber(session, node))


def _wish(asked: Mapping[str, object], present: Wish) -> Wish:
    """The wish in a document or query, what it leaves out being as it was; raises BadOffer."""
    layout, layer = asked.get("layout", present.layout), asked.get("layer", present.layer)
    if layout not in LAYOUTS or layer not in LAYERS:
        raise BadOffer(f"“layout” is one of {', '.join(LAYOUTS)}; “layer” of {', '.join(LAYERS)}")
    return Wish(layout=str(layout), layer=str(layer))


def rest(request: Request, node: Node) -> Response:
    """PUT /media/drain: take nobody new, for maintenance, or be as before."""
    grant = request.grant(node.settings.secret)
    if not grant.control or grant.conference != EVERY:
        raise NotGranted("Only a grant that controls every conference may drain a node")
    wanted = request.document().get("draining")
    if not isinstance(wanted, bool):
        raise BadOffer("The body must be {“draining”: true or false}")
    node.resting = wanted
    return _json({"draining": wanted, "publishers": len(node.publishers)})


def show_rooms(request: Request, node: Node) -> Response:
    """GET /media/rooms"""
    grant = request.grant(node.settings.secret)
    if not grant.control:
        raise NotGranted("This grant does not allow seeing the figures of the rooms")
    return _json(views.rooms(node, grant))


def show_services(request: Request, node: Node) -> Response:
    """GET /media/services"""
    grant = request.grant(node.settings.secret)
    if not grant.control:
        raise NotGranted("This grant does not allow seeing the deployment’s own sessions")
    return _json(views.services(node, grant))


def show_health(request: Request, node: Node) -> Response:
    """GET /media/health"""
    return _json(views.health(node))


def show_ready(request: Request, node: Node) -> Response:
    """GET /media/ready"""
    ready = bool(node.mux.ports) and not node.draining
    return _json({"ready": ready}, status=200 if ready else 503)


def show_metrics(request: Request, node: Node) -> Response:
    """GET /media/metrics, for Prometheus"""
    return Response(
        status=200, body=views.metrics(node).encode(), content_type="text/plain; version=0.0.4"
    )


ROUTES: dict[tuple[str, ...], dict[str, Handler]] = {
    ("whip", "*"): {"POST": publish},
    ("whep", "*"): {"POST": subscribe},
    ("publishers", "*"): {"GET": show_publisher, "PATCH": trickle, "DELETE": hang_up},
    ("subscribers", "*"): {"GET": show_subscriber, "PATCH": trickle, "DELETE": hang_up},
    ("publishers", "*", "group"): {"PUT": regroup},
    ("publishers", "*", "talk"): {"PUT": talk},
    ("subscribers", "*", "room"): {"PUT": move},
    ("subscribers", "*", "view"): {"PUT": ask},
    ("subscribers", "*", "quality"): {"POST": tell_quality},
    ("stages",): {"PUT": set_stages},
    ("drain",): {"PUT": rest},
    ("rooms",): {"GET": show_rooms},
    ("services",): {"GET": show_services},
    ("health",): {"GET": show_health},
    ("ready",): {"GET": show_ready},
    ("metrics",): {"GET": show_metrics},
}


class MediaApp:
    """The ASGI application around one node, which it starts and closes."""

    def __init__(self, make_node: Callable[[], Node]) -> None:
        self._make_node = make_node
        self.node: Node | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await _respond(await self._handle(scope, receive), send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self.node = self._make_node()
            await self.node.start()
        except OSError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.node.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _handle(self, scope: Message, receive: Receive) -> Response:
        assert self.node is not None
        try:
            methods, varying = _route(scope["path"])
            if scope["method"] == "OPTIONS":
                return _options(methods)
            handler = methods.get(scope["method"])
            if handler is None:
                raise WrongMethod(scope["method"], ", ".join(methods))
            headers = {
                k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]
            }
            query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=10)
            request = Request(
                method=scope["method"],
                resource=scope["path"].strip("/").split("/")[1],
                path=varying,
                query={key: values[0] for key, values in query.items()},
                headers=headers,
                body=await _body(receive),
                now=datetime.now(UTC),
            )
            return handler(request, self.node)
        except MediaError as error:
            return _problem(error)
        except ValueError as error:
            logger.warning("request not understood", path=scope["path"], error=str(error))
            return _problem(BadOffer("The request cannot be read"))
        except Exception:
            logger.exception("request failed", path=scope["path"], method=scope["method"])
            return _problem(_Failed("The node could not do this; it has been logged"))


class _Failed(MediaError):
    status = 500
    title = "Internal error"


def name(text: str) -> str:
    """A room's or group's name as it may be; raises BadOffer."""
    if not text or len(text) > MAX_NAME or not text.isprintable():
        raise BadOffer(f"Not a name of a room or group: {text[:40]!r}")
    return text


def _route(path: str) -> tuple[dict[str, Handler], tuple[str, ...]]:
    """The handlers at a path, and the parts of it that vary; raises Missing."""
    parts = tuple(unquote(part) for part in path.strip("/").split("/"))
    if parts[:1] == ("media",) and 1 < len(parts) < 5:
        for pattern, methods in ROUTES.items():
            pairs = list(zip(pattern, parts[1:], strict=False))
            if len(pattern) == len(parts) - 1 and all(a in ("*", b) for a, b in pairs):
                return methods, tuple(b for a, b in pairs if a == "*")
    raise Missing("There is nothing at this address")


def _own_session(request: Request, node: Node) -> Publisher | Subscriber:
    """The session that the path names, if the grant is its person's or may control."""
    grant = request.grant(node.settings.secret)
    session = node.session(request.resource, request.path[0])
    own = (grant.person, grant.conference) == (session.grant.person, session.grant.conference)
    if not own and not grant.governs(session.grant.conference, session.room):
        raise NotGranted("This session belongs to somebody else")
    return session


def _ways(request: Request, node: Node, grant: Grant) -> Sequence[str]:
    """The TURN servers for whom the node cannot be reached directly, as Link headers."""
    return links(node.settings.turn, grant.person, now=request.now)


def _created(
    kind: str, session: Publisher | Subscriber, answer: str, ways: Sequence[str]
) -> Response:
    headers = {
        "location": f"/media/{kind}/{session.id}",
        "etag": session.peer.etag,
        "accept-patch": FRAGMENT,
    }
    return Response(status=201, body=answer.encode(), content_type=SDP, headers=headers, links=ways)


def _json(content: object, status: int = 200) -> Response:
    return Response(status=status, body=json.dumps(content).encode(), content_type=JSON)


def _options(methods: Mapping[str, Handler]) -> Response:
    headers = {
        "access-control-allow-methods": ", ".join((*methods, "OPTIONS")),
        "access-control-allow-headers": "Authorization, Content-Type, If-Match",
        "access-control-max-age": "86400",
    }
    if "POST" in methods:
        headers["accept-post"] = SDP
    return Response(status=204, headers=headers)


def _problem(error: MediaError) -> Response:
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


async def _body(receive: Receive) -> bytes:
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


async def _respond(response: Response, send: Send) -> None:
    headers = {**CORS, "cache-control": "no-store", **response.headers}
    if response.content_type:
        headers["content-type"] = response.content_type
    if response.status != 204:
        headers["content-length"] = str(len(response.body))
    pairs = [*headers.items(), *(("link", link) for link in response.links)]
    encoded = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in pairs]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    await send({"type": "http.response.body", "body": response.body})
