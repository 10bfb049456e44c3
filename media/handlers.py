"""What the node's HTTP side does for each request: WHIP, WHEP, stages, figures, health."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from media import sdp, views
from media.access import sign_path
from media.errors import (
    BadOffer,
    Full,
    MatchNeeded,
    NoRestart,
    NotGranted,
    Stale,
)
from media.grant import EVERY, Grant
from media.layout import LAYERS, LAYOUTS, Wish
from media.node import Node
from media.publisher import Publisher
from media.room import TALKBACK
from media.stages import Stage
from media.subscriber import Subscriber
from media.turn import links
from media.web import FRAGMENT, SDP, Request, Response, answer_json, name

Handler = Callable[[Request, Node], Response]

NODE_SCHEMES = ("http://", "https://", "unix:/")


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


def nothing(request: Request, node: Node) -> Response:
    """GET of an endpoint: it has no representation (RFC 9725, section 4.1)."""
    return Response(status=204)


def is_there(request: Request, node: Node) -> Response:
    """GET of a session: no representation either, but 404 once it has ended."""
    _own_session(request, node)
    return Response(status=204)


def hang_up(request: Request, node: Node) -> Response:
    """DELETE of a session."""
    node.drop(_own_session(request, node), "left")
    return Response(status=200)


def show_publisher(request: Request, node: Node) -> Response:
    """GET /media/publishers/{id}/state"""
    session = _own_session(request, node)
    assert isinstance(session, Publisher)
    return answer_json(views.one_publisher(node.room_of(session), session, node))


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
    """GET /media/subscribers/{id}/state"""
    session = _own_session(request, node)
    assert isinstance(session, Subscriber)
    return answer_json(views.subscriber(session, node))


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
    return answer_json(views.subscriber(session, node))


def set_stages(request: Request, node: Node) -> Response:
    """PUT /media/stages"""
    grant = request.grant(node.settings.secret)
    stages = request.document().get("stages")
    if not isinstance(stages, dict):
        raise BadOffer("The body must be {“stages”: {room: {“on_air”: group or null}}}")
    wanted = {name(room): _stage(room, state) for room, state in stages.items()}
    return answer_json({"boot": node.boot, "applied": node.set_stages(grant, wanted)})


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
    return answer_json({"id": session.id, "room": session.room, "group": session.group})


def talk(request: Request, node: Node) -> Response:
    """PUT /media/publishers/{id}/talk"""
    session = _own_session(request, node)
    assert isinstance(session, Publisher)
    to = request.document().get("to")
    if to is not None and not (isinstance(to, list) and all(isinstance(x, str) for x in to)):
        raise BadOffer("The body must be {“to”: [person, …], [“*”] for all, or null}")
    node.talk(session, to)
    return answer_json({"id": session.id, "to": to})


def ask(request: Request, node: Node) -> Response:
    """PUT /media/subscribers/{id}/view"""
    session = _own_session(request, node)
    assert isinstance(session, Subscriber)
    node.ask(session, _wish(request.document(), session.wish))
    return answer_json(views.subscriber(session, node))


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
    return answer_json({"draining": wanted, "publishers": len(node.publishers)})


def show_rooms(request: Request, node: Node) -> Response:
    """GET /media/rooms"""
    grant = request.grant(node.settings.secret)
    if not grant.control:
        raise NotGranted("This grant does not allow seeing the figures of the rooms")
    return answer_json(views.rooms(node, grant))


def show_services(request: Request, node: Node) -> Response:
    """GET /media/services"""
    grant = request.grant(node.settings.secret)
    if not grant.control:
        raise NotGranted("This grant does not allow seeing the deployment’s own sessions")
    return answer_json(views.services(node, grant))


def show_health(request: Request, node: Node) -> Response:
    """GET /media/health"""
    return answer_json(views.health(node))


def show_ready(request: Request, node: Node) -> Response:
    """GET /media/ready"""
    ready = bool(node.mux.ports) and not node.draining
    return answer_json({"ready": ready}, status=200 if ready else 503)


def show_metrics(request: Request, node: Node) -> Response:
    """GET /media/metrics, for Prometheus"""
    return Response(
        status=200, body=views.metrics(node).encode(), content_type="text/plain; version=0.0.4"
    )


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


ROUTES: dict[tuple[str, ...], dict[str, Handler]] = {
    ("whip", "*"): {"GET": nothing, "POST": publish},
    ("whep", "*"): {"GET": nothing, "POST": subscribe},
    ("publishers", "*"): {"GET": is_there, "PATCH": trickle, "DELETE": hang_up},
    ("subscribers", "*"): {"GET": is_there, "PATCH": trickle, "DELETE": hang_up},
    ("publishers", "*", "state"): {"GET": show_publisher},
    ("subscribers", "*", "state"): {"GET": show_subscriber},
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
