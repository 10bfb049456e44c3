"""Edits of a draft: applied to what is there now, numbered, stored, and told to the other editors."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from agenda.edit_document import MalformedEdit
from agenda.edits import EditRefused, line
from agenda.model import SlotId
from app import db, live
from app.conferences.tables import Conference
from app.editor import desk as desks
from app.editor import rows, steps, wanted
from app.editor import tables as t
from app.editor.desk import Desk
from app.editor.facts import FactsRefused
from app.editor.patch import patch
from app.editor.steps import Step
from app.editor.undo import EDIT, UNDO, Done, Stacks, stacks
from app.programme import draft
from app.programme.tables import Slot

AUDIENCE = "owner"
"""Who hears of edits while they are no release."""

_KEPT = 6
_LARGEST_PATCH = 200_000
_MOST_UNDO = 400
_desks: OrderedDict[UUID, Desk] = OrderedDict()
_histories: OrderedDict[tuple[UUID, UUID], tuple[int, tuple[Done, ...]]] = OrderedDict()
"""Of a conference and an author: the draft's version, and the author's latest edits up to it."""

Refusal = EditRefused | FactsRefused | MalformedEdit


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One thing that a page asks for: an edit, or to take one's last one back, or do it again.

    `id` is made by the page: the same one twice is done once.
    """

    id: UUID
    kind: str = EDIT
    step: Step | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a wish: `refused` says what stood in the way; `number` is the draft's version
    after it, None where nothing was there to be taken back."""

    id: UUID
    number: int | None = None
    refused: Refusal | None = None
    step: Step | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The desk after some wishes, what each became, and the patch from the desk before."""

    desk: Desk
    outcomes: tuple[Outcome, ...]
    patch: Mapping[str, Any] | None
    stacks: Stacks


async def present(conference: UUID) -> Desk:
    """The draft as it is now; from memory where it has not changed since."""
    row = (
        await Conference.select(Conference.draft_version).where(Conference.id == conference).first()
    )
    assert row is not None
    return await _at(conference, row["draft_version"])


async def refreshed(conference: UUID) -> Desk:
    """The same, with the stars counted again."""
    found = await present(conference)
    fresh = await wanted.read(conference)
    if fresh == found.wanted:
        return found
    return _keep(conference, desks.examined(replace(found, wanted=fresh), found))


async def _at(conference: UUID, version: int) -> Desk:
    held = _desks.get(conference)
    if held is not None and held.version == version:
        return held
    if held is not None and held.version < version:
        caught = await _caught_up(conference, held, version)
        if caught is not None:
            return _keep(conference, caught)
    return _keep(conference, await _read(conference))


def _keep(conference: UUID, desk: Desk) -> Desk:
    _desks[conference] = desk
    _desks.move_to_end(conference)
    while len(_desks) > _KEPT:
        _desks.popitem(last=False)
    return desk


async def _caught_up(conference: UUID, held: Desk, version: int) -> Desk | None:
    """The desk after what other processes did; None where not all of it was an edit."""
    found = (
        await t.DraftEdit.select(t.DraftEdit.number, t.DraftEdit.body)
        .where(t.DraftEdit.conference == conference, t.DraftEdit.number > held.version)
        .order_by(t.DraftEdit.number)
        .limit(200)
    )
    if [row["number"] for row in found] != list(range(held.version + 1, version + 1)):
        return None
    desk = held
    try:
        for row in found:
            desk = desks.apply(desk, steps.load(json.loads(row["body"])), line=None)
    except (EditRefused, FactsRefused, MalformedEdit):
        return None
    return desks.examined(desk, held)


async def _read(conference: UUID) -> Desk:
    found = await draft.read(conference)
    locked = await Slot.select(Slot.id).where(Slot.conference == conference, Slot.locked.eq(True))
    blocked = await t.Blocker.select(t.Blocker.id, t.Blocker.details).where(
        t.Blocker.conference == conference
    )
    planned = await t.Planning.select(t.Planning.details).where(t.Planning.id == conference).first()
    return desks.open_desk(
        version=found.version,
        schedule=found.schedule,
        locked=frozenset(SlotId(str(row["id"])) for row in locked),
        blocked={str(row["id"]): json.loads(row["details"]) for row in blocked},
        planning=json.loads(planned["details"]) if planned else {},
        wanted=await wanted.read(conference),
    )


async def apply(
    conference: UUID, wishes: Sequence[Wish], *, author: UUID, name: str, now: datetime
) -> Applied:
    """Do what can be done of some wishes, in order, in one transaction.

    A wish that meets what somebody else did meanwhile is refused; the others are done.
    """
    async with db.transaction():
        version = await _lock(conference)
        before = await _at(conference, version)
        history = await _history_at(conference, author, version)
        known = await _known(conference, [wish.id for wish in wishes])
        desk = before
        outcomes: list[Outcome] = []
        written: list[dict[str, Any]] = []
        for wish in wishes:
            if wish.id in known:
                outcomes.append(Outcome(id=wish.id, number=known[wish.id]))
                continue
            outcome, desk, row = await _try(desk, wish, history, written, now)
            outcomes.append(outcome)
            if row is not None:
                written.append(row)
                history.append(Done(id=wish.id, kind=row["kind"], of=row["of"]))
                known[wish.id] = row["number"]
        found: Mapping[str, Any] | None = None
        if written:
            await rows.write(conference, before, desk)
            await _record(conference, written, author, now)
            desk = desks.examined(desk, before)
            found = {**patch(before, desk), "by": str(author), "name": name}
            await _tell(conference, found, before.version, desk.version, now)
    if written:
        _keep(conference, desk)
        _keep_history(conference, author, desk.version, history)
    return Applied(desk=desk, outcomes=tuple(outcomes), patch=found, stacks=stacks(history))


