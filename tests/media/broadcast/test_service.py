"""The broadcast's own place on the node: outside limits and events, with whole pictures only."""

from __future__ import annotations

from media import rtcp, sdp
from media.client import Connection, OfferedLine, describe
from media.grant import sign, verify
from media.node import Node
from media.settings import Limits
from tests.media.builders import (
    CERTIFICATE,
    DELTA,
    GROUP,
    KEYFRAME,
    ROOM,
    SECRET,
    House,
    Listener,
    make_grant,
    make_settings,
    until,
)


async def tapped(node: Node) -> tuple[Listener, Connection]:
    """The room's stage, watched by a service."""
    connection = Connection(certificate=CERTIFICATE)
    lines = [OfferedLine(kind="video"), OfferedLine(kind="audio")]
    grant = make_grant(person="broadcast", subscribe=True, service=True)
    subscriber, answer = node.subscribe(ROOM, None, grant, describe(connection, lines))
    listener = Listener(subscriber, connection)
    await connection.connect(sdp.parse_remote_transport(answer))
    await until(lambda: subscriber.peer.ready)
    return listener, connection


def test_a_grant_says_that_it_is_a_services() -> None:
    grant = make_grant(service=True)
    read = verify(sign(grant, SECRET), SECRET, now=grant.expires.replace(year=2000))
    assert read.service is True


async def test_a_service_is_no_audience() -> None:
    node = Node(make_settings(limits=Limits(room_subscribers=1, subscribers=1)))
    await node.start()
    house = House(node)
    try:
        await house.listener("eve")
        before = len(node.journal.waiting)
        _, connection = await tapped(node)
        assert len(node.journal.waiting) == before
        await connection.close()
    finally:
        await house.close()


async def test_a_service_waits_for_a_fresh_keyframe_instead_of_a_replay() -> None:
    node = Node(make_settings())
    await node.start()
    house = House(node)
    try:
        speaker = await house.speaker()
        house.on_air(**{ROOM: GROUP})
        speaker.picture(KEYFRAME)
        for _ in range(5):
            speaker.picture(DELTA)
        await until(lambda: speaker.publisher.packets_in >= 6)
        listener, connection = await tapped(node)
        await until(lambda: speaker.keyframes_wanted)
        assert listener.of("video") == []
        speaker.picture(KEYFRAME)
        await until(lambda: listener.of("video"))
        assert listener.payloads("video") == [KEYFRAME]
        assert any(isinstance(m, rtcp.KeyframeWanted) for m in speaker.messages)
        await connection.close()
    finally:
        await house.close()
