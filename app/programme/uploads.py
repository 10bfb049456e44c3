"""Schedules that were sent in and wait for the organizer's yes."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from agenda import formats
from agenda.findings import Finding, scan
from agenda.formats import Imported
from agenda.inspect import summary
from agenda.model import Schedule, scoped
from agenda.schedule import Diff, diff
from app.programme import draft
from app.settings import Settings

MOST_BYTES = 20 * 1024 * 1024
_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """What an import would do to the draft."""

    imported: Imported
    schedule: Schedule
    figures: dict[str, object]
    changes: Diff
    findings: tuple[Finding, ...]
    draft_version: int


def _path(settings: Settings, conference: UUID, upload: UUID) -> Path:
    return settings.var / "uploads" / f"{conference}.{upload}"


def keep(settings: Settings, conference: UUID, content: bytes, *, now: datetime) -> UUID:
    """Keep a file until it is applied; forgets those older than a day."""
    upload = uuid4()
    path = _path(settings, conference, upload)
    path.parent.mkdir(parents=True, exist_ok=True)
    oldest = (now - _KEPT).timestamp()
    for old in path.parent.iterdir():
        if old.stat().st_mtime < oldest:
            old.unlink(missing_ok=True)
    path.write_bytes(content)
    os.chmod(path, 0o600)
    return upload


def kept(settings: Settings, conference: UUID, upload: UUID) -> bytes:
    """The file again. Raises FileNotFoundError when it is too old."""
    return _path(settings, conference, upload).read_bytes()


async def plan_import(
    conference: UUID, name: str, content: bytes, *, zone: str | None
) -> ImportPlan:
    """Read a file and compare it with the draft; changes nothing.

    Raises agenda.errors.Unreadable, UnknownZone where a zone must be given.
    """
    present = await draft.read(conference)

    def work() -> ImportPlan:
        imported = formats.read(name, content, zone=zone)
        schedule = scoped(imported.schedule, conference)
        before = present.schedule if present.schedule.sessions else None
        return ImportPlan(
            imported=imported,
            schedule=schedule,
            figures=summary(imported),
            changes=diff(before, schedule),
            findings=scan(schedule),
            draft_version=present.version,
        )

    return await asyncio.to_thread(work)
