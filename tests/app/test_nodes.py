"""Two media nodes that really run: placing rooms, passing requests, and one that is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.handlers import asgi
from litestar.types import Receive, Scope, Send
from redis.asyncio import Redis

from app.clock import now
from app.settings import Settings, from_environment
from app.stages.node import Node
from app.stages.nodes import PLACES, Nodes, choose, has_room
from app.stages.proxy import MediaProxy, broadcast_client
from media.client import Connection, OfferedLine, Refused, Session
from media.grant import Grant, sign
from media.loop_publisher import LoopPublisher
from media.registry import Registration
from tests.media.builders import free_udp_port
from tests.media.test_play import small_loop

WATCHING = (OfferedLine(kind="audio"), OfferedLine(kind="video"))


def registration(id: str, **overrides: Any) -> Registration:
    plain = Registration(
        id=id,
        boot="b",
        address="unix:/nowhere",
        draining=False,
        publishers=0,
        subscribers=0,
        most_subscribers=100,
        packets_out=0,
        busy=0.0,
    )
    return replace(plain, **overrides)


def test_a_room_goes_to_the_node_with_the_least_to_do() -> None:
    idle, busy, resting = (
        registration("b"),
        registration("a", busy=0.6),
        registration("0", draining=True),
    )
    assert choose([busy, idle, resting], {}) is idle
    assert choose([idle, registration("a")], {"a": 1}) is idle
    assert choose([resting], {}) is resting
    assert choose([], {}) is None
    assert has_room(idle)
    assert not has_room(resting)
    assert not has_room(registration("c", busy=0.8))
    assert not has_room(registration("c", subscribers=95))


@dataclass
class Machine:
    """Redis, node processes, and the application's part that is about nodes, on a real port."""

    settings: Settings
    redis: Redis
    folder: Path
    nodes: Nodes
    address: str = ""
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, id: str) -> None:
        environment = {
            **os.environ,
            "PLENARY_SECRET_MEDIA": self.settings.media_secret,
            "PLENARY_MEDIA_SOCKET": str(self.folder / f"{id}.sock"),
            "PLENARY_UDP_PORT": str(free_udp_port()),
            "PLENARY_MEDIA_ADDRESSES": "127.0.0.1",
            "PLENARY_NODE_ID": id,
            "REDIS_URL": self.settings.redis_url,
        }
        environment.pop("PLENARY_MEDIA_HTTP", None)
        command = [sys.executable, "-m", "media"]
        self.running[id] = subprocess.Popen(command, env=environment)

    async def ready(self, *ids: str) -> None:
        end = time.monotonic() + 20
        while not set(ids) <= (await self.nodes.living(fresh=True)).keys():
            assert time.monotonic() < end, "the nodes did not register"
            await asyncio.sleep(0.05)

    def kill(self, id: str) -> None:
        process = self.running.pop(id)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def token(self, **of: Any) -> str:
        expires = now() + timedelta(hours=1)
        grant = Grant(conference="trial", rooms=("*",), expires=expires, **of)
        return sign(grant, self.settings.media_secret)

    async def tend(self, *rooms: str) -> tuple[str, ...]:
        """What the stagehand does: keep places, push stages."""
        self.control = self.control or Node(self.settings, self.nodes)
        lost = await self.control.keep_places(now=now())
        await self.control.set_stages(dict.fromkeys(rooms, "stage"), now=now())
        return lost

    control: Node | None = None


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    """Nothing here is in the database: one kind of it is enough."""
    return from_environment(
        {
            "PLENARY_VAR": str(tmp_path / "var"),
            "PLENARY_SECRET": "s" * 32,
            "PLENARY_SECRET_MEDIA": "m" * 32,
            "REDIS_URL": redis_url,
        }
    )


@pytest.fixture
async def machine(settings: Settings, tmp_path: Path) -> AsyncIterator[Machine]:
    import uvicorn

    async with Redis.from_url(settings.redis_url) as redis:
        await redis.flushall()
        nodes = Nodes(settings, redis)
        proxy = MediaProxy(nodes, broadcast_client(settings), settings)

        @asgi("/media", is_mount=True, copy_scope=False)
        async def media(scope: Scope, receive: Receive, send: Send) -> None:
            await proxy(scope, receive, send)

        app = Litestar([media], openapi_config=None)
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        machine = Machine(settings, redis, tmp_path, nodes, f"http://127.0.0.1:{port}")
        for id in ("one", "two"):
            machine.start(id)
        await machine.ready("one", "two")
        yield machine
        for id in list(machine.running):
            machine.kill(id)
        server.should_exit = True
        await task
        await nodes.aclose()


class Viewer:
    """Somebody who watches through the application, and comes back when the session is gone."""

    def __init__(self, machine: Machine, room: str, person: str = "eve") -> None:
        self.machine, self.room, self.person = machine, room, person
        self.pictures = 0
        self.session: Session | None = None

    async def join(self) -> None:
        connection = Connection(on_rtp=self._heard)
        session = Session(self.machine.address, connection)
        token = self.machine.token(person=self.person, subscribe=True)
        await session.open(f"/media/whep/{self.room}", token, WATCHING)
        self.session = session

    def _heard(self, packet: bytes) -> None:
        self.pictures += packet[1] & 0x7F == 96

    async def sees(self, *, seconds: float = 10) -> None:
        """Wait for a picture more."""
        before, end = self.pictures, time.monotonic() + seconds
        while self.pictures <= before:
            assert time.monotonic() < end, f"no picture of {self.room}"
            await asyncio.sleep(0.02)

    async def leave(self) -> None:
        if self.session is not None:
            await self.session.close()


