"""The public agenda of 780 sessions as complete HTML: CPU for a request, cold and cached.

`--file FILE` takes a real schedule, such as FOSDEM 2023, instead of the invented one. The same
schedule is put into pretalx's own database (SQLite) and its complete HTML page asked for, in the
same run and the same way: inside the process, no server between. `--install-peers` installs it.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

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


def install_peers() -> None:
    """Install pretalx into an environment of its own."""
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
    pretalx = _pretalx(schedule)
    return Report(
        bench=NAME,
        figures={
            "sessions": len(schedule.sessions),
            "cpu_ms_cold": round(cold, 1),
            "cpu_ms_cached": round(cached, 2),
            "cpu_ms_cold_day": round(day, 1),
            "kb_compressed": round(kb, 1),
            "kb_first_page": round(first_kb, 1),
            "pretalx": pretalx.get("version"),
            "pretalx_cpu_ms": _rounded(pretalx.get("cpu_ms")),
            "pretalx_shown": pretalx.get("shown"),
            "pretalx_kb": _rounded(pretalx.get("bytes"), 1000),
            "ratio_to_pretalx": round(cold / pretalx["cpu_ms"], 4) if pretalx else None,
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


def _rounded(figure: float | None, unit: float = 1) -> float | None:
    return None if figure is None else round(figure / unit, 1)


def _pretalx(schedule: Schedule) -> dict[str, Any]:
    """What bench/pretalx_page.py found, or nothing where pretalx is not installed."""
    python = _PEERS / "pretalx/bin/python"
    if not python.exists():
        return {}
    with tempfile.TemporaryDirectory(prefix="plenary-pretalx-") as folder:
        home = Path(folder)
        (home / "schedule.json").write_text(json.dumps(_told(schedule)), "utf-8")
        (home / "pretalx.cfg").write_text(
            f"[filesystem]\ndata={home}/data\n[site]\nurl=http://localhost\ndebug=False\n"
            f"secret={'b' * 40}\n[database]\nbackend=sqlite3\nname={home}/db.sqlite3\n"
        )
        script = Path(__file__).with_name("pretalx_page.py")
        answer = subprocess.run(
            [str(python), str(script), str(home / "schedule.json")],
            cwd=home,
            env={
                "PATH": os.environ["PATH"],
                "PRETALX_CONFIG_FILE": str(home / "pretalx.cfg"),
                "DJANGO_SETTINGS_MODULE": "pretalx.settings",
            },
            stdout=subprocess.PIPE,
            check=True,
        )
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def _told(schedule: Schedule) -> dict[str, Any]:
    """A schedule as pretalx_page.py takes it."""
    sessions = {session.id: session for session in schedule.sessions}
    return {
        "zone": schedule.conference.zone,
        "rooms": [{"id": room.id, "name": room.name} for room in schedule.rooms],
        "tracks": [{"id": track.id, "name": track.name} for track in schedule.tracks],
        "speakers": [{"id": one.id, "name": one.name} for one in schedule.speakers],
        "slots": [
            {
                "title": (of := sessions[slot.session]).title,
                "abstract": of.abstract,
                "track": of.track,
                "speakers": list(of.speakers),
                "room": slot.room,
                "start": slot.start.isoformat(),
                "end": slot.end.isoformat(),
            }
            for slot in schedule.slots
        ],
    }
