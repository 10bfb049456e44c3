"""How the slots of one room run, instant by instant. The rules stand in `agenda.doors`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from itertools import zip_longest

from agenda.model import Slot, SlotId
from agenda.phases import RANK, Change, DoorPolicy, Override, OverrideKind, Phase

_FINAL = frozenset({Phase.ARCHIVED, Phase.CANCELLED})
_BEFORE_LIVE = frozenset({Phase.UPCOMING, Phase.GREEN_ROOM, Phase.DOORS})


def run_room(courses: list[Course]) -> Iterator[Change]:
    """Every change of the slots of one room."""
    for group in _groups(courses):
        yield from _undisturbed(group[0]) if _is_plain(group) else _Room(group).play()


class Course:
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

    def open(self, phase: Phase) -> None:
        """Open by hand, however early it is and whether or not it is held."""
        if RANK[phase] > RANK[self.phase]:
            self.phase = phase

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


def _groups(courses: list[Course]) -> Iterator[list[Course]]:
    """The courses of one room, parted where they cannot touch each other."""
    if len(courses) == 1:
        yield courses
        return
    windows = sorted(((c.window(), c.slot.id, c) for c in courses), key=lambda w: w[:2])
    group: list[Course] = []
    until: datetime | None = None
    for (start, end), _, course in windows:
        if until is not None and start >= until and group:
            yield group
            group = []
        until = end if not group or until is None else max(until, end)
        group.append(course)
    if group:
        yield group


def _is_plain(group: list[Course]) -> bool:
    return len(group) == 1 and not group[0].wishes


def _undisturbed(course: Course) -> Iterator[Change]:
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

    def __init__(self, courses: list[Course]) -> None:
        self.changes: list[Change] = []
        self.wishes: dict[datetime, list[tuple[Course, Override]]] = {}
        self.instants: list[datetime] = []
        self.asleep: list[tuple[datetime, SlotId, Course]] = []
        self.awake: list[Course] = []
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

    def _note(self, course: Course, now: datetime) -> None:
        slot = course.slot
        if course.phase is Phase.ENDED:
            heappush(self.instants, now + course.policy.archive_after)
        self.changes.append(Change(slot=slot.id, room=slot.room, phase=course.phase, due=now))

    def _obey(self, course: Course, wish: Override) -> None:
        if wish.kind is OverrideKind.CANCEL:
            if course.phase in _BEFORE_LIVE:
                course.phase = Phase.CANCELLED
        elif not (course.is_over or course.is_mark):
            _WISHES[wish.kind](course, wish)
            for at in course.ends():
                if at > wish.at:
                    heappush(self.instants, at)

    def _end_or_open(self, course: Course, now: datetime) -> None:
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


def _wants_stage(course: Course, now: datetime) -> bool:
    if course.phase not in _BEFORE_LIVE or course.is_mark:
        return False
    by_itself = course.policy.auto_live and not course.held and now >= course.start
    return course.asked_live or by_itself


def _hold(course: Course, wish: Override) -> None:
    course.held = True


def _release_hold(course: Course, wish: Override) -> None:
    course.held = False


def _go_live(course: Course, wish: Override) -> None:
    if course.phase in _BEFORE_LIVE:
        course.held = False
        course.asked_live = True
        course.live_key = (wish.at, course.slot.id)


def _end(course: Course, wish: Override) -> None:
    course.finish(wish.at)


def _extend(course: Course, wish: Override) -> None:
    if wish.extend > timedelta(0):
        course.end += wish.extend
        course.extended = True


def _open_green_room(course: Course, wish: Override) -> None:
    course.open(Phase.GREEN_ROOM)


def _open_doors(course: Course, wish: Override) -> None:
    course.open(Phase.DOORS)


def _go_by_itself(course: Course, wish: Override) -> None:
    course.held = False
    course.end = course.slot.end
    course.extended = False


_WISHES = {
    OverrideKind.OPEN_GREEN_ROOM: _open_green_room,
    OverrideKind.OPEN_DOORS: _open_doors,
    OverrideKind.AUTO: _go_by_itself,
    OverrideKind.HOLD: _hold,
    OverrideKind.RELEASE_HOLD: _release_hold,
    OverrideKind.LIVE: _go_live,
    OverrideKind.END: _end,
    OverrideKind.EXTEND: _extend,
}
