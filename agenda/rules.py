"""What a schedule is held against besides itself: rest between slots, absences, demand, order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from agenda.model import RoomId, SessionId, Slot, SpeakerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time. Instants are aware UTC; end is exclusive."""

    start: datetime
    end: datetime

    def touches(self, slot: Slot) -> bool:
        """Whether the slot shares an instant with it."""
        return slot.start < self.end and self.start < slot.end

    def holds(self, slot: Slot) -> bool:
        """Whether the slot lies in it from start to end."""
        return self.start <= slot.start and slot.end <= self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything that findings may know beyond the schedule; empty means nothing is asked.

    `changeover` is the least time between two slots of a room, `pause` between two slots of a
    speaker in different rooms. `earlier` names for a session those that must be over when it
    starts. `wanted_together` counts the people who want both sessions of a pair (its ids in order);
    pairs below `fewest_clashing` are not worth a finding. `hours` are when sessions may run, where
    the days' own first and last instants don't say; `breaks` are for everybody. `homes` are the
    IANA zones in which speakers live, without those who speak at any hour: nobody should have to
    between the two clock times of `night`.
    """

    changeover: timedelta = timedelta(0)
    pause: timedelta = timedelta(0)
    absent_speakers: Mapping[SpeakerId, tuple[Span, ...]] = field(default_factory=dict)
    closed_rooms: Mapping[RoomId, tuple[Span, ...]] = field(default_factory=dict)
    demand: Mapping[SessionId, int] = field(default_factory=dict)
    earlier: Mapping[SessionId, tuple[SessionId, ...]] = field(default_factory=dict)
    wanted_together: Mapping[tuple[SessionId, SessionId], int] = field(default_factory=dict)
    fewest_clashing: int = 3
    hours: tuple[Span, ...] = ()
    breaks: tuple[Span, ...] = ()
    homes: Mapping[SpeakerId, str] = field(default_factory=dict)
    night: tuple[time, time] = (time(23), time(7))
