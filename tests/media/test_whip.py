"""WHIP corner by corner (RFC 9725), and encoders that we did not write: OBS's offer, GStreamer."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.media.builders import GROUP, KEYFRAME, ROOM, House, until
from tests.media.door import FRAGMENT, SDP, SPEAKER, VIEWER, Door, offer


async def test_trickle_is_welcome_and_a_restart_is_not(door: Door) -> None:
    sent = offer()
    created = await door.ask("POST", "/media/whip/hall", SPEAKER, content=sent, headers=SDP)
    location, etag = created.headers["location"], created.headers["etag"]
    ufrag = next(line for line in sent.splitlines() if line.startswith("a=ice-ufrag:"))
    candidates = (
        "a=candidate:1 1 udp 1 abcd.local 9 typ host\r\n"
        "a=candidate:2 1 tcp 1 192.0.2.1 9 typ host tcptype active\r\n"
    )
    body = f"{ufrag}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n{candidates}"

    async def patch(body: str, **headers: str) -> int:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        response = await door.ask(
            "PATCH", location, SPEAKER, content=body, headers={**FRAGMENT, **named}
        )
        return response.status_code

    assert await patch(body, if_match=etag) == 204
    assert await patch(body) == 428
    assert await patch(body, if_match='"older"') == 412
    assert await patch(body, if_match="*") == 422
    assert await patch(body.replace(ufrag, "a=ice-ufrag:fresh1"), if_match=etag) == 422
    assert await patch("nonsense", if_match=etag) == 400
    response = await door.ask("PATCH", location, SPEAKER, content=body, headers=SDP)
    assert response.status_code == 415
    # What was refused ended nothing.
    assert await patch(body, if_match=etag) == 204


async def test_delete_ends_a_session_once(door: Door) -> None:
    location = (await door.post("/media/whip/hall", SPEAKER)).headers["location"]
    assert (await door.ask("DELETE", location, VIEWER)).status_code == 403
    assert (await door.ask("DELETE", location)).status_code == 401
    older = {"if-match": '"older"'}
    ended = await door.ask("DELETE", location, SPEAKER, headers=older)
    assert (ended.status_code, ended.text) == (200, "")
    assert (await door.ask("DELETE", location, SPEAKER)).status_code == 404


async def test_browsers_of_other_origins_may_ask(door: Door) -> None:
    response = await door.ask("OPTIONS", "/media/whip/hall")
    assert (response.status_code, response.text) == (200, "")
    assert response.headers["access-control-allow-origin"] == "*"
    assert "Authorization" in response.headers["access-control-allow-headers"]
    assert "POST" in response.headers["access-control-allow-methods"]
    assert response.headers["accept-post"] == "application/sdp"
    created = await door.post("/media/whip/hall", SPEAKER)
    assert "Location" in created.headers["access-control-expose-headers"]


async def test_endpoints_and_sessions_have_no_representation(door: Door) -> None:
    for method in ("GET", "HEAD"):
        response = await door.ask(method, "/media/whip/hall")
        assert (response.status_code, response.text) == (204, "")
    location = (await door.post("/media/whip/hall", SPEAKER)).headers["location"]
    response = await door.ask("GET", location, SPEAKER)
    assert (response.status_code, response.text) == (204, "")
    assert (await door.ask("GET", location)).status_code == 401
    assert (await door.ask("GET", location + "/state", SPEAKER)).json()["group"] == "opening"
    for method in ("POST", "PUT"):
        response = await door.ask(method, location, SPEAKER)
        assert response.status_code == 405
        assert response.headers["allow"] == "GET, PATCH, DELETE"
    await door.ask("DELETE", location, SPEAKER)
    assert (await door.ask("GET", location, SPEAKER)).status_code == 404


@pytest.mark.parametrize("direction", ["recvonly", "inactive"])
async def test_who_publishes_must_send(door: Door, direction: str) -> None:
    body = offer().replace("a=sendonly", f"a={direction}")
    response = await door.ask("POST", "/media/whip/hall", SPEAKER, content=body, headers=SDP)
    assert response.status_code == 406


async def test_layers_of_one_line_are_answered_without(door: Door) -> None:
    """Simulcast that the answer leaves out is simulcast that the client does not send."""
    lines = "a=rid:hi send\r\na=rid:lo send\r\na=simulcast:send hi;lo\r\na=bundle-only\r\n"
    body = offer("video") + lines
    response = await door.ask("POST", "/media/whip/hall", SPEAKER, content=body, headers=SDP)
    assert response.status_code == 201
    assert not {"simulcast", "rid"} & {
        line[2:].partition(":")[0] for line in response.text.split("\r\n")
    }
    assert response.text.count("a=rtcp-mux-only\r\n") == 1


async def test_a_new_post_takes_over_the_place_in_under_two_seconds(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    first, listener = await house.speaker(), await house.listener()
    for payload in (KEYFRAME, b"\x41first"):
        first.picture(payload)
    await until(lambda: b"\x41first" in listener.payloads("video"))
    # The way is lost without a word; the same person posts again.
    for task in first.connection._tasks:
        task.cancel()
    began = time.monotonic()
    second = await house.speaker()
    assert list(house.node.publishers) == [second.publisher.id]
    while b"\x65second" not in listener.payloads("video"):
        second.picture(b"\x65second")
        await asyncio.sleep(0.01)
        assert time.monotonic() - began < 2
    assert len(house.node.subscribers) == 1
