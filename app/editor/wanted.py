"""What people starred, counted for the findings: how many each session, and how many both of two."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations
from uuid import UUID

from app.editor.desk import Wanted
from app.programme.tables import Star

_MOST_EACH = 60
"""Whoever starred more than this says nothing about what clashes for them."""


async def read(conference: UUID) -> Wanted:
    """The stars of a conference, counted."""
    found = await Star.select(Star.person, Star.session).where(Star.conference == conference)
    by_person: dict[UUID, list[str]] = defaultdict(list)
    for row in found:
        by_person[row["person"]].append(str(row["session"]))
    together: Counter[tuple[str, str]] = Counter()
    for sessions in by_person.values():
        if len(sessions) <= _MOST_EACH:
            together.update(combinations(sorted(sessions), 2))
    return Wanted(
        demand=Counter(str(row["session"]) for row in found),
        together={pair: count for pair, count in together.items() if count > 1},
    )
