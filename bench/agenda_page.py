"""The public agenda of 780 sessions as complete HTML: CPU for a request, cold and cached.

`--file FILE` takes a real schedule, such as FOSDEM 2023, instead of the invented one. Pretalx
beside it needs that schedule in its own database; where it is not installed its figure is null.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
from litestar import Litestar

from agenda import formats
from agenda.model import Schedule, scoped
from app.clock import now
from app.main import create_app
from app.programme import draft, kept, releases, scene
from bench import generate, people
from bench.report import Report

NAME = "agenda-page"
SESSIONS = 780
_COLD, _CACHED = 5, 40
_PEERS = Path(__file__).resolve().parents[1] / "var" / "peers"
_PRETALX_URL = "PLENARY_PRETALX_AGENDA"
"""A running pretalx's agenda page with the same schedule, and the process id that serves it."""


def install_peers() -> None:
    """Install pretalx into an environment of its own (its database has to be filled by hand)."""
    home = _PEERS / "pretalx"
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    subprocess.run([str(home / "bin/pip"), "install", "-q", "pretalx"], check=True)


def run(arguments: list[str]) -> Report:
    parser = argparse.ArgumentParser(prog="bench agenda-page")
    parser.add_argument("--file", type=Path)
    file = parser.parse_args(arguments).file
    if file is None:
        schedule = generate.schedule(SESSIONS)
    else:
        schedule = formats.read(file.name, file.read_bytes(), zone=None).schedule
    cold, cached, day, kb, first_kb = asyncio.run(_measure(schedule))
    pretalx = _pretalx()
    return Report(
        bench=NAME,
        figures={
            "sessions": len(schedule.sessions),
            "cpu_ms_cold": round(cold, 1),
            "cpu_ms_cached": round(cached, 2),
            "cpu_ms_cold_day": round(day, 1),
            "kb_compressed": round(kb, 1),
            "kb_first_page": round(first_kb, 1),
            "pretalx_cpu_ms": pretalx,
            "ratio_to_pretalx": round(cold / pretalx, 4) if pretalx else None,
        },
        most={"cpu_ms_cached": 5, "ratio_to_pretalx": 0.1, "kb_first_page": 100},
    )


async def _measure(schedule: Schedule) -> tuple[float, float, float, float, float]:
    async with people.deployment() as settings:
        held = await people.conference()
        await draft.write(held.id, scoped(schedule, held.id), expected=0)
        await releases.publish(held.id, by=None, now=now())
        app = create_app(settings)
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client:
            whole, first = f"/c/{held.slug}/agenda?day=all", f"/c/{held.slug}/agenda"
            await _ask(client, app, whole)
            cold = min([await _cold(client, app, whole) for _ in range(_COLD)])
            day = min([await _cold(client, app, first) for _ in range(_COLD)])
            began = time.process_time()
            for _ in range(_CACHED):
                body = await _ask(client, app, whole)
            cached = (time.process_time() - began) * 1000 / _CACHED
            begin = await _ask(client, app, first)
    return cold, cached, day, _packed_kb(body), _packed_kb(begin)


def _packed_kb(body: bytes) -> float:
    return len(gzip.compress(body, 6)) / 1000


async def _cold(client: httpx.AsyncClient, app: Litestar, path: str) -> float:
    """CPU ms of a request for which nothing of the page is kept; the release itself is read."""
    kept.pages.clear()
    scene._bodies.clear()
    began = time.process_time()
    await _ask(client, app, path)
    return (time.process_time() - began) * 1000


async def _ask(client: httpx.AsyncClient, app: Litestar, path: str) -> bytes:
    answer = await client.get(path, headers={"accept-encoding": "gzip"})
    answer.raise_for_status()
    return answer.content


def _pretalx() -> float | None:
    """CPU ms of pretalx's process for one request, where one is named in the environment."""
    named = os.environ.get(_PRETALX_URL, "")
    if not named:
        return None
    url, _, pid = named.partition(" ")
    ticks = os.sysconf("SC_CLK_TCK")

    def used() -> float:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / ticks

    httpx.get(url, timeout=60).raise_for_status()
    began = used()
    for _ in range(5):
        httpx.get(url, timeout=60).raise_for_status()
    return round((used() - began) / 5, 1)
