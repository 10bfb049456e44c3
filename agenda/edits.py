"""Edits of a working schedule, as values: each knows what it saw, what it makes, and its inverse.

An edit applies to any later board on which what it touches is still as it saw it. So edits of two
people merge by themselves where they meet nowhere, and the second is refused where they do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from agenda.errors import AgendaError
from agenda.model import RoomId, Schedule, SessionId, Slot, SlotId


class EditRefused(AgendaError):
    """Base of what stands in the way of an edit; `slot` is the one concerned."""

    def __init__(self, slot: SlotId, sentence: str) -> None:
        super().__init__(sentence)
        self.slot = slot


class SlotChanged(EditRefused):
    """The slot is not (or no more) as the edit saw it: somebody else was there meanwhile."""

    def __init__(self, slot: SlotId) -> None:
        super().__init__(slot, f"slot {slot} is not as this edit saw it")


class SlotLocked(EditRefused):
    """The slot is locked where it is."""

    def __init__(self, slot: SlotId) -> None:
        super().__init__(slot, f"slot {slot} is locked")


class SlotBegun(EditRefused):
    """The slot lies, or would lie, left of the now line: that is history."""

    def __init__(self, slot: SlotId) -> None:
        super().__init__(slot, f"slot {slot} would change history")


class UnknownPlace(EditRefused):
    """A room or a session that this conference doesn't have."""

    def __init__(self, slot: SlotId, key: str) -> None:
        super().__init__(slot, f"there is no room or session {key}")
        self.key = key


class NoLength(EditRefused):
    """A length of nothing, or less."""

    def __init__(self, slot: SlotId) -> None:
        super().__init__(slot, f"slot {slot} would have no length")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where and when: a room, a start (aware UTC) and a length."""

    room: RoomId
    start: datetime
    duration: timedelta


def spot(slot: Slot) -> Spot:
    return Spot(room=slot.room, start=slot.start, duration=slot.duration)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What edits work on: slots by id, which are locked, and the rooms and sessions there are.

    It may hold only what an edit touches.
    """

    rooms: frozenset[RoomId]
    sessions: frozenset[SessionId]
    slots: Mapping[SlotId, Slot]
    locked: frozenset[SlotId] = frozenset()

    def free(self, slot: SlotId) -> Slot:
        """The slot, to be changed. Raises SlotChanged where there is none, SlotLocked."""
        found = self.slots.get(slot)
        if found is None:
            raise SlotChanged(slot)
        if slot in self.locked:
            raise SlotLocked(slot)
        return found

    def put(self, slot: Slot) -> Board:
        """With this slot, new or instead of the one of the same id. Raises UnknownPlace."""
        if slot.room not in self.rooms:
            raise UnknownPlace(slot.id, slot.room)
        if slot.session not in self.sessions:
            raise UnknownPlace(slot.id, slot.session)
        return replace(self, slots={**self.slots, slot.id: slot})

    def without(self, slot: SlotId) -> Board:
        return replace(self, slots={key: s for key, s in self.slots.items() if key != slot})


def board(schedule: Schedule, locked: frozenset[SlotId] = frozenset()) -> Board:
    """The whole of a schedule as a board."""
    return Board(
        rooms=frozenset(room.id for room in schedule.rooms),
        sessions=frozenset(session.id for session in schedule.sessions),
        slots={slot.id: slot for slot in schedule.slots},
        locked=locked,
    )


