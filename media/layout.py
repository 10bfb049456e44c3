"""Which stream goes on which lane, in which layer, and who speaks: pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

S = TypeVar("S")

LOUD = 55.0
LOUDER_BY = 8.0
HOLD_S = 1.5
AUTO: Final = "auto"
LAYOUTS: Final = (AUTO, "speaker", "grid", "screen")
LAYERS: Final = (AUTO, "high", "low")
WEAK_LOSS = 0.08
CALM_LOSS = 0.03
ROOM_FOR = 0.85
PATIENCE_S = 8.0
MOST_PATIENCE_S = 120.0
RELAPSE_S = 20.0
TIGHT_LOOKS = 5
LARGE_FACES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a subscriber wants its lanes filled: one of LAYOUTS, and one of LAYERS."""

    layout: str = AUTO
    layer: str = AUTO

    @property
    def has_main(self) -> bool:
        """Whether the first picture is the large one, and its lane follows whoever that is."""
        return self.layout in ("speaker", "screen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How a subscriber's connection fares: on the low layer or not, since when (loop time), and
    how long it must be calm before the high one is tried again. `tight` counts the looks in a row
    that found less room than the high layer takes: an estimate begins low and grows."""

    low: bool = False
    since: float = float("-inf")
    patience_s: float = PATIENCE_S
    tight: int = 0


def next_link(
    link: Link, *, loss: float, limit_kbps: float | None, high_kbps: float, now: float
) -> Link:
    """The link after a look at its loss (0…1) and its own estimate of what it can take (REMB).

    Whoever falls back soon after having gone up again waits twice as long the next time.
    """
    narrow = limit_kbps is not None and high_kbps > 0 and limit_kbps < ROOM_FOR * high_kbps
    if not link.low:
        tight = link.tight + 1 if narrow else 0
        if loss <= WEAK_LOSS and tight < TIGHT_LOOKS:
            return link if tight == link.tight else replace(link, tight=tight)
        relapsed = now - link.since < RELAPSE_S
        patience = min(2 * link.patience_s, MOST_PATIENCE_S) if relapsed else PATIENCE_S
        return Link(low=True, since=now, patience_s=patience)
    if loss > CALM_LOSS:
        return Link(low=True, since=now, patience_s=link.patience_s)
    if now - link.since < link.patience_s:
        return link
    return Link(low=False, since=now, patience_s=link.patience_s)


def layer_at(place: int, pictures: int, wish: Wish, link: Link) -> str:
    """“high” or “low” for the picture at this place (0 is the main one) of so many that are shown."""
    if wish.layer != AUTO:
        return wish.layer
    if link.low:
        return "low"
    if wish.has_main:
        return "high" if place == 0 else "low"
    return "low" if pictures > LARGE_FACES else "high"


def pin_main(present: Sequence[S | None], wanted: Sequence[S]) -> list[S | None]:
    """As `assign`, but the first lane always carries the most wanted."""
    if not present or not wanted:
        return assign(present, wanted)
    others = [stream if stream != wanted[0] else None for stream in present[1:]]
    return [wanted[0], *assign(others, wanted[1:])]


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
