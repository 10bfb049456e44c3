"""What happened on the node, as numbered events: their vocabulary, the journal, the Redis stream."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from media.log import Log
from media.redis_stream import RedisError, StreamWriter

logger = Log(__name__)

STREAM: Final = "plenary:media"
STREAM_LENGTH: Final = 100_000
QUALITY_STREAM: Final = "plenary:media:quality"
"""What is noted all the time has a stream of its own, so that it never pushes out who was where."""
QUALITY_LENGTH: Final = 50_000
JOURNAL_LENGTH: Final = 20_000
BATCH: Final = 200

NODE_STARTED: Final = "node.started"
PUBLISHER_JOINED: Final = "publisher.joined"
PUBLISHER_MOVED: Final = "publisher.moved"
PUBLISHER_LEFT: Final = "publisher.left"
PUBLISHER_SPOKE: Final = "publisher.spoke"
PUBLISHER_QUALITY: Final = "publisher.quality"
PUBLISHER_ON_STAGE: Final = "publisher.on_stage"
PUBLISHER_OFF_STAGE: Final = "publisher.off_stage"
SUBSCRIBER_JOINED: Final = "subscriber.joined"
SUBSCRIBER_MOVED: Final = "subscriber.moved"
SUBSCRIBER_LAYER: Final = "subscriber.layer"
SUBSCRIBER_QUALITY: Final = "subscriber.quality"
SUBSCRIBER_LEFT: Final = "subscriber.left"
KINDS: Final = (
    NODE_STARTED,
    PUBLISHER_JOINED,
    PUBLISHER_MOVED,
    PUBLISHER_SPOKE,
    PUBLISHER_QUALITY,
    PUBLISHER_LEFT,
    PUBLISHER_ON_STAGE,
    PUBLISHER_OFF_STAGE,
    SUBSCRIBER_JOINED,
    SUBSCRIBER_MOVED,
    SUBSCRIBER_LAYER,
    SUBSCRIBER_QUALITY,
    SUBSCRIBER_LEFT,
)

OFTEN: Final = frozenset({PUBLISHER_QUALITY, SUBSCRIBER_QUALITY, SUBSCRIBER_LAYER})

Fact = str | int | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, at an aware UTC instant. `uid` is "{boot}:{number}": unique, and in
    order within one boot of a node; who reads the stream may see an event twice and drops it by it.
    """

    uid: str
    kind: str
    at: datetime
    facts: Mapping[str, Fact]

    @property
    def stream(self) -> str:
        """The Redis stream that the event goes into."""
        return QUALITY_STREAM if self.kind in OFTEN else STREAM

    def fields(self) -> dict[str, str]:
        """The event as the fields of a Redis stream entry."""
        facts = json.dumps(dict(self.facts), ensure_ascii=False, separators=(",", ":"))
        return {"uid": self.uid, "kind": self.kind, "at": self.at.isoformat(), "facts": facts}


class Journal:
    """Events that have not reached Redis yet, oldest first; beyond its bound the oldest are lost."""

    def __init__(self, boot: str, length: int = JOURNAL_LENGTH) -> None:
        self.boot = boot
        self.lost = 0
        self.waiting: deque[Event] = deque()
        self._length = length
        self._number = 0
        self._news = asyncio.Event()

    def write(self, kind: str, at: datetime, **facts: Fact) -> Event:
        """Note an event of one of KINDS."""
        self._number += 1
        event = Event(uid=f"{self.boot}:{self._number}", kind=kind, at=at, facts=facts)
        if len(self.waiting) >= self._length:
            self.waiting.popleft()
            self.lost += 1
        self.waiting.append(event)
        self._news.set()
        return event

    async def deliver(self, url: str) -> None:
        """Write events to Redis as they come, for ever; a Redis that is away is waited for."""
        delay, away = 0.1, False
        while True:
            writer = StreamWriter(url, {STREAM: STREAM_LENGTH, QUALITY_STREAM: QUALITY_LENGTH})
            try:
                await writer.connect()
                if away:
                    logger.info("redis is back", waiting=len(self.waiting))
                delay, away = 0.1, False
                await self._write_out(writer)
            except (OSError, RedisError, EOFError) as error:
                if not away:
                    logger.warning("redis is away; events wait", error=str(error))
                away = True
            finally:
                writer.close()
            await asyncio.sleep(delay)
            delay = min(delay * 2, 5.0)

    async def _write_out(self, writer: StreamWriter) -> None:
        while True:
            await self._news.wait()
            while self.waiting:
                batch = [self.waiting[i] for i in range(min(BATCH, len(self.waiting)))]
                await writer.append([(event.stream, event.fields()) for event in batch])
                for event in batch:
                    if self.waiting and self.waiting[0] is event:
                        self.waiting.popleft()
            self._news.clear()
