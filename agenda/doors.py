"""When each slot's green room and doors open, when it goes live and ends: a plan, without a clock.

The rules, in the order in which they win:

- A slot moves `upcoming → green_room → doors → live → ended → archived`, or to `cancelled` from any
  phase before live. It may jump forward, and never goes back.
- In one room at most one slot is live. A slot that is due to go live ends the live one of earlier
  start, unless that one is held, or extended and not past its extended end: then the later waits,
  and goes live when the room is free. Of slots that start together, the one with the greatest id
  goes live. Whoever has to give way ends.
- A producer's “live” and “end” are done at their instant, whatever else holds.
- A hold keeps a slot in its present phase, but not past its end plus the overrun limit.
- Where the stage does not go live by itself, the slot still ends by its end plus the overrun limit.
- A slot of zero or negative length is a mark in the programme: it is ended at its start, opens
  nothing, displaces nothing, and can only be cancelled.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from heapq import heapify, heappop, heappush
from itertools import zip_longest

from agenda.model import RoomId, Slot, SlotId


class Phase(StrEnum):
    """Where one slot stands."""

    UPCOMING = "upcoming"
    GREEN_ROOM = "green_room"
    DOORS = "doors"
    LIVE = "live"
    ENDED = "ended"
    ARCHIVED = "archived"
    CANCELLED = "cancelled"


RANK: Mapping[Phase, int] = {phase: rank for rank, phase in enumerate(Phase)}
"""Later phases rank higher; a slot's phase only ever rises."""

_FINAL = frozenset({Phase.ARCHIVED, Phase.CANCELLED})
_BEFORE_LIVE = frozenset({Phase.UPCOMING, Phase.GREEN_ROOM, Phase.DOORS})


class OverrideKind(StrEnum):
    """What a producer may ask for."""

    HOLD = "hold"
    RELEASE_HOLD = "release_hold"
    LIVE = "live"
    END = "end"
    EXTEND = "extend"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorPolicy:
    """How a slot's doors behave. Leads count back from the start, the others on from the end."""

    green_room_lead: timedelta = timedelta(minutes=30)
    doors_lead: timedelta = timedelta(minutes=10)
    auto_live: bool = True
    overrun: timedelta = timedelta(minutes=15)
    archive_after: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        if not timedelta(0) <= self.doors_lead <= self.green_room_lead:
            raise ValueError("the green room opens before the doors, and both before the start")
        if self.overrun < timedelta(0):
            raise ValueError("the overrun limit is not negative")
        if self.archive_after <= timedelta(0):
            raise ValueError("a slot is archived some time after its end")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorPolicies:
    """The conference's policy, and the whole policies that replace it for a room or a slot."""

    conference: DoorPolicy = field(default_factory=DoorPolicy)
    rooms: Mapping[RoomId, DoorPolicy] = field(default_factory=dict)
    slots: Mapping[SlotId, DoorPolicy] = field(default_factory=dict)

    def of(self, slot: Slot) -> DoorPolicy:
        """The policy that holds for a slot: its own, else its room's, else the conference's."""
        return self.slots.get(slot.id) or self.rooms.get(slot.room) or self.conference


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A producer's wish for one slot, from the instant `at` on. `extend` is for that kind only."""

    slot: SlotId
    kind: OverrideKind
    at: datetime
    by: str = ""
    extend: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A slot enters a phase; `due` is the instant at which it should."""

    slot: SlotId
    room: RoomId
    phase: Phase
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every change of every slot, in order. At one instant, slots leave a stage before others enter."""

    slots: tuple[SlotId, ...]
    changes: tuple[Change, ...]

    def due(self, now: datetime) -> tuple[Change, ...]:
        """The changes that are due at `now`, oldest first."""
        return self.changes[: bisect_right(self.changes, now, key=_due_of)]

    def phases(self, now: datetime) -> dict[SlotId, Phase]:
        """Where every slot should be at `now`."""
        standing = dict.fromkeys(self.slots, Phase.UPCOMING)
        standing.update((change.slot, change.phase) for change in self.due(now))
        return standing

    def next_change(self, now: datetime) -> datetime | None:
        """The first instant after `now` at which something changes."""
        index = bisect_right(self.changes, now, key=_due_of)
        return self.changes[index].due if index < len(self.changes) else None

    def outstanding(self, reached: Mapping[SlotId, Phase], now: datetime) -> tuple[Change, ...]:
        """What is due at `now` and lies beyond the phase that each slot is recorded to have reached.

        Whoever records these in order, and calls again, gets nothing: so a crash between two
        records loses no change and repeats none, and a new plan never takes a slot back.
        """
        return tuple(
            change
            for change in self.due(now)
            if RANK[change.phase] > RANK[reached.get(change.slot, Phase.UPCOMING)]
        )