async def _lock(conference: UUID) -> int:
    """Hold the draft for this transaction; its version. On SQLite the transaction is the lock."""
    query = Conference.select(Conference.draft_version).where(Conference.id == conference).first()
    if db.on_postgres():
        query = query.lock_rows("UPDATE")
    row = await query
    assert row is not None
    version: int = row["draft_version"]
    return version


async def _try(
    desk: Desk, wish: Wish, history: list[Done], written: list[dict[str, Any]], now: datetime
) -> tuple[Outcome, Desk, dict[str, Any] | None]:
    of, step = await _meant(wish, history, written)
    if step is None:
        return Outcome(id=wish.id), desk, None
    try:
        after = desks.apply(desk, step, line=line(desk.schedule, now=now))
    except (EditRefused, FactsRefused) as error:
        return Outcome(id=wish.id, refused=error, step=step), desk, None
    row = {"id": wish.id, "number": after.version, "kind": wish.kind, "of": of, "step": step}
    return Outcome(id=wish.id, number=after.version, step=step), after, row


async def _meant(
    wish: Wish, history: list[Done], written: list[dict[str, Any]]
) -> tuple[UUID | None, Step | None]:
    """What a wish comes to: which edit it is about, and what is to be done."""
    if wish.kind == EDIT:
        return None, wish.step
    found = stacks(history)
    stack = found.undo if wish.kind == UNDO else found.redo
    if not stack:
        return None, None
    of = stack[-1]
    held = next((row["step"] for row in written if row["id"] == of), None)
    if held is None:
        row = await t.DraftEdit.select(t.DraftEdit.body).where(t.DraftEdit.id == of).first()
        assert row is not None
        held = steps.load(json.loads(row["body"]))
    return of, held.inverse if wish.kind == UNDO else held


async def _known(conference: UUID, ids: Iterable[UUID]) -> dict[UUID, int]:
    found = await t.DraftEdit.select(t.DraftEdit.id, t.DraftEdit.number).where(
        t.DraftEdit.conference == conference, t.DraftEdit.id.is_in(list(ids))
    )
    return {row["id"]: row["number"] for row in found}


async def _history_at(conference: UUID, author: UUID, version: int) -> list[Done]:
    """The same as `_history`; from memory where the draft has not changed since."""
    held = _histories.get((conference, author))
    if held is not None and held[0] == version:
        return list(held[1])
    return await _history(conference, author)


def _keep_history(conference: UUID, author: UUID, version: int, history: Sequence[Done]) -> None:
    _histories[conference, author] = version, tuple(history[-_MOST_UNDO:])
    _histories.move_to_end((conference, author))
    while len(_histories) > 2 * _KEPT:
        _histories.popitem(last=False)


async def _history(conference: UUID, author: UUID) -> list[Done]:
    """A person's latest edits, oldest first."""
    found = (
        await t.DraftEdit.select(t.DraftEdit.id, t.DraftEdit.kind, t.DraftEdit.of)
        .where(t.DraftEdit.conference == conference, t.DraftEdit.author == author)
        .order_by(t.DraftEdit.number, ascending=False)
        .limit(_MOST_UNDO)
    )
    return [Done(id=row["id"], kind=row["kind"], of=row["of"]) for row in reversed(found)]


async def stacks_of(conference: UUID, author: UUID) -> Stacks:
    """What this person can take back, and do again."""
    return stacks(await _history(conference, author))


async def _record(
    conference: UUID, written: Sequence[Mapping[str, Any]], author: UUID, now: datetime
) -> None:
    await t.DraftEdit.insert(
        *(
            t.DraftEdit(
                id=row["id"],
                conference=conference,
                number=row["number"],
                author=author,
                kind=row["kind"],
                of=row["of"],
                body=json.dumps(steps.dump(row["step"]), ensure_ascii=False),
                at=now,
            )
            for row in written
        )
    )
    last = written[-1]["number"]
    await Conference.update({Conference.draft_version: last}).where(Conference.id == conference)


async def _tell(
    conference: UUID, found: Mapping[str, Any], before: int, version: int, now: datetime
) -> None:
    told = found
    if len(json.dumps(found)) > _LARGEST_PATCH:
        told = {"from": before, "version": version, "reload": True, "by": found["by"]}
    await live.announce(conference, "draft", told, now=now, audience=AUDIENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """How many edits there were, and when the first and the last of them."""

    count: int
    first: datetime | None
    last: datetime | None


async def since(conference: UUID, version: int) -> Activity:
    """What was done to the draft after a version of it."""
    where = (t.DraftEdit.conference == conference, t.DraftEdit.number > version)
    ends = [
        await t.DraftEdit.select(t.DraftEdit.at)
        .where(*where)
        .order_by(t.DraftEdit.number, ascending=ascending)
        .first()
        for ascending in (True, False)
    ]
    first, last = (row["at"] if row else None for row in ends)
    return Activity(count=await t.DraftEdit.count().where(*where), first=first, last=last)


async def after(conference: UUID, moment: datetime) -> Activity:
    """What was done to the draft after a moment."""
    row = (
        await t.DraftEdit.select(t.DraftEdit.number)
        .where(t.DraftEdit.conference == conference, t.DraftEdit.at <= moment)
        .order_by(t.DraftEdit.number, ascending=False)
        .first()
    )
    return await since(conference, row["number"] if row else 0)
