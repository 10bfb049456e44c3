"""A node, a broadcast and synthetic speakers, each in a process or task of its own, on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from media.access import sign_path
from media.grant import Grant, sign
from media.loop_publisher import LoopPublisher
from media.loops import Loop
from tests.media.builders import SECRET, free_udp_port

CONFERENCE, ROOM, GROUP = "trial", "hall", "opening"


@dataclass
class Air:
    """What runs. `node` and `broadcast` can be killed and started again."""

    folder: Path
    udp_port: int = field(default_factory=free_udp_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def node_address(self) -> str:
        return f"unix:{self.folder}/media.sock"

    def start(self, name: str) -> None:
        """Start `media` or `media.broadcast`."""
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PLENARY_")},
            "PLENARY_SECRET_MEDIA": SECRET,
            "PLENARY_MEDIA_SOCKET": f"{self.folder}/media.sock",
            "PLENARY_MEDIA_ADDRESSES": "127.0.0.1",
            "PLENARY_UDP_PORT": str(self.udp_port),
            "PLENARY_HLS_SOCKET": f"{self.folder}/hls.sock",
            "PLENARY_HLS_FOLDER": f"{self.folder}/hls",
        }
        environment.pop("REDIS_URL", None)
        log = (self.folder / f"{name}.log").open("ab")
        with log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", name], env=environment, stdout=log, stderr=log
            )

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(10)

    def client(self, name: str) -> httpx.AsyncClient:
        socket = {"media": "media.sock", "media.broadcast": "hls.sock"}[name]
        transport = httpx.AsyncHTTPTransport(uds=f"{self.folder}/{socket}")
        return httpx.AsyncClient(base_url="http://x", transport=transport, timeout=15)

    async def ready(self, name: str) -> None:
        path = "/media/ready" if name == "media" else "/media/hls/health"
        end = time.monotonic() + 20
        async with self.client(name) as client:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(path)).status_code == 200:
                        return
                assert time.monotonic() < end, (self.folder / f"{name}.log").read_text()
                await asyncio.sleep(0.05)

    def token(self, **of: Any) -> str:
        expires = datetime.now(UTC) + timedelta(hours=1)
        held: dict[str, Any] = {"conference": CONFERENCE, "rooms": ("*",), "person": "p", **of}
        return sign(Grant(expires=expires, **held), SECRET)

    async def wish(self, *rooms: dict[str, Any]) -> dict[str, Any]:
        """Tell the broadcast what it should do."""
        grant = self.token(conference="*", control=True)
        async with self.client("media.broadcast") as client:
            answer = await client.put(
                "/media/hls/rooms",
                json={"rooms": [{"conference": CONFERENCE, **room} for room in rooms]},
                headers={"authorization": f"Bearer {grant}"},
            )
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    async def on_air(self, *rooms: str, home: str | None = None) -> None:
        """Put the group on air in these rooms and nowhere else; they live on the node at `home`."""
        grant = self.token(control=True)
        async with self.client("media") as client:
            answer = await client.put(
                "/media/stages",
                json={"stages": {room: {"on_air": GROUP, "home": home} for room in rooms}},
                headers={"authorization": f"Bearer {grant}"},
            )
        answer.raise_for_status()

    def speaker(self, loop: Loop, *, room: str = ROOM, person: str = "ada") -> LoopPublisher:
        token = self.token(person=person, name=person.title(), publish=GROUP)
        return LoopPublisher(self.node_address, room, token, loop)

    def path(self, room: str = ROOM) -> str:
        """The signed path below which a room's files are."""
        token = sign_path(CONFERENCE, room, SECRET, now=datetime.now(UTC))
        return f"/media/hls/{token}/{CONFERENCE}/{room}"

    async def playlist(self, name: str = "plain.m3u8", room: str = ROOM, query: str = "") -> str:
        async with self.client("media.broadcast") as client:
            answer = await client.get(f"{self.path(room)}/{name}{query}")
        assert answer.status_code == 200, answer.text
        return answer.text


@contextlib.asynccontextmanager
async def on_the_air(folder: Path) -> AsyncIterator[Air]:
    """A node and a broadcast, ready."""
    air = Air(folder)
    try:
        for name in ("media", "media.broadcast"):
            air.start(name)
        for name in ("media", "media.broadcast"):
            await air.ready(name)
        yield air
    finally:
        air.stop()


async def until(condition: Any, *, seconds: float, what: str) -> Any:
    """Poll an async condition until it gives something true."""
    end = time.monotonic() + seconds
    while True:
        found = await condition()
        if found:
            return found
        assert time.monotonic() < end, f"within {seconds} s there was not: {what}"
        await asyncio.sleep(0.05)