def plan(
    slots: Iterable[Slot],
    policy: DoorPolicy | DoorPolicies,
    overrides: Iterable[Override] = (),
) -> Plan:
    """What should happen to these slots, and when, given what producers asked for so far.

    Pure: the same slots, policy and overrides give the same plan, in whatever order they come. An
    override changes nothing that was due before its own instant. Overrides of other slots are
    passed over.
    """
    policies = policy if isinstance(policy, DoorPolicies) else DoorPolicies(conference=policy)
    wishes = _wishes_by_slot(overrides)
    rooms: dict[RoomId, list[_Course]] = {}
    ids = []
    for slot in slots:
        ids.append(slot.id)
        course = _Course(slot, policies.of(slot), wishes.get(slot.id, ()))
        rooms.setdefault(slot.room, []).append(course)
    changes: list[Change] = []
    for courses in rooms.values():
        for group in _groups(courses):
            changes.extend(_undisturbed(group[0]) if _is_plain(group) else _Room(group).play())
    changes.sort(key=_order)
    return Plan(slots=tuple(sorted(ids)), changes=tuple(changes))


def _due_of(change: Change) -> datetime:
    return change.due


_ENTERS = {phase: RANK[phase] in (1, 2, 3) for phase in Phase}


def _order(change: Change) -> tuple[datetime, bool, int, str]:
    return change.due, _ENTERS[change.phase], RANK[change.phase], change.slot


_KIND_ORDER = {kind: order for order, kind in enumerate(OverrideKind)}


def _wishes_by_slot(overrides: Iterable[Override]) -> dict[SlotId, list[Override]]:
    wishes: dict[SlotId, list[Override]] = {}
    for wish in sorted(overrides, key=lambda o: (o.at, _KIND_ORDER[o.kind], o.extend, o.by)):
        wishes.setdefault(wish.slot, []).append(wish)
    return wishes


class _Course:
    """How one slot runs: its fixed instants, and where it stands while the room is played."""

    def __init__(self, slot: Slot, policy: DoorPolicy, wishes: Sequence[Override]) -> None:
        self.slot = slot
        self.policy = policy
        self.wishes = wishes
        self.start = slot.start
        self.is_mark = slot.duration <= timedelta(0)
        self.end = slot.start if self.is_mark else slot.end
        self.extended = False
        self.held = False
        self.asked_live = False
        self.live_key: tuple[datetime, str] = (slot.start, slot.id)
        self.phase = Phase.UPCOMING
        self.ended_at = self.end

    @property
    def natural_end(self) -> datetime:
        """When it ends if nobody holds it."""
        if self.policy.auto_live or self.is_mark:
            return self.end
        return self.end + self.policy.overrun

    @property
    def last_end(self) -> datetime:
        """When it ends even if it is held."""
        return self.end if self.is_mark else self.end + self.policy.overrun

    @property
    def due_end(self) -> datetime:
        return self.last_end if self.held else self.natural_end

    @property
    def is_over(self) -> bool:
        return self.phase in (Phase.ENDED, Phase.ARCHIVED, Phase.CANCELLED)

    def finish(self, now: datetime) -> None:
        self.phase = Phase.ENDED
        self.ended_at = now

    def keeps_stage(self, now: datetime) -> bool:
        return self.held or (self.extended and now < self.end)

    def window(self) -> tuple[datetime, datetime]:
        """Between which instants it may be live, or wait to be."""
        asked = [w.at for w in self.wishes if w.kind is OverrideKind.LIVE]
        more = sum((w.extend for w in self.wishes if w.extend > timedelta(0)), timedelta(0))
        end = self.last_end if self.wishes else self.natural_end
        return min([self.start, *asked]), end + more

    def openings(self) -> tuple[tuple[Phase, datetime], ...]:
        """The phases before live, with their instants."""
        return (
            (Phase.GREEN_ROOM, self.start - self.policy.green_room_lead),
            (Phase.DOORS, self.start - self.policy.doors_lead),
        )

    def instants(self) -> Iterator[datetime]:
        """Every instant that may matter, as far as it is known now."""
        if not self.is_mark:
            yield self.start - self.policy.green_room_lead
            yield self.start - self.policy.doors_lead
            yield self.start
        yield from self.ends()
        for wish in self.wishes:
            yield wish.at

    def ends(self) -> Iterator[datetime]:
        yield self.end
        yield self.natural_end
        yield self.last_end


def _groups(courses: list[_Course]) -> Iterator[list[_Course]]:
    """The courses of one room, parted where they cannot touch each other."""
    if len(courses) == 1:
        yield courses
        return
    windows = sorted(((c.window(), c.slot.id, c) for c in courses), key=lambda w: w[:2])
    group: list[_Course] = []
    until: datetime | None = None
    for (start, end), _, course in windows:
        if until is not None and start >= until and group:
            yield group
            group = []
        until = end if not group or until is None else max(until, end)
        group.append(course)
    if group:
        yield group


def _is_plain(group: list[_Course]) -> bool:
    return len(group) == 1 and not group[0].wishes


