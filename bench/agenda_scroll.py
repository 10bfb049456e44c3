"""The whole agenda of 780 sessions on a phone: does scrolling it, and typing into its search, stutter?

Chromium with a phone's window and a CPU four times slower. A fling of 40 pixels a frame goes
through all days as a list, then words are typed into the search. Counted are the frames that
came late (the page's own clock of frames) and the tasks that held the page up for more than 50 ms.
An empty page of the same height goes first: what is late there is the machine's doing, not ours.
`--file FILE` takes a real schedule, such as FOSDEM 2023, instead of the invented one.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agenda import formats
from agenda.model import Schedule, scoped
from app.clock import now
from app.programme import draft, releases
from bench import generate
from bench.report import Report

NAME = "agenda-scroll"
SESSIONS = 780
_RATE = 4
_LATE_MS = 34
_WATCH = """() => {
  window.long = [];
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) window.long.push(Math.round(one.duration));
  }).observe({ type: 'longtask', buffered: false });
}"""
_FLING = """() => new Promise((done) => {
  const frames = [];
  let before = performance.now();
  const step = (at) => {
    frames.push(at - before);
    before = at;
    scrollBy(0, 40);
    const end = scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
    if (end || frames.length >= 900) done(frames.slice(1));
    else requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""
_LETTER = """(words) => new Promise((done) => {
  const field = document.getElementById('q-phone');
  const began = performance.now();
  document.addEventListener('htmx:afterSettle', () => requestAnimationFrame(
    () => done(performance.now() - began)), { once: true });
  field.value = words;
  field.dispatchEvent(new Event('input', { bubbles: true }));
})"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What one run showed: ms of each frame, of each long task while scrolling, of each answer.

    `empty` are the frames of a page with nothing on it.
    """

    frames: list[float]
    long: list[int]
    answers: list[float]
    empty: list[float]


def run(arguments: list[str]) -> Report:
    parser = argparse.ArgumentParser(prog="bench agenda-scroll")
    parser.add_argument("--file", type=Path)
    file = parser.parse_args(arguments).file
    if file is None:
        schedule = generate.schedule(SESSIONS)
    else:
        schedule = formats.read(file.name, file.read_bytes(), zone=None).schedule
    seen = asyncio.run(_measure(schedule))
    frames = sorted(seen.frames)
    return Report(
        bench=NAME,
        figures={
            "sessions": len(schedule.sessions),
            "frames": len(frames),
            "frame_p50_ms": round(frames[len(frames) // 2], 1),
            "frame_p95_ms": round(frames[len(frames) * 95 // 100], 1),
            "late_percent": _late(frames),
            "late_percent_empty": _late(seen.empty),
            "late_percent_more": round(_late(frames) - _late(seen.empty), 1),
            "long_tasks": len(seen.long),
            "longest_task_ms": max(seen.long, default=0),
            "search_ms": round(max(seen.answers)),
        },
        most={"late_percent_more": 5, "search_ms": 1000},
    )


def _late(frames: list[float]) -> float:
    """The share of frames, in percent, that missed more than one of the screen's."""
    return round(100 * sum(ms > _LATE_MS for ms in frames) / len(frames), 1)


async def _measure(schedule: Schedule) -> _Seen:
    # The house of the browser tests is the whole suite, really running.
    from tests.e2e import house as h
    from tests.e2e.browser import chromium

    folder = Path(tempfile.mkdtemp(prefix="plenary-agenda-scroll-"))
    async with h.running(folder / "var") as house, chromium() as browser:
        await house.open_conference()
        await draft.write(house.conference, scoped(schedule, house.conference), expected=0)
        await releases.publish(house.conference, by=None, now=now())
        context = await browser.new_context(
            viewport={"width": 390, "height": 844},
            device_scale_factor=2,
            is_mobile=True,
            has_touch=True,
            service_workers="block",
        )
        page = await context.new_page()
        tools = await context.new_cdp_session(page)
        await tools.send("Emulation.setCPUThrottlingRate", {"rate": _RATE})
        await page.set_content("<div style='height: 90000px'></div>")
        empty: list[float] = await page.evaluate(_FLING)
        await page.goto(f"{house.url}/c/trial/agenda?day=all&view=list")
        await page.wait_for_timeout(3000)
        await page.evaluate(_WATCH)
        frames: list[float] = await page.evaluate(_FLING)
        long: list[int] = await page.evaluate("window.long")
        answers: list[Any] = [
            await page.evaluate(_LETTER, words) for words in ("da", "data", "pyhton")
        ]
        await context.close()
    return _Seen(frames=frames, long=long, answers=answers, empty=empty)
