"""Tables as CSV, read with guessed or given columns, and written."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from agenda.errors import Unreadable
from agenda.formats.columns import guess
from agenda.formats.imported import Imported, Ledger
from agenda.formats.table import read_rows
from agenda.formats.table_write import HEADER, lines
from agenda.formats.texts import as_utf8
from agenda.model import Schedule

FORMAT = "csv"
LONGEST_CELL = 10_000_000
_DELIMITERS = ",;\t|"
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")


def looks_right(start: str) -> bool:
    """Whether a text that begins like this has a header of two columns or more, one a title."""
    header = _first_record(start)
    return len(header) > 1 and ("title" in guess(header) or "start" in guess(header))


def read(content: bytes, *, zone: str | None, columns: Mapping[str, str] | None = None) -> Imported:
    """The schedule in a CSV file with a header line.

    `columns` says which column holds which field where the guess is wrong. Raises Unreadable,
    UnknownZone.
    """
    ledger = Ledger()
    (_, header), *rows = records(content, ledger)
    return read_rows(
        [cell.strip() for cell in header],
        rows,
        format=FORMAT,
        columns=columns,
        zone=zone,
        ledger=ledger,
    )


def records(content: bytes, ledger: Ledger | None = None) -> list[tuple[int, list[str]]]:
    """Every record of a CSV file with the number of its line, the header first.

    The delimiter is guessed; what `write_rows` guarded is as it was. Raises Unreadable.
    """
    text = as_utf8(content, None, ledger or Ledger()).decode("utf-8")
    csv.field_size_limit(LONGEST_CELL)
    reader = _Records(text.lstrip("\ufeff"))
    try:
        found = list(reader)
    except csv.Error as error:
        raise Unreadable(f"The table is damaged at line {reader.line}: {error}.") from error
    if not found:
        raise Unreadable("The table is empty.")
    return found


def write(schedule: Schedule) -> bytes:
    """The sessions as CSV, UTF-8 with a byte order mark for spreadsheets, one line a slot.

    Cells that a spreadsheet would take for formulas are led by an apostrophe, which `read` takes
    away again. What a table has no column for (such as people's biographies) is not in it.
    """
    return write_rows([HEADER, *lines(schedule)])


def write_rows(rows: Iterable[Sequence[str]]) -> bytes:
    """Any table as CSV, UTF-8 with a byte order mark, guarded against formulas."""
    made = io.StringIO(newline="")
    writer = csv.writer(made)
    for line in rows:
        writer.writerow([_guarded(cell) for cell in line])
    return made.getvalue().encode("utf-8-sig", "replace")


class _Records:
    """The records of a table, each with the number of the line on which it begins."""

    def __init__(self, text: str) -> None:
        self._reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
        self.line = 1

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        for cells in self._reader:
            yield self.line, [_unguarded(cell) for cell in cells]
            self.line = self._reader.line_num + 1


def _first_record(text: str) -> list[str]:
    text = text.lstrip("\ufeff")
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)), [])
    except csv.Error:
        return []


def _delimiter(text: str) -> str:
    """The character that parts the first line most often."""
    line = re.sub(r'"[^"]*"', "", text.lstrip("\ufeff\r\n").partition("\n")[0])
    return max(_DELIMITERS, key=line.count)


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_GUARDED) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_GUARDED) else cell
