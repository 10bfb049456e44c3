"""A room of one node, watched on another by one copy."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn

from media import relays
from media.errors import Draining
from media.layout import Wish
from media.node import Node
from media.server import MediaApp
from media.stages import Stage
from tests.media.builders import GROUP, KEYFRAME, ROOM, House, make_grant, make_settings, until
from tests.media.test_forwarding import follows
from tests.media.test_lanes import both_layers

HERE = "annex"


class Pair:
    """`home`, reachable at `address`, and `away`, for which ROOM lives there."""

    def __init__(self, home: House, away: House, address: str) -> None:
        self.home, self.away, self.address = home, away, address

    def order(self, group: str | None = GROUP) -> None:
        control = make_grant(control=True)
        self.home.node.set_stages(control, {ROOM: Stage(group=group)})
        stages = {ROOM: Stage(group=group, home=self.address), HERE: Stage(group=GROUP)}
        self.away.node.set_stages(control, stages)


@contextlib.asynccontextmanager
async def served(house: House, path: Path) -> AsyncIterator[str]:
    app = MediaApp(lambda: house.node)
    app.node = house.node
    server = uvicorn.Server(
        uvicorn.Config(app, uds=str(path), lifespan="off", log_config=None, access_log=False)
    )
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield f"unix:{path}"
    server.should_exit = True
    await task


@pytest.fixture
async def pair(house: House, tmp_path: Path) -> AsyncIterator[Pair]:
    node = Node(make_settings(id="away"))
    await node.start()
    away = House(node)
    async with served(house, tmp_path / "home.sock") as address:
        pair = Pair(house, away, address)
        pair.order()
        yield pair
        await away.close()


async def test_many_watch_a_room_of_another_node_by_one_copy(pair: Pair) -> None:
    speaker = await pair.home.speaker()
    listeners = [await pair.away.listener(f"guest {n}") for n in range(3)]
    await until(lambda: len(pair.home.node.subscribers) == 1)
    await until(lambda: any(s.peer.ready for s in pair.home.node.subscribers.values()))
    for _ in range(60):
        await speaker.talk(1)
    await until(lambda: all(len(x.of("video")) > 20 for x in listeners))
    for listener in listeners:
        assert listener.payloads("video")[0] == KEYFRAME
        assert follows(listener.seqs("video"))
        assert follows(listener.seqs("audio"))
        assert listener.subscriber.publishers["1"].grant.person == "ada"
    assert len(pair.home.node.subscribers) == 1


async def test_the_low_layer_of_a_room_of_another_node_is_one_request_away(pair: Pair) -> None:
    speaker = await pair.home.speaker(kinds=("audio", "video", "video:alt"))
    await both_layers(speaker, 10)
    listener = await pair.away.listener(kinds=("video",))
    other = await pair.away.listener("guest", kinds=("video",))
    await until(lambda: any(s.peer.ready for s in pair.home.node.subscribers.values()))

    async def shows(wanted: bytes) -> None:
        for _ in range(200):
            await both_layers(speaker, 10)
            if wanted in (listener.payloads("video") or [b""])[-1]:
                return
        raise AssertionError(f"never {wanted!r}")

    await shows(b"high")
    for layer, wanted in (("low", b"l" * 40), ("high", b"high")):
        pair.away.node.ask(listener.subscriber, Wish(layer=layer))
        await shows(wanted)
        assert listener.subscriber.layer("0") == layer
    assert follows(listener.seqs("video"))
    assert not any(b"l" * 40 in p for p in other.payloads("video"))
    assert len(pair.home.node.subscribers) == 1


async def test_switching_to_a_room_of_another_node_keeps_the_connection(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "LINGER_S", 1.0)
    far, near = await pair.home.speaker("far"), await pair.away.speaker("near", room=HERE)
    listener = await pair.away.listener(room=HERE, kinds=("video",))
    stop = asyncio.Event()

    async def perform() -> None:
        number = 0
        while not stop.is_set():
            key = number % 20 == 0
            far.picture(b"\x65far" if key else b"\x41far")
            near.picture(b"\x65near" if key else b"\x41near")
            number += 1
            await asyncio.sleep(0.005)

    show = asyncio.create_task(perform())
    await until(lambda: b"near" in (listener.payloads("video") or [b""])[-1])
    for room, wanted in ((ROOM, b"far"), (HERE, b"near"), (ROOM, b"far")):
        pair.away.switch(listener, room)
        await until(lambda wanted=wanted: wanted in listener.payloads("video")[-1])  # type: ignore[misc]
    stop.set()
    await show
    assert follows(listener.seqs("video"))
    pair.away.switch(listener, HERE)
    await until(lambda: not pair.home.node.subscribers)


async def test_loss_between_nodes_is_mended(pair: Pair) -> None:
    speaker = await pair.home.speaker()
    listener = await pair.away.listener(kinds=("video",))
    await until(lambda: any(s.peer.ready for s in pair.home.node.subscribers.values()))
    await speaker.talk(5)
    await until(lambda: listener.of("video"))
    relay = next(iter(pair.away.node._relays._running.values()))
    receive, count = relay._on_rtp, 0
    connection = relay._connection
    assert connection is not None

    def lossy(packet: bytes) -> None:
        nonlocal count
        count += 1
        if count % 10:
            receive(packet)

    connection.on_rtp = lossy
    await speaker.talk(200, gop=400)
    connection.on_rtp = receive
    await speaker.talk(5, gop=400)
    first = listener.seqs("video")[0]
    expected = set(range(200))
    await until(lambda: {(s - first) & 0xFFFF for s in listener.seqs("video")} >= expected)


async def test_a_relay_comes_back_when_the_other_node_forgot_it(pair: Pair) -> None:
    speaker = await pair.home.speaker()
    listener = await pair.away.listener(kinds=("video",))
    await until(lambda: any(s.peer.ready for s in pair.home.node.subscribers.values()))
    first = next(iter(pair.home.node.subscribers.values()))
    pair.home.node.drop(first, "test")
    await until(lambda: any(s is not first for s in pair.home.node.subscribers.values()))
    await until(lambda: any(s.peer.ready for s in pair.home.node.subscribers.values()))
    await speaker.talk(20)
    await until(lambda: listener.of("video"))


async def test_two_nodes_that_take_each_other_for_home_send_nothing_round(
    pair: Pair, tmp_path: Path
) -> None:
    async with served(pair.away, tmp_path / "away.sock") as address:
        stages = {ROOM: Stage(group=GROUP, home=address)}
        pair.home.node.set_stages(make_grant(control=True), stages)
        ada = await pair.home.listener("ada")
        eve = await pair.away.listener("eve")
        await until(lambda: len(pair.home.node.subscribers) == 2)
        await asyncio.sleep(0.3)
        assert ada.packets == eve.packets == []
        pair.order()


async def test_publishers_leave_when_their_room_moves_away(pair: Pair) -> None:
    speaker = await pair.away.speaker(room=HERE)
    stages = {HERE: Stage(group=GROUP, home=pair.address)}
    pair.away.node.set_stages(make_grant(control=True), stages)
    assert speaker.publisher.id not in pair.away.node.publishers
    assert pair.away.node.journal.waiting[-1].facts["reason"] == "room moved"


async def test_a_resting_node_lets_its_shows_go_on_and_begins_none(pair: Pair) -> None:
    await pair.home.speaker("ada")
    pair.home.node.resting = True
    await pair.home.speaker("bob")
    with pytest.raises(Draining):
        await pair.home.speaker("cyd", room="loft")
    with pytest.raises(Draining):
        await pair.home.listener()
    pair.home.node.resting = False
    await pair.home.listener()


async def test_a_node_with_a_name_has_it_in_its_sessions_ids(pair: Pair) -> None:
    speaker = await pair.away.speaker(room=HERE)
    assert speaker.publisher.id.startswith("away~")
