"""The press: short-lived child processes with bounded memory that set pages as PDF.

WeasyPrint takes 50–100 MB and all of a core, so it never runs in a web or worker process. A child
answers one order after the other on its pipes and ends when they close, whoever closed them.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import resource
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from app.settings import ROOT

MOST_BYTES = 1_500_000_000
"""Address space of a child; fonts are mapped, so this is far above what is resident."""

_ORDERS_PER_CHILD = 40


class PressStopped(Exception):
    """A child ended in the middle of its work: out of memory, or killed."""


class Unprintable(Exception):
    """The child says that it can't set this; the text is its error."""


class Press:
    """One child process. Use it in `async with`; orders are answered one at a time."""

    def __init__(self) -> None:
        self._child: asyncio.subprocess.Process | None = None
        self._served = 0

    async def __aenter__(self) -> Press:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._stop()

    async def order(self, work: str, arguments: Mapping[str, Any]) -> Any:
        """Have `module:function` called with `arguments` in the child; returns its answer.

        Arguments and answer are what JSON can hold. Raises PressStopped, Unprintable.
        """
        if self._served >= _ORDERS_PER_CHILD:
            await self._stop()
        child = self._child or await self._start()
        assert child.stdin is not None
        assert child.stdout is not None
        line = json.dumps({"work": work, "arguments": arguments}, ensure_ascii=False)
        try:
            child.stdin.write(line.encode() + b"\n")
            await child.stdin.drain()
            answer = await child.stdout.readline()
        except (ConnectionError, ValueError) as error:
            raise PressStopped(str(error)) from error
        except BaseException:
            await self._stop(kill=True)
            raise
        if not answer:
            code = await child.wait()
            self._child = None
            raise PressStopped(f"the press ended with {code}")
        self._served += 1
        held = json.loads(answer)
        if "error" in held:
            raise Unprintable(held["error"])
        return held["answer"]

    async def _start(self) -> asyncio.subprocess.Process:
        self._served = 0
        self._child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app.jobs.press",
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=16 << 20,
        )
        return self._child

    async def _stop(self, *, kill: bool = False) -> None:
        child, self._child = self._child, None
        if child is None or child.returncode is not None:
            return
        assert child.stdin is not None
        child.stdin.close()
        if kill:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
        await asyncio.shield(child.wait())


Done = Callable[[int], Awaitable[None]]


@contextlib.asynccontextmanager
async def presses(count: int) -> AsyncIterator[list[Press]]:
    """So many presses, all stopped at the end."""
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Press()) for _ in range(count)]


async def spread(
    work: str, orders: Sequence[Mapping[str, Any]], *, count: int = 2, done: Done | None = None
) -> list[Any]:
    """Have all orders done by a pool of presses; answers come in the order of the orders.

    `done` is told after each how many there are. The first failure ends all.
    """
    answers: list[Any] = [None] * len(orders)
    waiting = list(reversed(range(len(orders))))
    finished = 0

    async def serve(press: Press) -> None:
        nonlocal finished
        while waiting:
            at = waiting.pop()
            answers[at] = await press.order(work, orders[at])
            finished += 1
            if done is not None:
                await done(finished)

    async with presses(min(count, len(orders))) as pool:
        try:
            async with asyncio.TaskGroup() as group:
                for press in pool:
                    group.create_task(serve(press))
        except* (PressStopped, Unprintable) as errors:
            raise errors.exceptions[0] from None
    return answers


def _serve() -> None:
    """The child: orders on stdin, one JSON line each; answers on stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    os.nice(5)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # Whatever a library prints must not be taken for an answer.
    for line in sys.stdin:
        order = json.loads(line)
        module, _, name = order["work"].partition(":")
        try:
            answer = getattr(importlib.import_module(module), name)(**order["arguments"])
            held = {"answer": answer}
        except MemoryError:
            raise
        except Exception as error:
            held = {"error": f"{type(error).__name__}: {error}"}
        try:
            answers.write(json.dumps(held, ensure_ascii=False) + "\n")
            answers.flush()
        except BrokenPipeError:
            # Whoever ordered this was killed; nobody wants the answer.
            os._exit(0)


if __name__ == "__main__":
    _serve()
