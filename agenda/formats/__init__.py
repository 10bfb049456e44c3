"""Conference schedules in the formats of the world, read and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from agenda.errors import Unreadable
from agenda.formats import (
    csv_table,
    frab,
    ical_read,
    json_text,
    opass,
    open_event,
    pycon,
    schedule_json,
    xlsx_table,
)
from agenda.formats.imported import Imported, Ledger, Oddity
from agenda.formats.texts import looks_like_html, refuse_too_large

__all__ = ["Imported", "Oddity", "read", "read_all"]


_JSON: tuple[tuple[Callable[[object], bool], Callable[..., Imported]], ...] = (
    (schedule_json.looks_right, schedule_json.read),
    (opass.looks_right, opass.read),
    (pycon.looks_right, pycon.read),
    (open_event.looks_right, open_event.read_one),
)


def read(
    name: str,
    content: bytes,
    *,
    zone: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Imported:
    """The schedule in a file, whatever its format; the content decides, not the name.

    `zone` is the conference's time zone (IANA), for files that name none or a wrong one; `columns`
    says for a table which column holds which field. Raises Unreadable with one clear sentence,
    UnknownZone where a time zone must be given.
    """
    refuse_too_large(content)
    if xlsx_table.looks_right(content):
        return _placed(name, xlsx_table.read(content, zone=zone, columns=columns))
    start = _beginning(content)
    if not start:
        raise Unreadable("The file is empty.")
    if looks_like_html(start):
        raise Unreadable("This is a web page (HTML), not a schedule: download the export itself.")
    if start.startswith("<"):
        return _placed(name, frab.read(content, zone=zone))
    if start.startswith(("{", "[")):
        return _placed(name, _read_json(content, zone))
    if ical_read.looks_right(start):
        return _placed(name, ical_read.read(content, zone=zone))
    if columns or csv_table.looks_right(start):
        return _placed(name, csv_table.read(content, zone=zone, columns=columns))
    raise Unreadable("This is in no format that is known here.")


def read_all(
    files: Sequence[tuple[str, bytes]],
    *,
    zone: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Imported:
    """The schedule in one file, or in the several files of one export, such as Open Event's.

    Each file is its name and its content. Raises Unreadable, UnknownZone.
    """
    if len(files) == 1:
        ((name, content),) = files
        return read(name, content, zone=zone, columns=columns)
    ledger = Ledger()
    documents = []
    for name, content in files:
        if not _beginning(content).startswith(("{", "[")):
            raise Unreadable(
                f"{name} is not JSON: only the files of one Open Event export go together."
            )
        documents.append((name, json_text.parse(content, ledger)))
    return open_event.read(documents, zone=zone, ledger=ledger)


def _beginning(content: bytes) -> str:
    """The first characters, in any of the usual encodings, without what may stand before them."""
    start = content[:4000].replace(b"\0", b"").decode("utf-8", "ignore")
    return start.lstrip("\ufeff \r\n\t\f")


def _read_json(content: bytes, zone: str | None) -> Imported:
    ledger = Ledger()
    document = json_text.parse(content, ledger)
    for looks_right, reader in _JSON:
        if looks_right(document):
            return reader(document, zone=zone, ledger=ledger)
    raise Unreadable("This is JSON, but no schedule of a kind that is known here.")


def _placed(name: str, imported: Imported) -> Imported:
    """The same, with the file's name in front of each oddity's place."""
    warnings = tuple(
        replace(oddity, where=f"{name}: {oddity.where or 'file'}") for oddity in imported.warnings
    )
    return replace(imported, warnings=warnings)
