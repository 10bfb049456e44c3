"""The table of constraints: each with its name, level, weight and the sentence that explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from agenda.solver.problem import Problem


class Level(StrEnum):
    """A hard breach makes a schedule unusable; any medium one outweighs all soft ones."""

    HARD = "hard"
    MEDIUM = "medium"
    SOFT = "soft"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """One constraint. Its penalty is the weight times what `sentence` counts."""

    name: str
    level: Level
    weight: int
    sentence: str


def _hard(name: str, weight: int, sentence: str) -> Constraint:
    return Constraint(name=name, level=Level.HARD, weight=weight, sentence=sentence)


def _medium(name: str, weight: int, sentence: str) -> Constraint:
    return Constraint(name=name, level=Level.MEDIUM, weight=weight, sentence=sentence)


def _soft(name: str, weight: int, sentence: str) -> Constraint:
    return Constraint(name=name, level=Level.SOFT, weight=weight, sentence=sentence)


UNPLACED = "Unplaced talk"
ROOM_UNAVAILABLE = "Room unavailable timeslot"
ROOM_CONFLICT = "Room conflict"
SPEAKER_UNAVAILABLE = "Speaker unavailable timeslot"
SPEAKER_CONFLICT = "Speaker conflict"
PREREQUISITE = "Talk prerequisite talks"
EXCLUSIVE = "Talk mutually-exclusive-talks tags"
PAUSE = "Consecutive talks pause"
CROWD = "Crowd control"
SPEAKER_REQUIRED_TIMES = "Speaker required timeslot tags"
SPEAKER_PROHIBITED_TIMES = "Speaker prohibited timeslot tags"
TALK_REQUIRED_TIMES = "Talk required timeslot tags"
TALK_PROHIBITED_TIMES = "Talk prohibited timeslot tags"
SPEAKER_REQUIRED_ROOMS = "Speaker required room tags"
SPEAKER_PROHIBITED_ROOMS = "Speaker prohibited room tags"
TALK_REQUIRED_ROOMS = "Talk required room tags"
TALK_PROHIBITED_ROOMS = "Talk prohibited room tags"
NIGHT = "Night at home"
BREAK = "Break for all"
KEYNOTE = "Keynote alone"
DAY_LENGTH = "Hours per day"
CHANGEOVER = "Room changeover"
PUBLISHED_TIMESLOT = "Published timeslot"
PUBLISHED_ROOM = "Published room"
THEME_CONFLICT = "Theme track conflict"
THEME_STABILITY = "Theme track room stability"
SECTOR_CONFLICT = "Sector conflict"
AUDIENCE_DIVERSITY = "Audience type diversity"
AUDIENCE_THEME_CONFLICT = "Audience type theme track conflict"
LEVEL_DIVERSITY = "Audience level diversity"
LEVEL_FLOW = "Content audience level flow violation"
CONTENT_CONFLICT = "Content conflict"
LANGUAGE_DIVERSITY = "Language diversity"
SAME_DAY = "Same day talks"
POPULAR = "Popular talks"
SPEAKER_PREFERRED_TIMES = "Speaker preferred timeslot tags"
SPEAKER_UNDESIRED_TIMES = "Speaker undesired timeslot tags"
TALK_PREFERRED_TIMES = "Talk preferred timeslot tags"
TALK_UNDESIRED_TIMES = "Talk undesired timeslot tags"
SPEAKER_PREFERRED_ROOMS = "Speaker preferred room tags"
SPEAKER_UNDESIRED_ROOMS = "Speaker undesired room tags"
TALK_PREFERRED_ROOMS = "Talk preferred room tags"
TALK_UNDESIRED_ROOMS = "Talk undesired room tags"
MAKESPAN = "Speaker makespan"
STARRED = "Starred talks overlap"
SEATS = "Missing seats"

CONSTRAINTS: tuple[Constraint, ...] = (
    _hard(UNPLACED, 1_000_000, "Every talk has a timeslot and a room."),
    _hard(ROOM_UNAVAILABLE, 100_000, "No talk is in a room while that room is closed."),
    _hard(ROOM_CONFLICT, 1_000, "No two talks are in one room at the same time."),
    _hard(SPEAKER_UNAVAILABLE, 100, "No speaker speaks when he or she is away."),
    _hard(SPEAKER_CONFLICT, 10, "Nobody speaks in two talks at the same time."),
    _hard(PREREQUISITE, 10, "A talk starts only after the talks that it builds upon have ended."),
    _hard(EXCLUSIVE, 1, "Talks that share a tag of mutual exclusion do not overlap."),
    _hard(PAUSE, 1, "A speaker has the agreed pause between two talks of one day."),
    _hard(
        CROWD, 1, "A talk that may draw a crowd shares its timeslot with exactly one other such."
    ),
    _hard(SPEAKER_REQUIRED_TIMES, 1, "A timeslot has the tags that the talk's speakers require."),
    _hard(SPEAKER_PROHIBITED_TIMES, 1, "A timeslot has no tag that a speaker of the talk refuses."),
    _hard(TALK_REQUIRED_TIMES, 1, "A timeslot has the tags that the talk requires."),
    _hard(TALK_PROHIBITED_TIMES, 1, "A timeslot has no tag that the talk refuses."),
    _hard(SPEAKER_REQUIRED_ROOMS, 1, "A room has the tags that the talk's speakers require."),
    _hard(SPEAKER_PROHIBITED_ROOMS, 1, "A room has no tag that a speaker of the talk refuses."),
    _hard(TALK_REQUIRED_ROOMS, 1, "A room has the tags that the talk requires."),
    _hard(TALK_PROHIBITED_ROOMS, 1, "A room has no tag that the talk refuses."),
    _hard(NIGHT, 1, "Nobody speaks in the night of his or her own home, unless they offered to."),
    _hard(BREAK, 1, "No talk runs into a break that is for everybody."),
    _hard(KEYNOTE, 1, "Nothing else runs while a keynote runs."),
    _hard(DAY_LENGTH, 1, "A day's programme, first start to last end, keeps to its hours."),
    _hard(CHANGEOVER, 1, "A room has the agreed time between two talks."),
    _medium(PUBLISHED_TIMESLOT, 1, "A talk whose time was published keeps it."),
    _medium(PUBLISHED_ROOM, 1, "A talk whose room was published keeps it."),
    _soft(THEME_CONFLICT, 10, "Talks of one theme track do not overlap (per shared minute)."),
    _soft(THEME_STABILITY, 10, "Talks of one theme track on one day are in one room."),
    _soft(SECTOR_CONFLICT, 10, "Talks for one sector do not overlap (per shared minute)."),
    _soft(AUDIENCE_DIVERSITY, 1, "Talks in one timeslot are for different audiences (a reward)."),
    _soft(
        AUDIENCE_THEME_CONFLICT,
        1,
        "Talks with the same audience and theme track do not overlap (per shared minute).",
    ),
    _soft(LEVEL_DIVERSITY, 1, "Talks in one timeslot are of different levels (a reward)."),
    _soft(LEVEL_FLOW, 10, "Of two talks with the same content, the easier one ends first."),
    _soft(CONTENT_CONFLICT, 100, "Talks with the same content do not overlap (per shared minute)."),
    _soft(LANGUAGE_DIVERSITY, 10, "Talks in one timeslot are in different languages (a reward)."),
    _soft(SAME_DAY, 10, "Talks that share content or theme track are on the same day."),
    _soft(POPULAR, 10, "Of two talks, the more popular one is not in the smaller room."),
    _soft(SPEAKER_PREFERRED_TIMES, 20, "A timeslot has the tags that the speakers prefer."),
    _soft(SPEAKER_UNDESIRED_TIMES, 20, "A timeslot has no tag that the speakers dislike."),
    _soft(TALK_PREFERRED_TIMES, 20, "A timeslot has the tags that the talk prefers."),
    _soft(TALK_UNDESIRED_TIMES, 20, "A timeslot has no tag that the talk dislikes."),
    _soft(SPEAKER_PREFERRED_ROOMS, 20, "A room has the tags that the speakers prefer."),
    _soft(SPEAKER_UNDESIRED_ROOMS, 20, "A room has no tag that the speakers dislike."),
    _soft(TALK_PREFERRED_ROOMS, 20, "A room has the tags that the talk prefers."),
    _soft(TALK_UNDESIRED_ROOMS, 20, "A room has no tag that the talk dislikes."),
    _soft(MAKESPAN, 20, "A speaker's talks are on one day or on days in a row."),
    _soft(STARRED, 1, "Talks that the same people starred do not overlap (per person and minute)."),
    _soft(SEATS, 10, "A room has a seat for everybody who is expected."),
)

BY_NAME: Mapping[str, Constraint] = {constraint.name: constraint for constraint in CONSTRAINTS}

ALWAYS = frozenset({UNPLACED, ROOM_CONFLICT})
"""What no weight can switch off."""


def weight(problem: Problem, name: str) -> int:
    """The weight of a constraint in this problem; zero switches it off."""
    chosen = problem.weights.get(name, BY_NAME[name].weight)
    return max(chosen, 1) if name in ALWAYS else max(chosen, 0)
