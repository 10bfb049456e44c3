"""Job rows: asked for, claimed, kept alive by a lease, finished or failed in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import structlog

from app import db, live
from app.jobs import outbox
from app.jobs.kinds import kind_of
from app.jobs.tables import Job

logger = structlog.get_logger(__name__)

LEASE = timedelta(seconds=15)
QUEUED_FOR = timedelta(seconds=30)
"""A queued job that nobody took up for so long is handed to the queue again (Redis may be new)."""

KEPT = timedelta(days=14)
"""How long a finished job and its file can be fetched."""

_OPEN = ("queued", "running")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a job made: a file below settings.files, the name to save it under, and a sentence."""

    file: str = ""
    name: str = ""
    media_type: str = "application/pdf"
    words: str = ""

    def text(self) -> str:
        held = {"file": self.file, "name": self.name, "type": self.media_type, "words": self.words}
        return json.dumps(held, ensure_ascii=False)

    @staticmethod
    def read(text: str) -> Made | None:
        """None for the empty text of a job that has not finished."""
        if not text:
            return None
        held = json.loads(text)
        return Made(
            file=held["file"], name=held["name"], media_type=held["type"], words=held["words"]
        )


async def ask(
    kind: str,
    key: str,
    arguments: Mapping[str, Any],
    *,
    conference: UUID | None,
    asked_by: UUID | None,
    now: datetime,
) -> UUID:
    """Ask for work; returns its job's id. While one with the same key is open, that one's.

    Writes the row and its outbox entry in one transaction, the caller's if there is one.
    """
    queue = kind_of(kind).queue
    async with db.transaction():
        job = Job(
            id=uuid4(),
            conference=conference,
            kind=kind,
            key=key,
            queue=queue,
            arguments=json.dumps(arguments, ensure_ascii=False),
            asked_by=asked_by,
            created_at=now,
            lease_until=now + QUEUED_FOR,
        )
        taken = await Job.insert(job).on_conflict(action="DO NOTHING").returning(Job.id)
        if taken:
            await _enqueue(job.id, queue, attempt=0, now=now)
            return job.id
        standing = (
            await Job.select(Job.id).where(Job.key == key, Job.state.is_in(list(_OPEN))).first()
        )
    if standing is None:
        # It finished between the two statements.
        return await ask(kind, key, arguments, conference=conference, asked_by=asked_by, now=now)
    return standing["id"]


async def _enqueue(
    job: UUID, queue: str, *, attempt: int, now: datetime, due_at: datetime | None = None
) -> None:
    await outbox.put(
        "enqueue",
        f"job:{job}:{attempt}:{int(now.timestamp())}",
        {"job": str(job), "attempt": attempt, "queue": queue},
        now=now,
        due_at=due_at,
    )


async def find(job: UUID) -> dict[str, Any] | None:
    """One job's row."""
    return await Job.select().where(Job.id == job).first()


async def latest(key: str) -> dict[str, Any] | None:
    """The newest job with this key, open or not."""
    return (
        await Job.select().where(Job.key == key).order_by(Job.created_at, ascending=False).first()
    )


async def start(job: UUID, *, attempt: int, now: datetime) -> dict[str, Any] | None:
    """Claim one attempt. None when it is not to be run: done, failed, or somebody has it."""
    async with db.transaction():
        rows = (
            await Job.update(
                {Job.state: "running", Job.started_at: now, Job.lease_until: now + LEASE}
            )
            .where(Job.id == job, Job.state == "queued", Job.attempts == attempt)
            .returning(*Job.all_columns())
        )
        if rows:
            await _tell(rows[0], now=now)
    return rows[0] if rows else None


async def renew(job: UUID, *, attempt: int, now: datetime) -> bool:
    """Push the lease forward; False when this attempt lost the job."""
    rows = (
        await Job.update({Job.lease_until: now + LEASE})
        .where(Job.id == job, Job.state == "running", Job.attempts == attempt)
        .returning(Job.id)
    )
    return bool(rows)


async def progress(job: UUID, *, attempt: int, done: int, total: int, now: datetime) -> None:
    """Say how far it is; the pages that show it follow."""
    await _change(
        job, attempt, {Job.done: done, Job.total: total, Job.lease_until: now + LEASE}, now=now
    )


