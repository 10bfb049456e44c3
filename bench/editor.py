"""The agenda editor on a running system, in Chromium: how soon it opens, and how soon a drop is stored and its findings shown.

`--file FILE` takes a real schedule, such as FOSDEM 2023, instead of the invented one of its size.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from playwright.async_api import CDPSession, Page, TimeoutError

from agenda import formats
from agenda.formats import frab
from app.clock import now
from app.programme import releases
from bench import generate
from bench.node_process import cpu_s
from bench.report import Report
from tests.e2e import house as h
from tests.e2e.browser import chromium, signed_in

SESSIONS = 780
OPENINGS, DROPS, WARM = 5, 40, 4
MOST_OPEN_S, MOST_DROP_MS = 2.0, 200.0
_MOST_WAIT_MS = 60_000
_NO_DROP_MS = 5_000
_POLL_MS = 25
"""Asking at each frame would make the page draw frames that nobody needs."""
_WATCH = """
window.drops = [];
let up = 0, asked = 0;
addEventListener('pointerup', () => (up = performance.now()), true);
const real = window.fetch;
window.fetch = async (...what) => {
  if (!String(what[0]).endsWith('/editor/edits')) return real(...what);
  asked = performance.now();
  const answer = await real(...what);
  const answered = performance.now();
  const read = answer.json.bind(answer);
  answer.json = async () => {
    const found = await read();
    const drop = { up, asked, answered, findings: found.findings,
      done: found.results.filter((one) => one.ok).length,
      changed: found.patch ? found.patch.findings.new.length + found.patch.findings.gone.length : 0 };
    setTimeout(() => requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => window.drops.push({ ...drop, shown: performance.now() });
      port2.postMessage(null);
    }));
    return found;
  };
  return answer;
};
"""
"""Notes, of each drop, when the pointer was let go and when a frame with its findings was painted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    sessions: int
    plan_s: float
    take_s: float
    open_s: list[float]
    drops: list[dict[str, float]]
    cpu_ms: dict[str, float]


def run(arguments: Sequence[str]) -> Report:
    """Import through the browser, open the editor some times, drop sessions one after another."""
    parser = argparse.ArgumentParser(prog="bench editor")
    parser.add_argument("--file", type=Path)
    parser.add_argument("--zone", default="Europe/Brussels")
    parser.add_argument("--drops", type=int, default=DROPS)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        file = asked.file
        if file is None:
            file = Path(folder) / "invented.xml"
            file.write_bytes(frab.write(generate.schedule(SESSIONS)))
        sessions = len(
            formats.read(file.name, file.read_bytes(), zone=asked.zone).schedule.sessions
        )
        found = asyncio.run(_measure(Path(folder) / "var", file, asked.zone, sessions, asked.drops))
    whole = sorted(one["shown"] - one["up"] for one in found.drops)
    server = sorted(one["answered"] - one["asked"] for one in found.drops)
    return Report(
        bench="editor",
        figures={
            "sessions": found.sessions,
            "import_plan_s": round(found.plan_s, 2),
            "import_taken_s": round(found.take_s, 2),
            "open_s": round(median(found.open_s), 2),
            "drops": len(whole),
            "drops_that_changed_findings": sum(one["changed"] > 0 for one in found.drops),
            "drop_p50_ms": _share(whole, 0.5),
            "drop_p95_ms": _share(whole, 0.95),
            "server_p50_ms": _share(server, 0.5),
            "server_p95_ms": _share(server, 0.95),
            **found.cpu_ms,
        },
        most={"open_s": MOST_OPEN_S, "drop_p95_ms": MOST_DROP_MS},
        least={"drops": asked.drops},
    )


