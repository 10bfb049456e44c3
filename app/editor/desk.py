"""The working draft as the editor has it before it: schedule, locks, blockers, rules. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from agenda import document
from agenda.edits import Board, board, keep_history
from agenda.errors import Unreadable
from agenda.findings import Examination, examine
from agenda.model import Schedule, SlotId, TrackId
from app.editor import blockers
from app.editor.facts import Details, Facts, FactsRefused, RowChange
from app.editor.planning import Planning, rules
from app.editor.steps import Step
from app.html import gettext as _

_ITEMS = ("tracks", "rooms", "speakers", "sessions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What people starred: how many each session, and how many both of two."""

    demand: Mapping[str, int] = field(default_factory=dict)
    together: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A draft at one version. `examination` is kept from edit to edit, so that each costs little."""

    version: int
    schedule: Schedule
    locked: frozenset[SlotId] = frozenset()
    blockers: Mapping[str, Details] = field(default_factory=dict)
    planning: Details = field(default_factory=dict)
    wanted: Wanted = Wanted()
    examination: Examination

    def board(self) -> Board:
        return board(self.schedule, self.locked)


def open_desk(
    *,
    version: int,
    schedule: Schedule,
    locked: frozenset[SlotId],
    blocked: Mapping[str, Details],
    planning: Details,
    wanted: Wanted,
) -> Desk:
    """A desk with everything examined."""
    asked = rules(
        Planning.of(planning),
        blocked,
        wanted.demand,
        wanted.together,
    )
    return Desk(
        version=version,
        schedule=schedule,
        locked=locked,
        blockers=blocked,
        planning=planning,
        wanted=wanted,
        examination=examine(schedule, asked),
    )


def examined(desk: Desk, before: Desk) -> Desk:
    """The desk with an examination that fits it; only what is not as in `before` is looked at."""
    if (desk.blockers, desk.planning, desk.wanted) != (
        before.blockers,
        before.planning,
        before.wanted,
    ):
        return open_desk(
            version=desk.version,
            schedule=desk.schedule,
            locked=desk.locked,
            blocked=desk.blockers,
            planning=desk.planning,
            wanted=desk.wanted,
        )
    if desk.schedule is before.schedule:
        return desk
    return replace(desk, examination=before.examination.after(desk.schedule))


def apply(desk: Desk, step: Step, *, line: datetime | None) -> Desk:
    """The desk after a step, its version one higher; findings are those of before (see `examined`).

    Raises a leaf of EditRefused or FactsRefused, and nothing is done then.
    """
    before = desk.board()
    after = desk
    for part in step.parts:
        if isinstance(part, Facts):
            after = _with_facts(after, part)
        else:
            done = part.apply(after.board())
            slots = tuple(sorted(done.slots.values(), key=lambda s: (s.start, s.id)))
            after = replace(
                after, schedule=replace(after.schedule, slots=slots), locked=done.locked
            )
    keep_history(before, after.board(), line)
    return replace(after, version=desk.version + 1)


def details(desk: Desk, table: str, key: str) -> Details | None:
    """One row in document form, or None where there is none."""
    if table == "blockers":
        return desk.blockers.get(key)
    if table == "planning":
        return desk.planning
    if table == "conference":
        return conference_details(desk.schedule)
    item = next((one for one in getattr(desk.schedule, table) if one.id == key), None)
    return None if item is None else dump_item(desk.schedule, table, item)


def conference_details(schedule: Schedule) -> Details:
    held = document.dump(Schedule(conference=schedule.conference))["conference"]
    assert isinstance(held, dict)
    return held


def dump_item(schedule: Schedule, table: str, item: Any) -> Details:
    """A track, room, speaker or session in document form."""
    values: dict[str, Any] = {table: (item,)}
    one = Schedule(conference=schedule.conference, **values)
    held: Any = document.dump(one)[table]
    return dict(held[0])


def load_item(schedule: Schedule, table: str, held: Details) -> Any:
    """The item that `dump_item` gave. Raises FactsRefused for what is none."""
    try:
        whole = document.load(
            {
                "version": document.VERSION,
                "conference": {"title": "-", "zone": "UTC"},
                table: [held],
            }
        )
    except Unreadable as error:
        raise FactsRefused(error.sentence) from error
    return getattr(whole, table)[0]


def _with_facts(desk: Desk, facts: Facts) -> Desk:
    for row in facts.rows:
        desk = _CHANGES.get(row.table, _change_item)(desk, row)
    _keep_whole(desk, facts)
    return desk


def _change_item(desk: Desk, row: RowChange) -> Desk:
    present = details(desk, row.table, row.id)
    wanted = row.after(present)
    items = getattr(desk.schedule, row.table)
    if wanted is None:
        kept = tuple(one for one in items if one.id != row.id)
    else:
        if wanted.get("id") != row.id or not _is_uuid(row.id):
            raise FactsRefused(_("A row keeps its id."))
        made = load_item(desk.schedule, row.table, wanted)
        if present is None:
            kept = (*items, made)
        else:
            kept = tuple(made if one.id == row.id else one for one in items)
    values: dict[str, Any] = {row.table: kept}
    return replace(desk, schedule=replace(desk.schedule, **values))


def _change_blocker(desk: Desk, row: RowChange) -> Desk:
    wanted = row.after(desk.blockers.get(row.id))
    rest = {key: held for key, held in desk.blockers.items() if key != row.id}
    if wanted is not None:
        if not _is_uuid(row.id):
            raise FactsRefused(_("A row keeps its id."))
        blockers.read(row.id, wanted)
        rest[row.id] = wanted
    return replace(desk, blockers=rest)


def _change_planning(desk: Desk, row: RowChange) -> Desk:
    wanted = row.after(desk.planning) or {}
    Planning.of(wanted)
    return replace(desk, planning=wanted)


def _change_conference(desk: Desk, row: RowChange) -> Desk:
    wanted = row.after(conference_details(desk.schedule))
    try:
        held = document.load({"version": document.VERSION, "conference": wanted}).conference
        held.tz  # noqa: B018  An unknown zone is refused here, not when a page is made.
    except (Unreadable, ValueError, KeyError, OSError) as error:
        raise FactsRefused(_("These facts of the conference don't fit together.")) from error
    return replace(desk, schedule=replace(desk.schedule, conference=held))


_CHANGES: Mapping[str, Callable[[Desk, RowChange], Desk]] = {
    "blockers": _change_blocker,
    "planning": _change_planning,
    "conference": _change_conference,
}


def _keep_whole(desk: Desk, facts: Facts) -> None:
    """Raises FactsRefused where something would name what is not there."""
    touched = {row.table for row in facts.rows}
    if not touched & set(_ITEMS):
        return
    schedule = desk.schedule
    tracks: set[TrackId] = {track.id for track in schedule.tracks}
    people = {speaker.id for speaker in schedule.speakers}
    rooms = {room.id for room in schedule.rooms}
    sessions = {session.id for session in schedule.sessions}
    for slot in schedule.slots:
        if slot.room not in rooms:
            raise FactsRefused(_("There are sessions in this room. Move them elsewhere first."))
        if slot.session not in sessions:
            raise FactsRefused(
                _("This session is in the grid. Take it out first, or set it to cancelled.")
            )
    for session in schedule.sessions:
        if session.track is not None and session.track not in tracks:
            raise FactsRefused(_("“%(title)s” names a track that is not there.") % _title(session))
        if not people.issuperset(session.speakers):
            raise FactsRefused(_("“%(title)s” names a speaker who is not there.") % _title(session))


def _title(session: Any) -> dict[str, str]:
    return {"title": session.title}


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
