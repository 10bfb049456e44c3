"""Runs one attempt of a job: claims the row, keeps its lease, and writes how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from app.clock import now
from app.html import gettext as _
from app.jobs import outbox, store
from app.jobs.kinds import Kind, kind_of
from app.jobs.store import Made
from app.settings import Settings

logger = structlog.get_logger(__name__)

RENEW_S = 5.0
_TELL = timedelta(milliseconds=400)
_PAUSE = timedelta(seconds=2)


class JobFailed(Exception):
    """The work can't be done, and another attempt would not help; the text tells a person why."""


class _LeaseLost(Exception):
    """Another attempt has the job; what this one does is not wanted any more."""


@dataclass(slots=True, kw_only=True)
class Task:
    """What the work of a job may use: its facts, the settings, and a way to say how far it is."""

    job: UUID
    attempt: int
    conference: UUID
    asked_by: UUID | None
    arguments: Mapping[str, Any]
    settings: Settings
    _told: datetime | None = field(default=None)

    async def progress(self, done: int, total: int) -> None:
        """Say how far it is; written at most every 0.4 s, and always at the end."""
        instant = now()
        if done < total and self._told is not None and instant - self._told < _TELL:
            return
        self._told = instant
        await store.progress(self.job, attempt=self.attempt, done=done, total=total, now=instant)

    def file(self, suffix: str) -> Path:
        """Where this attempt may leave its file; its folder exists."""
        folder = self.settings.files / "jobs"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self.job}-{self.attempt}{suffix}"

    def made(
        self, path: Path, *, name: str, words: str = "", media_type: str = "application/pdf"
    ) -> Made:
        """The result that is this file, to be saved under `name`."""
        relative = path.relative_to(self.settings.files)
        return Made(file=str(relative), name=name, words=words, media_type=media_type)


Work = Callable[[Task], Awaitable[Made]]


def load(kind: Kind) -> Work:
    """The function that does this kind's work."""
    module, _colon, name = kind.work.partition(":")
    work: Work = getattr(importlib.import_module(module), name)
    return work


async def run(settings: Settings, job: UUID, attempt: int) -> None:
    """One attempt, from claim to end. Running an attempt twice does nothing the second time."""
    row = await store.start(job, attempt=attempt, now=now())
    if row is None:
        logger.info("nothing to run", job=str(job), attempt=attempt)
        return
    kind = kind_of(row["kind"])
    task = Task(
        job=job,
        attempt=attempt,
        conference=row["conference"],
        asked_by=row["asked_by"],
        arguments=json.loads(row["arguments"]),
        settings=settings,
    )
    began = now()
    try:
        async with _lease(job, attempt), asyncio.timeout(kind.limit.total_seconds()):
            made = await load(kind)(task)
    except JobFailed as error:
        await store.fail(job, attempt=attempt, words=str(error), now=now())
    except _LeaseLost:
        logger.warning("lost to another attempt", job=str(job), attempt=attempt)
    except asyncio.CancelledError:
        # The worker is being stopped: another one goes on at once.
        await asyncio.shield(store.again(job, attempt=attempt, words="", now=now()))
        raise
    except Exception as error:
        await _ended_badly(kind, job, attempt, error)
    else:
        await store.finish(job, attempt=attempt, made=made, now=now())
        took = (now() - began).total_seconds()
        logger.info("job done", job=str(job), kind=row["kind"], seconds=round(took, 2))


async def _ended_badly(kind: Kind, job: UUID, attempt: int, error: Exception) -> None:
    logger.error("job ended badly", job=str(job), attempt=attempt, exc_info=error)
    if isinstance(error, TimeoutError):
        words = _("It took longer than it may.")
    else:
        words = _("It stopped with an error of ours ({name}).").format(name=type(error).__name__)
    if attempt + 1 < kind.most_attempts:
        pause = _PAUSE * (attempt + 1)
        await store.again(job, attempt=attempt, words=words, now=now(), pause=pause)
    else:
        await store.fail(job, attempt=attempt, words=words, now=now())


@contextlib.asynccontextmanager
async def _lease(job: UUID, attempt: int) -> AsyncIterator[None]:
    """Renew the lease while the block runs; raises _LeaseLost in it when somebody else has it."""
    owner = asyncio.current_task()
    assert owner is not None
    lost = False

    async def keep() -> None:
        nonlocal lost
        while True:
            await asyncio.sleep(RENEW_S)
            if not await store.renew(job, attempt=attempt, now=now()):
                lost = True
                owner.cancel()
                return

    keeper = asyncio.create_task(keep(), name=f"lease of {job}")
    try:
        yield
    except asyncio.CancelledError:
        if lost:
            owner.uncancel()
            raise _LeaseLost from None
        raise
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


async def deliver_for_ever(handlers: Mapping[str, outbox.Handler], *, poll_s: float = 0.25) -> None:
    """The outbox's delivery loop; it ends only by being cancelled."""
    while True:
        try:
            more = await outbox.deliver_due(handlers, now=now)
        except Exception as error:
            logger.warning("the outbox could not be read", error=repr(error))
            more = False
            await asyncio.sleep(1)
        if not more:
            await asyncio.sleep(poll_s)


async def sweep_for_ever(files: Path, *, every_s: float = 2.0) -> None:
    """The loop that takes up lost jobs, and each hour forgets what nobody can want any more."""
    pruned: datetime | None = None
    while True:
        try:
            instant = now()
            await store.sweep(now=instant)
            if pruned is None or instant - pruned > timedelta(hours=1):
                pruned = instant
                await outbox.prune(now=instant)
                await store.forget(files, now=instant)
        except Exception as error:
            logger.warning("the sweep failed", error=repr(error))
        await asyncio.sleep(every_s)
