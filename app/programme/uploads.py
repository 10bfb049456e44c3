"""Schedules that were sent in and wait for the organizer's yes."""

from __future__ import annotations

import asyncio
import io
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from agenda import formats
from agenda.findings import Finding, scan
from agenda.formats import Imported, csv_table, xlsx_table
from agenda.formats.columns import FIELDS, guess
from agenda.inspect import summary
from agenda.model import Schedule, scoped
from app.programme import draft
from app.programme.changes import Changes, between
from app.settings import Settings

MOST_BYTES = 20 * 1024 * 1024
MOST_FILES = 20
_KEPT = timedelta(days=1)
_TABLES = (csv_table.FORMAT, xlsx_table.FORMAT)


File = tuple[str, bytes]
"""A file that was sent in: its name and its content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """What an import would do to the draft.

    Of a table, `header` names its columns and `mapping` the one of each field; else there is none.
    """

    imported: Imported
    schedule: Schedule
    before: Schedule | None
    mapping: Mapping[str, str] | None
    header: tuple[str, ...]
    figures: dict[str, object]
    changes: Changes
    findings: tuple[Finding, ...]
    draft_version: int


def _path(settings: Settings, conference: UUID, upload: UUID) -> Path:
    return settings.var / "uploads" / f"{conference}.{upload}.zip"


def keep(settings: Settings, conference: UUID, files: Sequence[File], *, now: datetime) -> UUID:
    """Keep the files of one export until they are applied; forgets those older than a day."""
    upload = uuid4()
    path = _path(settings, conference, upload)
    path.parent.mkdir(parents=True, exist_ok=True)
    oldest = (now - _KEPT).timestamp()
    for old in path.parent.iterdir():
        if old.stat().st_mtime < oldest:
            old.unlink(missing_ok=True)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as pack:
        # Numbered: two files may have one name, and a name may be anything.
        for number, (name, content) in enumerate(files):
            one = zipfile.ZipInfo(str(number))
            one.comment = name.encode()[:65535]
            pack.writestr(one, content)
    path.write_bytes(archive.getvalue())
    os.chmod(path, 0o600)
    return upload


def kept(settings: Settings, conference: UUID, upload: UUID) -> list[File]:
    """The files again. Raises FileNotFoundError when they are too old."""
    with zipfile.ZipFile(_path(settings, conference, upload)) as pack:
        return [(one.comment.decode(errors="replace"), pack.read(one)) for one in pack.infolist()]


async def plan_import(
    conference: UUID,
    files: Sequence[File],
    *,
    zone: str | None,
    columns: Mapping[str, str] | None = None,
) -> ImportPlan:
    """Read the files of one export and compare them with the draft; changes nothing.

    `columns` says for a table which column holds which field, where the guess is wrong.

    Raises agenda.errors.Unreadable, UnknownZone where a zone must be given.
    """
    present = await draft.read(conference)

    def work() -> ImportPlan:
        imported = formats.read_all(files, zone=zone, columns=columns or None)
        schedule = scoped(imported.schedule, conference)
        header = columns_of(files[0][1]) if imported.format in _TABLES else ()
        before = present.schedule if present.schedule.sessions else None
        return ImportPlan(
            imported=imported,
            schedule=schedule,
            figures=summary(imported),
            before=before,
            header=header,
            mapping=_mapping(header, columns or {}) if header else None,
            changes=between(before, schedule),
            findings=scan(schedule),
            draft_version=present.version,
        )

    return await asyncio.to_thread(work)


NO_COLUMN = "(none)"
"""What stands for a field that no column holds."""


def columns_of(content: bytes) -> tuple[str, ...]:
    """The header of a CSV or XLSX file."""
    if xlsx_table.looks_right(content):
        found = next((rows for rows in xlsx_table.sheets(content) if rows), None)
        cells = found[0][1] if found else []
    else:
        cells = csv_table.records(content)[0][1]
    return tuple(cell.strip() for cell in cells)


def _mapping(header: tuple[str, ...], said: Mapping[str, str]) -> dict[str, str]:
    """Every field with its column's name, empty where none holds it."""
    guessed = {field: header[at] for field, at in guess(header).items()}
    taken = {column for column in said.values() if column != NO_COLUMN}
    kept = {field: column for field, column in guessed.items() if column not in taken}
    found = {**kept, **said}
    return {
        field: "" if found.get(field, "") == NO_COLUMN else found.get(field, "") for field in FIELDS
    }
