"""The database: one engine for a process, SQLite by default or PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiosqlite
from piccolo.engine.base import Engine
from piccolo.engine.postgres import PostgresEngine
from piccolo.engine.sqlite import (
    SQLiteEngine,
    SQLiteTransaction,
    TransactionType,
    dict_factory,
)
from piccolo.table import Table

from app.schema import tables

_PRAGMAS = (
    "PRAGMA foreign_keys=1",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA busy_timeout=10000",
    "PRAGMA cache_size=-8000",
    "PRAGMA temp_store=MEMORY",
)


class _Transaction(SQLiteTransaction):
    """A transaction that gives its connection back whatever fails on the way.

    Piccolo's own leaks the connection when BEGIN or COMMIT fails.
    """

    engine: PooledSQLite

    async def __aenter__(self) -> SQLiteTransaction:
        if self._parent is not None:
            return self._parent
        await self.engine.write_lock.acquire()
        try:
            self.connection = await self.engine.checkout()
            try:
                await self.begin()  # type: ignore[no-untyped-call]
            except BaseException:
                # Whoever is cancelled while waiting may have begun all the same, and would keep
                # every other process from writing.
                try:
                    await asyncio.shield(_undo(self.connection))
                finally:
                    self.engine.checkin(self.connection)
                raise
        except BaseException:
            self.engine.write_lock.release()
            raise
        self.context = self.engine.current_transaction.set(self)
        return self

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        if self._parent:
            return error is None
        try:
            if error is not None:
                if not self._rolled_back:
                    await self.rollback()  # type: ignore[no-untyped-call]
            elif not self._committed and not self._rolled_back:
                await self.commit()  # type: ignore[no-untyped-call]
        except BaseException:
            await asyncio.shield(_undo(self.connection))
            raise
        finally:
            self.engine.current_transaction.reset(self.context)
            self.engine.checkin(self.connection)
            self.engine.write_lock.release()
        return error is None


async def _undo(connection: aiosqlite.Connection) -> None:
    """Roll back whatever was begun, if anything was."""
    with contextlib.suppress(sqlite3.Error):
        await connection.execute("ROLLBACK")


def _fetch(connection: sqlite3.Connection, query: str, args: list[Any]) -> list[Any]:
    cursor = connection.execute(query, args)
    try:
        return cursor.fetchall()
    finally:
        cursor.close()


async def _run(connection: Any, query: str, args: list[Any] | None) -> list[Any]:
    """One hop to the connection's thread for the whole query; aiosqlite's own way takes three."""
    found: list[Any] = await connection._execute(_fetch, connection._connection, query, args or [])
    return found


class PooledSQLite(SQLiteEngine):
    """SQLite in WAL mode with kept connections, one writer at a time, immediate transactions.

    Piccolo's own engine opens a connection and a thread for each query (five times the CPU)
    and begins deferred, so that two writers that read first fail with "database is locked".
    """

    def __init__(self, path: str, connections: int = 4) -> None:
        super().__init__(path=path, cached_statements=512)
        self._limit = connections
        self._idle: list[aiosqlite.Connection] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._places = asyncio.Semaphore(connections)
        self.write_lock = asyncio.Lock()

    def _enter_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._idle = loop, []
            self._places = asyncio.Semaphore(self._limit)
            self.write_lock = asyncio.Lock()

    async def checkout(self) -> aiosqlite.Connection:
        self._enter_loop()
        await self._places.acquire()
        if self._idle:
            return self._idle.pop()
        connection = aiosqlite.connect(**self.connection_kwargs)
        try:
            await connection
            connection.row_factory = dict_factory  # type: ignore[assignment]
            for pragma in _PRAGMAS:
                await connection.execute(pragma)
        except BaseException:
            # Whoever waited may have been cancelled half-way; its thread must not stay behind, and
            # must have ended before the loop does, to which it reports.
            ended = connection.stop()
            if ended is not None:
                await asyncio.shield(ended)
            self._places.release()
            raise
        return connection

    def checkin(self, connection: aiosqlite.Connection) -> None:
        self._idle.append(connection)
        self._places.release()

    async def close(self) -> None:
        """Close the idle connections; call it when nothing is running any more."""
        while self._idle:
            await self._idle.pop().close()

    def transaction(
        self,
        transaction_type: TransactionType = TransactionType.immediate,
        allow_nested: bool = True,
    ) -> _Transaction:
        self._enter_loop()
        return _Transaction(
            engine=self, transaction_type=TransactionType.immediate, allow_nested=allow_nested
        )

    async def _run_in_new_connection(
        self,
        query: str,
        args: list[Any] | None = None,
        query_type: str = "generic",
        table: type[Table] | None = None,
    ) -> list[Any]:
        self._enter_loop()
        reads = query_type != "insert" and query.lstrip()[:6].upper() == "SELECT"
        async with contextlib.nullcontext() if reads else self.write_lock:
            connection = await self.checkout()
            try:
                return await _run(connection, query, args)
            finally:
                self.checkin(connection)

    async def _run_in_existing_connection(
        self,
        connection: aiosqlite.Connection,
        query: str,
        args: list[Any] | None = None,
        query_type: str = "generic",
        table: type[Table] | None = None,
    ) -> list[Any]:
        return await _run(connection, query, args)


_engine: Engine[Any] | None = None


def engine() -> Engine[Any]:
    """The engine that this process was bound to."""
    if _engine is None:
        raise RuntimeError("no database yet: call app.db.bind(url) at the process entry")
    return _engine


def bind(url: str) -> Engine[Any]:
    """Make `url` the database of this process.

    `sqlite:///absolute/path` or `postgresql://…`. Tables are pointed at it; nothing is opened.
    """
    global _engine
    if url.startswith("sqlite:///"):
        path = url.removeprefix("sqlite:///")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        _engine = PooledSQLite(path)
    elif url.startswith(("postgresql://", "postgres://")):
        _engine = PostgresEngine(config={"dsn": url})
    else:
        raise ValueError("PLENARY_DATABASE_URL must begin with sqlite:/// or postgresql://")
    for table in tables():
        table._meta._db = _engine
    return _engine


def on_postgres() -> bool:
    return isinstance(engine(), PostgresEngine)


def transaction() -> Any:
    """One transaction: `async with db.transaction(): …`. Immediate on SQLite, nested calls join.

    It lives in a context variable: a task started inside must not outlive it.
    """
    return engine().transaction()


async def open_pool() -> None:
    current = engine()
    if isinstance(current, PostgresEngine):
        await current.start_connection_pool(min_size=1, max_size=10)


async def close_pool() -> None:
    current = engine()
    if isinstance(current, PostgresEngine):
        if current.pool is not None:
            await current.close_connection_pool()
    elif isinstance(current, PooledSQLite):
        await current.close()


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Engine[Any]]:
    """Bind, open, and close again: for jobs, commands and tests."""
    current = bind(url)
    await open_pool()
    try:
        yield current
    finally:
        await close_pool()
