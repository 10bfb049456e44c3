"""Why a talk is where it is: what its place costs, and what every other place would."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from agenda.solver.constraints import BY_NAME, Level
from agenda.solver.problem import Assignment, Place, Problem, TalkCode
from agenda.solver.score import Around, Breach, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What one constraint costs because of where a talk is; a negative penalty is a reward."""

    constraint: str
    level: Level
    sentence: str
    penalty: int
    others: tuple[TalkCode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Another place: how much more it would cost, and the constraints that speak against it."""

    place: Place
    hard: int
    medium: int
    soft: int
    against: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The reasons of a talk's present place, dearest first, and the best other places."""

    reasons: tuple[Reason, ...]
    elsewhere: tuple[Elsewhere, ...]
    pinned: bool


def why(problem: Problem, assignment: Assignment, code: TalkCode, *, most: int = 5) -> Why:
    """Explain the place of one talk that has one. Raises KeyError for one that has none."""
    here = assignment[code]
    talk = next(t for t in problem.talks if t.code == code)
    around = Around(problem, assignment, code)
    now = around.at(here)
    options = (
        Place(timeslot=slot.id, room=room.name)
        for slot in problem.timeslots
        if not slot.kinds or talk.kind in slot.kinds
        for room in problem.rooms
        if not room.kinds or talk.kind in room.kinds
    )
    others = [place for place in options if place != here and around.is_open(place)]
    costs = _costs(now)
    ranked = sorted(
        (_elsewhere(place, costs, _costs(around.at(place))) for place in others), key=_rank
    )
    return Why(
        reasons=tuple(_reasons(now, code)),
        elsewhere=tuple(ranked[:most]),
        pinned=talk.pin is not None,
    )


Costs = Mapping[str, int]


def _costs(score: Score) -> Costs:
    total: dict[str, int] = defaultdict(int)
    for breach in score.breaches:
        total[breach.constraint] += breach.amount * score.weights[breach.constraint]
    return total


def _elsewhere(place: Place, now: Costs, then: Costs) -> Elsewhere:
    more = {name: then.get(name, 0) - now.get(name, 0) for name in now.keys() | then.keys()}
    levels: dict[Level, int] = defaultdict(int)
    for name, amount in more.items():
        levels[BY_NAME[name].level] += amount
    against = sorted((n for n, amount in more.items() if amount > 0), key=lambda n: (-more[n], n))
    return Elsewhere(
        place=place,
        hard=levels[Level.HARD],
        medium=levels[Level.MEDIUM],
        soft=levels[Level.SOFT],
        against=tuple(against),
    )


def _rank(option: Elsewhere) -> tuple[int, int, int, str, str]:
    place = option.place
    return option.hard, option.medium, option.soft, place.timeslot, place.room


def _reasons(score: Score, code: TalkCode) -> list[Reason]:
    cases: dict[str, list[Breach]] = defaultdict(list)
    for breach in score.breaches:
        cases[breach.constraint].append(breach)
    levels = list(Level)
    reasons = [
        Reason(
            constraint=name,
            level=BY_NAME[name].level,
            sentence=BY_NAME[name].sentence,
            penalty=sum(breach.amount for breach in found) * score.weights[name],
            others=tuple(dict.fromkeys(o for b in found for o in b.talks if o != code)),
        )
        for name, found in cases.items()
    ]
    return sorted(reasons, key=lambda r: (levels.index(r.level), -r.penalty, r.constraint))