class Edit(Protocol):
    """What every edit can do. `apply` raises a leaf of EditRefused and changes nothing then."""

    @property
    def inverse(self) -> Edit: ...

    @property
    def touched(self) -> frozenset[SlotId]: ...

    def apply(self, board: Board) -> Board: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Put a session into a room, as a new slot."""

    slot: SlotId
    session: SessionId
    at: Spot

    @property
    def inverse(self) -> Unschedule:
        return Unschedule(slot=self.slot, session=self.session, was=self.at)

    @property
    def touched(self) -> frozenset[SlotId]:
        return frozenset({self.slot})

    def apply(self, board: Board) -> Board:
        if self.slot in board.slots:
            raise SlotChanged(self.slot)
        return board.put(
            Slot(
                id=self.slot,
                session=self.session,
                room=self.at.room,
                start=self.at.start,
                duration=self.at.duration,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unschedule:
    """Take a slot out; its session is unplaced again."""

    slot: SlotId
    session: SessionId
    was: Spot

    @property
    def inverse(self) -> Place:
        return Place(slot=self.slot, session=self.session, at=self.was)

    @property
    def touched(self) -> frozenset[SlotId]:
        return frozenset({self.slot})

    def apply(self, board: Board) -> Board:
        found = board.free(self.slot)
        if spot(found) != self.was or found.session != self.session:
            raise SlotChanged(self.slot)
        return board.without(self.slot)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Take a slot elsewhere, to another time, or both."""

    slot: SlotId
    was: Spot
    to: Spot

    @property
    def inverse(self) -> Move:
        return Move(slot=self.slot, was=self.to, to=self.was)

    @property
    def touched(self) -> frozenset[SlotId]:
        return frozenset({self.slot})

    def apply(self, board: Board) -> Board:
        found = board.free(self.slot)
        if spot(found) != self.was:
            raise SlotChanged(self.slot)
        return board.put(_onto(found, self.to))


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize:
    """Give a slot another length; where it starts, and who moves it meanwhile, is left alone.

    A real schedule may hold marks of no length: only an edit that `undoes` makes one again.
    """

    slot: SlotId
    was: timedelta
    to: timedelta
    undoes: bool = False

    @property
    def inverse(self) -> Resize:
        return Resize(slot=self.slot, was=self.to, to=self.was, undoes=not self.undoes)

    @property
    def touched(self) -> frozenset[SlotId]:
        return frozenset({self.slot})

    def apply(self, board: Board) -> Board:
        found = board.free(self.slot)
        if found.duration != self.was:
            raise SlotChanged(self.slot)
        if self.to <= timedelta(0) < self.was and not self.undoes:
            raise NoLength(self.slot)
        return board.put(replace(found, duration=self.to))


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Let two slots change rooms and starts; each keeps its length."""

    first: SlotId
    second: SlotId
    first_was: Spot
    second_was: Spot

    @property
    def inverse(self) -> Swap:
        return Swap(
            first=self.first,
            second=self.second,
            first_was=replace(self.second_was, duration=self.first_was.duration),
            second_was=replace(self.first_was, duration=self.second_was.duration),
        )

    @property
    def touched(self) -> frozenset[SlotId]:
        return frozenset({self.first, self.second})

    def apply(self, board: Board) -> Board:
        first, second = board.free(self.first), board.free(self.second)
        if spot(first) != self.first_was:
            raise SlotChanged(self.first)
        if spot(second) != self.second_was:
            raise SlotChanged(self.second)
        after = self.inverse
        return board.put(_onto(first, after.first_was)).put(_onto(second, after.second_was))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Hold a slot where it is: no edit and no solver moves it."""

    slot: SlotId

    @property
    def inverse(self) -> Unlock:
        return Unlock(slot=self.slot)

    @property
    def touched(self) -> frozenset[SlotId]:
        return frozenset({self.slot})

    def apply(self, board: Board) -> Board:
        found = board.free(self.slot)
        return replace(board, locked=board.locked | {found.id})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlock:
    """Let a locked slot go."""

    slot: SlotId

    @property
    def inverse(self) -> Lock:
        return Lock(slot=self.slot)

    @property
    def touched(self) -> frozenset[SlotId]:
        return frozenset({self.slot})

    def apply(self, board: Board) -> Board:
        if self.slot not in board.slots or self.slot not in board.locked:
            raise SlotChanged(self.slot)
        return replace(board, locked=board.locked - {self.slot})


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Several edits as one: all of them or none."""

    edits: tuple[Edit, ...]

    @property
    def inverse(self) -> Together:
        return Together(edits=tuple(edit.inverse for edit in reversed(self.edits)))

    @property
    def touched(self) -> frozenset[SlotId]:
        return frozenset().union(*(edit.touched for edit in self.edits))

    def apply(self, board: Board) -> Board:
        for edit in self.edits:
            board = edit.apply(board)
        return board


def _onto(slot: Slot, at: Spot) -> Slot:
    return replace(slot, room=at.room, start=at.start, duration=at.duration)


def line(schedule: Schedule, *, now: datetime) -> datetime | None:
    """The instant left of which a schedule is history: `now` while the conference runs.

    Before it begins everything is still open; of one that is over, nothing is held back either: it
    is a draft for the next time.
    """
    if not schedule.slots:
        return None
    begins = min(slot.start for slot in schedule.slots)
    ends = max(slot.end for slot in schedule.slots)
    return now if begins <= now < ends else None


def keep_history(before: Board, after: Board, line: datetime | None) -> None:
    """Raises SlotBegun where a slot that began before the line changed, or one would come to."""
    if line is None:
        return
    for key in before.slots.keys() | after.slots.keys():
        old, new = before.slots.get(key), after.slots.get(key)
        if old != new and any(s is not None and s.start < line for s in (old, new)):
            raise SlotBegun(key)
