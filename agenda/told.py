"""Who must be told what when one schedule takes the place of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from agenda.model import Schedule, Session, SessionId, SessionState, SlotId, SpeakerId
from agenda.schedule import Diff, Place, diff, place


class What(StrEnum):
    """What became of one time of a session."""

    NEW = "new"
    MOVED = "moved"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One thing to tell: of which slot, where it was and is, and to whom.

    `speakers` are told all three; those who starred the session what moved or fell, and a place
    that it has anew, as `starred` says. `before` or `after` is None where there is no such place.
    """

    slot: SlotId
    session: SessionId
    title: str
    what: What
    before: Place | None
    after: Place | None
    speakers: tuple[SpeakerId, ...]
    starred: bool


def whom_to_tell(before: Schedule | None, after: Schedule) -> tuple[Telling, ...]:
    """Everything that somebody must be told, in the order of time.

    A cancelled session has no places. Who is new to a session's speakers is told its times as new;
    who is one of them no more, that they fell.
    """
    old = _standing(before) if before is not None else None
    new = _standing(after)
    known = frozenset(s.id for s in before.sessions) if before is not None else frozenset()
    found = [*_changes(old, new, known), *(_changed_crews(old, new) if old is not None else ())]
    found = [telling for telling in found if telling.speakers or telling.starred]
    return tuple(sorted(found, key=_order))


def _standing(schedule: Schedule) -> Schedule:
    """The schedule without what is cancelled."""
    fallen = {s.id for s in schedule.sessions if s.state is SessionState.CANCELLED}
    if not fallen:
        return schedule
    return replace(
        schedule,
        sessions=tuple(s for s in schedule.sessions if s.id not in fallen),
        slots=tuple(slot for slot in schedule.slots if slot.session not in fallen),
    )


def _changes(
    before: Schedule | None, after: Schedule, known: frozenset[SessionId]
) -> Iterator[Telling]:
    """What became of slots, told to those who speak before and after.

    `known` are the sessions that could be starred: cancelled ones, too, which may come back.
    """
    made: Diff = diff(before, after)
    old = {s.id: s for s in before.sessions} if before else {}
    new = {s.id: s for s in after.sessions}
    fresh = set(made.new)
    for moved in made.moved:
        session = new[moved.session]
        stayed = tuple(p for p in session.speakers if p in old[moved.session].speakers)
        yield _telling(moved.slot, session, What.MOVED, moved.before, moved.after, stayed, True)
    for slot in after.slots:
        if slot.session in fresh:
            session = new[slot.session]
            starred = session.id in known
            yield _telling(slot.id, session, What.NEW, None, place(slot), session.speakers, starred)
    for slot in made.placed:
        session = new[slot.session]
        yield _telling(slot.id, session, What.NEW, None, place(slot), session.speakers, True)
    gone = {s.id for s in made.gone}
    for slot in before.slots if before else ():
        if slot.session in gone:
            session = old[slot.session]
            yield _telling(
                slot.id, session, What.CANCELLED, place(slot), None, session.speakers, True
            )
    for slot in made.unplaced:
        session = old[slot.session]
        yield _telling(slot.id, session, What.CANCELLED, place(slot), None, session.speakers, True)


def _changed_crews(before: Schedule, after: Schedule) -> Iterator[Telling]:
    """What those are told who speak in a session from now on, or no more."""
    old: Mapping[SessionId, Session] = {s.id: s for s in before.sessions}
    made = diff(before, after)
    placed = {slot.id for slot in made.placed}
    new = {s.id: s for s in after.sessions}
    for slot in after.slots:
        session = new[slot.session]
        if slot.session not in old or slot.id in placed:
            continue
        joined = tuple(p for p in session.speakers if p not in old[slot.session].speakers)
        yield _telling(slot.id, session, What.NEW, None, place(slot), joined, False)
    unplaced = {slot.id for slot in made.unplaced}
    for slot in before.slots:
        if slot.session not in new or slot.id in unplaced:
            continue
        session = old[slot.session]
        left = tuple(p for p in session.speakers if p not in new[slot.session].speakers)
        yield _telling(slot.id, session, What.CANCELLED, place(slot), None, left, False)


def _telling(
    slot: SlotId,
    session: Session,
    what: What,
    before: Place | None,
    after: Place | None,
    speakers: tuple[SpeakerId, ...],
    starred: bool,
) -> Telling:
    return Telling(
        slot=slot,
        session=session.id,
        title=session.title,
        what=what,
        before=before,
        after=after,
        speakers=speakers,
        starred=starred,
    )


def _order(telling: Telling) -> tuple[str, str, str]:
    at = telling.after or telling.before
    assert at is not None
    return at[1].isoformat(), telling.slot, telling.what
