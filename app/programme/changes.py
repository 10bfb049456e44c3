"""What sets two releases apart, session by session, in words' reach: for pages, the log and the feed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from agenda import schedule as agenda_schedule
from agenda.model import RoomId, Schedule, Session, SessionId, SessionState
from agenda.schedule import Place, place

NEW, GONE, CANCELLED, MOVED, PLACED, UNPLACED, REWORDED = (
    "new",
    "gone",
    "cancelled",
    "moved",
    "placed",
    "unplaced",
    "reworded",
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a difference. Places are (room, start, length); `fields` names changed facts."""

    kind: str
    session: SessionId
    title: str
    was: Place | None = None
    now: Place | None = None
    fields: tuple[str, ...] = ()

    @property
    def at(self) -> datetime:
        held = self.now or self.was
        return held[1] if held else _EPOCH


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All lines, by kind and then by time, and the names of the rooms that they mention."""

    lines: tuple[Change, ...]
    rooms: Mapping[RoomId, str]

    def count(self, *kinds: str) -> int:
        return sum(1 for line in self.lines if line.kind in kinds)


def between(before: Schedule | None, after: Schedule) -> Changes:
    """The way from one schedule to another; without a `before`, everything that is placed is new."""
    diff = agenda_schedule.diff(before, after)
    old = {session.id: session for session in before.sessions} if before else {}
    now = {session.id: session for session in after.sessions}
    places = _first_places(after)
    old_places = _first_places(before) if before else {}
    fell = {
        key
        for key, session in now.items()
        if key in old and _cancelled(session) and not _cancelled(old[key])
    }
    lines = [
        *(_line(NEW, now[key], None, places.get(key)) for key in diff.new),
        *(_line(GONE, session, old_places.get(session.id), None) for session in diff.gone),
        *(_line(CANCELLED, now[key], old_places.get(key), None) for key in sorted(fell)),
        *(_line(MOVED, now[m.session], m.before, m.after) for m in diff.moved),
        *(_line(PLACED, now[slot.session], None, place(slot)) for slot in diff.placed),
        *(_line(UNPLACED, now[slot.session], place(slot), None) for slot in diff.unplaced),
    ]
    for one in diff.reworded:
        fields = tuple(f for f in one.fields if not (f == "state" and one.session in fell))
        if fields and fields != ("extra",):
            held = places.get(one.session)
            lines.append(
                Change(
                    kind=REWORDED,
                    session=one.session,
                    title=now[one.session].title,
                    now=held,
                    fields=fields,
                )
            )
    rooms = {room.id: room.name for room in (*(before.rooms if before else ()), *after.rooms)}
    order = (NEW, CANCELLED, GONE, UNPLACED, MOVED, PLACED, REWORDED)
    lines.sort(key=lambda line: (order.index(line.kind), line.at, line.title))
    return Changes(lines=tuple(lines), rooms=rooms)


def _line(kind: str, session: Session, was: Place | None, now: Place | None) -> Change:
    return Change(kind=kind, session=session.id, title=session.title, was=was, now=now)


def _cancelled(session: Session) -> bool:
    return session.state is SessionState.CANCELLED


def _first_places(schedule: Schedule) -> dict[SessionId, Place]:
    found: dict[SessionId, Place] = {}
    for slot in sorted(schedule.slots, key=lambda s: s.start):
        found.setdefault(slot.session, place(slot))
    return found
