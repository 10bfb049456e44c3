"""Live updates: numbered events in the database, pushed to open pages as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app import db
from app.live_tables import LiveEvent

logger = structlog.get_logger(__name__)

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
"""As ASGI has them."""

NUDGE = "plenary:live"
_KEPT = timedelta(hours=6)
_REPLAY = 500
_MOST = 3000
_IDLE_POLL_S = 1.0
_BEAT_S = 20.0
_CHECKED_S = 600.0
"""How long a page is served by the roles that it came with."""


EVERYBODY = ""
"""The channel that every page of a conference gets."""


def of_room(room: object) -> str:
    """The channel of those who are in a room."""
    return f"r:{room}"


def of_hosts(room: object) -> str:
    """The channel of those who moderate a room; whoever asks for the room gets it too, by role."""
    return f"m:{room}"


def of_role(role: str) -> str:
    """The channel of those who hold a role in the conference."""
    return f"a:{role}"


def of_person(person: object) -> str:
    """The channel of one person's own pages."""
    return f"p:{person}"


async def announce(
    conference: UUID,
    topic: str,
    payload: Mapping[str, Any],
    *,
    channel: str = EVERYBODY,
    audience: str = "",
    now: datetime,
) -> None:
    """Write one numbered event in the caller's transaction; pages get it after the commit.

    With an `audience` only pages of people who hold that role in the conference get it.
    """
    await announce_many(conference, topic, [payload], channel=channel, audience=audience, now=now)


async def announce_many(
    conference: UUID,
    topic: str,
    payloads: Sequence[Mapping[str, Any]],
    *,
    channel: str = EVERYBODY,
    audience: str = "",
    now: datetime,
) -> None:
    """Write numbered events of one topic, in order, for the pages that follow a channel.

    Numbers are handed out in commit order: on PostgreSQL a transaction-scoped lock makes
    announcers take turns, or a page could see number 8 and never ask for a 7 that came later.
    """
    if not payloads:
        return
    async with db.transaction():
        if db.on_postgres():
            await LiveEvent.raw("SELECT pg_advisory_xact_lock(7900)")
        await LiveEvent.insert(
            *(
                LiveEvent(
                    uid=uuid4(),
                    conference=conference,
                    channel=of_role(audience) if audience else channel,
                    topic=topic,
                    audience=audience,
                    payload=json.dumps(payload, separators=(",", ":"), ensure_ascii=False),
                    at=now,
                )
                for payload in payloads
            )
        )


async def nudge(redis: Redis) -> None:
    """Tell every web process to look now instead of within a second. Losing it is harmless."""
    try:
        await redis.publish(NUDGE, b"")
    except (RedisError, OSError) as error:
        logger.info("nobody nudged", error=str(error))


async def latest() -> int:
    """The number of the newest event: what a page that is made now has seen. Read it first."""
    row = await LiveEvent.select(LiveEvent.id).order_by(LiveEvent.id, ascending=False).first()
    return row["id"] if row else 0


async def prune(*, now: datetime) -> None:
    """Forget events that no page can still want; the newest stays, so that numbers never restart."""
    last = await LiveEvent.select(LiveEvent.id).order_by(LiveEvent.id, ascending=False).first()
    if last is not None:
        await LiveEvent.delete().where(LiveEvent.at < now - _KEPT, LiveEvent.id < last["id"])


_START: Mapping[str, Any] = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ],
}


def frame(number: int, topic: str, payload: str) -> bytes:
    """One event as the event stream format wants it (WHATWG HTML, server-sent events)."""
    return f"id: {number}\nevent: {topic}\ndata: {payload}\n\n".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a page follows: each channel with the last number seen in it, None for from now on.

    A page with `roles` is closed after a while and comes back by itself, so that a role that was
    taken away, or a session that ended, stops being served.
    """

    conference: UUID
    channels: Mapping[str, int | None]
    roles: bool = False


@dataclass(eq=False, slots=True)
class _Page:
    """One open stream. Its queue is bounded: a page that doesn't read is closed and resumes."""

    waiting: list[bytes] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    def push(self, chunk: bytes) -> None:
        if len(self.waiting) >= _REPLAY:
            self.closed = True
        else:
            self.waiting.append(chunk)
        self.wake.set()


