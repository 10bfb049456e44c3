"""A report's files read back by means that share nothing with what wrote them."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
Table = list[list[str]]


def of_csv(text: str) -> Table:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def of_xlsx(content: bytes) -> dict[str, list[list[Any]]]:
    """Every sheet's rows by its name: texts, numbers, and None for what is empty."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        texts = [
            "".join(part.text or "" for part in one.iter(f"{_MAIN}t"))
            for one in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        sheets = ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{_MAIN}sheet")
        return {
            sheet.attrib["name"]: _rows(book.read(f"xl/worksheets/sheet{number}.xml"), texts)
            for number, sheet in enumerate(sheets, 1)
        }


def _rows(sheet: bytes, texts: list[str]) -> list[list[Any]]:
    found = []
    for row in ElementTree.fromstring(sheet).iter(f"{_MAIN}row"):
        held: dict[int, Any] = {}
        for cell in row.iter(f"{_MAIN}c"):
            value = cell.find(f"{_MAIN}v")
            if value is not None and value.text is not None:
                number = cell.get("t") != "s"
                held[_column(cell.attrib["r"])] = (
                    float(value.text) if number else texts[int(value.text)]
                )
        found.append([held.get(column) for column in range(max(held, default=-1) + 1)])
    return found


def _column(reference: str) -> int:
    at = 0
    for letter in re.sub(r"\d", "", reference):
        at = at * 26 + ord(letter) - 64
    return at - 1


class _Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: list[Table] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.tables[-1][-1][-1] += data


def of_page(html: str) -> dict[tuple[str, ...], Table]:
    """The tables of a page by their headings: the texts of their cells."""
    parser = _Tables()
    parser.feed(html)
    return {tuple(table[0]): table[1:] for table in parser.tables if table}
