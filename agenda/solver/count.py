"""Whether there is more to place than time for it: counted, where trying would take for ever."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from agenda.solver.demand import Demand, demand
from agenda.solver.tables import Ints, Tables, covered

MANY = 12
"""Of fewer talks the single ones that clash are worth naming: see `clash`."""


def too_much(tables: Tables) -> tuple[Demand, ...]:
    """Of some person, or of all rooms, what is asked and what there is; empty if nothing is proved.

    Only talks without a pin are counted on both sides: pinned ones may overlap.
    """
    free = [i for i, talk in enumerate(tables.problem.talks) if talk.pin is None]
    lasting = _least_minutes(tables)
    return _of_a_person(tables, free, lasting) or _of_the_rooms(tables, free, lasting)


def _least_minutes(tables: Tables) -> Ints:
    """How long each talk runs at least; nothing where it may be nowhere."""
    open_ = tables.may.any(axis=2)
    most = np.iinfo(np.int64).max
    lasting = np.where(open_, tables.minutes[None, :], most).min(axis=1, initial=most)
    found: Ints = np.where(lasting < most, lasting, 0)
    return found


def _of_a_person(tables: Tables, free: list[int], lasting: Ints) -> tuple[Demand, ...]:
    theirs: dict[str, list[int]] = defaultdict(list)
    for index in free:
        for name in dict.fromkeys(tables.problem.talks[index].speakers):
            theirs[name].append(index)
    labels = {person.name: person.label or person.name for person in tables.problem.speakers}
    for name, group in theirs.items():
        if len(group) <= MANY or not _meet_nowhere(tables, group):
            continue
        there = covered(tables, np.flatnonzero(tables.may[group].any(axis=(0, 2))))
        asked = int(lasting[group].sum())
        if asked > there:
            codes = [tables.problem.talks[index].code for index in group]
            facts = {"name": labels.get(name, name), "count": str(len(group))}
            return (
                demand("{name} speaks in {count} sessions.", *codes, **facts),
                demand("They last {hours} hours.", hours=_hours(asked)),
                demand("There are {hours} hours in which they may run.", hours=_hours(there)),
                demand("{name} is in one place at a time.", *codes, name=facts["name"]),
            )
    return ()


def _meet_nowhere(tables: Tables, group: list[int]) -> bool:
    """Whether overlaps of one person's talks are forbidden in this problem."""
    return any(other in group for other, _ in tables.forbidden[group[0]])


def _of_the_rooms(tables: Tables, free: list[int], lasting: Ints) -> tuple[Demand, ...]:
    if len(free) <= MANY:
        return ()
    may = tables.may[free]
    rooms = np.flatnonzero(may.any(axis=(0, 1)))
    there = sum(covered(tables, np.flatnonzero(may[:, :, room].any(axis=0))) for room in rooms)
    asked = int(lasting[free].sum())
    if asked <= there:
        return ()
    return (
        demand("{count} sessions last {hours} hours.", count=str(len(free)), hours=_hours(asked)),
        demand(
            "{count} rooms are open to them for {hours} hours.",
            count=str(len(rooms)),
            hours=_hours(there),
        ),
    )


def _hours(minutes: int) -> str:
    return f"{minutes / 60:.1f}".removesuffix(".0")
