"""A thousand badges by the job that makes them: seconds, and the largest process that set them."""

from __future__ import annotations

import asyncio
import resource
import time

from app.clock import now
from app.jobs import runner, store
from bench import people
from bench.report import Report

COUNT = 1000


def run() -> Report:
    seconds = asyncio.run(_seconds())
    presses = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Report(
        bench="badges",
        figures={
            "count": COUNT,
            "seconds": round(seconds, 2),
            "peak_mb": round(presses.ru_maxrss / 1024, 1),
            "cpu_seconds": round(presses.ru_utime + presses.ru_stime, 2),
        },
        most={"seconds": 15, "peak_mb": 100},
    )


async def _seconds() -> float:
    async with people.deployment() as settings:
        held = await people.conference()
        await people.register(held, COUNT)
        job = await store.ask("badges", "badges", {}, conference=held.id, asked_by=None, now=now())
        began = time.perf_counter()
        await runner.run(settings, job, 0)
        seconds = time.perf_counter() - began
        row = await store.find(job)
        assert row is not None
        if row["state"] != "done":
            raise RuntimeError(row["error"])
    return seconds