def _undisturbed(course: _Course) -> Iterator[Change]:
    """The changes of a slot that nobody touches. A phase that would last no time is left out."""
    slot = course.slot
    steps: list[tuple[Phase, datetime]] = []
    if not course.is_mark:
        steps.extend(course.openings())
        if course.policy.auto_live:
            steps.append((Phase.LIVE, course.start))
    end = course.natural_end
    steps.append((Phase.ENDED, end))
    steps.append((Phase.ARCHIVED, end + course.policy.archive_after))
    due_next = [due for _, due in steps[1:]]
    for (phase, due), following in zip_longest(steps, due_next):
        if due != following:
            yield Change(slot=slot.id, room=slot.room, phase=phase, due=due)


class _Room:
    """Slots of one room that touch each other or are overridden, played instant by instant."""

    def __init__(self, courses: list[_Course]) -> None:
        self.changes: list[Change] = []
        self.wishes: dict[datetime, list[tuple[_Course, Override]]] = {}
        self.instants: list[datetime] = []
        self.asleep: list[tuple[datetime, SlotId, _Course]] = []
        self.awake: list[_Course] = []
        for course in courses:
            self.instants.extend(course.instants())
            self.asleep.append((min(course.instants()), course.slot.id, course))
            for wish in course.wishes:
                self.wishes.setdefault(wish.at, []).append((course, wish))
        heapify(self.instants)
        heapify(self.asleep)

    def play(self) -> list[Change]:
        """Every change of these slots, in order."""
        while self.instants:
            now = heappop(self.instants)
            while self.instants and self.instants[0] == now:
                heappop(self.instants)
            self._settle(now)
        return self.changes

    def _settle(self, now: datetime) -> None:
        """Bring every slot to where it should be at `now`, and note who moved."""
        while self.asleep and self.asleep[0][0] <= now:
            self.awake.append(heappop(self.asleep)[2])
        before = [course.phase for course in self.awake]
        for course, wish in self.wishes.get(now, ()):
            self._obey(course, wish)
        for course in self.awake:
            self._end_or_open(course, now)
        self._fill_stage(now)
        for course, phase in zip(self.awake, before, strict=True):
            if course.phase is not phase:
                self._note(course, now)
        self.awake = [c for c in self.awake if c.phase not in _FINAL]

    def _note(self, course: _Course, now: datetime) -> None:
        slot = course.slot
        if course.phase is Phase.ENDED:
            heappush(self.instants, now + course.policy.archive_after)
        self.changes.append(Change(slot=slot.id, room=slot.room, phase=course.phase, due=now))

    def _obey(self, course: _Course, wish: Override) -> None:
        if wish.kind is OverrideKind.CANCEL:
            if course.phase in _BEFORE_LIVE:
                course.phase = Phase.CANCELLED
        elif not (course.is_over or course.is_mark):
            _WISHES[wish.kind](course, wish)
            for at in course.ends():
                if at > wish.at:
                    heappush(self.instants, at)

    def _end_or_open(self, course: _Course, now: datetime) -> None:
        if course.phase is Phase.ENDED and now >= course.ended_at + course.policy.archive_after:
            course.phase = Phase.ARCHIVED
        if course.is_over:
            return
        if now >= course.due_end:
            course.finish(now)
        elif not course.held and not course.is_mark:
            for phase, at in course.openings():
                if now >= at and RANK[phase] > RANK[course.phase]:
                    course.phase = phase

    def _fill_stage(self, now: datetime) -> None:
        """Let the slot go live whose turn it is, and end those that have to give way to it."""
        live = next((c for c in self.awake if c.phase is Phase.LIVE), None)
        asking = [c for c in self.awake if _wants_stage(c, now)]
        if not asking:
            return
        taker = max(asking, key=lambda c: (c.asked_live, c.live_key))
        if live is not None and not taker.asked_live:
            if live.keeps_stage(now):
                return
            if taker.live_key < live.live_key:
                taker = live
        for course in (*asking, *([live] if live else [])):
            if course is not taker:
                course.finish(now)
        taker.phase = Phase.LIVE
        taker.asked_live = False


def _wants_stage(course: _Course, now: datetime) -> bool:
    if course.phase not in _BEFORE_LIVE or course.is_mark:
        return False
    by_itself = course.policy.auto_live and not course.held and now >= course.start
    return course.asked_live or by_itself


def _hold(course: _Course, wish: Override) -> None:
    course.held = True


def _release_hold(course: _Course, wish: Override) -> None:
    course.held = False


def _go_live(course: _Course, wish: Override) -> None:
    if course.phase in _BEFORE_LIVE:
        course.held = False
        course.asked_live = True
        course.live_key = (wish.at, course.slot.id)


def _end(course: _Course, wish: Override) -> None:
    course.finish(wish.at)


def _extend(course: _Course, wish: Override) -> None:
    if wish.extend > timedelta(0):
        course.end += wish.extend
        course.extended = True


_WISHES = {
    OverrideKind.HOLD: _hold,
    OverrideKind.RELEASE_HOLD: _release_hold,
    OverrideKind.LIVE: _go_live,
    OverrideKind.END: _end,
    OverrideKind.EXTEND: _extend,
}
