"""Finds a smallest set of demands that cannot all be met, and says it in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from agenda.solver.board import Board
from agenda.solver.count import too_much
from agenda.solver.demand import Demand, demand
from agenda.solver.model import Aim, MoveModel
from agenda.solver.problem import NO_TAGS, NO_WISHES, Problem, Room, Rules, Speaker, Talk, TalkCode
from agenda.solver.run import POSING_S, Limits, Stop, run
from agenda.solver.tabulate import tabulate

SMALL = 12
"""Up to so many talks at first; more are taken in while they can all be placed."""

MOST_PLACES = 60_000
"""Talks × places about which a question is asked; to pose a larger one takes too long."""

FEW = 8
"""So many demands that were not asked about may be among those shown after a stop."""


@dataclass(frozen=True, slots=True)
class _Item:
    demand: Demand
    without: Callable[[Problem], Problem]


def clash(
    problem: Problem,
    about: Iterable[TalkCode] = (),
    *,
    stop: Stop | None = None,
    seconds: float = 2.0,
) -> tuple[Demand, ...]:
    """Demands that clash: all of them together are impossible, and none of them can be spared.

    `about` are talks with which to begin, such as those that found no place. `seconds` bounds each
    of the many questions asked; where one stays open the set may hold a demand too many. Empty
    when nothing impossible was proved, or the search was stopped before the set was small.
    """
    stop = stop or Stop()
    counted = too_much(tabulate(problem)) if not stop.asked else ()
    if counted:
        return counted
    core = _impossible_talks(problem, list(about), stop, seconds)
    if core is None:
        return ()
    kept: list[_Item] = []
    items = list(_demands(core))
    present = core
    while items and not stop.asked:
        item = items.pop(0)
        smaller = item.without(present)
        if smaller != present and _is_impossible(smaller, stop, seconds):
            present = smaller
            left = {demand.demand for demand in _demands(present)}
            items = [other for other in items if other.demand in left]
        else:
            kept.append(item)
    if len(items) > FEW:
        return ()
    left = {item.demand for item in _demands(present)}
    return tuple(item.demand for item in (*kept, *items) if item.demand in left)


def _is_impossible(problem: Problem, stop: Stop, seconds: float) -> bool:
    """Whether it is proved that the talks cannot all have a place."""
    if not problem.talks or stop.asked:
        return False
    tables = tabulate(problem)
    if any(not tables.may[talk].any() for talk in range(tables.size)):
        return True
    places = int(tables.may.sum())
    if places > MOST_PLACES or places * POSING_S > stop.left:
        return False
    model = MoveModel(Board(tables), range(tables.size), Aim(soft=False, crowd_cap=UNLIMITED))
    return run(model, Limits(seconds=seconds, effort=seconds), stop).infeasible


UNLIMITED = 1 << 40


def _only(problem: Problem, codes: Iterable[TalkCode]) -> Problem:
    chosen = set(codes)
    talks = tuple(talk for talk in problem.talks if talk.code in chosen)
    people = {name for talk in talks for name in talk.speakers}
    return replace(
        problem,
        talks=talks,
        speakers=tuple(speaker for speaker in problem.speakers if speaker.name in people),
        together={},
    )


def _impossible_talks(
    problem: Problem, about: list[TalkCode], stop: Stop, seconds: float
) -> Problem | None:
    """A part of the problem that is impossible, with few talks if it can be."""
    codes = [talk.code for talk in problem.talks]
    first = [code for code in about if code in set(codes)] or codes
    for code in first[:SMALL]:
        if stop.asked:
            return None
        order = _by_relation(problem, code)
        size = 1
        while size < len(order) and size <= 4 * SMALL and not stop.asked:
            part = _only(problem, order[:size])
            if _is_impossible(part, stop, seconds):
                return part
            size *= 2
    for part in (_only(problem, first), problem):
        if _is_impossible(part, stop, 4 * seconds):
            return _fewer(part, stop, seconds)
    return None


def _fewer(problem: Problem, stop: Stop, seconds: float) -> Problem:
    """The same, without talks that do not matter, in chunks that get smaller."""
    chunk = max(1, len(problem.talks) // 2)
    while not stop.asked:
        position = 0
        while position < len(problem.talks) and not stop.asked:
            codes = [talk.code for talk in problem.talks]
            part = _only(problem, codes[:position] + codes[position + chunk :])
            if _is_impossible(part, stop, seconds):
                problem = part
            else:
                position += chunk
        if chunk == 1:
            break
        chunk = max(1, chunk // 2)
    return problem


def _by_relation(problem: Problem, code: TalkCode) -> list[TalkCode]:
    """All talks, those that have most to do with one first."""
    talks = {talk.code: talk for talk in problem.talks}
    me = talks[code]
    reached = {code: 0}
    frontier = [me]
    while frontier:
        nearer = frontier.pop(0)
        for other in problem.talks:
            if other.code not in reached and _is_tied(nearer, other):
                reached[other.code] = reached[nearer.code] + 1
                frontier.append(other)
    far = len(talks)

    def distance(other: Talk) -> tuple[int, bool, str]:
        return reached.get(other.code, far), other.kind != me.kind, other.code

    return [talk.code for talk in sorted(problem.talks, key=distance)]


def _is_tied(one: Talk, two: Talk) -> bool:
    return bool(
        set(one.speakers) & set(two.speakers)
        or one.exclusive & two.exclusive
        or one.code in two.prerequisites
        or two.code in one.prerequisites
    )


def _demands(problem: Problem) -> Iterator[_Item]:
    """Every demand of a problem, those first that one would rather not hear about."""
    for talk in problem.talks:
        yield from _talk_exists(talk)
    yield from _rule_demands(problem.rules)
    for room in problem.rooms:
        yield from _room_demands(room)
    for talk in problem.talks:
        yield from _talk_demands(problem, talk)
    for speaker in problem.speakers:
        yield from _speaker_demands(problem, speaker)


def _title(talk: Talk) -> str:
    return talk.title or talk.code


def _talk_exists(talk: Talk) -> Iterator[_Item]:
    def without(problem: Problem) -> Problem:
        return _only(problem, [other.code for other in problem.talks if other.code != talk.code])

    yield _Item(demand("“{title}” takes place.", talk.code, title=_title(talk)), without)


_RULES: tuple[tuple[str, object, str], ...] = (
    ("breaks", (), "The breaks are for everybody."),
    ("night", None, "Nobody speaks in the night at home."),
    ("pause_minutes", 0, "Speakers have {value} minutes between their talks."),
    ("keynotes_alone", False, "Nothing runs beside a keynote."),
    ("hours_per_day", None, "No day is longer than {value} hours."),
)


def _rule_demands(rules: Rules) -> Iterator[_Item]:
    for field, nothing, template in _RULES:
        value = getattr(rules, field)
        if value != nothing:
            facts = {"value": f"{value:g}"} if "{value}" in template else {}
            yield _Item(demand(template, **facts), _without_rule(field, nothing))


def _without_rule(field: str, nothing: object) -> Callable[[Problem], Problem]:
    def without(problem: Problem) -> Problem:
        rules: Rules = replace(problem.rules, **{field: nothing})  # type: ignore[arg-type]
        return replace(problem, rules=rules)

    return without


def _room_demands(room: Room) -> Iterator[_Item]:
    if room.unavailable:
        yield _Item(
            demand("{room} is closed at times.", room=room.label or room.name),
            lambda problem: replace(
                problem,
                rooms=_with(problem.rooms, room.name, lambda r: replace(r, unavailable=NO_TAGS)),
            ),
        )


def _with(rooms: Sequence[Room], name: str, change: Callable[[Room], Room]) -> tuple[Room, ...]:
    return tuple(change(room) if room.name == name else room for room in rooms)


def _talk_demands(problem: Problem, talk: Talk) -> Iterator[_Item]:
    title = _title(talk)
    for template, name in (
        ("“{title}” stays where it is pinned.", "pin"),
        ("“{title}” has its demands on the time.", "times"),
        ("“{title}” has its demands on the room.", "rooms"),
    ):
        if _is_set(talk, name):
            yield _Item(
                demand(template, talk.code, title=title), _changed(talk, **{name: _EMPTY[name]})
            )
    titles = {other.code: _title(other) for other in problem.talks}
    for code in sorted(talk.prerequisites & titles.keys()):
        yield _Item(
            demand(
                "“{first}” comes before “{title}”.",
                code,
                talk.code,
                first=titles[code],
                title=title,
            ),
            _without_prerequisite(talk.code, code),
        )
    for tag in sorted(talk.exclusive):
        yield _Item(
            demand(
                "“{title}” overlaps no other talk tagged “{tag}”.", talk.code, title=title, tag=tag
            ),
            _without_tag(talk.code, tag),
        )


_EMPTY: dict[str, object] = {"pin": None, "times": NO_WISHES, "rooms": NO_WISHES}


def _is_set(talk: Talk, name: str) -> bool:
    if name == "pin":
        return talk.pin is not None
    wishes = talk.times if name == "times" else talk.rooms
    return bool(wishes.required or wishes.prohibited)


def _edited(code: TalkCode, edit: Callable[[Talk], Talk]) -> Callable[[Problem], Problem]:
    return lambda problem: replace(
        problem, talks=tuple(edit(t) if t.code == code else t for t in problem.talks)
    )


def _changed(talk: Talk, **changes: object) -> Callable[[Problem], Problem]:
    return _edited(talk.code, lambda present: replace(present, **changes))  # type: ignore[arg-type]


def _without_prerequisite(code: TalkCode, needed: TalkCode) -> Callable[[Problem], Problem]:
    return _edited(code, lambda t: replace(t, prerequisites=t.prerequisites - {needed}))


def _without_tag(code: TalkCode, tag: str) -> Callable[[Problem], Problem]:
    return _edited(code, lambda t: replace(t, exclusive=t.exclusive - {tag}))


def _speaker_demands(problem: Problem, speaker: Speaker) -> Iterator[_Item]:
    name, label = speaker.name, speaker.label or speaker.name
    if speaker.unavailable:
        yield _Item(
            demand("{name} is away at times.", name=label),
            _of_speaker(name, lambda person: replace(person, unavailable=NO_TAGS)),
        )
    for template, wishes, field in (
        ("{name} has demands on the time.", speaker.times, "times"),
        ("{name} has demands on the room.", speaker.rooms, "rooms"),
    ):
        if wishes.required or wishes.prohibited:
            edit = _no_times if field == "times" else _no_rooms
            yield _Item(demand(template, name=label), _of_speaker(name, edit))
    theirs = [talk.code for talk in problem.talks if name in talk.speakers]
    if len(theirs) > 1:
        yield _Item(
            demand("{name} is in one place at a time.", *theirs, name=label), _unshared(name)
        )


def _no_times(person: Speaker) -> Speaker:
    return replace(person, times=NO_WISHES)


def _no_rooms(person: Speaker) -> Speaker:
    return replace(person, rooms=NO_WISHES)


def _of_speaker(name: str, edit: Callable[[Speaker], Speaker]) -> Callable[[Problem], Problem]:
    return lambda problem: replace(
        problem,
        speakers=tuple(
            edit(person) if person.name == name else person for person in problem.speakers
        ),
    )


def _unshared(name: str) -> Callable[[Problem], Problem]:
    """Each talk gets a double of the speaker, so that only the sharing is gone."""

    def without(problem: Problem) -> Problem:
        person = next((p for p in problem.speakers if p.name == name), None)
        talks, doubles = [], []
        for talk in problem.talks:
            if name in talk.speakers:
                double = f"{name} in {talk.code}"
                crew = tuple(double if own == name else own for own in talk.speakers)
                talk = replace(talk, speakers=crew)
                if person is not None:
                    doubles.append(replace(person, name=double))
            talks.append(talk)
        return replace(problem, talks=tuple(talks), speakers=(*problem.speakers, *doubles))

    return without
