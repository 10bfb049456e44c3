"""Workbooks (XLSX) in which nothing is a formula."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import xlsxwriter


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table. Cells are text, numbers or None; `wide` is the first column's width."""

    name: str
    rows: Sequence[Sequence[Any]]
    head: Sequence[str] = ()
    wide: int = 28


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """The sheets as one file. Every text is written as text, whatever it begins with."""
    held = io.BytesIO()
    book = xlsxwriter.Workbook(
        held,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"})
    taken: set[str] = set()
    for sheet in sheets:
        page = book.add_worksheet(_name(sheet.name, taken))
        page.set_column(0, 0, sheet.wide)
        page.set_column(1, 60, 18)
        for column, title in enumerate(sheet.head):
            page.write_string(0, column, title, bold)
        first = 1 if sheet.head else 0
        if sheet.head:
            page.freeze_panes(1, 0)
            page.autofilter(0, 0, max(len(sheet.rows), 1), len(sheet.head) - 1)
        for number, row in enumerate(sheet.rows, first):
            for column, value in enumerate(row):
                if isinstance(value, bool) or value is None:
                    continue
                if isinstance(value, int | float):
                    page.write_number(number, column, value)
                else:
                    page.write_string(number, column, str(value)[:32_767])
    book.close()
    return held.getvalue()


def _name(wanted: str, taken: set[str]) -> str:
    """A sheet's name that XLSX allows, and that no other sheet has."""
    plain = "".join(" " if c in "[]:*?/\\" else c for c in wanted).strip("' ")[:28] or "Sheet"
    name = next(
        n for k in range(1, 1000) if (n := plain if k == 1 else f"{plain} {k}") not in taken
    )
    taken.add(name)
    return name
