"""Keeps the senders of one room running: one child process for each outside platform."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from media.broadcast.boxes import init_segment
from media.broadcast.cutter import Generation, Part
from media.broadcast.send import write_frame
from media.broadcast.wish import Target
from media.log import Log

logger = Log(__name__)

BACKOFF_S = (1.0, 2.0, 5.0, 10.0, 30.0)
QUEUED = 40
"""Parts that may wait for a slow platform before its sender is started anew."""


@dataclass(slots=True)
class _Sending:
    target: Target
    state: str = "connecting"
    words: str = ""
    kbps: int = 0
    restarts: int = 0
    queue: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(QUEUED))
    generation: int = -1
    task: asyncio.Task[None] | None = None


class Outgoing:
    """The outside platforms of a room. `part` takes what the room's cutter gives."""

    def __init__(self, room: str) -> None:
        self._room = room
        self._sendings: dict[str, _Sending] = {}

    def want(self, targets: Sequence[Target]) -> None:
        """Make what runs what is wished."""
        wanted = {target.id: target for target in targets}
        for id, sending in list(self._sendings.items()):
            if wanted.get(id) != sending.target:
                del self._sendings[id]
                if sending.task is not None:
                    sending.task.cancel()
        for id, target in wanted.items():
            if id not in self._sendings:
                sending = self._sendings[id] = _Sending(target)
                sending.task = asyncio.create_task(self._keep(sending))

    def part(self, generation: Generation, part: Part) -> None:
        """Hand a part to every sender; one that has fallen far behind begins anew."""
        for sending in self._sendings.values():
            if sending.generation != generation.number:
                if not part.independent:
                    continue
                sending.generation = generation.number
                self._put(sending, write_frame(b"I", init_segment(generation.parameters)))
            self._put(sending, write_frame(b"P", part.content))

    def states(self) -> list[dict[str, Any]]:
        """How each of them fares."""
        return [
            {
                "id": s.target.id,
                "state": s.state,
                "words": s.words,
                "kbps": s.kbps,
                "restarts": s.restarts,
            }
            for s in self._sendings.values()
        ]

    async def close(self) -> None:
        tasks = [s.task for s in self._sendings.values() if s.task is not None]
        self._sendings.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _put(self, sending: _Sending, frame: bytes) -> None:
        try:
            sending.queue.put_nowait(frame)
        except asyncio.QueueFull:
            sending.queue = asyncio.Queue(QUEUED)
            sending.generation = -1
            sending.words = "the platform is too slow"

    async def _keep(self, sending: _Sending) -> None:
        failures = 0
        while True:
            sending.queue, sending.generation = asyncio.Queue(QUEUED), -1
            sent = await self._once(sending)
            failures = 0 if sent else failures + 1
            sending.restarts += 1
            if sending.state == "sending":
                sending.state = "lost"
            sending.kbps = 0
            logger.info("outgoing stream ended", room=self._room, reason=sending.words)
            await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])

    async def _once(self, sending: _Sending) -> bool:
        """One life of a sender; whether it got as far as sending."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "media.broadcast.send",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None
        process.stdin.write(sending.target.url.encode() + b"\n")
        writing = asyncio.create_task(_write(sending, process.stdin))
        sent = False
        try:
            assert process.stdout is not None
            async for line in process.stdout:
                told = json.loads(line)
                sending.state, sending.words = told["state"], told.get("words", "")
                sending.kbps = told.get("kbps", 0)
                sent |= told["state"] == "sending"
            await process.wait()
        finally:
            writing.cancel()
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await asyncio.shield(process.wait())
            await asyncio.gather(writing, return_exceptions=True)
        return sent


async def _write(sending: _Sending, pipe: asyncio.StreamWriter) -> None:
    try:
        while True:
            frame = await sending.queue.get()
            if frame is None:
                return
            pipe.write(frame)
            await pipe.drain()
    except (ConnectionError, BrokenPipeError) as error:
        logger.debug("sender gone", error=repr(error))
