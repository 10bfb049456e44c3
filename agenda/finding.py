"""What a finding is, and how overlaps are found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from heapq import heappop, heappush

from agenda.model import SessionId, Slot, SlotId, Speaker


class Severity(StrEnum):
    """`must` breaks the conference, `should` hurts somebody, `note` is good to know."""

    MUST = "must"
    SHOULD = "should"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that an organizer should know.

    `template` is a fixed English sentence whose {names} are the keys of `facts`, so that it can be
    translated; `cure` is the verb of the edit that would help; `slots` are those concerned, and
    `session` is named where no slot is.
    """

    code: str
    severity: Severity
    template: str
    facts: Mapping[str, str | int] = field(default_factory=dict, hash=False)
    slots: tuple[SlotId, ...] = ()
    session: SessionId | None = None
    cure: str = ""

    @property
    def message(self) -> str:
        return self.template.format(**self.facts)


def overlapping(slots: Iterable[Slot]) -> Iterator[tuple[Slot, Slot]]:
    """Every pair of slots that share an instant, earlier start first, by one sweep.

    Slots of zero or negative length share none.
    """
    lasting = sorted((s for s in slots if s.duration > timedelta(0)), key=lambda s: (s.start, s.id))
    running: list[tuple[datetime, SlotId, Slot]] = []
    for slot in lasting:
        while running and running[0][0] <= slot.start:
            heappop(running)
        for _, _, other in sorted(running, key=lambda entry: (entry[2].start, entry[1])):
            yield other, slot
        heappush(running, (slot.end, slot.id, slot))


def person_key(speaker: Speaker) -> str:
    """By what a person is known when double booking is looked for: the name, as people write it."""
    return speaker.name.strip() or speaker.id


def count_overlaps(slots: Iterable[Slot]) -> int:
    """How many pairs `overlapping` would give, without making them."""
    ends: list[datetime] = []
    count = 0
    for slot in sorted((s for s in slots if s.duration > timedelta(0)), key=lambda s: s.start):
        while ends and ends[0] <= slot.start:
            heappop(ends)
        count += len(ends)
        heappush(ends, slot.end)
    return count
