"""A few Redis commands in a few lines, because a client library costs 10 MB of memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, unquote, urlsplit

REPLY_S = 5.0


class RedisError(Exception):
    """Redis answered with an error."""


class RedisConnection:
    """One connection to Redis (redis://[user:password@]host[:port][/db] or unix://path[?db=n])."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self) -> None:
        """Open the connection; raises OSError or RedisError."""
        url = self._url
        async with asyncio.timeout(REPLY_S):
            if url.scheme == "unix":
                opened = await asyncio.open_unix_connection(url.path or url.netloc)
                database = parse_qs(url.query).get("db", ["0"])[0]
            elif url.scheme == "redis":
                opened = await asyncio.open_connection(url.hostname, url.port or 6379)
                database = url.path.strip("/") or "0"
            else:
                raise RedisError(f"REDIS_URL must begin with redis:// or unix://, not {url.scheme}")
        self._reader, self._writer = opened
        if url.password:
            user = [unquote(url.username)] if url.username else []
            await self.run([["AUTH", *user, unquote(url.password)]])
        if database != "0":
            await self.run([["SELECT", database]])

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def run(self, commands: Sequence[Sequence[str]]) -> None:
        """Run the commands in order; returns when Redis has confirmed them all. Raises RedisError,
        OSError or EOFError."""
        if self._reader is None or self._writer is None:
            raise RedisError("not connected")
        self._writer.write(b"".join(_encoded(command) for command in commands))
        try:
            async with asyncio.timeout(REPLY_S):
                await self._writer.drain()
                for _ in commands:
                    await _confirm(self._reader)
        except TimeoutError as error:
            raise RedisError("no reply in time") from error


class StreamWriter(RedisConnection):
    """Appends to streams, each of which keeps about as many entries as `lengths` says."""

    def __init__(self, url: str, lengths: Mapping[str, int]) -> None:
        super().__init__(url)
        self._lengths = lengths

    async def append(self, entries: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        """Append entries (stream, fields) in order; returns when Redis has confirmed them all."""
        await self.run(
            [
                [
                    *("XADD", stream, "MAXLEN", "~", str(self._lengths[stream]), "*"),
                    *(word for pair in fields.items() for word in pair),
                ]
                for stream, fields in entries
            ]
        )


def _encoded(command: Sequence[str]) -> bytes:
    parts = [part.encode() for part in command]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)


async def _confirm(reader: asyncio.StreamReader) -> None:
    """Read one simple or bulk reply; raises RedisError for an error, EOFError at the end."""
    line = await reader.readuntil(b"\r\n")
    if line[:1] == b"-":
        raise RedisError(line[1:].decode("utf-8", "replace").strip())
    if line[:1] == b"$" and int(line[1:]) >= 0:
        await reader.readexactly(int(line[1:]) + 2)
