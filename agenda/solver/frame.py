"""What an organizer asks of a draft, in the words of an agenda."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum

from agenda.model import RoomId, SessionId, SlotId, SpeakerId
from agenda.rules import Span
from agenda.solver.problem import NO_TAGS, NO_WISHES, Wishes


class Mode(StrEnum):
    """`draft` may move everything, `complete` only places what has no place yet, `repair` moves as
    few slots as the hard constraints allow."""

    DRAFT = "draft"
    COMPLETE = "complete"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAsk:
    """What one session asks for beyond what the programme says about it.

    `times` and `rooms` are wishes for tags: of rooms those in the frame, of times `morning`,
    `afternoon`, `evening` (on the conference's clock) and the day, such as `2027-05-04`.
    """

    audiences: frozenset[str] = NO_TAGS
    sectors: frozenset[str] = NO_TAGS
    contents: frozenset[str] = NO_TAGS
    level: int = 0
    exclusive: frozenset[str] = NO_TAGS
    times: Wishes = NO_WISHES
    rooms: Wishes = NO_WISHES
    crowd_risk: int = 0
    keynote: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerAsk:
    """What one speaker asks for. `zone` is the IANA name of the home zone; empty where unknown."""

    zone: str = ""
    any_hour: bool = False
    times: Wishes = NO_WISHES
    rooms: Wishes = NO_WISHES


NIGHT = (time(23), time(7))
"""When nobody should have to speak, on the speaker's own clock, unless a frame says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Everything that a draft is asked to respect beyond the schedule and its rules.

    `hours` are when sessions may run; without them each day runs from the first start to the last
    end of what is placed on it, or from 9 to 18. `step` is the raster of new starts; without it the
    present starts tell. Locked slots stay, so do those that start before `line`, and, where `only`
    is given, all that is not in it. `weights` overrides constraints by name; zero switches off.
    """

    mode: Mode = Mode.COMPLETE
    hours: tuple[Span, ...] = ()
    step: timedelta | None = None
    locked: frozenset[SlotId] = frozenset()
    line: datetime | None = None
    only: frozenset[SlotId] | None = None
    sessions: Mapping[SessionId, SessionAsk] = field(default_factory=dict)
    speakers: Mapping[SpeakerId, SpeakerAsk] = field(default_factory=dict)
    room_tags: Mapping[RoomId, frozenset[str]] = field(default_factory=dict)
    breaks: tuple[Span, ...] = ()
    night: tuple[time, time] | None = NIGHT
    keynotes_alone: bool = True
    hours_per_day: float | None = None
    weights: Mapping[str, int] = field(default_factory=dict)
    usual_length: timedelta = timedelta(minutes=30)
