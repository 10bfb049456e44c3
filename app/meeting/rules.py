"""When two people are both free, and who meets whom by chance. Pure; instants are aware UTC."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

LENGTHS = (15, 30)
RASTER = timedelta(minutes=15)
TALK = timedelta(minutes=4)
"""How long a talk by chance lasts."""

_NOTICE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time in which somebody is busy, and with what. `end` is exclusive."""

    start: datetime
    end: datetime
    what: str = ""

    def meets(self, start: datetime, end: datetime) -> bool:
        return self.start < end and start < self.end


def free(
    busy: Iterable[Span], days: Iterable[Span], minutes: int, *, now: datetime
) -> list[datetime]:
    """The starts, on a raster of a quarter of an hour, at which nothing of `busy` is touched.

    Within `days`, and not sooner than in five minutes.
    """
    length = timedelta(minutes=minutes)
    taken = sorted(busy, key=lambda span: span.start)
    found = []
    for day in days:
        at = rounded(max(day.start, now + _NOTICE))
        while at + length <= day.end:
            if not any(span.meets(at, at + length) for span in taken):
                found.append(at)
            at += RASTER
    return found


def rounded(instant: datetime) -> datetime:
    """The next instant of the raster, counted from the full hour."""
    hour = instant.replace(minute=0, second=0, microsecond=0)
    steps = -((hour - instant) // RASTER)
    return hour + steps * RASTER


def clash(busy: Iterable[Span], start: datetime, minutes: int) -> Span | None:
    """What is in the way of a meeting, if anything."""
    end = start + timedelta(minutes=minutes)
    return next((span for span in busy if span.meets(start, end)), None)


def match(
    waiting: Sequence[UUID], apart: Collection[frozenset[UUID]], met: Collection[frozenset[UUID]]
) -> list[tuple[UUID, UUID]]:
    """Pairs of those who wait (the longest first), never of `apart`; of `met` only when nobody else is there."""
    left = list(waiting)
    pairs: list[tuple[UUID, UUID]] = []
    while len(left) > 1:
        one = left.pop(0)
        others = [each for each in left if frozenset((one, each)) not in apart]
        fresh = [each for each in others if frozenset((one, each)) not in met]
        chosen = next(iter(fresh or others), None)
        if chosen is not None:
            left.remove(chosen)
            pairs.append((one, chosen))
    return pairs
