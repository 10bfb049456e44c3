"""Binds PDFs into one: runs in a press of its own, which loads nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pypdf import PdfWriter


def join(*, parts: Sequence[str], out: str, title: str) -> int:
    """Bind the PDFs into one, in order, and delete them; returns how many pages it has."""
    writer = PdfWriter()
    for part in parts:
        writer.append(part, import_outline=False)
    writer.add_metadata({"/Title": title, "/Creator": "Plenary"})
    writer.compress_identical_objects()
    writer.write(out)
    for part in parts:
        Path(part).unlink()
    return len(writer.pages)
