"""Which stream goes on which lane, and who speaks: pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

S = TypeVar("S")

LOUD = 55.0
LOUDER_BY = 8.0
HOLD_S = 1.5


def assign(present: Sequence[S | None], wanted: Sequence[S]) -> list[S | None]:
    """What each lane should carry, given what it carries now and what is wanted, best first.

    As many of the wanted as there are lanes get one; whoever has a lane keeps it.
    """
    chosen = list(wanted[: len(present)])
    kept: list[S | None] = []
    for stream in present:
        if stream is not None and stream in chosen:
            chosen.remove(stream)
            kept.append(stream)
        else:
            kept.append(None)
    return [stream if stream is not None or not chosen else chosen.pop(0) for stream in kept]


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """Who has the floor: speakers, the present one first, and since when (loop time)."""

    speakers: tuple[str, ...] = ()
    since: float = float("-inf")


def next_floor(floor: Floor, loudness: Mapping[str, float], *, now: float) -> Floor:
    """The floor after a look at everybody's loudness (0…127), with hysteresis.

    Whoever has the floor keeps it for at least HOLD_S, and then until somebody is clearly louder.
    People who left vanish; people who came stand at the end, in the order given.
    """
    stays = [speaker for speaker in floor.speakers if speaker in loudness]
    order = (*stays, *(speaker for speaker in loudness if speaker not in stays))
    if order and order[:1] != floor.speakers[:1]:
        return Floor(speakers=order, since=now)
    if len(order) < 2 or now - floor.since < HOLD_S:
        return floor if order == floor.speakers else Floor(speakers=order, since=floor.since)
    loudest = max(order, key=lambda speaker: loudness[speaker])
    enough = loudness[loudest] > LOUD and loudness[loudest] > loudness[order[0]] + LOUDER_BY
    if loudest == order[0] or not enough:
        return floor if order == floor.speakers else Floor(speakers=order, since=floor.since)
    rest = tuple(speaker for speaker in order if speaker != loudest)
    return Floor(speakers=(loudest, *rest), since=now)
