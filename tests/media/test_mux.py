"""One UDP port: whose datagram is whose, and what a stranger cannot do."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator

import pytest

from media import sdp, stun
from media.client import Connection, OfferedLine, describe
from media.mux import IceSession, Mux, Port, machine_addresses
from media.node import Node
from tests.media.builders import (
    CERTIFICATE,
    GROUP,
    ROOM,
    House,
    Listener,
    free_udp_port,
    make_grant,
    make_settings,
    until,
)

VICTIM, STRANGER = ("198.51.100.1", 4000), ("203.0.113.9", 666)


class Harness:
    """A mux with one port whose datagrams go nowhere, and sessions that note what they get."""

    def __init__(self) -> None:
        self.mux = Mux(now=lambda: 1.0, drained=lambda: None)
        self.bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.bound.bind(("127.0.0.1", 0))
        self.port = Port(self.bound, self.mux)
        self.sent: list[tuple[bytes, object]] = []
        self.port.send = lambda datagram, address: self.sent.append((datagram, address))  # type: ignore[method-assign]

    def session(self) -> tuple[IceSession, list[bytes]]:
        got: list[bytes] = []
        session = IceSession(
            remote_ufrag="them", media=got.append, dtls=got.append, selected=lambda: None, now=0.0
        )
        self.mux.add(session)
        return session, got

    def check(
        self,
        session: IceSession,
        address: object,
        *,
        key: bytes | None = None,
        controls: bool = True,
    ) -> None:
        request = stun.binding_request(
            os.urandom(12), session.username, key or session.key, controls=controls
        )
        self.port.received(request, address)  # type: ignore[arg-type]


@pytest.fixture
def harness() -> Iterator[Harness]:
    made = Harness()
    yield made
    made.bound.close()


def has_ipv6() -> bool:
    """Whether this machine has ::1, which some containers lack."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


MEDIA = b"\x80\x60" + bytes(20)
DTLS = b"\x16\xfe\xfd" + bytes(20)


def test_a_check_with_the_right_password_brings_the_media(harness: Harness) -> None:
    session, got = harness.session()
    harness.check(session, VICTIM)
    harness.port.received(MEDIA, VICTIM)
    harness.port.received(DTLS, VICTIM)
    assert got == [MEDIA, DTLS]
    assert session.path == (harness.port, VICTIM)
    assert harness.sent[0][1] == VICTIM


def test_nothing_is_taken_from_an_address_without_a_check(harness: Harness) -> None:
    _, got = harness.session()
    harness.port.received(MEDIA, STRANGER)
    harness.port.received(DTLS, STRANGER)
    assert (got, harness.sent) == ([], [])


def test_the_victim_s_ufrag_with_a_wrong_password_changes_nothing(harness: Harness) -> None:
    session, got = harness.session()
    harness.check(session, VICTIM)
    harness.sent.clear()
    heard = session.heard
    harness.check(session, STRANGER, key=b"guessed password, wrong")
    harness.port.received(MEDIA, STRANGER)
    assert (got, harness.sent) == ([], [])
    assert session.path == (harness.port, VICTIM)
    assert session.heard == heard


def test_a_check_without_integrity_changes_nothing(harness: Harness) -> None:
    session, got = harness.session()
    whole = stun.binding_request(os.urandom(12), session.username, session.key)
    bare = whole[:2] + (len(whole) - 20 - 32).to_bytes(2, "big") + whole[4:-32]
    harness.port.received(bare, STRANGER)
    harness.port.received(MEDIA, STRANGER)
    assert (got, harness.sent, session.path) == ([], [], None)


def test_a_second_person_cannot_claim_the_victim_s_address(harness: Harness) -> None:
    victim, got = harness.session()
    attacker, stolen = harness.session()
    harness.check(victim, VICTIM)
    harness.check(attacker, VICTIM)
    harness.port.received(MEDIA, VICTIM)
    assert got == [MEDIA]
    assert stolen == []
    assert attacker.path is None


def test_an_answer_that_nobody_asked_for_is_ignored(harness: Harness) -> None:
    session, got = harness.session()
    answer = stun.binding_response(os.urandom(12), "1.2.3.4", 5, session.key)
    harness.port.received(answer, STRANGER)
    assert (got, harness.sent, session.path) == ([], [], None)


