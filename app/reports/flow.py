"""How people moved between sessions that ran at the same time, and who came back by day. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.reports.figures import Live, Present

PATIENCE = timedelta(minutes=5)
"""Who turns up in another room within this time went there; later, they had been away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """So many people went from one session into another that ran at the same time."""

    before: str
    after: str
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Of those who came on day `first` (from 0), so many were there on day `later`."""

    first: int
    later: int
    came: int
    returned: int


def moves(present: Sequence[tuple[Live, Present]]) -> tuple[Move, ...]:
    """Every change from a session to a parallel one, each person once for a pair of sessions.

    A change is a stay that ends while its session runs, followed within PATIENCE by the beginning
    of a stay in another session that was running when the first one was left. Most people first.
    """
    walks: dict[str, list[tuple[datetime, datetime, int]]] = defaultdict(list)
    for at, (_live, people) in enumerate(present):
        for person, intervals in people.items():
            walks[person].extend((start, end, at) for start, end in intervals)
    counted: Counter[tuple[str, str]] = Counter()
    for walk in walks.values():
        counted.update(set(_changes(sorted(walk), present)))
    return tuple(
        Move(before=before, after=after, people=people)
        for (before, after), people in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    )


def _changes(
    walk: Sequence[tuple[datetime, datetime, int]], present: Sequence[tuple[Live, Present]]
) -> Iterable[tuple[str, str]]:
    for at, (_start, left, here) in enumerate(walk):
        live = present[here][0]
        if left >= live.end:
            continue
        for begins, _ends, there in walk[at + 1 :]:
            if begins > left + PATIENCE:
                break
            if begins < left:
                continue
            other = present[there][0]
            if there != here and other.start <= left < other.end:
                yield live.slot, other.slot
            break


def returns(present: Sequence[tuple[Live, Present]], days: Sequence[datetime]) -> list[Return]:
    """For each pair of days, how many of those who came on the first came on the later one."""
    seen: dict[int, set[str]] = {number: set() for number in range(len(days))}
    for live, people in present:
        if days:
            seen[max(bisect_right(days, live.start) - 1, 0)].update(people)
    return [
        Return(
            first=first,
            later=later,
            came=len(seen[first]),
            returned=len(seen[first] & seen[later]),
        )
        for first in seen
        for later in seen
        if first < later and seen[first]
    ]


def starred_and_came(
    present: Sequence[tuple[Live, Present]],
    session_of: Mapping[str, str],
    starred: Mapping[str, frozenset[str]],
) -> dict[str, int]:
    """For each slot, how many of those who starred its session were there."""
    nobody: frozenset[str] = frozenset()
    return {
        live.slot: len(starred.get(session_of[live.slot], nobody) & people.keys())
        for live, people in present
    }


def grouped(moved: Iterable[Move], group_of: Mapping[str, str]) -> tuple[Move, ...]:
    """The same between groups, such as tracks; moves are added up."""
    counted: Counter[tuple[str, str]] = Counter()
    for move in moved:
        pair = (group_of.get(move.before, ""), group_of.get(move.after, ""))
        counted[pair] += move.people
    return tuple(
        Move(before=before, after=after, people=people)
        for (before, after), people in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    )


def half_left(curve: Sequence[int]) -> int | None:
    """Minutes after the fullest one until half of its people were gone; None where they stayed."""
    if not curve or not max(curve):
        return None
    top = curve.index(max(curve))
    return next((at - top for at in range(top, len(curve)) if curve[at] * 2 <= curve[top]), None)
