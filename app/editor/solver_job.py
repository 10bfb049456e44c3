"""The solver's run as a job: its news go to the organizers' pages, its solution into a file."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app import live
from app.clock import now
from app.editor import store
from app.editor.solving import Wish, request
from app.html import gettext as _
from app.jobs.runner import JobFailed, Task
from app.jobs.solver_child import solve_line
from app.jobs.store import Made

logger = structlog.get_logger(__name__)

_TELL_S = 0.4
_LOOK_S = 0.25
STOP_KEPT_S = 600


def stop_key(job: UUID) -> str:
    return f"plenary:solver-stop:{job}"


async def solve(task: Task) -> Made:
    """Run one request; the solution is a JSON file, with the version of the draft that it is for."""
    wish = Wish.read(task.arguments)
    desk = await store.present(task.conference)
    asked = request(desk, wish, now=now())
    stop = asyncio.Event()
    async with Redis.from_url(task.settings.redis_url) as redis:
        watcher = asyncio.create_task(_watch(redis, task.job, stop), name="solver stop")
        try:
            found = await _follow(task, solve_line(asked, stop), redis, wish)
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
        if found["kind"] == "error":
            await _tell(task, redis, {"state": "failed", "words": found["sentence"]})
            raise JobFailed(found["sentence"])
        path = task.file(".json")
        held = {**found, "version": desk.version}
        await asyncio.to_thread(path.write_text, json.dumps(held), "utf-8")
        made = task.made(
            path,
            name="solution.json",
            media_type="application/json",
            words=_("{count} changes").format(count=len(found["edits"])),
        )
        await _tell(task, redis, {"state": "done"})
    return made


async def _follow(task: Task, lines: Any, redis: Redis, wish: Wish) -> dict[str, Any]:
    """Pass on the news, at most every 0.4 s; the last line."""
    loop = asyncio.get_running_loop()
    told = 0.0
    last: dict[str, Any] = {}
    async with contextlib.aclosing(lines):
        async for line in lines:
            last = line
            if line["kind"] != "progress" or loop.time() - told < _TELL_S:
                continue
            told = loop.time()
            await task.progress(min(int(line["seconds"]), wish.seconds), wish.seconds)
            news = {
                key: line[key] for key in ("seconds", "unplaced", "medium", "soft", "bound", "gap")
            }
            await _tell(task, redis, {"state": "running", **news})
    return answer(last)


def answer(last: dict[str, Any]) -> dict[str, Any]:
    """The solver's last line, or, where that is no answer, an error: native code that gets no
    memory aborts the process and says nothing."""
    if last.get("kind") in ("solution", "error"):
        return last
    sentence = _(
        "The solver ended without an answer, perhaps for want of memory. "
        "Try “Repair”, or lock what may stay."
    )
    return {"kind": "error", "sentence": sentence}


async def _tell(task: Task, redis: Redis, news: dict[str, Any]) -> None:
    await live.announce(
        task.conference,
        "solver",
        {"job": str(task.job), **news},
        now=now(),
        audience=store.AUDIENCE,
    )
    await live.nudge(redis)


async def _watch(redis: Redis, job: UUID, stop: asyncio.Event) -> None:
    """Set `stop` when somebody asked for it."""
    while not stop.is_set():
        try:
            if await redis.get(stop_key(job)) is not None:
                stop.set()
        except (RedisError, OSError) as error:
            logger.info("nobody can stop the solver meanwhile", error=str(error))
        await asyncio.sleep(_LOOK_S)
