"""When a session is recorded: pure functions of the policy, the switches and the phases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

ASKED, ALWAYS, NEVER = "asked", "always", "never"
MODES = (ASKED, ALWAYS, NEVER)
ATTENDEES, ANYONE = "attendees", "anyone"
SHORTEST = timedelta(seconds=2)
_EDGE = timedelta(seconds=1)

Stretch = tuple[datetime, datetime]
"""A stretch of time, its end exclusive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A producer's order at an instant: record (`on`), or stop."""

    on: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Somebody was on stage; `ended` is None while they are."""

    person: str
    began: datetime
    ended: datetime | None


def is_on(mode: str, *, refused: bool, switches: Sequence[Switch]) -> bool:
    """Whether a session that is live now is being recorded. The last order wins over the policy;
    a session whose speakers refused, or a conference that never records, is not."""
    if refused or mode == NEVER:
        return False
    return switches[-1].on if switches else mode == ALWAYS


def recorded(
    mode: str, *, refused: bool, switches: Sequence[Switch], live: Stretch
) -> list[Stretch]:
    """The stretches of a live session that are recorded, in order."""
    start, end = live
    on_since = start if is_on(mode, refused=refused, switches=_before(switches, start)) else None
    found: list[Stretch] = []
    for switch in switches:
        if refused or mode == NEVER or not start < switch.at < end:
            continue
        if switch.on and on_since is None:
            on_since = switch.at
        elif not switch.on and on_since is not None:
            found.append((on_since, switch.at))
            on_since = None
    if on_since is not None:
        found.append((on_since, end))
    return [stretch for stretch in found if stretch[1] - stretch[0] >= SHORTEST]


def withheld(stays: Iterable[Stay], refusing: frozenset[str], *, until: datetime) -> list[Stretch]:
    """When the recording must hold slate and silence, because somebody who refused was on stage.

    A second is added on both sides: nothing of them may be left at a cut.
    """
    found = sorted(
        (stay.began - _EDGE, (stay.ended or until) + _EDGE)
        for stay in stays
        if stay.person in refusing
    )
    merged: list[Stretch] = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _before(switches: Sequence[Switch], instant: datetime) -> list[Switch]:
    return [switch for switch in switches if switch.at <= instant]
