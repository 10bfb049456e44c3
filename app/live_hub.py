"""Open pages: the event streams of one web process, and the hub that writes to all of them."""

from __future__ import annotations

import asyncio
import contextlib
import random
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.live import EVERYBODY, NUDGE, latest, nudge
from app.live_tables import LiveEvent
from app.static import SECURITY_HEADERS

logger = structlog.get_logger(__name__)

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Coroutine[Any, Any, None]]
"""As ASGI has them."""

_REPLAY = 500
_MOST = 3000
_AT_ONCE = 8
_IDLE_POLL_S = 1.0
_BEAT_S = 20.0
_END_S = 3.0
_CHECKED_S = 600.0
"""How long a page is served by the roles that it came with."""

_START: Mapping[str, Any] = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        *((name.lower().encode(), words.encode()) for name, words in SECURITY_HEADERS.items()),
    ],
}
_END: Mapping[str, Any] = {"type": "http.response.body", "body": b"", "more_body": False}


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
class _Channel:
    """Who follows one channel of one conference here."""

    place: tuple[UUID, str]
    pages: set[_Page] = field(default_factory=set)


@dataclass(eq=False, slots=True)
class _Page:
    """One open stream: no queue, task or timer of its own, for there are thousands of them.

    The hub writes to it at once, except while `waiting` is a list: then somebody else is writing,
    and takes from there. The list is bounded: a page that doesn't read is closed and resumes.
    """

    send: Send
    ends: float
    """When it has to come back, by the loop's clock."""
    channels: tuple[_Channel, ...] = ()
    last: int = 0
    waiting: list[tuple[int, bytes]] | None = field(default_factory=list)
    closed: bool = False

    def push(self, number: int, chunk: bytes) -> Awaitable[None] | None:
        """Write one event now, or keep it for who is writing. Returns the rest of a slow write."""
        if number <= self.last or self.closed:
            return None
        if self.waiting is None:
            self.last = number
            return self._begin(chunk)
        if len(self.waiting) >= _REPLAY:
            self.closed = True
        else:
            self.waiting.append((number, chunk))
        return None

    def beat(self, now: float) -> Awaitable[None] | None:
        """Show that the line is alive, or end it when it has lasted long enough."""
        if self.waiting is not None or self.closed:
            return None
        return self.end() if now >= self.ends else self._begin(b": still here\n\n")

    def end(self) -> Awaitable[None] | None:
        """Complete the answer; the server then says that the page is gone, and the stream ends."""
        idle, self.closed = self.waiting is None and not self.closed, True
        return _begun(self.send(_END)) if idle else None

    def _begin(self, chunk: bytes) -> Awaitable[None] | None:
        rest = _begun(self.send({"type": "http.response.body", "body": chunk, "more_body": True}))
        if rest is not None:
            self.waiting = []
        return rest

    async def write_waiting(self) -> None:
        """Write what came meanwhile, until nothing waits: from then on the hub writes itself."""
        while self.waiting and not self.closed:
            chunks, self.waiting = self.waiting, []
            for number, chunk in chunks:
                if number > self.last:
                    self.last = number
                    await _write(self.send, chunk)
        self.waiting = None
        if self.closed:
            await self.send(_END)


def _begun(write: Coroutine[Any, Any, None]) -> Awaitable[None] | None:
    """Run a write as far as it goes without waiting; what is left of it, if it has to wait.

    A server takes a chunk at once unless the socket's buffer is full, so that a message to
    thousands of pages needs no task for each.
    """
    try:
        waits_for = write.send(None)
    except StopIteration:
        return None
    return _go_on(write, waits_for)


