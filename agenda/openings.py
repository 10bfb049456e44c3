"""Where and when a session could go without a hard conflict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from agenda.finding import person_key
from agenda.model import Conference, RoomId, Schedule, SessionId, SessionState, Slot, SlotId
from agenda.rules import Rules, Span

OPEN_FROM, OPEN_TO = time(9), time(18)
"""A day's hours on the conference's clock while nothing is placed on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Instants (aware UTC) at which a session may start: any from `first` to `last`, both included."""

    first: datetime
    last: datetime

    def nearest(self, instant: datetime) -> datetime:
        """The start in it that is nearest to an instant."""
        return min(max(instant, self.first), self.last)


def openings(
    schedule: Schedule,
    rules: Rules,
    session: SessionId,
    length: timedelta,
    *,
    without: SlotId | None = None,
    line: datetime | None = None,
    hours: Sequence[Span] = (),
) -> dict[RoomId, tuple[Window, ...]]:
    """For each named room the windows in which the session overlaps nothing there, its speakers are
    free, with their pause, and present, the room is open and rested, and what comes before is over.

    `without` is the session's own slot, which is no obstacle; nothing starts before `line`. `hours`
    are when sessions may run, by default those of the rules, or `usual_hours`.
    """
    sessions = {s.id: s for s in schedule.sessions}
    standing = [
        slot
        for slot in schedule.slots
        if slot.id != without
        and slot.duration > timedelta(0)
        and sessions[slot.session].state is not SessionState.CANCELLED
    ]
    busy = [
        *_people(schedule, rules, session, standing),
        *_order(rules, session, standing),
        *rules.breaks,
    ]
    by_room: dict[RoomId, list[Span]] = {}
    for slot in standing:
        by_room.setdefault(slot.room, []).append(_widened(slot, rules.changeover))
    spans = list(hours or rules.hours) or usual_hours(schedule.conference, standing)
    found: dict[RoomId, tuple[Window, ...]] = {}
    for room in schedule.rooms:
        if room.name:
            blocks = [*busy, *by_room.get(room.id, ()), *rules.closed_rooms.get(room.id, ())]
            found[room.id] = tuple(_windows(spans, blocks, length, line))
    return found


def usual_hours(conference: Conference, slots: Iterable[Slot]) -> list[Span]:
    """For each day, from the first start to the last end of what is placed on it; 9 to 18 on the
    conference's clock where nothing is, and at least so where little is."""
    by_day: dict[date, list[Slot]] = {}
    for slot in slots:
        by_day.setdefault(conference.date_of(slot.start), []).append(slot)
    found = []
    for on in sorted({*by_day, *(day.date for day in conference.days)}):
        morning, evening = (
            datetime.combine(on, clock, conference.tz).astimezone(UTC)
            for clock in (OPEN_FROM, OPEN_TO)
        )
        there = by_day.get(on, ())
        if len(there) > FEW:
            morning, evening = min(s.start for s in there), max(s.end for s in there)
        elif there:
            morning = min(morning, *(s.start for s in there))
            evening = max(evening, *(s.end for s in there))
        found.append(Span(start=morning, end=evening))
    return found


FEW = 3
"""Up to so many slots say little about the hours of a day."""


def home_rooms(schedule: Schedule) -> Mapping[SessionId, RoomId]:
    """For each session the room in which its track is most often, where there is one."""
    track_of = {s.id: s.track for s in schedule.sessions}
    counts: dict[str, Counter[RoomId]] = {}
    for slot in schedule.slots:
        track = track_of[slot.session]
        if track is not None:
            counts.setdefault(track, Counter())[slot.room] += 1
    most = {track: min(c, key=lambda r: (-c[r], r)) for track, c in counts.items()}
    return {key: most[track] for key, track in track_of.items() if track in most}


def _widened(slot: Slot, rest: timedelta) -> Span:
    return Span(start=slot.start - rest, end=slot.end + rest)


def _people(
    schedule: Schedule, rules: Rules, session: SessionId, standing: list[Slot]
) -> Iterable[Span]:
    """When somebody who speaks in the session is elsewhere, or needs a pause."""
    names = {p.id: person_key(p) for p in schedule.speakers}
    crew = {s.id: {names[p] for p in s.speakers} for s in schedule.sessions}
    mine = crew[session]
    for slot in standing:
        if slot.session == session or not mine.isdisjoint(crew[slot.session]):
            yield _widened(slot, rules.pause if slot.session != session else timedelta(0))
    for speaker in next(s.speakers for s in schedule.sessions if s.id == session):
        yield from rules.absent_speakers.get(speaker, ())


def _order(rules: Rules, session: SessionId, standing: list[Slot]) -> Iterable[Span]:
    """Before what comes first is over, and while or after what comes later starts."""
    for slot in standing:
        if slot.session in rules.earlier.get(session, ()):
            yield Span(start=_EVER, end=slot.end)
        if session in rules.earlier.get(slot.session, ()):
            yield Span(start=slot.start, end=_NEVER)


_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = datetime(2200, 1, 1, tzinfo=UTC)


def _windows(
    hours: Sequence[Span], blocks: list[Span], length: timedelta, line: datetime | None
) -> Iterable[Window]:
    for span in hours:
        first = span.start if line is None else max(span.start, line)
        last = span.end - length
        for block in sorted(blocks, key=lambda b: b.start):
            if first > last:
                break
            if block.end <= first or block.start >= last + length:
                continue
            if block.start - length >= first:
                yield Window(first=first, last=block.start - length)
            first = max(first, block.end)
        if first <= last:
            yield Window(first=first, last=last)
