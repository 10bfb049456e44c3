"""Strangers' bytes on the wire and at the HTTP door: RTP, RTCP, STUN, bodies of every kind.

PLENARY_FUZZ_EXAMPLES in the environment makes it longer than the few seconds of an ordinary run.
"""

from __future__ import annotations

import itertools
import json
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from media import rtcp, rtp, sdp, stun
from media.errors import MediaError
from media.grant import sign
from media.node import Node
from media.server import MediaApp
from media.web import Message, Response
from tests.media.builders import SECRET, House, make_grant, make_settings
from tests.media.test_fuzz import OFFER, broken_offers, fuzz, headers

BODIES = st.one_of(
    broken_offers().map(str.encode),
    st.binary(max_size=400),
    st.text(max_size=200).map(str.encode),
    st.sampled_from([b"", OFFER.encode(), b"{}", b"[]", b'{"room": null}', b"[" * 5000]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["room", "group", "stages", "on_air", "pin", "held", "home", "to", "layout",
                 "layer", "freezes", "draining"]
            ),
            inner,
            max_size=4,
        ),
        max_leaves=12,
    ).map(lambda content: json.dumps(content).encode()),
)  # fmt: skip
PATHS = (
    "/media/whip/hall", "/media/whep/hall", "/media/whep/hall?group=opening&layout=grid",
    "/media/publishers/{p}", "/media/publishers/{p}/state", "/media/publishers/{p}/group", "/media/publishers/{p}/talk",
    "/media/subscribers/{s}", "/media/subscribers/{s}/state", "/media/subscribers/{s}/room", "/media/subscribers/{s}/view",
    "/media/subscribers/{s}/quality", "/media/stages", "/media/drain", "/media/rooms",
    "/media/health", "/media/%ff/%00", "/media/whip/" + "x" * 300, "/media//", "/",
)  # fmt: skip
TYPES = (
    "application/sdp", "application/trickle-ice-sdpfrag", "application/json", "text/plain", "",
    "application/sdp; charset=utf-8", "\u00e9",
)  # fmt: skip


@fuzz
@given(headers | st.binary(max_size=120))
def test_any_rtp_is_read_or_refused(packet: bytes) -> None:
    try:
        start, end = rtp.payload_bounds(packet)
        assert 12 <= start <= len(packet)
        assert start <= end + 1
        assert len(rtp.bare(packet)) <= len(packet) + 12
    except rtp.Malformed:
        return
    for wanted in range(16):
        found = rtp.extension(packet, wanted)
        assert found is None or len(found) <= 16
    assert rtp.starts_keyframe(packet) in (True, False)


@fuzz
@given(
    st.lists(
        st.builds(
            lambda count, kind, words, body: (
                bytes([0x80 | count, kind]) + words.to_bytes(2, "big") + body
            ),
            count=st.integers(0, 31),
            kind=st.sampled_from([200, 201, 202, 203, 205, 206]) | st.integers(0, 255),
            words=st.integers(0, 40),
            body=st.binary(max_size=160),
        ),
        max_size=6,
    ).map(b"".join)
    | st.binary(max_size=300)
)
def test_any_rtcp_ends_and_says_only_what_fits(compound: bytes) -> None:
    messages = list(itertools.islice(rtcp.parse(compound), 1000))
    assert len(messages) <= len(compound)
    for message in messages:
        if isinstance(message, rtcp.Nack):
            assert len(message.missing) <= rtcp.MAX_NACKED
        if isinstance(message, rtcp.BitrateLimit):
            assert message.kbps >= 0


@st.composite
def checks(draw: st.DrawFn) -> bytes:
    """An honest connectivity check with bytes changed, cut or added."""
    whole = stun.binding_request(
        draw(st.binary(min_size=12, max_size=12)),
        draw(st.text("abcdef:", min_size=1, max_size=30)),
        b"key",
        controls=draw(st.booleans()),
        tie_breaker=bytes(8),
    )
    raw = bytearray(whole)
    for _ in range(draw(st.integers(0, 6))):
        raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
    return bytes(raw[: draw(st.integers(0, len(raw)))]) + draw(st.binary(max_size=12))


@fuzz
@given(checks() | st.binary(max_size=120))
def test_any_check_is_understood_or_ignored(datagram: bytes) -> None:
    request = stun.parse_request(datagram)
    if request is not None:
        assert len(request.transaction) == 12
        assert request.authentic(b"another key") is False


@fuzz
@given(st.text(max_size=400) | broken_offers())
def test_any_fragment_is_read_or_refused(text: str) -> None:
    for read in (sdp.parse_fragment, sdp.parse_sources, sdp.parse_remote_transport):
        try:
            read(text)
        except MediaError as refusal:
            words = str(refusal)
        else:
            words = "read"
        assert words


def answered(app: MediaApp, method: str, target: str, given: dict[str, str], body: bytes) -> int:
    """The status of the node's answer; a request whose body is there needs no waiting."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(path, errors="replace"),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    handling = app._handle(scope, receive)
    try:
        handling.send(None)
    except StopIteration as done:
        response: Response = done.value
        return response.status
    raise AssertionError("the node waited for something")


async def test_no_body_at_any_door_brings_the_node_down(house: House) -> None:
    """Every door with every kind of body, by somebody who is allowed everything."""
    speaker, listener = await house.speaker("ada"), await house.listener("ada")
    app = MediaApp(lambda: house.node)
    app.node = house.node
    everything = make_grant(
        person="ada", publish="opening", subscribe=True, backstage=("*",), control=True
    )
    token = sign(everything, SECRET)
    node = house.node

    @fuzz
    @given(
        method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]),
        path=st.sampled_from(PATHS),
        content_type=st.sampled_from(TYPES),
        match=st.sampled_from([None, "*", speaker.publisher.peer.etag, '"x"']),
        body=BODIES,
    )
    def knock(method: str, path: str, content_type: str, match: str | None, body: bytes) -> None:
        if method == "DELETE" and "{" in path:
            return
        given = {"authorization": f"Bearer {token}", "content-type": content_type}
        if match:
            given["if-match"] = match
        where = path.format(p=speaker.publisher.id, s=listener.subscriber.id)
        status = answered(app, method, where, given, body)
        assert status < 500 or status == 503
        for publisher in set(node.publishers.values()) - {speaker.publisher}:
            node.drop(publisher, "test")
        for subscriber in set(node.subscribers.values()) - {listener.subscriber}:
            node.drop(subscriber, "test")

    knock()
    assert len(node.rooms) < 10


async def test_a_grant_of_any_bytes_is_refused() -> None:
    node = Node(make_settings())
    app = MediaApp(lambda: node)
    app.node = node

    @fuzz
    @given(st.text(max_size=200))
    def knock(token: str) -> None:
        given = {"authorization": f"Bearer {token}", "content-type": "application/sdp"}
        assert answered(app, "POST", "/media/whip/hall", given, OFFER.encode()) == 401

    knock()
