"""The two engines keep what they promise."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from pathlib import Path
from uuid import uuid4

import pytest

from app import db, migrate
from app.accounts.tables import Person
from app.clock import now


async def test_migrating_twice_changes_nothing(database: str) -> None:
    await migrate.forwards()


async def test_a_failed_transaction_leaves_nothing_and_the_next_one_works(database: str) -> None:
    class Stop(Exception):
        pass

    async def fail() -> None:
        async with db.transaction():
            await Person(id=uuid4(), name="gone", created_at=now()).save()
            raise Stop

    with pytest.raises(Stop):
        await fail()
    async with db.transaction():
        await Person(id=uuid4(), name="kept", created_at=now()).save()
    assert [p["name"] for p in await Person.select(Person.name)] == ["kept"]


async def test_read_then_write_from_many_tasks_loses_no_update(database: str) -> None:
    person = uuid4()
    await Person(id=person, name="0", created_at=now()).save()

    async def one() -> None:
        async with db.transaction():
            if db.on_postgres():
                await Person.raw("SELECT pg_advisory_xact_lock(1)")
            row = await Person.select(Person.name).where(Person.id == person).first()
            assert row is not None
            await Person.update({Person.name: str(int(row["name"]) + 1)}).where(Person.id == person)

    await asyncio.gather(*(one() for _ in range(30)))
    assert await Person.select(Person.name).first() == {"name": "30"}


async def test_who_is_cancelled_while_waiting_to_begin_has_begun_nothing(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    path = tmp_path / "waiting.sqlite"
    shutil.copy(migrated_sqlite, path)
    other = sqlite3.connect(path, isolation_level=None)
    async with db.opened(f"sqlite:///{path}"):
        assert await Person.count() == 0

        async def begin() -> None:
            async with db.transaction():
                raise AssertionError("another process is writing")

        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(begin())
        await asyncio.sleep(0.3)
        waiting.cancel()
        await asyncio.sleep(0.1)
        other.execute("ROLLBACK")
        with pytest.raises(asyncio.CancelledError):
            await waiting
        # Others can write, and so can whoever comes next on the same connection.
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
        async with db.transaction():
            await Person(id=uuid4(), name="next", created_at=now()).save()
        assert await Person.count() == 1
    other.close()
