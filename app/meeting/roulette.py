"""Talks of two by chance: who waits is brought together with somebody else for some minutes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app import db, live
from app.meeting import rules
from app.meeting.tables import Block, Pair, Waiter

PATIENCE = timedelta(seconds=12)
"""Whose page is not heard for so long waits no more."""


async def wait(conference: UUID, person: UUID, *, now: datetime) -> None:
    """Take a place among those who wait; again keeps the first."""
    await Waiter.insert(
        Waiter(id=uuid4(), conference=conference, person=person, since=now, heard_at=now)
    ).on_conflict(
        target=(Waiter.conference, Waiter.person),
        action="DO UPDATE",
        values=[Waiter.heard_at],
    )
    await bring_together(conference, now=now)


async def heard(conference: UUID, person: UUID, *, now: datetime) -> bool:
    """The page of somebody who waits is still there; False where they don't wait."""
    rows = (
        await Waiter.update({Waiter.heard_at: now})
        .where(Waiter.conference == conference, Waiter.person == person)
        .returning(Waiter.id)
    )
    if rows:
        await bring_together(conference, now=now)
    return bool(rows)


async def leave(conference: UUID, person: UUID, *, now: datetime) -> None:
    """Wait no more, and end the present talk for both."""
    async with db.transaction():
        await Waiter.delete().where(Waiter.conference == conference, Waiter.person == person)
        pair = await present(conference, person, now=now)
        if pair is None:
            return
        await Pair.update({Pair.ends_at: now}).where(Pair.id == pair["id"])
        await _tell(conference, pair["other"], "ended", now=now)


async def present(conference: UUID, person: UUID, *, now: datetime) -> dict[str, Any] | None:
    """The talk that somebody is in, with the `other` and their `name`."""
    row = (
        await Pair.select(
            *Pair.all_columns(),
            Pair.one.name.as_alias("one_name"),
            Pair.two.name.as_alias("two_name"),
        )
        .where(
            Pair.conference == conference,
            (Pair.one == person) | (Pair.two == person),
            Pair.ends_at > now,
        )
        .order_by(Pair.began_at, ascending=False)
        .first()
    )
    return None if row is None else _seen_by(row, person)


def _seen_by(row: Mapping[str, Any], person: UUID) -> dict[str, Any]:
    first = row["one"] == person
    return {
        **row,
        "other": row["two"] if first else row["one"],
        "name": row["two_name"] if first else row["one_name"],
    }


async def bring_together(conference: UUID, *, now: datetime) -> int:
    """Make pairs of those who wait, in one transaction; returns how many."""
    async with db.transaction():
        if db.on_postgres():
            await Waiter.raw("SELECT pg_advisory_xact_lock(7971)")
        await Waiter.delete().where(
            Waiter.conference == conference, Waiter.heard_at < now - PATIENCE
        )
        rows = (
            await Waiter.select(Waiter.person)
            .where(Waiter.conference == conference)
            .order_by(Waiter.since, Waiter.id)
        )
        waiting = [row["person"] for row in rows]
        if len(waiting) < 2:
            return 0
        pairs = rules.match(waiting, await _apart(waiting), await _met(conference, waiting))
        for one, two in pairs:
            await _begin(conference, one, two, now=now)
        return len(pairs)


async def _begin(conference: UUID, one: UUID, two: UUID, *, now: datetime) -> None:
    await Waiter.delete().where(Waiter.conference == conference, Waiter.person.is_in([one, two]))
    await Pair(
        id=uuid4(),
        conference=conference,
        one=one,
        two=two,
        began_at=now,
        ends_at=now + rules.TALK,
    ).save()
    for person in (one, two):
        await _tell(conference, person, "paired", now=now)


async def _tell(conference: UUID, person: UUID, what: str, *, now: datetime) -> None:
    await live.announce(
        conference, "meeting", {"what": what}, channel=live.of_person(person), now=now
    )


async def _apart(people: list[UUID]) -> set[frozenset[UUID]]:
    rows = await Block.select(Block.person, Block.other).where(
        Block.person.is_in(people), Block.other.is_in(people)
    )
    return {frozenset((row["person"], row["other"])) for row in rows}


async def _met(conference: UUID, people: list[UUID]) -> set[frozenset[UUID]]:
    rows = await Pair.select(Pair.one, Pair.two).where(
        Pair.conference == conference, Pair.one.is_in(people), Pair.two.is_in(people)
    )
    return {frozenset((row["one"], row["two"])) for row in rows}