async def _measure(var: Path, file: Path, zone: str, sessions: int, drops: int) -> _Times:
    async with h.running(var) as house, chromium() as browser:
        await house.open_conference()
        _, cookie = await house.person("owner@example.org", "Olga Owner", "owner")
        context = await signed_in(
            browser, house.url, cookie, viewport={"width": 1440, "height": 900}
        )
        await context.add_init_script(_WATCH)
        page = await context.new_page()
        page.set_default_timeout(_MOST_WAIT_MS)
        plan_s, take_s = await _import(page, f"{house.url}/c/trial", file, zone)
        await releases.publish(house.conference, by=None, now=now())
        open_s = [
            await _open(page, f"{house.url}/c/trial/editor", sessions) for _ in range(OPENINGS)
        ]
        await _drop_some(page, WARM)
        await page.evaluate("window.drops.length = 0")
        cpu = await _Processors.of(page, house.line("web"))
        found = await _drop_some(page, drops)
        return _Times(
            sessions=sessions,
            plan_s=plan_s,
            take_s=take_s,
            open_s=open_s,
            drops=found,
            cpu_ms=await cpu.since(len(found)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Processors:
    """Processor time so far, of the web process and of the page's main thread: unlike the time that
    passes, it hardly depends on what else the machine does."""

    page: CDPSession
    web: int
    server_s: float
    client: dict[str, float]

    @classmethod
    async def of(cls, page: Page, web: int) -> _Processors:
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable", {"timeDomain": "threadTicks"})
        return cls(page=session, web=web, server_s=cpu_s(web), client=await _metrics(session))

    async def since(self, drops: int) -> dict[str, float]:
        """Milliseconds for one drop, its pointer moves and the opening of its free places included."""
        now = await _metrics(self.page)
        spent = {key: (now[key] - self.client[key]) * 1000 / drops for key in now}
        return {
            "server_cpu_ms": round((cpu_s(self.web) - self.server_s) * 1000 / drops, 1),
            "client_cpu_ms": round(spent["TaskDuration"], 1),
            "client_script_ms": round(spent["ScriptDuration"], 1),
            "client_layout_ms": round(spent["LayoutDuration"] + spent["RecalcStyleDuration"], 1),
        }


async def _metrics(session: CDPSession) -> dict[str, float]:
    found = await session.send("Performance.getMetrics")
    return {
        one["name"]: one["value"] for one in found["metrics"] if one["name"].endswith("Duration")
    }


async def _import(page: Page, at: str, file: Path, zone: str) -> tuple[float, float]:
    """Seconds until the plan was shown, and until it was the draft."""
    await page.goto(f"{at}/import")
    await page.set_input_files('input[type="file"]', file)
    await page.fill('[name="zone"]', zone)
    begun = asyncio.get_running_loop().time()
    await page.click('button:has-text("Show what would change")')
    await page.wait_for_selector('button:has-text("Make this the draft")')
    shown = asyncio.get_running_loop().time()
    async with page.expect_navigation():
        await page.click('button:has-text("Make this the draft")')
    return shown - begun, asyncio.get_running_loop().time() - shown


async def _open(page: Page, url: str, sessions: int) -> float:
    """Seconds from the start of the navigation until every session stands in the painted grid."""
    await page.goto(url, wait_until="commit")
    counted = "n => document.querySelectorAll('.cell[data-slot]').length >= n && performance.now()"
    found = await page.wait_for_function(counted, arg=sessions * 0.95, polling="raf")
    return float(await found.json_value()) / 1000


async def _drop_some(page: Page, count: int) -> list[dict[str, float]]:
    dice = random.Random(5)
    ids = await page.evaluate(
        "[...document.querySelectorAll('.cell[data-slot]:not(.over):not(.fixed)')].map(c => c.dataset.slot)"
    )
    done = 0
    for slot in dice.sample(ids, min(len(ids), 2 * count)):
        await _drop(page, slot, dice.choice((-60, 45, 90)))
        with contextlib.suppress(TimeoutError):
            # A drop where the session stood, or outside the day, is none.
            await page.wait_for_function(
                "n => window.drops.length > n", arg=done, timeout=_NO_DROP_MS, polling=_POLL_MS
            )
        done = await page.evaluate("window.drops.length")
        if done >= count:
            break
    found: list[dict[str, Any]] = await page.evaluate("window.drops")
    return found


async def _drop(page: Page, slot: str, by: int) -> None:
    cell = page.locator(f'.cell[data-slot="{slot}"]')
    await cell.evaluate("c => c.scrollIntoView({ block: 'center', inline: 'center' })")
    box = await cell.bounding_box()
    assert box is not None
    x, y = box["x"] + min(6, box["width"] / 2), box["y"] + box["height"] / 2
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + by / 2, y, steps=2)
    await page.mouse.move(x + by, y, steps=2)
    await page.mouse.up()


def _share(times: Sequence[float], share: float) -> float:
    return round(times[min(len(times) - 1, int(len(times) * share))], 1)
