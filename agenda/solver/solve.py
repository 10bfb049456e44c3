"""One request to the solver, from a schedule to edits of it: drafted, completed or repaired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from agenda.edits import Edit
from agenda.model import Schedule, SlotId
from agenda.rules import Rules
from agenda.solver.clash import clash
from agenda.solver.constraints import BY_NAME, Level
from agenda.solver.demand import Demand
from agenda.solver.frame import Frame, Mode
from agenda.solver.pose import Posed, edits, pose
from agenda.solver.problem import Assignment, Problem, TalkCode
from agenda.solver.repair import Repair, repair
from agenda.solver.run import Stop, StopAt
from agenda.solver.score import Score, evaluate, explain
from agenda.solver.search import Budget, Clock, Progress, Search, medium_of
from agenda.solver.tables import MEDIUM

MOST_CASES = 8
FINISH_S = 2.5
"""What a repair leaves of its time for the last question asked, and for the score."""

FIRST_SHARE = 0.8
"""How much of a repair's time is for all who have to move; the rest is for a second try around those
for whom there is no place, and to say why."""

CLASH_S = 8.0
"""How long is looked for the demands that clash."""

CLASH_SHARE = 0.3
"""What part of a draft's time is kept for that, while a session has no place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to solve, and how long it may take."""

    schedule: Schedule
    rules: Rules = field(default_factory=Rules)
    frame: Frame = field(default_factory=Frame)
    budget: Budget = field(default_factory=Budget)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case in which a constraint costs; `titles` are the sessions concerned, `slots` those of
    them that have a slot in the schedule."""

    penalty: int
    titles: tuple[str, ...]
    slots: tuple[SlotId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one constraint costs before and after, with the dearest cases after."""

    constraint: str
    level: Level
    sentence: str
    before: int
    after: int
    cases: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Where a run stands. `bound` and `gap` are unknown (None) until something is proved.

    `edits` is the way to the best schedule so far.
    """

    seconds: float
    phase: str
    unplaced: int
    medium: int
    soft: int
    bound: float | None
    gap: float | None
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """What a run found. Every edit may be taken by itself.

    `lines` explain the score. `left` are sessions without a place, or that stay where they cannot
    be; then `clash` is a smallest set of demands that cannot all be met, where one was found.
    """

    mode: Mode
    edits: tuple[Edit, ...]
    lines: tuple[Line, ...]
    soft_before: int
    soft: int
    medium: int
    hard_before: int
    hard: int
    bound: float | None
    gap: float | None
    optimal: bool
    seconds: float
    had_to_move: tuple[SlotId, ...] = ()
    left: tuple[str, ...] = ()
    clash: tuple[str, ...] = ()
    stopped: bool = False


Tell = Callable[[News], None]


def solve(
    request: Request, *, clock: Clock, stop: Stop | None = None, tell: Tell | None = None
) -> Solution:
    """Run one request until its time is up, nothing better exists, or somebody asks to stop.

    Blocks, and takes hundreds of megabytes: see `agenda.solver.__main__` for a process of its own.
    """
    stop = stop or Stop()
    posed = pose(request.schedule, request.rules, request.frame)
    if request.frame.mode is Mode.REPAIR:
        return _repair(posed, request, clock, stop)
    return _search(posed, request, clock, stop, tell)


def _search(
    posed: Posed, request: Request, clock: Clock, stop: Stop, tell: Tell | None
) -> Solution:
    began = clock()

    def listen(progress: Progress) -> None:
        if tell is not None:
            tell(_news(posed, progress))

    seconds = request.budget.seconds
    search = Search(
        posed.problem,
        budget=request.budget,
        clock=clock,
        stop=stop,
        listen=listen,
        spare=min(CLASH_S, seconds * CLASH_SHARE),
    )
    start = posed.before if request.frame.mode is Mode.COMPLETE else None
    outcome = search.run(start)
    missing = [t.code for t in posed.problem.talks if t.code not in outcome.assignment]
    medium = medium_of(outcome.objective)
    return _solution(
        posed,
        request.frame.mode,
        outcome.assignment,
        missing=missing,
        clash=_clash(posed, missing, stop, clock, began + seconds),
        bound=None if outcome.bound is None else outcome.bound - medium * MEDIUM,
        gap=outcome.gap,
        optimal=outcome.optimal,
        seconds=clock() - began,
        stopped=stop.asked,
    )


def _news(posed: Posed, progress: Progress) -> News:
    medium = medium_of(progress.objective)
    return News(
        seconds=progress.seconds,
        phase=progress.phase,
        unplaced=progress.unplaced,
        medium=medium,
        soft=progress.objective - medium * MEDIUM,
        bound=None if progress.bound is None else progress.bound - medium * MEDIUM,
        gap=progress.gap,
        edits=edits(posed, progress.assignment),
    )


def _repair(posed: Posed, request: Request, clock: Clock, stop: Stop) -> Solution:
    began = clock()
    seconds = request.budget.seconds
    ends = began + max(seconds - FINISH_S, seconds * 2 / 3)

    def mend(problem: Problem, until: float) -> Repair:
        budget = replace(request.budget, seconds=until - clock())
        return repair(problem, posed.before, budget=budget, clock=clock, stop=stop, lenient=True)

    repaired = mend(posed.problem, began + (ends - began) * FIRST_SHARE)
    stuck = repaired.unplaced
    # They stay where they are, so nobody else may be sent there.
    final = mend(_pinning(posed, stuck), ends) if stuck else repaired
    return _solution(
        posed,
        Mode.REPAIR,
        {**posed.before, **final.assignment},
        missing=stuck,
        clash=_clash(posed, stuck, stop, clock, ends),
        had_to_move=posed.slots_of(repaired.had_to_move),
        optimal=repaired.fewest,
        seconds=clock() - began,
        stopped=stop.asked,
    )


def _pinning(posed: Posed, codes: tuple[TalkCode, ...]) -> Problem:
    talks = posed.problem.talks
    return replace(
        posed.problem,
        talks=tuple(replace(t, pin=posed.before[t.code]) if t.code in codes else t for t in talks),
    )


def _clash(
    posed: Posed,
    missing: tuple[TalkCode, ...] | list[TalkCode],
    stop: Stop,
    clock: Clock,
    ends: float,
) -> list[Demand]:
    timed = StopAt(stop, clock, min(ends, clock() + CLASH_S))
    if not missing or timed.asked:
        return []
    return list(clash(posed.problem, missing, stop=timed, seconds=1.0))


def _solution(
    posed: Posed,
    mode: Mode,
    assignment: Assignment,
    *,
    missing: tuple[TalkCode, ...] | list[TalkCode],
    clash: list[Demand],
    optimal: bool,
    seconds: float,
    stopped: bool,
    bound: float | None = None,
    gap: float | None = None,
    had_to_move: tuple[SlotId, ...] = (),
) -> Solution:
    before, after = evaluate(posed.problem, posed.before), evaluate(posed.problem, assignment)
    titles = {talk.code: talk.title or talk.code for talk in posed.problem.talks}
    return Solution(
        mode=mode,
        edits=edits(posed, assignment),
        lines=tuple(_lines(posed, before, after)),
        soft_before=before.soft,
        soft=after.soft,
        medium=after.medium,
        hard_before=before.hard,
        hard=after.hard,
        bound=bound,
        gap=gap,
        optimal=optimal,
        seconds=seconds,
        had_to_move=had_to_move,
        left=tuple(titles[code] for code in missing),
        clash=tuple(demand.sentence for demand in clash),
        stopped=stopped,
    )


def lines_of(posed: Posed, before: Assignment, after: Assignment) -> tuple[Line, ...]:
    """What each constraint costs in two schedules of one problem, gravest first."""
    return tuple(_lines(posed, evaluate(posed.problem, before), evaluate(posed.problem, after)))


def _lines(posed: Posed, before: Score, after: Score) -> list[Line]:
    titles = {talk.code: talk.title or talk.code for talk in posed.problem.talks}
    cases = {name: found for name, _, found in explain(after, most=MOST_CASES)}
    lines = []
    for level in Level:
        old, new = before.penalties(level), after.penalties(level)
        for name in sorted(new, key=lambda name: -new[name]):
            if old[name] or new[name]:
                lines.append(
                    Line(
                        constraint=name,
                        level=level,
                        sentence=BY_NAME[name].sentence,
                        before=old[name],
                        after=new[name],
                        cases=tuple(
                            Case(
                                penalty=breach.amount * after.weights[name],
                                titles=tuple(titles[code] for code in breach.talks),
                                slots=posed.slots_of(breach.talks),
                            )
                            for breach in cases.get(name, ())
                        ),
                    )
                )
    return lines
