"""The values of a scheduling problem: talks, timeslots, rooms, speakers, weights, places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

TalkCode = str
TimeslotId = str
RoomName = str
SpeakerName = str

NO_TAGS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Tags that a timeslot or a room must have, should have, must not have, should not have."""

    required: frozenset[str] = NO_TAGS
    preferred: frozenset[str] = NO_TAGS
    prohibited: frozenset[str] = NO_TAGS
    undesired: frozenset[str] = NO_TAGS


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeslot:
    """An interval in which a talk may take place. Instants are aware; end is exclusive.

    Several may share an instant. `date` is the conference day to which it belongs; only talks of
    one of `kinds` fit, where an empty set lets every kind in.
    """

    id: TimeslotId
    start: datetime
    end: datetime
    date: date
    kinds: frozenset[str] = NO_TAGS
    tags: frozenset[str] = NO_TAGS

    @property
    def minutes(self) -> int:
        return int((self.end - self.start).total_seconds()) // 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room, the kinds of talk that fit it (empty: all) and the timeslots in which it is closed.

    `label` is how people call it, where the name is only a key.
    """

    name: RoomName
    label: str = ""
    capacity: int = 0
    kinds: frozenset[str] = NO_TAGS
    tags: frozenset[str] = NO_TAGS
    unavailable: frozenset[TimeslotId] = NO_TAGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """A person who speaks. `zone` is the IANA name of the home zone, empty where it is unknown.

    `any_hour` is for those who said that they speak at night, too; `label` is how people call
    them, where the name is only a key.
    """

    name: SpeakerName
    label: str = ""
    unavailable: frozenset[TimeslotId] = NO_TAGS
    times: Wishes = NO_WISHES
    rooms: Wishes = NO_WISHES
    zone: str = ""
    any_hour: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and when a talk takes place."""

    timeslot: TimeslotId
    room: RoomName


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A talk that wants a timeslot and a room.

    `popularity` ranks talks against each other; `demand` is how many seats are expected to be
    wanted. A pinned talk keeps `pin`, whatever it costs.
    """

    code: TalkCode
    title: str = ""
    kind: str = ""
    speakers: tuple[SpeakerName, ...] = ()
    themes: frozenset[str] = NO_TAGS
    sectors: frozenset[str] = NO_TAGS
    audiences: frozenset[str] = NO_TAGS
    level: int = 0
    contents: frozenset[str] = NO_TAGS
    language: str = ""
    times: Wishes = NO_WISHES
    rooms: Wishes = NO_WISHES
    exclusive: frozenset[str] = NO_TAGS
    prerequisites: frozenset[TalkCode] = NO_TAGS
    popularity: int = 0
    demand: int = 0
    crowd_risk: int = 0
    keynote: bool = False
    published_timeslot: TimeslotId | None = None
    published_room: RoomName | None = None
    pin: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Demands on the whole conference that are switched on by a value.

    `night` is when nobody should have to speak, on the speaker's own clock; `breaks` are
    intervals for everybody; `hours_per_day` bounds first start to last end of a day. A pause is
    a speaker's, a changeover a room's.
    """

    pause_minutes: int = 0
    changeover_minutes: int = 0
    night: tuple[time, time] | None = None
    breaks: tuple[tuple[datetime, datetime], ...] = ()
    keynotes_alone: bool = False
    hours_per_day: float | None = None


Assignment = Mapping[TalkCode, Place]
"""Where each talk is. A talk that is absent has no place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Everything that a draft has to respect. Codes, ids and names are unique in each list.

    `weights` overrides what the table of constraints says, by name; `together` counts the people
    who starred both of two talks, keyed by the two codes in order.
    """

    name: str = ""
    talks: tuple[Talk, ...] = ()
    timeslots: tuple[Timeslot, ...] = ()
    rooms: tuple[Room, ...] = ()
    speakers: tuple[Speaker, ...] = ()
    rules: Rules = Rules()
    weights: Mapping[str, int] = field(default_factory=dict, hash=False)
    together: Mapping[tuple[TalkCode, TalkCode], int] = field(default_factory=dict, hash=False)

    def pinned(self) -> dict[TalkCode, Place]:
        """The places that no search may change."""
        return {talk.code: talk.pin for talk in self.talks if talk.pin is not None}
