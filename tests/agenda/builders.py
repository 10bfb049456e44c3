"""Plain builders of agenda values for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agenda.model import RoomId, SessionId, Slot, SlotId

MORNING = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def at(minute: float) -> datetime:
    """The instant that many minutes into the test's morning."""
    return MORNING + minutes(minute)


def make_slot(key: str = "a", start: float = 0, length: float = 60, room: str = "Hall") -> Slot:
    return Slot(
        id=SlotId(key),
        session=SessionId(f"session-{key}"),
        room=RoomId(room),
        start=at(start),
        duration=minutes(length),
    )
