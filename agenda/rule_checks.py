"""What the rules make of a schedule: rest, absences, demand, order, and what people want to see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from agenda.finding import Finding, Severity
from agenda.model import Conference, Room, RoomId, Session, SessionId, Slot, Speaker, SpeakerId
from agenda.rules import Rules


@dataclass(frozen=True, slots=True)
class Ground:
    """What the checks of the rules read from a schedule."""

    conference: Conference
    rules: Rules
    rooms: Mapping[RoomId, Room]
    speakers: Mapping[SpeakerId, Speaker]
    sessions: Mapping[SessionId, Session]
    slots_of: Mapping[SessionId, Sequence[Slot]]
    partners: Mapping[SessionId, Mapping[SessionId, int]]

    def title(self, slot: Slot) -> str:
        """The title of a slot's session."""
        return self.sessions[slot.session].title

    def when(self, instant: datetime) -> str:
        """An instant on the conference's clock, to the minute."""
        return f"{self.conference.local(instant):%Y-%m-%d %H:%M}"


def partners(rules: Rules) -> dict[SessionId, dict[SessionId, int]]:
    """For each session those whose findings depend on its place, with how many want both."""
    found: dict[SessionId, dict[SessionId, int]] = {}
    for (one, other), count in rules.wanted_together.items():
        if count >= rules.fewest_clashing:
            found.setdefault(one, {})[other] = count
            found.setdefault(other, {})[one] = count
    for session, earlier in rules.earlier.items():
        for before in earlier:
            found.setdefault(session, {}).setdefault(before, 0)
            found.setdefault(before, {}).setdefault(session, 0)
    return found


def of_room(slots: Sequence[Slot], ground: Ground) -> Iterator[Finding]:
    """Too little time between two slots of a room, and slots while it is closed."""
    yield from _short_gaps(slots, ground)
    for slot in slots:
        for span in ground.rules.closed_rooms.get(slot.room, ()):
            if span.touches(slot):
                yield _about(
                    slot,
                    ground,
                    code="room_closed",
                    template="“{title}” is in {place} at {time}, when it cannot be used.",
                    cure="move",
                    place=ground.rooms[slot.room].name,
                )


def of_person(name: str, slots: Sequence[Slot], ground: Ground) -> Iterator[Finding]:
    """Too little time for a speaker to get from one room to another."""
    pause = ground.rules.pause
    if pause <= timedelta(0):
        return
    for first, second in pairwise(sorted(slots, key=lambda s: (s.start, s.id))):
        if first.room != second.room and timedelta(0) <= second.start - first.end < pause:
            yield Finding(
                code="short_pause",
                severity=Severity.SHOULD,
                template="{name} has {minutes} minutes from “{first}” to “{second}”, in another room.",
                facts={
                    "name": name,
                    "minutes": _minutes(second.start - first.end),
                    "first": ground.title(first),
                    "second": ground.title(second),
                },
                slots=(first.id, second.id),
                cure="move",
            )


def of_session(session: Session, slots: Sequence[Slot], ground: Ground) -> Iterator[Finding]:
    """Absent speakers, too small a room, a wrong order, and clashes of what people want."""
    yield from _absences(session, slots, ground)
    yield from _unkind_times(session, slots, ground)
    yield from _crowding(session, slots, ground)
    yield from _disorder(session, slots, ground)
    yield from _clashes_of_interest(session, slots, ground)


def _short_gaps(slots: Sequence[Slot], ground: Ground) -> Iterator[Finding]:
    changeover = ground.rules.changeover
    if changeover <= timedelta(0):
        return
    for first, second in pairwise(sorted(slots, key=lambda s: (s.start, s.id))):
        if timedelta(0) <= second.start - first.end < changeover:
            yield Finding(
                code="short_changeover",
                severity=Severity.SHOULD,
                template="{place} has {minutes} minutes between “{first}” and “{second}”.",
                facts={
                    "place": ground.rooms[first.room].name,
                    "minutes": _minutes(second.start - first.end),
                    "first": ground.title(first),
                    "second": ground.title(second),
                },
                slots=(first.id, second.id),
                cure="move",
            )


def _absences(session: Session, slots: Sequence[Slot], ground: Ground) -> Iterator[Finding]:
    for speaker in session.speakers:
        for span in ground.rules.absent_speakers.get(speaker, ()):
            for slot in slots:
                if span.touches(slot):
                    yield _about(
                        slot,
                        ground,
                        code="speaker_absent",
                        template="{place} cannot be there for “{title}” at {time}.",
                        cure="move",
                        place=ground.speakers[speaker].name,
                    )


