"""Tables as XLSX, read with guessed or given columns, and written."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from posixpath import join, normpath
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring, iterparse

from agenda.errors import Unreadable
from agenda.formats.columns import guess
from agenda.formats.imported import Imported, Ledger
from agenda.formats.table import read_rows
from agenda.formats.table_write import HEADER, lines
from agenda.formats.texts import CONTROL_CHARACTERS, refuse_too_large
from agenda.formats.xml_extra import escape
from agenda.model import Schedule

FORMAT = "xlsx"
MAX_UNPACKED = 96 * 1024 * 1024
MAX_ELEMENTS = 4_000_000
MAX_COLUMNS = 400
LONGEST_CELL = 32_767
"""More characters a cell of a spreadsheet cannot hold."""

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_BUILT_IN_DATES = frozenset({*range(14, 23), *range(45, 48)})
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001


def looks_right(content: bytes) -> bool:
    """Whether this begins like a ZIP archive, as such a file is."""
    return content.startswith(b"PK\x03\x04")


def read(content: bytes, *, zone: str | None, columns: Mapping[str, str] | None = None) -> Imported:
    """The schedule in the first sheet that looks like one; formulas count as their last values.

    Raises Unreadable, UnknownZone.
    """
    ledger = Ledger()
    filled = sheets(content)
    rows = next((rows for rows in filled if "title" in guess(rows[0][1])), filled[0])
    (_, header), *body = rows
    return read_rows(
        [cell.strip() for cell in header],
        body,
        format=FORMAT,
        columns=columns,
        zone=zone,
        ledger=ledger,
    )


Row = tuple[int, list[str]]


def sheets(content: bytes) -> list[list[Row]]:
    """The rows of every sheet that has any, each with its number; at least one sheet.

    Formulas count as their last values. Raises Unreadable.
    """
    refuse_too_large(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = list(_Workbook(archive).sheets())
    except (zipfile.BadZipFile, ParseError, DefusedXmlException, KeyError, RuntimeError) as error:
        raise Unreadable("The file is a damaged or foreign archive, not a spreadsheet.") from error
    except (ValueError, OverflowError, NotImplementedError, EOFError, OSError) as error:
        raise Unreadable("The spreadsheet is damaged.") from error
    filled = [rows for rows in found if rows]
    if not filled:
        raise Unreadable("The spreadsheet is empty.")
    return filled


class _Workbook:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
            raise Unreadable("The spreadsheet unpacks to more than any schedule needs.")
        self.names = set(archive.namelist())
        self.strings = self._strings()
        self.date_styles = self._date_styles()
        self.epoch = _EPOCH

    def sheets(self) -> Iterator[list[Row]]:
        """The rows of each sheet, with their numbers, empty ones left out."""
        book = self._xml("xl/workbook.xml")
        told = book.find(f"{_MAIN}workbookPr")
        if told is not None and told.get("date1904") in ("1", "true"):
            self.epoch = _EPOCH_1904
        targets = {
            relation.get("Id"): relation.get("Target") or ""
            for relation in self._xml("xl/_rels/workbook.xml.rels").iter(f"{_PACKAGE}Relationship")
        }
        for sheet in book.iter(f"{_MAIN}sheet"):
            target = targets.get(sheet.get(_RELATION), "")
            path = target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
            if path in self.names:
                yield list(self._rows(path))

    def _xml(self, path: str) -> Element:
        root: Element = fromstring(self.archive.read(path))
        return root

    def _each(self, path: str, tag: str) -> Iterator[Element]:
        """Each element of that tag, one after the other, none kept."""
        with self.archive.open(path) as source:
            for count, (_, element) in enumerate(iterparse(source, events=("end",))):
                if count > MAX_ELEMENTS:
                    raise Unreadable("The spreadsheet has more cells than any schedule needs.")
                if element.tag == f"{_MAIN}{tag}":
                    yield element
                    element.clear()

    def _strings(self) -> list[str]:
        if "xl/sharedStrings.xml" not in self.names:
            return []
        return [_texts(item) for item in self._each("xl/sharedStrings.xml", "si")]

    def _date_styles(self) -> frozenset[int]:
        """The cell styles that show numbers as dates or times."""
        if "xl/styles.xml" not in self.names:
            return frozenset()
        styles = self._xml("xl/styles.xml")
        formats = {
            int(held.get("numFmtId", "0")): held.get("formatCode", "")
            for held in styles.iter(f"{_MAIN}numFmt")
        }
        cells = styles.find(f"{_MAIN}cellXfs")
        found = set()
        for index, held in enumerate(cells if cells is not None else ()):
            number = int(held.get("numFmtId", "0"))
            code = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", formats.get(number, ""))
            if number in _BUILT_IN_DATES or re.search(r"[dmyhs]", code, re.IGNORECASE):
                found.add(index)
        return frozenset(found)

    def _rows(self, path: str) -> Iterator[Row]:
        for count, row in enumerate(self._each(path, "row"), 1):
            cells: list[str] = []
            for cell in row.iter(f"{_MAIN}c"):
                column = _column(cell.get("r", ""), len(cells))
                if column >= MAX_COLUMNS:
                    break
                cells.extend([""] * (column + 1 - len(cells)))
                cells[column] = self._cell(cell)
            if any(text.strip() for text in cells):
                number = row.get("r", "")
                yield int(number) if re.fullmatch(r"\d{1,9}", number) else count, cells

    def _cell(self, cell: Element) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return CONTROL_CHARACTERS.sub("", _texts(cell))
        value = cell.findtext(f"{_MAIN}v") or ""
        if kind == "s":
            index = int(value)
            return self.strings[index] if 0 <= index < len(self.strings) else ""
        if kind == "b":
            return "yes" if value == "1" else "no"
        style = cell.get("s", "")
        is_number = kind == "n" and re.fullmatch(r"-?\d{1,15}(\.\d+)?([eE][+-]?\d{1,3})?", value)
        if is_number and style.isdigit() and int(style) in self.date_styles:
            return _moment(float(value), self.epoch)
        if is_number and re.fullmatch(r"-?\d+\.0+", value):
            return value.partition(".")[0]
        return value


def _texts(item: Element) -> str:
    """A string of one or several runs; how it sounds (phonetic runs) is left out."""
    aloud = {id(text) for run in item.iter(f"{_MAIN}rPh") for text in run.iter(f"{_MAIN}t")}
    return "".join(text.text or "" for text in item.iter(f"{_MAIN}t") if id(text) not in aloud)


def _column(reference: str, following: int) -> int:
    """“C7” is column 2; without a reference, the one that follows."""
    letters = re.match(r"[A-Z]{1,3}", reference)
    if letters is None:
        return following
    found = 0
    for letter in letters[0]:
        found = found * 26 + ord(letter) - 64
    return found - 1


def _moment(days: float, epoch: datetime) -> str:
    """A date as ISO 8601, with its time if it has one; less than a day is a time of day."""
    seconds = round(days * 86400)
    if 0 <= days < 1:
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    found = epoch + timedelta(seconds=seconds)
    return found.date().isoformat() if seconds % 86400 == 0 else found.isoformat(" ")


def write(schedule: Schedule) -> bytes:
    """The sessions as one sheet, one row a slot; every cell is plain text, never a formula.

    A text longer than a cell may be is cut at its end. The same schedule gives the same bytes.
    """
    return write_rows([HEADER, *lines(schedule)])


def write_rows(rows: Sequence[Sequence[str]]) -> bytes:
    """Any table as one sheet of plain text cells, none of which can be a formula."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in _FRAME.items():
            _put(archive, path, content)
        _put(archive, "xl/worksheets/sheet1.xml", "".join(_sheet(rows)))
    return made.getvalue()


def _put(archive: zipfile.ZipFile, path: str, content: str) -> None:
    # A fixed date, so that the same schedule gives the same bytes.
    entry = zipfile.ZipInfo(path, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def _sheet(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f'{_DECLARATION}<worksheet xmlns="{_MAIN[1:-1]}"><sheetData>'
    for number, cells in enumerate(rows, 1):
        yield f'<row r="{number}">'
        for cell in cells:
            text = escape(cell[:LONGEST_CELL])
            yield f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
        yield "</row>"
    yield "</sheetData></worksheet>"


_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_FRAME = {
    "[Content_Types].xml": (
        f"{_DECLARATION}<Types xmlns="
        '"http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        "</Types>"
    ),
    "_rels/.rels": (
        f'{_DECLARATION}<Relationships xmlns="{_PACKAGE[1:-1]}">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>"
    ),
    "xl/workbook.xml": (
        f'{_DECLARATION}<workbook xmlns="{_MAIN[1:-1]}" xmlns:r="{_OFFICE}">'
        '<sheets><sheet name="Sessions" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'{_DECLARATION}<Relationships xmlns="{_PACKAGE[1:-1]}">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>"
    ),
}