@types.coroutine
def _go_on(write: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    try:
        while True:
            try:
                answer = yield waits_for
            except BaseException as error:
                waits_for = write.throw(error)
            else:
                waits_for = write.send(answer)
    except StopIteration:
        return


class Hub:
    """All open pages of one web process, fed by one reader of the event table."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._channels: dict[tuple[UUID, str], _Channel] = {}
        self._open: set[_Page] = set()
        self._slow: set[asyncio.Task[None]] = set()
        self._reading = asyncio.Semaphore(_AT_ONCE)
        self._last = 0
        self._look = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    async def start(self) -> None:
        self._last = await latest()
        self._tasks = [
            asyncio.create_task(self._read(), name="live reader"),
            asyncio.create_task(self._listen(), name="live nudges"),
            asyncio.create_task(self._beat(), name="live beat"),
        ]

    async def close(self) -> None:
        """End every stream, so that the server can shut down."""
        # The loops look at it too: a library that waits may take a cancellation for its own timeout.
        self._closing = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_END_S)
        for page in tuple(self._open):
            self._finish(page, page.end)
        for task in tuple(self._slow):
            task.cancel()
        await asyncio.gather(*self._slow, return_exceptions=True)

    def pages(self, conference: UUID, channel: str = EVERYBODY) -> int:
        """How many pages of this conference follow a channel here."""
        found = self._channels.get((conference, channel))
        return len(found.pages) if found else 0

    async def wake(self) -> None:
        """Something was committed: deliver it here at once, and in the other processes."""
        self._look.set()
        await nudge(self._redis)

    async def _listen(self) -> None:
        while not self._closing:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(NUDGE)
                    async for _ in channel.listen():
                        self._look.set()
            except (RedisError, OSError) as error:
                logger.info("live nudges stopped, polling meanwhile", error=str(error))
            await asyncio.sleep(1)

    async def _read(self) -> None:
        while not self._closing:
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
            channel = self._channels.get((row["conference"], row["channel"]))
            if channel is not None:
                chunk = frame(row["id"], row["topic"], row["payload"])
                for page in tuple(channel.pages):
                    self._finish(page, partial(page.push, row["id"], chunk))
        if len(rows) == _REPLAY:
            self._look.set()

    def _finish(self, page: _Page, write: Callable[[], Awaitable[None] | None]) -> None:
        """Do a write; when the page is slow, go on with it in a task, and with what comes then."""
        try:
            rest = write()
        except OSError:
            logger.debug("page left while it was written to")
            page.closed = True
            return
        if rest is not None:
            task = asyncio.create_task(self._catch_breath(page, rest), name="slow page")
            self._slow.add(task)
            task.add_done_callback(self._slow.discard)

    @staticmethod
    async def _catch_breath(page: _Page, rest: Awaitable[None]) -> None:
        try:
            await rest
            await page.write_waiting()
        except OSError:
            page.closed = True

    async def _beat(self) -> None:
        """Keep all lines alive; a few at a time, so that messages need not wait behind them."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_BEAT_S)
            for at, page in enumerate(tuple(self._open)):
                self._finish(page, partial(page.beat, loop.time()))
                if at % 50 == 49:
                    await asyncio.sleep(0.01)

    async def stream(self, wish: Wish, receive: Receive, send: Send) -> None:
        """Serve one page until it leaves."""
        page = self._enter(wish, send)
        try:
            await self._begin(page, wish)
            # Nothing but the page itself is kept for as long as it stays.
            del wish, send
            while (await receive())["type"] != "http.disconnect":
                continue
        except OSError:
            logger.debug("page left while it was written to")
        finally:
            self._leave(page)

    def _enter(self, wish: Wish, send: Send) -> _Page:
        # Those who came together don't all come back together.
        lasts = _CHECKED_S * random.uniform(0.75, 1.25) if wish.roles else float("inf")
        page = _Page(send, ends=asyncio.get_running_loop().time() + lasts)
        for name in wish.channels:
            place = (wish.conference, name)
            channel = self._channels.get(place)
            if channel is None:
                channel = self._channels[place] = _Channel(place)
            channel.pages.add(page)
            page.channels += (channel,)
        self._open.add(page)
        return page

    def _leave(self, page: _Page) -> None:
        page.closed = True
        self._open.discard(page)
        for channel in page.channels:
            channel.pages.discard(page)
            if not channel.pages:
                self._channels.pop(channel.place, None)

    async def _begin(self, page: _Page, wish: Wish) -> None:
        await page.send(_START)
        await _write(page.send, b"retry: 1000\n\n")
        page.last = await self._catch_up(wish, page.send)
        page.closed |= self._closing
        await page.write_waiting()

    async def _catch_up(self, wish: Wish, send: Send) -> int:
        """Send what the page missed; returns the number after which live delivery goes on.

        A page that missed more than _MOST gets `reset` instead: it has to load itself again.
        """
        known = {c: self._last if seen is None else seen for c, seen in wish.channels.items()}
        if any(seen is None for seen in wish.channels.values()):
            await _write(send, f"id: {self._last}\nevent: hello\ndata: {{}}\n\n".encode())
        last = min(known.values())
        if all(seen is None for seen in wish.channels.values()):
            return last
        sent = 0
        while True:
            rows = await self._after(last, wish)
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

    async def _after(self, last: int, wish: Wish) -> list[dict[str, Any]]:
        # By turns, or a thousand who come back at once hold a thousand answers in memory.
        async with self._reading:
            return (
                await LiveEvent.select()
                .where(
                    LiveEvent.id > last,
                    LiveEvent.conference == wish.conference,
                    LiveEvent.channel.is_in(list(wish.channels)),
                )
                .order_by(LiveEvent.id)
                .limit(_REPLAY)
            )


async def _write(send: Send, chunk: bytes) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": True})
