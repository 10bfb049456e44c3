"""What changed between two schedules, session by session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from agenda.model import RoomId, Schedule, Session, SessionId, Slot, SlotId

Place = tuple[RoomId, datetime, timedelta]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A slot that is now elsewhere or at another time. Instants are aware UTC."""

    slot: SlotId
    session: SessionId
    before: Place
    after: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Reworded:
    """A session whose own facts changed; `fields` names them."""

    session: SessionId
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """The way from one schedule to another. Each list follows the new schedule's order."""

    new: tuple[SessionId, ...] = ()
    gone: tuple[Session, ...] = ()
    moved: tuple[Moved, ...] = ()
    reworded: tuple[Reworded, ...] = ()
    placed: tuple[Slot, ...] = ()
    unplaced: tuple[Slot, ...] = ()

    @property
    def empty(self) -> bool:
        return self == Diff()


def diff(before: Schedule | None, after: Schedule) -> Diff:
    """Compare by ids: sessions new, gone and reworded; slots moved, placed more or less often.

    A session that is new or gone does not appear among the placed and unplaced ones. Without a
    `before`, everything is new.
    """
    old = {s.id: s for s in before.sessions} if before else {}
    now = {s.id: s for s in after.sessions}
    old_slots = _by_session(before.slots if before else ())
    new_slots = _by_session(after.slots)
    moved: list[Moved] = []
    placed: list[Slot] = []
    unplaced: list[Slot] = []
    for session in now:
        if session in old:
            _pair(old_slots[session], new_slots[session], moved, placed, unplaced)
    return Diff(
        new=tuple(s for s in now if s not in old),
        gone=tuple(s for key, s in old.items() if key not in now),
        moved=tuple(moved),
        reworded=tuple(_reworded(old, now)),
        placed=tuple(placed),
        unplaced=tuple(unplaced),
    )


def place(slot: Slot) -> Place:
    return slot.room, slot.start, slot.duration


def _by_session(slots: tuple[Slot, ...]) -> Mapping[SessionId, list[Slot]]:
    found: dict[SessionId, list[Slot]] = defaultdict(list)
    for slot in slots:
        found[slot.session].append(slot)
    return found


MOST_COMPARED = 10_000
"""Up to so many pairs of times of one session are weighed against each other."""


def _pair(
    before: list[Slot],
    after: list[Slot],
    moved: list[Moved],
    placed: list[Slot],
    unplaced: list[Slot],
) -> None:
    """Pair the slots of one session: the same id first, then the same place, then the nearest in
    time, where another room counts as much as some hours. What is left over is new, or gone."""
    old = {slot.id: slot for slot in before}
    kept = [s for s in after if s.id in old]
    spare = [old[i] for i in old.keys() - {s.id for s in kept}]
    rest = [s for s in after if s.id not in old]
    pairs = [(old[s.id], s) for s in kept] + _nearest(spare, rest)
    moved.extend(
        Moved(slot=b.id, session=b.session, before=place(a), after=place(b))
        for a, b in pairs
        if place(a) != place(b)
    )
    met = {slot.id for pair in pairs for slot in pair}
    placed.extend(s for s in sorted(rest, key=_by_time) if s.id not in met)
    unplaced.extend(s for s in sorted(spare, key=_by_time) if s.id not in met)


def _nearest(before: list[Slot], after: list[Slot]) -> list[tuple[Slot, Slot]]:
    """As many pairs as there can be, those first that differ least."""
    before, after = sorted(before, key=_by_time), sorted(after, key=_by_time)
    if len(before) * len(after) > MOST_COMPARED:
        return list(zip(before, after, strict=False))
    options = sorted(
        ((_distance(a, b), i, j) for i, a in enumerate(before) for j, b in enumerate(after))
    )
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in options:
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return [(before[i], after[j]) for i, j in sorted(pairs.items())]


def _distance(one: Slot, other: Slot) -> timedelta:
    elsewhere = timedelta(hours=6) if one.room != other.room else timedelta(0)
    return abs(one.start - other.start) + elsewhere + abs(one.duration - other.duration)


def _by_time(slot: Slot) -> tuple[datetime, SlotId]:
    return slot.start, slot.id


def _reworded(old: Mapping[SessionId, Session], now: Mapping[SessionId, Session]) -> list[Reworded]:
    names = [f.name for f in fields(Session) if f.name not in ("id", "extra")]
    found = []
    for key, session in now.items():
        before = old.get(key)
        if before is not None and before != session:
            changed = tuple(n for n in names if getattr(before, n) != getattr(session, n))
            found.append(Reworded(session=key, fields=changed or ("extra",)))
    return found
