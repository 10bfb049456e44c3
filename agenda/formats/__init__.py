"""Conference schedules in the formats of the world, read and written."""

from __future__ import annotations

from dataclasses import replace

from agenda.errors import Unreadable
from agenda.formats import frab
from agenda.formats.imported import Imported, Oddity
from agenda.formats.texts import looks_like_html, refuse_too_large

__all__ = ["Imported", "Oddity", "read"]


def read(name: str, content: bytes, *, zone: str | None = None) -> Imported:
    """The schedule in a file, whatever its format; the content decides, not the name.

    `zone` is the conference's time zone (IANA), for files that name none or a wrong one. Raises
    Unreadable with one clear sentence, UnknownZone where a time zone must be given.
    """
    refuse_too_large(content)
    if not content.strip():
        raise Unreadable("The file is empty.")
    if looks_like_html(content[:1000].decode("utf-8", "ignore")):
        raise Unreadable("This is a web page (HTML), not a schedule: download the export itself.")
    if not frab.looks_right(content):
        raise Unreadable("This is in no format that is known here.")
    return _placed(name, frab.read(content, zone=zone))


def _placed(name: str, imported: Imported) -> Imported:
    """The same, with the file's name in front of each oddity's place."""
    warnings = tuple(
        replace(oddity, where=f"{name}: {oddity.where or 'file'}") for oddity in imported.warnings
    )
    return replace(imported, warnings=warnings)