def test_a_client_may_move_when_it_knows_the_password(harness: Harness) -> None:
    session, _ = harness.session()
    harness.check(session, VICTIM)
    moved = ("198.51.100.1", 4001)
    harness.check(session, moved, controls=False)
    assert session.path == (harness.port, VICTIM)
    harness.check(session, moved)
    assert session.path == (harness.port, moved)


def test_a_session_keeps_few_addresses_and_never_loses_its_path(harness: Harness) -> None:
    session, _ = harness.session()
    harness.check(session, VICTIM)
    for port in range(5000, 5050):
        harness.check(session, ("198.51.100.1", port), controls=False)
    assert len(session.bound) <= 6
    assert (harness.port, VICTIM) in session.bound


def test_a_session_that_ended_leaves_nothing_behind(harness: Harness) -> None:
    session, got = harness.session()
    harness.check(session, VICTIM)
    harness.mux.remove(session)
    harness.port.received(MEDIA, VICTIM)
    assert got == []
    fresh, _ = harness.session()
    harness.check(fresh, VICTIM)
    assert fresh.path == (harness.port, VICTIM)


def test_long_ufrags_and_passwords(harness: Harness) -> None:
    session, _ = harness.session()
    assert len(session.ufrag) == 16
    assert len(session.password) == 32


def test_127_0_0_1_is_offered_by_default() -> None:
    assert machine_addresses()[-1] == "127.0.0.1"


async def test_a_public_address_that_is_not_ours_is_offered_too() -> None:
    mux = Mux(now=lambda: 0.0, drained=lambda: None)
    port = free_udp_port()
    mux.open(["203.0.113.77"], port)
    assert mux.candidates == [("203.0.113.77", port)]
    assert mux.ports[0].socket.getsockname() == ("0.0.0.0", port)
    mux.close()


async def test_a_busy_port_is_named() -> None:
    first, second = Node(make_settings()), Mux(now=lambda: 0.0, drained=lambda: None)
    await first.start()
    port = first.settings.udp_port
    with pytest.raises(OSError, match=f"UDP port {port} is busy"):
        second.open(["127.0.0.1"], port)
    await first.close()


LOOPBACKS = ("127.0.0.1", "::1") if has_ipv6() else ("127.0.0.1",)


@pytest.mark.parametrize("address", LOOPBACKS)
async def test_media_flows_over_ipv4_and_ipv6(address: str, fan_in_c: None) -> None:
    node = Node(make_settings(addresses=(address,)))
    await node.start()
    house = House(node)
    house.on_air(**{ROOM: GROUP})
    speaker, listener = await house.speaker(), await house.listener()
    await speaker.talk(20)
    await until(lambda: len(listener.of("video")) >= 20)
    await house.close()


async def test_a_stranger_s_real_datagrams_do_not_disturb_a_session(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    speaker, listener = await house.speaker(), await house.listener()
    ufrag = speaker.publisher.peer.ice.ufrag
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.connect(("127.0.0.1", house.node.settings.udp_port))
        for number in range(50):
            stranger.send(stun.binding_request(os.urandom(12), f"{ufrag}:them", b"wrong" * 5))
            stranger.send(MEDIA + bytes([number]))
            stranger.send(DTLS)
        await speaker.talk(20)
        await until(lambda: len(listener.of("video")) >= 20)
        stranger.setblocking(False)
        with pytest.raises(BlockingIOError):
            stranger.recv(100)


async def test_a_listener_whose_address_changes_goes_on(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    speaker = await house.speaker()
    connection = Connection(certificate=CERTIFICATE)
    offer = describe(connection, [OfferedLine(kind="video")])
    subscriber, answer = house.node.subscribe(ROOM, None, make_grant(subscribe=True), offer)
    listener = Listener(subscriber, connection)
    await connection.connect(sdp.parse_remote_transport(answer))
    await speaker.talk(5)
    await until(lambda: len(listener.packets) >= 5)
    old = connection.socket
    assert old is not None
    asyncio.get_running_loop().remove_reader(old.fileno())
    connection.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    connection.socket.setblocking(False)
    connection.socket.connect(("127.0.0.1", house.node.settings.udp_port))
    asyncio.get_running_loop().add_reader(connection.socket.fileno(), connection.read)
    ice = subscriber.peer.ice
    connection.socket.send(stun.binding_request(os.urandom(12), ice.username, ice.key))
    await until(lambda: ice.path and ice.path[1] == connection.socket.getsockname())  # type: ignore[union-attr]
    before = len(listener.packets)
    await speaker.talk(10)
    await until(lambda: len(listener.packets) >= before + 10)
    old.close()
    await connection.close()
