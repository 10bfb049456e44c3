"""The solver's child process: a line goes in, lines come out. Nothing of the solver is loaded here."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncGenerator
from typing import Any

from app.settings import ROOT

GRACE_S = 10.0
"""How long a child that was asked to stop may take to say what it found."""


async def solve_line(request: str, stop: asyncio.Event) -> AsyncGenerator[dict[str, Any], None]:
    """The child's lines for a request as `agenda.solver.wire` writes it.

    They are `progress` ones, and in the end one `solution` or `error`. `stop` ends the search; the best
    that was found is still the solution. Leaving the loop early, or being cancelled, ends the
    child. A child that is killed gives an `error`.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "agenda.solver",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=64 << 20,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    stopper = asyncio.create_task(_stop(child.stdin, stop), name="solver stop")
    ended = False
    try:
        child.stdin.write(request.encode() + b"\n")
        await child.stdin.drain()
        async for line in child.stdout:
            told: dict[str, Any] = json.loads(line)
            ended = told["kind"] in ("solution", "error")
            yield told
    except ConnectionError:
        pass  # It is gone; what it said is read, and the rest is told below.
    finally:
        stopper.cancel()
        child.stdin.close()
        await asyncio.shield(_end(child, ended))
    if not ended:
        code = child.returncode
        yield {"kind": "error", "sentence": f"The solver ended too early (with {code})."}


async def _stop(lines: asyncio.StreamWriter, stop: asyncio.Event) -> None:
    await stop.wait()
    with contextlib.suppress(ConnectionError):
        lines.write(b"stop\n")
        await lines.drain()


async def _end(child: asyncio.subprocess.Process, ended: bool) -> None:
    if not ended:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
    try:
        async with asyncio.timeout(GRACE_S):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()
