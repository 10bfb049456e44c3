"""The worker processes: `python -m app.worker fast` and `python -m app.worker heavy`."""

from __future__ import annotations

from app import lean

# Before anything else is loaded.
lean.spare_in_workers()

import asyncio
import contextlib
import importlib
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from arq.connections import ArqRedis
from redis.exceptions import RedisError
from setproctitle import setproctitle

from app import db, logs
from app.accounts.tables import Person
from app.jobs import queue, runner
from app.jobs.kinds import FAST, HEAVY
from app.jobs.outbox import Delivery, Handler
from app.notices import changes, compose, mail, notify, pauses
from app.registration import pretix
from app.settings import BadSetting, Settings, from_environment
from app.sponsors import hooks

logger = structlog.get_logger(__name__)

Background = Callable[[Settings, ArqRedis], Awaitable[None]]

BACKGROUND = (
    "app.stages.stagehand:run",
    "app.stages.attendance:run",
    "app.recordings.director:run",
    "app.recordings.viewers:run",
    "app.notices.reminders:run",
    "app.notices.returned:run",
)
"""What the fast worker also keeps running, each `async def run(settings, redis)`."""

_STOP_S = 3.0


class Stop(Exception):
    """Somebody asked this process to end."""


def _loaded(path: str) -> Background:
    module, _, name = path.partition(":")
    found: Background = getattr(importlib.import_module(module), name)
    return found


def _later(path: str, settings: Settings) -> Handler:
    """The outbox handler that a function of this path makes, loaded with the first delivery."""
    made: list[Handler] = []

    async def handle(delivery: Delivery) -> None:
        if not made:
            module, _, name = path.partition(":")
            made.append(getattr(importlib.import_module(module), name)(settings))
        await made[0](delivery)

    return handle


async def _probe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one /health or /ready; anything else is 404."""
    try:
        line = await asyncio.wait_for(reader.readline(), 2)
        path = line.split(b" ")[1] if line.count(b" ") == 2 else b""
        status, body = await _condition(path)
        text = json.dumps(body).encode()
        writer.write(
            b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
            b"connection: close\r\n\r\n%s" % (status, len(text), text)
        )
        await writer.drain()
    except (TimeoutError, ConnectionError) as error:
        logger.debug("probe went away", error=repr(error))
    finally:
        writer.close()


async def _condition(path: bytes) -> tuple[bytes, dict[str, str]]:
    if path == b"/health":
        return b"200 OK", {"status": "ok"}
    if path != b"/ready":
        return b"404 Not Found", {"status": "not found"}
    try:
        await Person.count()
    except Exception as error:
        logger.warning("not ready", error=repr(error))
        return b"503 Service Unavailable", {"status": "the database does not answer"}
    return b"200 OK", {"status": "ready"}


async def _listen(socket: Path) -> asyncio.Server:
    await asyncio.to_thread(_make_way, socket)
    return await asyncio.start_unix_server(_probe, path=socket)


def _make_way(socket: Path) -> None:
    socket.parent.mkdir(parents=True, exist_ok=True)
    socket.unlink(missing_ok=True)


async def _queue_loop(name: str, settings: Settings, redis: ArqRedis) -> None:
    async def work(_context: dict[str, Any], job: str, attempt: int) -> None:
        await runner.run(settings, UUID(job), attempt)

    worker = queue.worker(name, redis, work)
    try:
        await worker.async_run()
    finally:
        running = [task for task in worker.tasks.values() if not task.done()]
        for task in running:
            task.cancel()
        await asyncio.wait_for(asyncio.gather(*running, return_exceptions=True), _STOP_S)


async def _until_told(group_done: asyncio.Event) -> None:
    await group_done.wait()
    raise Stop


async def run(name: str, settings: Settings) -> None:
    """Serve one queue until a signal comes. Raises what ended it otherwise, such as Redis gone."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(db.opened(settings.database_url))
        redis = await queue.connect(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        server = await _listen(settings.var / "run" / f"worker-{name}.sock")
        stack.callback(server.close)
        async with asyncio.TaskGroup() as group:
            group.create_task(_until_told(stop), name="signals")
            group.create_task(_queue_loop(name, settings, redis), name=f"queue {name}")
            if name == FAST:
                for title, task in _owned(settings, redis):
                    group.create_task(task, name=title)
            logger.info("worker started", queue=name)


def _owned(settings: Settings, redis: ArqRedis) -> list[tuple[str, Any]]:
    """Mail has a lane of its own, so that a slow mail server holds up nothing else."""
    mailer = mail.Mailer(settings)
    handlers = {
        "enqueue": queue.enqueuer(redis),
        "released": changes.on_release,
        "changes": changes.deliverer(settings),
        "mailing": compose.deliverer(settings),
        "page": notify.on_page,
        "pretix": pretix.deliverer(settings),
    }
    return [
        ("outbox", runner.deliver_for_ever(handlers)),
        ("webhooks", runner.deliver_for_ever({"lead-hook": hooks.deliverer()})),
        ("mail", runner.deliver_for_ever({"mail": pauses.guarded(mailer.deliver)})),
        ("push", runner.deliver_for_ever({"push": _later("app.notices.push:deliverer", settings)})),
        ("sweep", runner.sweep_for_ever(settings.files)),
        *((path, _loaded(path)(settings, redis)) for path in BACKGROUND),
    ]


def _words(errors: BaseExceptionGroup[BaseException]) -> str:
    """The leaves of a group in one line."""
    parts = (
        _words(error)
        if isinstance(error, BaseExceptionGroup)
        else f"{type(error).__name__}: {error}"
        for error in errors.exceptions
    )
    return "; ".join(parts)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in (FAST, HEAVY):
        sys.stderr.write("usage: python -m app.worker fast|heavy\n")
        return 2
    name = arguments[0]
    logs.configure()
    setproctitle(f"plenary worker-{name}")
    try:
        asyncio.run(run(name, from_environment()))
    except BadSetting as error:
        sys.stderr.write(f"plenary: {error}\n")
        return 1
    except BaseExceptionGroup as errors:
        _stopped, rest = errors.split(Stop)
        if rest is None:
            return 0
        _, unexpected = rest.split((RedisError, OSError))
        logger.error("worker ended", queue=name, error=_words(rest), exc_info=unexpected)
        return 1
    except (RedisError, OSError) as error:
        logger.error("worker could not start", queue=name, error=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
