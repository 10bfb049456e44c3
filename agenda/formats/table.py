"""Rows of a table, such as a CSV file, to sessions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from agenda.errors import Unreadable
from agenda.formats.assembly import assemble
from agenda.formats.columns import choose
from agenda.formats.imported import Imported, Ledger
from agenda.formats.json_text import link
from agenda.formats.rows import Head, PersonRow, Row
from agenda.formats.texts import parse_clock, parse_date, parse_duration, parse_moment
from agenda.model import Attachment, Json, Link, SessionState

Cells = Sequence[str]
_NUMBERED = re.compile(r"(\d+):\s*(\S.*)", re.DOTALL)
_FORMULA = re.compile(r"[=@]|[+-]\s*[A-Za-z(]")
_TRUE, _FALSE = frozenset({"true", "yes", "1", "x"}), frozenset({"false", "no", "0"})
_SECOND_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


def read_rows(
    header: Cells,
    rows: Iterable[tuple[int, Cells]],
    *,
    format: str,
    columns: Mapping[str, str] | None,
    zone: str | None,
    ledger: Ledger,
) -> Imported:
    """The schedule in a table: its header, and its rows with their line numbers.

    Raises Unreadable where no column can be the title, UnknownZone where times are local and no
    zone is given.
    """
    places = choose(header, columns, ledger)
    if "title" not in places:
        raise Unreadable(
            "No column of the table looks like a session's title: say which, "
            "such as --map title=COLUMN."
        )
    held = [(line, cells) for line, cells in rows if any(cell.strip() for cell in cells)]
    table = _Table(header, places, held, ledger)
    return assemble(
        Head(),
        [table.row(line, cells) for line, cells in held],
        format=format,
        rooms=(),
        tracks=(),
        zone=zone,
        ledger=ledger,
    )


class _Table:
    def __init__(
        self,
        header: Cells,
        places: Mapping[str, int],
        rows: Sequence[tuple[int, Cells]],
        ledger: Ledger,
    ) -> None:
        self.header = header
        self.places = places
        self.ledger = ledger
        people = [
            name for _, cells in rows for name in _split(_cell(cells, places.get("speakers")))
        ]
        self.people_are_numbered = bool(people) and all(_NUMBERED.fullmatch(p) for p in people)

    def row(self, line: int, cells: Cells) -> Row:
        """One line of the table."""

        def field(name: str) -> str:
            return _cell(cells, self.places.get(name))

        where = f"line {line}"
        self._note_oddities(cells, where)
        start = self._start(field("date"), field("start"), where)
        return Row(
            where=where,
            title=field("title").strip(),
            source_id=field("id").strip()[:200] or None,
            guid=field("guid").strip()[:200] or None,
            subtitle=field("subtitle").strip(),
            abstract=_long(field("abstract")),
            description=_long(field("description")),
            kind=field("kind").strip(),
            language=field("language").strip(),
            track=field("track").strip(),
            room=field("room").strip(),
            persons=tuple(self._persons(field("speakers"), field("speaker_ids"))),
            start=start,
            duration=self._duration(start, field("duration").strip(), field("end").strip(), where),
            state=self._state(field("state").strip()),
            links=tuple(_links(field("links"))),
            attachments=tuple(
                Attachment(url=found.url, title=found.title)
                for found in _links(field("attachments"))
            ),
            url=field("url").strip(),
            slug=field("slug").strip(),
            logo=field("logo").strip(),
            licence=field("licence").strip(),
            opt_out_recording=_truth(field("opt_out_recording")),
            extra=self._extra(cells),
        )

    def _note_oddities(self, cells: Cells, where: str) -> None:
        if len(cells) > len(self.header):
            self.ledger.note(
                "surplus_cells",
                where,
                "The line has {found} cells and the header {expected}.",
                found=len(cells),
                expected=len(self.header),
            )
        if any(_FORMULA.match(cell) for cell in cells):
            self.ledger.note(
                "formula", where, "A cell begins like a formula; it was read as plain text."
            )

    def _start(self, day: str, start: str, where: str) -> datetime | None:
        """The start in one cell, or as a calendar date and a time of day in two."""
        moment = parse_moment(start) if start.strip() else None
        if moment is None and start.strip():
            on, clock = _date(day), _time_of_day(start)
            if on is not None and clock is not None:
                moment = datetime.combine(on, time()) + clock
            else:
                self.ledger.note(
                    "bad_time", where, "“{text}” is not a time.", text=f"{day} {start}".strip()[:60]
                )
        elif not start.strip() and day.strip():
            moment = parse_moment(day)
        return moment

    def _duration(
        self, start: datetime | None, length: str, until: str, where: str
    ) -> timedelta | None:
        """The duration as it is told, or the time until the end."""
        if length:
            found = parse_duration(length)
            if found is None:
                self.ledger.note(
                    "bad_duration", where, "“{text}” is not a duration.", text=length[:60]
                )
            return found
        if not until or start is None:
            return None
        end = _end(start, until)
        if end is None or (end.tzinfo is None) != (start.tzinfo is None):
            self.ledger.note("bad_time", where, "“{text}” is not a time.", text=until[:60])
            return None
        return end - start

    def _persons(self, names: str, ids: str) -> Iterator[PersonRow]:
        keys = _split(ids)
        for index, name in enumerate(_split(names)):
            numbered = _NUMBERED.fullmatch(name) if self.people_are_numbered else None
            if numbered:
                yield PersonRow(name=numbered[2].strip(), source_id=numbered[1])
            else:
                key = keys[index] if index < len(keys) else ""
                yield PersonRow(name=name, source_id=key if key not in ("", "-") else None)

    def _state(self, told: str) -> SessionState:
        return (
            SessionState(told.lower())
            if told.lower() in set(SessionState)
            else SessionState.CONFIRMED
        )

    def _extra(self, cells: Cells) -> dict[str, Json]:
        """The columns that no field takes, by their name."""
        used = set(self.places.values())
        return {
            self.header[i].strip() or f"column {i + 1}": cell
            for i, cell in enumerate(cells[: len(self.header)])
            if i not in used and cell.strip()
        }


def _end(start: datetime, told: str) -> datetime | None:
    """A whole moment, or a time of day at or after the start."""
    moment = parse_moment(told)
    clock = _time_of_day(told)
    if moment is not None or clock is None:
        return moment
    end = datetime.combine(start.date(), time(), start.tzinfo) + clock
    return end if end >= start else end + timedelta(days=1)


def _cell(cells: Cells, index: int | None) -> str:
    return cells[index] if index is not None and index < len(cells) else ""


def _long(text: str) -> str:
    return text if text.strip() else ""


def _split(cell: str) -> list[str]:
    """One person a cell, unless parted by “;” or a line break.

    A line that begins with “(” goes on with the one before: it is where the person comes from.
    """
    parts = re.split(r";|[\r\n]+(?!\s*\()", cell)
    return [" ".join(part.split()) for part in parts if part.strip()]


def _truth(cell: str) -> bool | None:
    told = cell.strip().lower()
    return True if told in _TRUE else False if told in _FALSE else None


def _links(cell: str) -> Iterator[Link]:
    """One link a line, as “title <address>” or as the bare address."""
    for line in re.split(r"\r?\n", cell):
        titled = re.fullmatch(r"(.*?)\s*<([^<>]*)>", line.strip())
        found = Link(url=titled[2], title=titled[1]) if titled else link(line)
        if found is not None:
            yield found


def _date(cell: str) -> date | None:
    """An ISO date, or day.month.year."""
    dotted = _SECOND_DATE.fullmatch(cell.strip())
    text = f"{dotted[3]}-{int(dotted[2]):02}-{int(dotted[1]):02}" if dotted else cell
    return parse_date(text.replace("/", "-"))


def _time_of_day(cell: str) -> timedelta | None:
    """“9:05”, “09:05:00” or “9:05 pm”."""
    match = re.fullmatch(r"\s*([\d:]+)\s*([ap])\.?m\.?\s*", cell, re.IGNORECASE)
    if match is None:
        return parse_clock(cell)
    clock = parse_clock(match[1])
    if clock is None or clock >= timedelta(hours=13):
        return None
    half = timedelta(hours=12)
    return clock % half + (half if match[2].lower() == "p" else timedelta(0))
