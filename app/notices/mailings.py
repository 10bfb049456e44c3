"""Mailings: drafts that an organizer looks at, sends or throws away, and messages of their own.

A draft is a recipe. Its letters are written when somebody looks and once more when it is sent, so
that they always say what is true then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app import db
from app.jobs import outbox
from app.notices.tables import Notice


async def stand(conference: UUID, kind: str, facts: Mapping[str, Any], *, now: datetime) -> UUID:
    """Have a draft of this kind stand; one that stands already keeps its facts. Returns its id."""
    made = Notice(
        id=uuid4(),
        conference=conference,
        kind=kind,
        facts=json.dumps(facts, ensure_ascii=False),
        created_at=now,
    )
    async with db.transaction():
        fresh = await Notice.insert(made).on_conflict(action="DO NOTHING").returning(Notice.id)
        if fresh:
            return made.id
        row = await (
            Notice.select(Notice.id)
            .where(Notice.conference == conference, Notice.kind == kind, Notice.state == "draft")
            .first()
        )
    assert row is not None
    found: UUID = row["id"]
    return found


async def find(conference: UUID, notice: UUID) -> dict[str, Any] | None:
    """A mailing of this conference with its facts read, or None."""
    row = await Notice.select().where(Notice.id == notice, Notice.conference == conference).first()
    return None if row is None else {**row, "facts": json.loads(row["facts"])}


async def of(conference: UUID, *states: str, most: int = 50) -> list[dict[str, Any]]:
    """The newest mailings in one of these states."""
    rows = await (
        Notice.select()
        .where(Notice.conference == conference, Notice.state.is_in(list(states)))
        .order_by(Notice.created_at, ascending=False)
        .limit(most)
    )
    return [{**row, "facts": json.loads(row["facts"])} for row in rows]


async def write(conference: UUID, notice: UUID, facts: Mapping[str, Any]) -> bool:
    """Change the facts of a draft; False where it is none any more."""
    rows = await (
        Notice.update({Notice.facts: json.dumps(facts, ensure_ascii=False)})
        .where(Notice.id == notice, Notice.conference == conference, Notice.state == "draft")
        .returning(Notice.id)
    )
    return bool(rows)


async def send(conference: UUID, notice: UUID, *, by: UUID | None, now: datetime) -> bool:
    """Send a draft: its letters are written soon. False where it is no draft any more."""
    async with db.transaction():
        if not await _leave(conference, notice, "sent", by, now):
            return False
        await outbox.put("mailing", f"mailing:{notice}", {"notice": str(notice)}, now=now)
    return True


async def discard(conference: UUID, notice: UUID, *, by: UUID | None, now: datetime) -> bool:
    """Throw a draft away; False where it is none any more."""
    return await _leave(conference, notice, "discarded", by, now)


async def _leave(
    conference: UUID, notice: UUID, state: str, by: UUID | None, now: datetime
) -> bool:
    values: dict[Any, Any] = {Notice.state: state, Notice.sent_at: now, Notice.sent_by: by}
    rows = await (
        Notice.update(values)
        .where(Notice.id == notice, Notice.conference == conference, Notice.state == "draft")
        .returning(Notice.id)
    )
    return bool(rows)