async def comes_back(viewer: Viewer) -> bool:
    """One try of a viewer whose session is gone; whether a picture came within a moment."""
    try:
        if viewer.session is None or viewer.session.connection.closed:
            await viewer.join()
    except (Refused, ConnectionError):
        return False
    before = viewer.pictures
    await asyncio.sleep(0.25)
    return viewer.pictures > before


async def test_rooms_are_placed_pinned_and_switched_across_processes(machine: Machine) -> None:
    loop = small_loop()
    publishers = []
    for room in ("hall", "annex"):
        token = machine.token(person=room, publish="stage")
        publishers.append(LoopPublisher(machine.address, room, token, loop))
        await publishers[-1].start()
    end = time.monotonic() + 10
    while not all(p.connected for p in publishers):
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
    places = await machine.nodes.places()
    assert {places["trial/hall"], places["trial/annex"]} == {"one", "two"}
    await machine.tend("hall", "annex")
    viewer = Viewer(machine, "hall")
    await viewer.join()
    await viewer.sees()
    assert viewer.session is not None
    home = places["trial/hall"]
    assert viewer.session.location.startswith(f"/media/subscribers/{home}~")
    for room in ("annex", "hall", "annex"):
        body = f'{{"room": "{room}", "group": null}}'
        path = f"{viewer.session.location}/room"
        answer = await viewer.session.request(
            "PUT", path, body, {"content-type": "application/json"}
        )
        assert answer.status_code == 200
        await asyncio.sleep(0.3)
        await viewer.sees()
        shown = (await viewer.session.request("GET", f"{viewer.session.location}/state")).json()
        assert shown["lanes"][1]["person"] == room
    state = await Node(machine.settings, machine.nodes).rooms(now=now())
    assert state["rooms"]["annex"]["publishers"][0]["person"] == "annex"
    assert len(state["nodes"]) == 2
    async with httpx.AsyncClient(base_url=machine.address) as http:
        health = (await http.get("/media/health")).json()
        assert (health["publishers"], health["rooms_live"]) == (2, 2)
        metrics = (await http.get("/media/metrics")).text
        assert metrics.count("# TYPE plenary_media_publishers gauge\n") == 1
        assert {
            'plenary_media_publishers{node="one"} 1',
            'plenary_media_publishers{node="two"} 1',
        } <= (set(metrics.splitlines()))
    # Redis is wiped: the nodes register again, and rooms stay where their speakers are.
    await machine.tend("hall", "annex")
    before = dict(await machine.nodes.places())
    await machine.redis.flushall()
    await machine.ready("one", "two")
    await machine.tend("hall", "annex")
    assert dict(await machine.nodes.places()) == before
    stored = await machine.redis.hgetall(PLACES)  # type: ignore[misc]
    assert {key.decode(): id.decode() for key, id in stored.items()} == before
    await viewer.leave()
    for publisher in publishers:
        await publisher.close()


async def test_a_killed_node_s_people_are_back_within_five_seconds(machine: Machine) -> None:
    token = machine.token(person="ada", publish="stage")
    async with LoopPublisher(machine.address, "hall", token, small_loop()):
        viewer = Viewer(machine, "hall")
        end = time.monotonic() + 15
        while "trial/hall" not in await machine.nodes.places():
            assert time.monotonic() < end
            await asyncio.sleep(0.05)
        await machine.tend("hall")
        await viewer.join()
        await viewer.sees()
        home = (await machine.nodes.places())["trial/hall"]
        machine.kill(home)
        began = time.monotonic()
        await viewer.leave()
        while not await comes_back(viewer):
            assert time.monotonic() - began < 5, "nobody came back"
            await machine.tend("hall")
            await asyncio.sleep(0.25)
        assert (await machine.nodes.places())["trial/hall"] not in ("", home)
        await viewer.leave()


async def test_a_drained_node_keeps_its_show_and_gets_no_new_one(machine: Machine) -> None:
    control = Node(machine.settings, machine.nodes)
    token = machine.token(person="ada", publish="stage")
    publisher = LoopPublisher(machine.address, "hall", token, small_loop())
    await publisher.start()
    end = time.monotonic() + 10
    while not publisher.connected:
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
    home = (await machine.nodes.places())["trial/hall"]
    other = "two" if home == "one" else "one"
    await control.drain(home, True, now=now())
    while not (await machine.nodes.living(fresh=True))[home].draining:
        await asyncio.sleep(0.05)
    await machine.tend("hall")
    assert (await machine.nodes.places())["trial/hall"] == home
    # Viewers come in by the other node, which relays the show.
    viewer = Viewer(machine, "hall")
    await viewer.join()
    assert viewer.session is not None
    assert viewer.session.location.startswith(f"/media/subscribers/{other}~")
    await viewer.sees()
    assert (await machine.nodes.home("trial", "annex")) is not None
    assert (await machine.nodes.places())["trial/annex"] == other
    await publisher.close()
    end = time.monotonic() + 10
    while (await machine.nodes.places())["trial/hall"] == home:
        assert time.monotonic() < end
        await machine.tend("hall")
        await asyncio.sleep(0.1)
    with pytest.raises(KeyError):
        await control.drain("nobody", True, now=now())
    await viewer.leave()


async def test_a_session_of_a_node_that_is_gone_is_not_found(machine: Machine) -> None:
    async with httpx.AsyncClient(base_url=machine.address) as http:
        token = machine.token(person="eve", subscribe=True)
        headers = {"authorization": f"Bearer {token}"}
        gone = await http.get("/media/subscribers/three~abc", headers=headers)
        assert (gone.status_code, gone.json()["status"]) == (404, 404)
        for id in list(machine.running):
            machine.kill(id)
        away = await http.post("/media/whep/hall", headers=headers, content="v=0")
        assert away.status_code == 503
        assert away.headers["retry-after"] == "1"
