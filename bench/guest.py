"""A simulated attendee: follows a room as its page does, watches it, and takes part."""

from __future__ import annotations

import asyncio
import json
import re
import time
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin
from uuid import UUID

import httpx

from bench.media_load import RECEIVING, Watcher
from media.client import Session

_EVENT = re.compile(rb"id: (\d+)\nevent: (\w+)\ndata: ([^\n]*)\n")
_MARK = re.compile(rb"mark (\d+)\b")
SEGMENT_S = 2.0


@dataclass
class Heard:
    """What all of them heard: how late each numbered message came to each page, in seconds."""

    sent: dict[int, float] = field(default_factory=dict)
    late: array[float] = field(default_factory=lambda: array("d"))

    def at(self, mark: int, arrived: float) -> None:
        self.late.append(arrived - self.sent[mark])


@dataclass
class Stay:
    """One time in a room: the numbers of its events, after the one that the page was made with."""

    room: str
    since: int
    numbers: array[int] = field(default_factory=lambda: array("q"))
    until: int | None = None
    """Up to where everything must have come; None while the guest is there."""

    @property
    def last(self) -> int:
        return self.numbers[-1] if self.numbers else self.since


class Stream(asyncio.Protocol):
    """One page's event stream, as a browser reads it."""

    def __init__(self, ask: bytes, stay: Stay, heard: Heard) -> None:
        self.ask, self.stay, self.heard = ask, stay, heard
        self.transport: Any = None
        self.status = b""
        self.closed = False
        self._rest = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.ask)

    def data_received(self, chunk: bytes) -> None:
        if self.closed:
            return
        arrived = time.perf_counter()
        self.status = self.status or chunk[:12]
        whole, split, self._rest = (self._rest + chunk).rpartition(b"\n\n")
        for number, topic, said in _EVENT.findall(whole + split):
            if topic == b"talk":
                self.stay.numbers.append(int(number))
                if mark := _MARK.search(said):
                    self.heard.at(int(mark[1]), arrived)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True

    def close(self) -> None:
        self.closed = True
        if self.transport is not None:
            self.transport.close()


class Segments:
    """The broadcast's own socket, asked over a few kept connections, as nginx in front of it asks."""

    def __init__(self, socket: str, most: int = 48) -> None:
        self._socket = socket
        self._free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter] | None] = (
            asyncio.Queue()
        )
        for _ in range(most):
            self._free.put_nowait(None)

    async def get(self, path: str) -> tuple[int, bytes]:
        """Status and body. Raises OSError."""
        held, whole = await self._free.get(), False
        try:
            if held is None:
                held = await asyncio.open_unix_connection(self._socket, limit=1 << 20)
            reader, writer = held
            writer.write(f"GET {path} HTTP/1.1\r\nhost: media\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            body = await reader.readexactly(int(length[1])) if length else b""
            whole = True
            return int(head[9:12]), body
        except (OSError, EOFError) as error:
            raise OSError("the broadcast does not answer") from error
        finally:
            if not whole and held is not None:
                held[1].close()
            self._free.put_nowait(held if whole else None)

    async def close(self) -> None:
        """Hang up everywhere; nobody asks any more."""
        while not self._free.empty():
            held = self._free.get_nowait()
            if held is not None:
                held[1].close()
                await held[1].wait_closed()


@dataclass
class Venue:
    """What guests share: the house's address, its rooms, and how all of it is counted."""

    base: str
    slug: str
    rooms: Mapping[str, str]
    """Slug → id."""
    http: httpx.AsyncClient
    segments: Segments
    heard: Heard = field(default_factory=Heard)
    watcher: Watcher = field(default_factory=Watcher)
    refused: list[str] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)

    def count(self, what: str, by: int = 1) -> None:
        self.done[what] = self.done.get(what, 0) + by


