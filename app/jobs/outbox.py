"""What must happen after a commit: written in the caller's transaction, delivered at least once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog

from app import db
from app.jobs.tables import Outbox

logger = structlog.get_logger(__name__)

LEASE = timedelta(seconds=25)
LIMIT = timedelta(seconds=20)
"""How long one delivery may take: less than its lease, so that nobody else begins it meanwhile."""
KEPT = timedelta(days=7)
GIVEN_UP = datetime(9999, 1, 1, tzinfo=UTC)
"""`due_at` of an entry that nobody tries any more; its error says why."""

_MOST_ATTEMPTS = 14
_LONGEST_PAUSE_S = 3600.0


class Undeliverable(Exception):
    """Trying again can't help; the text says why, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One entry being delivered. `key` is its idempotency key, the same at every attempt."""

    id: UUID
    kind: str
    key: str
    payload: Mapping[str, Any]
    attempt: int
    created_at: datetime


Handler = Callable[[Delivery], Awaitable[None]]


async def put(
    kind: str,
    key: str,
    payload: Mapping[str, Any],
    *,
    now: datetime,
    due_at: datetime | None = None,
) -> None:
    """Write one entry, in the caller's transaction if there is one.

    The same key twice is no error and changes nothing. A payload with `"secret": true` is emptied
    once it is delivered.
    """
    await put_many(kind, [(key, payload)], now=now, due_at=due_at)


async def put_many(
    kind: str,
    entries: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    now: datetime,
    due_at: datetime | None = None,
) -> None:
    """The same for many (key, payload), in one statement."""
    rows = [
        Outbox(
            id=uuid4(),
            kind=kind,
            key=key,
            payload=json.dumps(payload, ensure_ascii=False, separators=(",", ":")),
            created_at=now,
            due_at=due_at or now,
        )
        for key, payload in entries
    ]
    if rows:
        await Outbox.insert(*rows).on_conflict(action="DO NOTHING")


async def deliver_due(handlers: Mapping[str, Handler], *, now: Callable[[], datetime]) -> bool:
    """Claim the entry of the kinds in `handlers` that is due longest, and deliver it.

    False when nothing was due. A claim pushes `due_at` forward by LEASE, so that two workers never
    hold one entry, and a worker that dies leaves one, to be taken up again.
    """
    claimed = await _claim(tuple(handlers), now=now())
    if claimed is None:
        return False
    await _deliver(handlers[claimed.kind], claimed, now=now)
    return True


async def _claim(kinds: tuple[str, ...], *, now: datetime) -> Delivery | None:
    due = (
        Outbox.delivered_at.is_null(),
        Outbox.due_at <= now,
        Outbox.kind.is_in(list(kinds)),
    )
    # A look without a transaction first: an idle worker must not take SQLite's one write lock.
    if not await Outbox.exists().where(*due):
        return None
    async with db.transaction():
        query = Outbox.select().where(*due).order_by(Outbox.due_at).first()
        if db.on_postgres():
            query = query.lock_rows("UPDATE", skip_locked=True)
        row = await query
        if row is None:
            return None
        await Outbox.update(
            {Outbox.due_at: now + LEASE, Outbox.attempts: Outbox.attempts + 1}
        ).where(Outbox.id == row["id"])
    return Delivery(
        id=row["id"],
        kind=row["kind"],
        key=row["key"],
        payload=json.loads(row["payload"]),
        attempt=row["attempts"] + 1,
        created_at=row["created_at"],
    )


async def _deliver(handler: Handler, delivery: Delivery, *, now: Callable[[], datetime]) -> None:
    try:
        async with asyncio.timeout(LIMIT.total_seconds()):
            await handler(delivery)
    except Undeliverable as error:
        await _give_up(delivery, str(error))
    except Exception as error:
        await _try_later(delivery, error, now=now())
    else:
        kept = "{}" if delivery.payload.get("secret") else None
        values: dict[Any, Any] = {Outbox.delivered_at: now(), Outbox.error: ""}
        if kept is not None:
            values[Outbox.payload] = kept
        await Outbox.update(values).where(Outbox.id == delivery.id)


async def _try_later(delivery: Delivery, error: Exception, *, now: datetime) -> None:
    words = f"{type(error).__name__}: {error}"
    if delivery.attempt >= _MOST_ATTEMPTS:
        await _give_up(delivery, words)
        return
    pause = pause_after(delivery.attempt)
    logger.warning(
        "not delivered, trying again",
        kind=delivery.kind,
        attempt=delivery.attempt,
        pause_s=pause.total_seconds(),
        error=words,
    )
    await Outbox.update({Outbox.due_at: now + pause, Outbox.error: words}).where(
        Outbox.id == delivery.id
    )


async def _give_up(delivery: Delivery, words: str) -> None:
    logger.error("given up", kind=delivery.kind, attempt=delivery.attempt, error=words)
    values: dict[Any, Any] = {Outbox.due_at: GIVEN_UP, Outbox.error: words}
    if delivery.payload.get("secret"):
        values[Outbox.payload] = "{}"
    await Outbox.update(values).where(Outbox.id == delivery.id)


def pause_after(attempt: int) -> timedelta:
    """How long to wait after the attempt of this number (from 1) failed: 2 s, doubling, to 1 h."""
    return timedelta(seconds=min(2.0**attempt, _LONGEST_PAUSE_S))


async def prune(*, now: datetime) -> None:
    """Forget what was delivered more than a week ago; its key may then be used again."""
    await Outbox.delete().where(Outbox.delivered_at < now - KEPT)
