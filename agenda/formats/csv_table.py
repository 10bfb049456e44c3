"""Tables as CSV, read with guessed or given columns, and written."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping

from agenda.errors import Unreadable
from agenda.formats.by_day import unplaced
from agenda.formats.columns import guess
from agenda.formats.frab_write import clock
from agenda.formats.imported import Imported, Ledger
from agenda.formats.table import read_rows
from agenda.formats.texts import as_utf8
from agenda.model import Attachment, Link, Schedule, Session, Slot

FORMAT = "csv"
LONGEST_CELL = 10_000_000
_DELIMITERS = ",;\t|"
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")

HEADER = (
    "ID",
    "GUID",
    "Title",
    "Subtitle",
    "Abstract",
    "Description",
    "Type",
    "Language",
    "Track",
    "Room",
    "Start",
    "End",
    "Duration",
    "Speakers",
    "Speaker IDs",
    "State",
    "URL",
    "Slug",
    "Logo",
    "Licence",
    "Do not record",
    "Links",
    "Attachments",
)


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
    text = as_utf8(content, None, ledger).decode("utf-8")
    csv.field_size_limit(LONGEST_CELL)
    records = _Records(text.lstrip("\ufeff"))
    try:
        (_, header), *rows = records
    except csv.Error as error:
        raise Unreadable(f"The table is damaged at line {records.line}: {error}.") from error
    return read_rows(
        [cell.strip() for cell in header],
        rows,
        format=FORMAT,
        columns=columns,
        zone=zone,
        ledger=ledger,
    )


def write(schedule: Schedule) -> bytes:
    """The sessions as CSV, UTF-8 with a byte order mark for spreadsheets, one line a slot.

    Cells that a spreadsheet would take for formulas are led by an apostrophe, which `read` takes
    away again. What a table has no column for (such as people's biographies) is not in it.
    """
    made = io.StringIO(newline="")
    writer = csv.writer(made)
    writer.writerow(HEADER)
    for line in _lines(schedule):
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


def _lines(schedule: Schedule) -> Iterator[list[str]]:
    maker = _LineMaker(schedule)
    sessions = {session.id: session for session in schedule.sessions}
    for slot in schedule.slots:
        yield maker.line(sessions[slot.session], slot)
    for session in unplaced(schedule):
        yield maker.line(session, None)


class _LineMaker:
    def __init__(self, schedule: Schedule) -> None:
        self.local = schedule.conference.local
        self.people = {person.id: person for person in schedule.speakers}
        self.rooms = {room.id: room.name for room in schedule.rooms}
        self.tracks = {track.id: track.name for track in schedule.tracks}

    def line(self, session: Session, slot: Slot | None) -> list[str]:
        """The cells of one slot, or of a session without one."""
        named = [self.people[key] for key in session.speakers]
        with_ids = any(person.source_id for person in named)
        opt_out = session.opt_out_recording
        return [
            session.source_id or "",
            session.guid or "",
            session.title,
            session.subtitle,
            session.abstract,
            session.description,
            session.kind,
            session.language,
            self.tracks[session.track] if session.track is not None else "",
            self.rooms[slot.room] if slot is not None else "",
            self.local(slot.start).isoformat(" ") if slot is not None else "",
            self.local(slot.end).isoformat(" ") if slot is not None else "",
            clock(session.duration if slot is None else slot.duration),
            "; ".join(person.name.replace(";", ",") for person in named),
            "; ".join(person.source_id or "-" for person in named) if with_ids else "",
            session.state.value,
            session.url,
            session.slug,
            session.logo,
            session.licence,
            "" if opt_out is None else "yes" if opt_out else "no",
            "\n".join(_reference(item) for item in session.links),
            "\n".join(_reference(item) for item in session.attachments),
        ]


def _reference(item: Link | Attachment) -> str:
    title = " ".join(item.title.replace("<", "(").replace(">", ")").split())
    url = item.url.replace("<", "%3C").replace(">", "%3E")
    return f"{title} <{url}>" if title else f"<{url}>"
