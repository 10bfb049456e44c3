"""Sessions, speakers, tracks, rooms and blocked times as tables of text. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agenda.model import Session, SessionState
from app.editor import blockers
from app.editor.blockers import Block
from app.editor.desk import Desk
from app.html import gettext as _

KINDS = ("sessions", "speakers", "rooms", "tracks", "blocked")
_STATES = tuple(str(state) for state in SessionState)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `wide` gives it room; `options` are the only texts that it takes."""

    key: str
    words: str
    wide: bool = False
    options: tuple[str, ...] = ()
    fixed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row: its id, and its texts by column."""

    id: str
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a page asks of one row: texts that it saw and texts that it wants. No id: a new row."""

    id: str | None
    was: Mapping[str, str] = field(default_factory=dict)
    to: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A cell that could not be taken; `present` is what stands there."""

    row: int
    column: str
    words: str
    present: str = ""


def columns(kind: str) -> tuple[Column, ...]:
    """The columns of a table."""
    found: Mapping[str, tuple[Column, ...]] = {
        "sessions": (
            Column(key="title", words=_("Title"), wide=True),
            Column(key="speakers", words=_("Speakers"), wide=True),
            Column(key="track", words=_("Track")),
            Column(key="kind", words=_("Type")),
            Column(key="minutes", words=_("Minutes")),
            Column(key="state", words=_("State"), options=_STATES),
            Column(key="language", words=_("Language")),
            Column(key="placed", words=_("Placed"), fixed=True),
            Column(key="subtitle", words=_("Subtitle")),
            Column(key="abstract", words=_("Abstract"), wide=True),
        ),
        "speakers": (
            Column(key="name", words=_("Name"), wide=True),
            Column(key="biography", words=_("Biography"), wide=True),
            Column(key="url", words=_("Address on the web")),
            Column(key="sessions", words=_("Sessions"), fixed=True),
        ),
        "rooms": (
            Column(key="name", words=_("Name"), wide=True),
            Column(key="capacity", words=_("Seats")),
            Column(key="description", words=_("Description"), wide=True),
            Column(key="sessions", words=_("Sessions"), fixed=True),
        ),
        "tracks": (
            Column(key="name", words=_("Name"), wide=True),
            Column(key="sessions", words=_("Sessions"), fixed=True),
        ),
        "blocked": (
            Column(key="who", words=_("Who or what"), wide=True),
            Column(key="from", words=_("From")),
            Column(key="to", words=_("To")),
            Column(key="words", words=_("Words"), wide=True),
        ),
    }
    return found[kind]


def lines(desk: Desk, kind: str) -> list[Line]:
    """The rows of a table as texts."""
    if kind == "blocked":
        return [_block_line(desk, block) for block in blockers.read_all(desk.blockers)]
    maker = _Texts(desk)
    return [Line(id=item.id, cells=maker.of(kind, item)) for item in getattr(desk.schedule, kind)]


class _Texts:
    """Items as texts; what they name is looked up once."""

    def __init__(self, desk: Desk) -> None:
        schedule = desk.schedule
        self.local = schedule.conference.local
        self.people = {one.id: one.name for one in schedule.speakers}
        self.tracks = {one.id: one.name for one in schedule.tracks}
        rooms = {one.id: one.name for one in schedule.rooms}
        self.placed: dict[str, list[str]] = {}
        self.counts: dict[str, int] = {}
        for slot in schedule.slots:
            when = f"{self.local(slot.start):%Y-%m-%d %H:%M} {rooms[slot.room]}".strip()
            self.placed.setdefault(slot.session, []).append(when)
            self.counts[slot.room] = self.counts.get(slot.room, 0) + 1
        for session in schedule.sessions:
            for key in (*session.speakers, session.track):
                if key is not None:
                    self.counts[key] = self.counts.get(key, 0) + 1

    def of(self, kind: str, item: Any) -> dict[str, str]:
        count = str(self.counts.get(item.id, 0))
        if kind == "sessions":
            return self._session(item)
        if kind == "speakers":
            return {
                "name": item.name,
                "biography": item.biography,
                "url": item.url,
                "sessions": count,
            }
        if kind == "rooms":
            seats = "" if item.capacity is None else str(item.capacity)
            return {
                "name": item.name,
                "capacity": seats,
                "description": item.description,
                "sessions": count,
            }
        return {"name": item.name, "sessions": count}

    def _session(self, item: Session) -> dict[str, str]:
        minutes = item.duration.total_seconds() / 60
        return {
            "title": item.title,
            "speakers": "; ".join(self.people[key] for key in item.speakers),
            "track": self.tracks[item.track] if item.track is not None else "",
            "kind": item.kind,
            "minutes": f"{minutes:g}" if minutes else "",
            "state": str(item.state),
            "language": item.language,
            "placed": "; ".join(self.placed.get(item.id, ())),
            "subtitle": item.subtitle,
            "abstract": item.abstract,
        }


def _block_line(desk: Desk, block: Block) -> Line:
    schedule = desk.schedule
    names: dict[str, str] = {room.id: room.name for room in schedule.rooms}
    names.update((speaker.id, speaker.name) for speaker in schedule.speakers)
    local = schedule.conference.local
    return Line(
        id=block.id,
        cells={
            "who": names.get(block.subject, "?") if block.subject else _("everybody"),
            "from": f"{local(block.start):%Y-%m-%d %H:%M}",
            "to": f"{local(block.end):%Y-%m-%d %H:%M}",
            "words": block.words,
        },
    )


def from_table(
    desk: Desk, kind: str, header: Sequence[str], records: Sequence[Sequence[str]]
) -> list[Wish]:
    """The wishes of a file: rows are known by their ID, else by title or name; others are new."""
    held = columns(kind)
    names = {
        text.lower(): column.key
        for column in held
        if not column.fixed
        for text in (column.key, column.words)
    }
    places = {
        at: names[c.strip().lower()] for at, c in enumerate(header) if c.strip().lower() in names
    }
    keys = [at for at, cell in enumerate(header) if cell.strip().lower() == "id"]
    present = lines(desk, kind)
    by_id = {line.id for line in present}
    main = held[0].key
    by_name = {line.cells[main].strip().lower(): line.id for line in present}
    wishes = []
    for record in records:
        to = {key: record[at] if at < len(record) else "" for at, key in places.items()}
        if not any(text.strip() for text in to.values()):
            continue
        key = next((record[at].strip() for at in keys if at < len(record)), "")
        found = key if key in by_id else None
        if found is None and kind != "blocked":
            found = by_name.get(to.get(main, "").strip().lower())
        wishes.append(Wish(id=found, to=to))
    return wishes