class Guest:
    """One attendee with a page open. `interactive` watches by WebRTC, else by the broadcast."""

    def __init__(self, venue: Venue, person: UUID, cookie: str, *, interactive: bool) -> None:
        self.venue, self.person, self.interactive = venue, person, interactive
        self.stays: list[Stay] = []
        self.room = ""
        self.state: dict[str, Any] = {}
        self._headers = {"cookie": f"plenary_session={cookie}", "sec-fetch-site": "same-origin"}
        self._stream: Stream | None = None
        self._session: Session | None = None
        self._playlist = ""
        self._task: asyncio.Task[None] | None = None

    async def enter(self, room: str) -> None:
        """Go into a room: fetch how it stands, follow it from there, watch it."""
        self.room = room
        state = await self.ask("GET", f"/rooms/{room}/talk")
        if state is None:
            return
        if self._stream is not None:
            # What came up to here must be whole; what is on its way is the next page's business.
            self._stream.close()
            self.stays[-1].until = self.stays[-1].last
        self.state = state
        self.stays.append(Stay(room=self.venue.rooms[room], since=state["number"]))
        await self.follow()
        await (self._watch() if self.interactive else self._tune())

    async def follow(self) -> None:
        """Open the stream, or open it again after a lost connection, from the last event seen."""
        if self._stream is not None:
            self._stream.close()
        stay = self.stays[-1]
        asked = f"/live?c={self.venue.slug}&after={stay.last}&on={stay.room}:{stay.last}"
        head = "".join(f"{name}: {value}\r\n" for name, value in self._headers.items())
        host, _, port = self.venue.base.removeprefix("http://").partition(":")
        ask = f"GET {asked} HTTP/1.1\r\nhost: {host}:{port}\r\n{head}\r\n".encode()
        self._stream = Stream(ask, stay, self.venue.heard)
        await asyncio.get_running_loop().create_connection(
            lambda: self._stream or asyncio.Protocol(), "127.0.0.1", int(port)
        )

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request of the page; None, and a line for the report, when it was refused."""
        try:
            answer = await self.venue.http.request(
                method,
                f"{self.venue.base}/c/{self.venue.slug}{path}",
                headers=self._headers | {"content-type": "application/json"},
                content=None if body is None else json.dumps(body),
            )
        except httpx.HTTPError as error:
            self.venue.refused.append(f"{path}: {error!r}")
            return None
        if answer.status_code >= 300:
            self.venue.refused.append(f"{path}: {answer.status_code} {answer.text[:120]}")
            return None
        return answer.json()

    async def act(self, what: str, path: str, body: Any = None) -> Any:
        """Take part in the room that the guest is in, counted when it was taken."""
        answer = await self.ask("POST", f"/rooms/{self.room}/talk{path}", body or {})
        if answer is not None:
            self.venue.count(what)
        return answer

    async def say(self, mark: int) -> None:
        self.venue.heard.sent[mark] = time.perf_counter()
        await self.act("messages", "/messages", {"text": f"mark {mark} of the tide"})

    async def _watch(self) -> None:
        room = self.venue.rooms[self.room]
        if self._session is not None:
            answer = await self._session.request(
                "PUT",
                f"{self._session.location}/room",
                json.dumps({"room": room, "group": None}),
                {"content-type": "application/json"},
            )
            if answer.status_code >= 300:
                self.venue.refused.append(f"switch: {answer.status_code} {answer.text[:120]}")
            return
        grant = await self.ask("GET", "/grants/watch")
        if grant is not None:
            self._session = Session(self.venue.base, self.venue.watcher.connection())
            await self._session.open(f"/media/whep/{room}", grant["grant"], RECEIVING)

    async def _tune(self) -> None:
        addresses = await self.ask("GET", f"/broadcast/{self.venue.rooms[self.room]}")
        if addresses is None:
            return
        self._playlist = addresses["plain"]
        if self._task is None:
            self._task = asyncio.create_task(self._play())

    async def _play(self) -> None:
        """Fetch the playlist and its newest segment, as a player of plain HLS does."""
        seen = ""
        while True:
            began = time.perf_counter()
            try:
                status, body = await self.venue.segments.get(self._playlist)
                lines = [one for one in body.decode().splitlines() if one and one[0] != "#"]
                if status == 200 and lines and lines[-1] != seen:
                    seen = lines[-1]
                    status, body = await self.venue.segments.get(urljoin(self._playlist, seen))
                    self.venue.count("segments", status == 200)
                    self.venue.count("segment_bytes", len(body))
                if status != 200:
                    self.venue.count("segments_refused")
            except OSError:
                self.venue.count("segments_refused")
            await asyncio.sleep(max(0.0, SEGMENT_S - (time.perf_counter() - began)))

    async def leave(self) -> None:
        """Close the page."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        if self._stream is not None:
            self._stream.close()


def misheard(guests: list[Guest], told: Callable[[Stay, int], list[int]], end: int) -> list[int]:
    """How many events all stays lack, and how many came twice or in the wrong order."""
    lost = doubled = 0
    for guest in guests:
        for stay in guest.stays:
            until = end if stay.until is None else stay.until
            got = stay.numbers.tolist()
            expected = told(stay, until)
            lost += len(set(expected) - set(got))
            doubled += len(got) - len(set(got)) + (got != sorted(got))
    return [lost, doubled]
