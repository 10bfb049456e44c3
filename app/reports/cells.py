"""Cells of an export that no spreadsheet takes for a formula."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(text: str) -> str:
    """The text, made harmless by an apostrophe where it would begin a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
