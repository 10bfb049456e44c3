"""An open page, as far as live updates go."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import datetime
from typing import Any

import httpx

from app.clock import now


class Follower:
    """What an open page does: reads the event stream, resumes after the last number it saw."""

    def __init__(self, url: str, conference: str) -> None:
        self.url = f"{url}/live?c={conference}"
        self.seen: list[tuple[int, dict[str, Any]]] = []
        self.heard_at: list[datetime] = []
        self.last: int | None = None

    async def run(self) -> None:
        async with httpx.AsyncClient(timeout=httpx.Timeout(5, read=30)) as client:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    await self._read(client)
                await asyncio.sleep(0.1)

    async def _read(self, client: httpx.AsyncClient) -> None:
        after = f"&after={self.last}" if self.last is not None else ""
        async with client.stream("GET", self.url + after) as answer:
            topic = ""
            async for line in answer.aiter_lines():
                if line.startswith("id: "):
                    self.last = int(line[4:])
                elif line.startswith("event: "):
                    topic = line[7:]
                elif line.startswith("data: ") and topic == "phase":
                    assert self.last is not None
                    self.seen.append((self.last, json.loads(line[6:])))
                    self.heard_at.append(now())