def _unkind_times(session: Session, slots: Sequence[Slot], ground: Ground) -> Iterator[Finding]:
    """What runs into a break for everybody, or into the night of those who speak."""
    for slot in slots:
        if any(span.touches(slot) for span in ground.rules.breaks):
            yield _about(
                slot,
                ground,
                code="in_break",
                severity=Severity.SHOULD,
                template="“{title}” at {time} runs into a break that is for everybody.",
                cure="move",
                place="",
            )
        for speaker in session.speakers:
            zone = ground.rules.homes.get(speaker)
            if zone and asleep(slot.start, slot.end, zone, ground.rules.night):
                there = slot.start.astimezone(ZoneInfo(zone))
                yield Finding(
                    code="night_at_home",
                    severity=Severity.SHOULD,
                    template="For {name} “{title}” starts at {there} in the night ({zone}).",
                    facts={
                        "name": ground.speakers[speaker].name,
                        "title": session.title,
                        "there": f"{there:%H:%M}",
                        "zone": zone,
                    },
                    slots=(slot.id,),
                    session=session.id,
                    cure="move",
                )


def asleep(start: datetime, end: datetime, zone: str, night: tuple[time, time]) -> bool:
    """Whether a stretch of time shares an instant with a night on the clock of a zone."""
    tz = ZoneInfo(zone)
    falls, breaks = night
    evening = start.astimezone(tz).date() - timedelta(days=1)
    while True:
        morning = evening if falls < breaks else evening + timedelta(days=1)
        dusk, dawn = datetime.combine(evening, falls, tz), datetime.combine(morning, breaks, tz)
        if dusk.astimezone(UTC) >= end:
            return False
        if start < dawn.astimezone(UTC):
            return True
        evening += timedelta(days=1)


def _crowding(session: Session, slots: Sequence[Slot], ground: Ground) -> Iterator[Finding]:
    demand = ground.rules.demand.get(session.id, 0)
    for slot in slots:
        room = ground.rooms[slot.room]
        if room.capacity is not None and demand > room.capacity:
            yield Finding(
                code="room_too_small",
                severity=Severity.SHOULD,
                template="{demand} people want to see “{title}”, and {place} holds {capacity}.",
                facts={
                    "demand": demand,
                    "title": session.title,
                    "place": room.name,
                    "capacity": room.capacity,
                },
                slots=(slot.id,),
                session=session.id,
                cure="choose_room",
            )


def _disorder(session: Session, slots: Sequence[Slot], ground: Ground) -> Iterator[Finding]:
    for key in ground.rules.earlier.get(session.id, ()):
        before = ground.slots_of.get(key, ())
        if not before or not slots:
            continue
        over = min(before, key=lambda s: s.end)
        first = min(slots, key=lambda s: s.start)
        if first.start < over.end:
            yield Finding(
                code="wrong_order",
                severity=Severity.MUST,
                template="“{second}” starts at {time}, before “{first}” is over, which comes first.",
                facts={
                    "first": ground.sessions[key].title,
                    "second": session.title,
                    "time": ground.when(first.start),
                },
                slots=(over.id, first.id),
                session=session.id,
                cure="move",
            )


def _clashes_of_interest(
    session: Session, slots: Sequence[Slot], ground: Ground
) -> Iterator[Finding]:
    """Told once a pair, by the session of smaller id; only where no repeat lets people see both."""
    for other, count in ground.partners.get(session.id, {}).items():
        theirs = ground.slots_of.get(other, ())
        if not count or other <= session.id or not slots or not theirs:
            continue
        if all(one.start < two.end and two.start < one.end for one in slots for two in theirs):
            yield Finding(
                code="audience_clash",
                severity=Severity.SHOULD,
                template="{count} people want both “{first}” and “{second}”, which run together.",
                facts={
                    "count": count,
                    "first": session.title,
                    "second": ground.sessions[other].title,
                },
                slots=(slots[0].id, theirs[0].id),
                cure="move",
            )


def _about(
    slot: Slot,
    ground: Ground,
    *,
    code: str,
    template: str,
    cure: str,
    place: str,
    severity: Severity = Severity.MUST,
) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        template=template,
        facts={"title": ground.title(slot), "place": place, "time": ground.when(slot.start)},
        slots=(slot.id,),
        session=slot.session,
        cure=cure,
    )


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds()) // 60
