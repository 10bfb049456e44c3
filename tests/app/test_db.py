"""The two engines keep what they promise."""

from __future__ import annotations

import asyncio
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