async def finish(job: UUID, *, attempt: int, made: Made, now: datetime) -> bool:
    """Done. False when another attempt has the job now; what this one made is then not used."""
    values = {
        Job.state: "done",
        Job.result: made.text(),
        Job.error: "",
        Job.finished_at: now,
        Job.lease_until: None,
    }
    return await _change(job, attempt, values, now=now)


async def fail(job: UUID, *, attempt: int, words: str, now: datetime) -> bool:
    """Failed for good; `words` tell a person why."""
    values = {
        Job.state: "failed",
        Job.error: words,
        Job.finished_at: now,
        Job.lease_until: None,
    }
    return await _change(job, attempt, values, now=now)


async def again(
    job: UUID, *, attempt: int, words: str, now: datetime, pause: timedelta = timedelta(0)
) -> bool:
    """Queue the next attempt. `words` say why the last one ended; False when it is not ours."""
    async with db.transaction():
        values = {
            Job.state: "queued",
            Job.attempts: attempt + 1,
            Job.error: words,
            Job.lease_until: now + pause + QUEUED_FOR,
        }
        if not await _change(job, attempt, values, now=now):
            return False
        row = await Job.select(Job.queue).where(Job.id == job).first()
        assert row is not None
        await _enqueue(job, row["queue"], attempt=attempt + 1, now=now, due_at=now + pause)
    return True


async def retry(job: UUID, *, now: datetime) -> UUID | None:
    """Ask for a failed job's work again, as a new job. None when there is nothing to retry."""
    row = await find(job)
    if row is None or row["state"] != "failed":
        return None
    return await ask(
        row["kind"],
        row["key"],
        json.loads(row["arguments"]),
        conference=row["conference"],
        asked_by=row["asked_by"],
        now=now,
    )


async def sweep(*, now: datetime) -> int:
    """Take up what nobody is doing: running jobs whose lease ran out, queued ones that were lost.

    Returns how many. A job whose attempts are used up fails in words.
    """
    rows = await Job.select(Job.id, Job.kind, Job.state, Job.attempts, Job.queue).where(
        Job.state.is_in(list(_OPEN)), Job.lease_until < now
    )
    for row in rows:
        if row["state"] == "queued":
            await _hand_over_again(row, now=now)
        elif row["attempts"] + 1 < kind_of(row["kind"]).most_attempts:
            logger.warning("lease ran out, next attempt", job=str(row["id"]), kind=row["kind"])
            await again(row["id"], attempt=row["attempts"], words="", now=now)
        else:
            words = f"It was tried {row['attempts'] + 1} times, and each time the worker stopped."
            await fail(row["id"], attempt=row["attempts"], words=words, now=now)
    return len(rows)


async def forget(files: Path, *, now: datetime) -> None:
    """Delete jobs that ended long ago, and their files."""
    old = Job.finished_at < now - KEPT
    for row in await Job.select(Job.result).where(old):
        made = Made.read(row["result"])
        if made is not None and made.file:
            (files / made.file).unlink(missing_ok=True)
    await Job.delete().where(old)


async def _hand_over_again(row: Mapping[str, Any], *, now: datetime) -> None:
    async with db.transaction():
        held = (
            await Job.update({Job.lease_until: now + QUEUED_FOR})
            .where(Job.id == row["id"], Job.state == "queued", Job.lease_until < now)
            .returning(Job.id)
        )
        if held:
            await _enqueue(row["id"], row["queue"], attempt=row["attempts"], now=now)


async def _change(job: UUID, attempt: int, values: dict[Any, Any], *, now: datetime) -> bool:
    async with db.transaction():
        rows = (
            await Job.update(values)
            .where(Job.id == job, Job.state == "running", Job.attempts == attempt)
            .returning(Job.id, Job.conference)
        )
        if rows:
            await _tell(rows[0], now=now)
    return bool(rows)


async def _tell(row: Mapping[str, Any], *, now: datetime) -> None:
    if row["conference"] is not None:
        await live.announce(row["conference"], "job", {"id": str(row["id"])}, now=now)
