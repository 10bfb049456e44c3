"""Resident memory of the embedded default, idle: every process of a deployment that nobody visits."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from bench.report import Report
from tests.e2e import house as h

LINES = {"web": 90, "worker-fast": 60, "worker-heavy": 60, "media": 80, "redis": 10}
SETTLED_S = 10.0


def run() -> Report:
    """Start everything, wait until it is quiet, and read what each process holds."""
    with tempfile.TemporaryDirectory(prefix="plenary-memory-") as folder:
        figures = asyncio.run(_measure(Path(folder)))
    return Report(
        bench="memory",
        figures=figures,
        most={_key(name): most for name, most in LINES.items()},
    )


def _key(line: str) -> str:
    return f"{line.replace('-', '_')}_mb"


async def _measure(folder: Path) -> dict[str, float]:
    async with h.running(folder / "var") as house:
        await asyncio.sleep(SETTLED_S)
        held = {name: _memory(house.line(name)) for name in LINES}
    resident = {_key(name): rss for name, (rss, _) in held.items()}
    # Pages of libraries that several processes map are counted in each; the share counts them once.
    share = {f"{name.replace('-', '_')}_share_mb": pss for name, (_, pss) in held.items()}
    return resident | share


def _memory(pid: int) -> tuple[float, float]:
    """Resident and proportional set size in MB (proc(5), smaps_rollup)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kb = {name: int(rest.split()[0]) for name, rest in (line.split(":", 1) for line in lines)}
    return round(kb["Rss"] / 1024, 1), round(kb["Pss"] / 1024, 1)
