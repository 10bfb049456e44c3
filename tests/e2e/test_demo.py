"""`./plenary demo`, really started: moving pictures, four people, and a stand-in that makes room."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page
from redis.asyncio import Redis

from app.clock import now
from app.settings import Settings, from_environment
from app.stages.node import Node
from app.stages.nodes import Nodes
from bench.ports import free_port
from tests.e2e import house as h
from tests.e2e.browser import FRAMES, chromium, errors_of, visitor

_LINK = re.compile(r"http://\S+/demo/(\w+)\?key=\w+")
_LONGEST_S = 90.0


@dataclass(frozen=True)
class Demo:
    """A running demo and the addresses that it printed, by role."""

    settings: Settings
    links: Mapping[str, str]

    async def stand_ins(self, slot: str) -> list[dict[str, Any]]:
        """Who publishes in a slot's group, as the media node tells it."""
        async with Redis.from_url(self.settings.redis_url) as redis:
            nodes = Nodes(self.settings, redis)
            try:
                rooms = (await Node(self.settings, nodes).rooms(now=now()))["rooms"]
            finally:
                await nodes.aclose()
        return [p for room in rooms.values() for p in room["publishers"] if p["group"] == slot]


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    port = free_port()
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("PLENARY_")},
        "PLENARY_VAR": str(tmp_path / "var"),
        "PLENARY_SECRET": "e2e-" + "s" * 40,
        "PLENARY_SECRET_MEDIA": "e2e-" + "m" * 40,
        "PLENARY_HTTP_HOST": "127.0.0.1",
        "PLENARY_HTTP_PORT": str(port),
        "PLENARY_UDP_PORT": str(free_port(datagrams=True)),
        "PLENARY_MEDIA_ADDRESSES": "127.0.0.1",
        "PLENARY_BASE_URL": f"http://localhost:{port}",
    }
    env.pop("REDIS_URL", None)
    said = tmp_path / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "demo"],
            cwd=h.ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        links = await h.until(
            lambda: _printed(said, process), seconds=_LONGEST_S, what="the four links"
        )
        yield Demo(settings=from_environment(env), links=links)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        await asyncio.to_thread(process.wait, 15)


async def _printed(said: Path, process: subprocess.Popen[bytes]) -> dict[str, str]:
    text = said.read_text(errors="replace")
    assert process.poll() is None, text[-3000:]
    links = {match[1]: match[0] for match in _LINK.finditer(text)}
    return links if len(links) == 4 and "Ctrl-C" in text else {}


async def test_the_demo_shows_moving_pictures_and_lets_a_speaker_in(demo: Demo) -> None:
    assert set(demo.links) == {"organizer", "speaker", "attendee", "sponsor"}
    async with chromium() as browser:
        broken: list[list[str]] = []

        async def somebody() -> Page:
            """A browser of their own for each: four people, not one who signs in anew each time."""
            context = await visitor(browser, permissions=["camera", "microphone"])
            page = await context.new_page()
            broken.append(errors_of(page))
            return page

        page = await somebody()
        await page.goto(demo.links["attendee"])
        assert "/c/tidewater-2027/rooms/" in page.url

        async def moves() -> bool:
            return bool(await page.evaluate(FRAMES) > 30)

        await h.until(moves, what="thirty frames of a synthetic speaker")
        size = "() => { const v = document.querySelector('#video'); return [v.videoWidth, v.videoHeight]; }"
        assert await page.evaluate(size) == [960, 540]

        for role, path in (("organizer", "/desk"), ("sponsor", "/sponsors/saltproof/leads")):
            page = await somebody()
            answer = await page.goto(demo.links[role])
            assert answer is not None
            assert (answer.status, page.url.endswith(path)) == (200, True)

        page = await somebody()
        await page.goto(demo.links["speaker"])
        slot = page.url.rpartition("/")[2]
        await h.until(lambda: demo.stand_ins(slot), what="a stand-in backstage")
        before = {p["id"] for p in await demo.stand_ins(slot)}
        await page.click("#check")
        await page.click("#enter")
        await page.wait_for_selector("#check_room.fine")

        async def made_room() -> bool:
            there = {p["id"] for p in await demo.stand_ins(slot)}
            return bool(there) and len(there & before) == len(before) - 1

        await h.until(made_room, what="the real speaker instead of the stand-in")
        assert broken == [[], [], [], []]
