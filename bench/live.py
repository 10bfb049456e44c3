"""Open pages of one room: memory of each, and how long a message takes to all of them.

A real web process, real sockets, each page another person's; all of them come at once, as after a
restart. Memory is the growth of what is the process's alone. Each page counts the messages it got by their numbers: none may
be missing and none may come twice. `--pages N --web M` spreads them over M web processes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import uvloop

from agenda.model import scoped
from app import db, migrate
from app.accounts import links, sessions
from app.attendees import store as attendees
from app.clock import now
from app.conferences import store as conferences
from app.programme import draft, releases
from app.settings import Settings, from_environment
from bench import crowd, generate
from bench.ports import free_port
from bench.report import Report
from bench.spread import more_files

NAME = "live"
PAGES = 1000
_MESSAGES = 60
_PAUSE_S = 0.25
_WARM = 100
_MARK = re.compile(rb"mark (\d+)\b")
ROOT = Path(__file__).resolve().parents[1]


@dataclass(slots=True)
class Page(asyncio.Protocol):
    """One open page: asks for its stream, and keeps which message came when, and how often.

    Cheap on purpose: on a small machine the reader of thousands of pages is what delays them.
    """

    ask: bytes
    at: dict[int, float] = field(default_factory=dict)
    doubled: int = 0
    rest: bytes = b""

    def connection_made(self, transport: Any) -> None:
        transport.write(self.ask)

    def data_received(self, chunk: bytes) -> None:
        arrived = time.perf_counter()
        whole, _, self.rest = (self.rest + chunk).rpartition(b"\n")
        for found in _MARK.findall(whole):
            number = int(found)
            self.doubled += number in self.at
            self.at.setdefault(number, arrived)


def run(arguments: list[str]) -> Report:
    parser = argparse.ArgumentParser(prog="bench live")
    parser.add_argument("--pages", type=int, default=PAGES)
    parser.add_argument("--web", type=int, default=1)
    asked = parser.parse_args(arguments)
    more_files()
    kb, latencies, lost, doubled = _run(_measure(asked.pages, asked.web))
    ordered = sorted(latencies)
    return Report(
        bench=NAME,
        figures={
            "pages": asked.pages,
            "web_processes": asked.web,
            "messages": _MESSAGES,
            "p50_ms": round(ordered[len(ordered) // 2] * 1000, 1),
            "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 1),
            "kb_per_page": round(kb, 1),
            "lost": lost,
            "doubled": doubled,
        },
        most={"p99_ms": 200, "kb_per_page": 20, "lost": 0, "doubled": 0},
    )


def _run(measuring: Any) -> Any:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measuring)


async def _measure(count: int, web: int) -> tuple[float, list[float], int, int]:
    with tempfile.TemporaryDirectory(prefix="plenary-live-") as folder:
        settings = _settings(Path(folder))
        async with db.opened(settings.database_url), _redis(settings):
            await migrate.forwards()
            room, cookies, guests = await _people(count)
            async with _webs(settings, web) as processes:
                pages = [Page(_asking(room, guest)) for guest in guests]
                loop = asyncio.get_running_loop()
                stays: list[asyncio.BaseTransport] = []

                async def come(first: int, last: int) -> None:
                    coming = [
                        loop.create_connection(
                            partial(pages.__getitem__, n), "127.0.0.1", processes[n % web][0]
                        )
                        for n in range(first, last)
                    ]
                    stays.extend(transport for transport, _ in await asyncio.gather(*coming))

                # The first pages warm the process up; the others are what a page costs.
                warm = min(_WARM, count // 2)
                await come(0, warm)
                await asyncio.sleep(2)
                before = [_own_kb(process.pid) for _, process in processes]
                await come(warm, count)
                await asyncio.sleep(3 + count / 200)
                after = [_own_kb(process.pid) for _, process in processes]
                sent = await _speak(processes[0][0], room, cookies)
                await asyncio.sleep(2)
                for transport in stays:
                    transport.close()
    grown = sum(after) - sum(before)
    latencies = [at - sent[n] for page in pages for n, at in page.at.items()]
    lost = sum(len(sent) - len(page.at) for page in pages)
    return grown / (count - warm), latencies, lost, sum(page.doubled for page in pages)


def _settings(folder: Path) -> Settings:
    return from_environment(
        {
            "PLENARY_VAR": str(folder),
            "PLENARY_SECRET": "bench-" + "s" * 40,
            "PLENARY_SECRET_MEDIA": "bench-" + "m" * 40,
            "PLENARY_BASE_URL": "http://127.0.0.1",
            "REDIS_URL": f"unix://{folder}/redis.sock",
        }
    )


def _start(command: list[str], folder: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL)


@contextlib.asynccontextmanager
async def _redis(settings: Settings) -> AsyncIterator[None]:
    socket = settings.redis_url.removeprefix("unix://")
    command = ["redis-server", "--port", "0", "--unixsocket", socket, "--save", ""]
    process = _start(command, settings.var, dict(os.environ))
    try:
        for _ in range(200):
            if await asyncio.to_thread(Path(socket).exists):
                break
            await asyncio.sleep(0.05)
        yield
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


async def _people(count: int) -> tuple[str, list[str], list[str]]:
    """A conference with one room: twelve who will write in it and `count` who read, by cookie."""
    owner = await links.find_or_create("owner@example.org", name="Owner", now=now())
    held = await conferences.create(
        organization="bench",
        slug="bench",
        title="Bench",
        time_zone="UTC",
        owner=owner,
        now=now(),
    )
    await draft.write(held.id, scoped(generate.schedule(20), held.id), expected=0)
    await releases.publish(held.id, by=None, now=now())
    released = await releases.latest(held.id)
    assert released is not None
    room = next(iter(released.room_by_slug.items()))
    cookies = []
    for number in range(12):
        person: UUID = await links.find_or_create(
            f"p{number}@example.org", name=f"Person {number}", now=now()
        )
        await attendees.register(held.id, person, ticket_type="Attendee", now=now())
        cookies.append(await sessions.open_session(person, now=now()))
    guests = await crowd.signed_in(held.id, count, now=now())
    return f"{room[0]} {room[1].id}", cookies, [cookie for _, cookie in guests]


@contextlib.asynccontextmanager
async def _webs(
    settings: Settings, count: int
) -> AsyncIterator[list[tuple[int, subprocess.Popen[bytes]]]]:
    started = []
    for _ in range(count):
        port = free_port()
        env = {
            **os.environ,
            "PLENARY_VAR": str(settings.var),
            "PLENARY_SECRET": settings.secret,
            "PLENARY_SECRET_MEDIA": settings.media_secret,
            "PLENARY_DATABASE_URL": settings.database_url,
            "PLENARY_BASE_URL": f"http://127.0.0.1:{port}",
            "PLENARY_HTTP_HOST": "127.0.0.1",
            "PLENARY_HTTP_PORT": str(port),
            "REDIS_URL": settings.redis_url,
        }
        command = [sys.executable, "-m", "app.serve"]
        started.append((port, _start(command, ROOT, env)))
    try:
        async with httpx.AsyncClient() as client:
            for port, process in started:
                await _until_ready(client, port, process)
        yield started
    finally:
        for _, process in started:
            process.send_signal(signal.SIGTERM)
        for _, process in started:
            await asyncio.to_thread(process.wait, 20)


async def _until_ready(
    client: httpx.AsyncClient, port: int, process: subprocess.Popen[bytes]
) -> None:
    for _ in range(400):
        with contextlib.suppress(httpx.HTTPError):
            if (await client.get(f"http://127.0.0.1:{port}/ready")).status_code == 200:
                return
        if process.poll() is not None:
            break
        await asyncio.sleep(0.1)
    raise RuntimeError("the web process did not start")


def _own_kb(pid: int) -> int:
    """The memory that is this process's alone."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def _asking(room: str, cookie: str) -> bytes:
    """What one page asks for: the stream of its room."""
    asked = f"GET /live?c=bench&on={room.split()[1]} HTTP/1.1"
    return f"{asked}\r\nhost: 127.0.0.1\r\ncookie: plenary_session={cookie}\r\n\r\n".encode()


async def _speak(port: int, room: str, cookies: list[str]) -> dict[int, float]:
    """Say numbered messages in turn; when each was sent."""
    sent: dict[int, float] = {}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        at = f"/c/bench/rooms/{room.split()[0]}/talk/messages"
        for number in range(_MESSAGES):
            await asyncio.sleep(_PAUSE_S)
            cookie = cookies[number % len(cookies)]
            sent[number] = time.perf_counter()
            answer = await client.post(
                at,
                content=json.dumps({"text": f"mark {number} of the tide"}),
                headers={"cookie": f"plenary_session={cookie}", "sec-fetch-site": "same-origin"},
            )
            answer.raise_for_status()
    return sent