class Hub:
    """All open pages of one web process, fed by one reader of the event table."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pages: dict[tuple[UUID, str], set[_Page]] = {}
        self._last = 0
        self._look = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    async def start(self) -> None:
        self._last = await latest()
        self._tasks = [
            asyncio.create_task(self._read(), name="live reader"),
            asyncio.create_task(self._listen(), name="live nudges"),
        ]

    async def close(self) -> None:
        """End every stream, so that the server can shut down."""
        self._closing = True
        for pages in self._pages.values():
            for page in pages:
                page.closed = True
                page.wake.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def pages(self, conference: UUID, channel: str = EVERYBODY) -> int:
        """How many pages of this conference follow a channel here."""
        return len(self._pages.get((conference, channel), ()))

    async def wake(self) -> None:
        """Something was committed: deliver it here at once, and in the other processes."""
        self._look.set()
        await nudge(self._redis)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(NUDGE)
                    async for _ in channel.listen():
                        self._look.set()
            except (RedisError, OSError) as error:
                logger.info("live nudges stopped, polling meanwhile", error=str(error))
            await asyncio.sleep(1)

    async def _read(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_IDLE_POLL_S):
                    await self._look.wait()
            self._look.clear()
            try:
                await self._deliver_new()
            except Exception as error:
                logger.warning("live events could not be read", error=repr(error))

    async def _deliver_new(self) -> None:
        rows = (
            await LiveEvent.select()
            .where(LiveEvent.id > self._last)
            .order_by(LiveEvent.id)
            .limit(_REPLAY)
        )
        for row in rows:
            self._last = row["id"]
            pages = self._pages.get((row["conference"], row["channel"]))
            if pages:
                chunk = frame(row["id"], row["topic"], row["payload"])
                for page in pages:
                    page.push(chunk)
        if len(rows) == _REPLAY:
            self._look.set()

    async def stream(self, wish: Wish, receive: Receive, send: Send) -> None:
        """Serve one page until it leaves."""
        page = _Page()
        places = [(wish.conference, channel) for channel in wish.channels]
        for place in places:
            self._pages.setdefault(place, set()).add(page)
        gone = asyncio.create_task(self._until_gone(page, receive))
        try:
            await send(_START)
            await _write(send, b"retry: 1000\n\n")
            last = await self._catch_up(wish, send)
            await self._pump(page, last, send, checked=wish.roles)
        except OSError:
            logger.debug("page left while it was written to")
        finally:
            gone.cancel()
            for place in places:
                self._pages[place].discard(page)
                if not self._pages[place]:
                    del self._pages[place]

    async def _catch_up(self, wish: Wish, send: Send) -> int:
        """Send what the page missed; returns the number after which live delivery goes on.

        A page that missed more than _MOST gets `reset` instead: it has to load itself again.
        """
        known = {c: self._last if seen is None else seen for c, seen in wish.channels.items()}
        if any(seen is None for seen in wish.channels.values()):
            await _write(send, f"id: {self._last}\nevent: hello\ndata: {{}}\n\n".encode())
        last = min(known.values())
        sent = 0
        while True:
            rows = (
                await LiveEvent.select()
                .where(
                    LiveEvent.id > last,
                    LiveEvent.conference == wish.conference,
                    LiveEvent.channel.is_in(list(known)),
                )
                .order_by(LiveEvent.id)
                .limit(_REPLAY)
            )
            missed = [row for row in rows if row["id"] > known[row["channel"]]]
            sent += len(missed)
            if sent > _MOST:
                number = await latest()
                await _write(send, f"id: {number}\nevent: reset\ndata: {{}}\n\n".encode())
                return number
            if missed:
                await _write(
                    send, b"".join(frame(r["id"], r["topic"], r["payload"]) for r in missed)
                )
            if rows:
                last = rows[-1]["id"]
            if len(rows) < _REPLAY:
                return max(last, *known.values())

    async def _pump(self, page: _Page, last: int, send: Send, *, checked: bool) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + _CHECKED_S if checked else float("inf")
        while not page.closed and not self._closing and loop.time() < ends:
            try:
                async with asyncio.timeout(_BEAT_S):
                    await page.wake.wait()
            except TimeoutError:
                await _write(send, b": still here\n\n")
                continue
            page.wake.clear()
            # A list, taken whole: an empty deque would keep 600 bytes for each page.
            chunks, page.waiting = page.waiting, []
            for chunk in chunks:
                number = int(chunk[4 : chunk.index(b"\n")])
                if number > last:
                    last = number
                    await _write(send, chunk)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    @staticmethod
    async def _until_gone(page: _Page, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            continue
        page.closed = True
        page.wake.set()


async def _write(send: Send, chunk: bytes) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": True})
