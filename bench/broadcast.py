"""broadcast: CPU for each room at 720p30, and how far playlists are behind the stage."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench.media_load import loop_file
from bench.node_process import NodeProcess, await_http, cpu_s, node_process, started
from bench.ports import free_port
from bench.report import Report
from media.access import sign_path
from media.loop_publisher import LoopPublisher
from media.loops import read_loop

ROOMS = 7
WARM_UP_S = 12.0
MEASURE_S = 30.0
PLAIN_BEHIND_S = 3.0
"""How far behind the newest segment's end a player of plain HLS stays: three target durations."""

LL_BEHIND_S = 0.9
"""The same for low latency: PART-HOLD-BACK."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    address: str
    pid: int


def run() -> Report:
    """Publish the load's loop into so many rooms and watch their playlists."""
    with tempfile.TemporaryDirectory(prefix="bench-hls-") as folder, node_process() as node:
        loop = loop_file(Path(folder))
        with _origin(node, Path(folder)) as origin:
            cpu, plain, low = asyncio.run(_measure(node, origin, loop))
    return Report(
        bench="broadcast",
        figures={
            "rooms": ROOMS,
            "cpu_percent_of_core_per_room": round(cpu / ROOMS * 100, 2),
            "latency_plain_s": round(plain + PLAIN_BEHIND_S, 2),
            "latency_ll_s": round(low + LL_BEHIND_S, 2),
        },
        most={
            "cpu_percent_of_core_per_room": 5.0,
            "latency_plain_s": 6.0,
            "latency_ll_s": 2.0,
        },
    )


@contextlib.contextmanager
def _origin(node: NodeProcess, folder: Path) -> Iterator[_Origin]:
    port = free_port()
    environment = {
        **os.environ,
        "PLENARY_SECRET_MEDIA": node.secret,
        "PLENARY_MEDIA_HTTP": node.address,
        "PLENARY_HLS_HTTP": f"127.0.0.1:{port}",
        "PLENARY_HLS_FOLDER": str(folder / "hls"),
    }
    environment.pop("PLENARY_MEDIA_SOCKET", None)
    with started([sys.executable, "-m", "media.broadcast"], environment) as process:
        address = f"http://127.0.0.1:{port}"
        await_http(f"{address}/media/hls/health")
        yield _Origin(address=address, pid=process.pid)


async def _measure(node: NodeProcess, origin: _Origin, loop: Path) -> tuple[float, float, float]:
    """Cores used, and the mean age of the newest segment and of the newest part when they appear."""
    rooms = [f"room{number}" for number in range(ROOMS)]
    node.put_on_air(*rooms)
    content = read_loop(loop)
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=origin.address, timeout=20)
        )
        for room in rooms:
            token = node.token(person=f"speaker of {room}", publish="stage")
            await stack.enter_async_context(LoopPublisher(node.address, room, token, content))
        answer = await client.put(
            "/media/hls/rooms",
            json={"rooms": [{"conference": "bench", "room": room} for room in rooms]},
            headers={"authorization": f"Bearer {node.token(person='desk', control=True)}"},
        )
        answer.raise_for_status()
        await asyncio.sleep(WARM_UP_S)
        before, began = cpu_s(origin.pid), time.monotonic()
        await asyncio.sleep(MEASURE_S)
        cores = (cpu_s(origin.pid) - before) / (time.monotonic() - began)
        plain = await _age(client, node.secret, rooms[0], "plain.m3u8", 1.0)
        low = await _age(client, node.secret, rooms[0], "live.m3u8", 0.25)
    return cores, plain, low


async def _age(
    client: httpx.AsyncClient, secret: str, room: str, name: str, length: float
) -> float:
    """The mean age of what a playlist ends with, from its end's instant of capture to the moment
    at which the playlist shows it; half of `length` is added for a player that comes at any time."""
    token = sign_path("bench", room, secret, now=datetime.now(UTC))
    path, ages, end, deadline = f"/media/hls/{token}/bench/{room}/{name}", [], 0.0, time.time() + 8
    while time.time() < deadline:
        newest = _end(await _text(client, path))
        if newest > end:
            if end:
                ages.append(time.time() - newest)
            end = newest
        await asyncio.sleep(0.01)
    return sum(ages) / len(ages) + length / 2


async def _text(client: httpx.AsyncClient, path: str) -> str:
    answer = await client.get(path)
    answer.raise_for_status()
    return answer.text


def _end(playlist: str) -> float:
    """The wall-clock second at which the last part or segment ends."""
    at = 0.0
    parts = 0.0
    for line in playlist.splitlines():
        if line.startswith("#EXT-X-PROGRAM-DATE-TIME:"):
            at, parts = datetime.fromisoformat(line.partition(":")[2]).timestamp(), 0.0
        elif line.startswith("#EXTINF:"):
            at, parts = at + float(line[8:].rstrip(",")), 0.0
        elif found := re.match(r"#EXT-X-PART:DURATION=([\d.]+)", line):
            parts += float(found[1])
    return at + parts
