"""Phases, overrides and door policies, read and written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from agenda.doors import RANK, Change, DoorPolicies, DoorPolicy, OverrideKind, Phase, Plan, plan
from agenda.doors import Override as Order
from agenda.model import RoomId, SessionState, SlotId
from app import db, live
from app.conferences.tables import Conference
from app.programme.releases import Released
from app.stages.tables import OnStage, Override, PhaseChange, Presence

LENGTHS = ("green_room_lead", "doors_lead", "overrun", "archive_after", "changeover")
"""What a policy holds in minutes."""


def policy_from(stored: Mapping[str, Any]) -> DoorPolicy:
    """A door policy from its JSON: minutes for the lengths, `auto_live` true or false."""
    held: dict[str, Any] = {
        name: timedelta(minutes=stored[name]) for name in LENGTHS if name in stored
    }
    if "auto_live" in stored:
        held["auto_live"] = bool(stored["auto_live"])
    return DoorPolicy(**held)


def policies_of(conference: Mapping[str, Any]) -> DoorPolicies:
    """The conference's policies: `doors` is `{…, "rooms": {id: {…}}, "slots": {id: {…}}}`."""
    stored = json.loads(conference["doors"])
    return DoorPolicies(
        conference=policy_from(stored),
        rooms={RoomId(k): policy_from({**stored, **v}) for k, v in stored.get("rooms", {}).items()},
        slots={SlotId(k): policy_from({**stored, **v}) for k, v in stored.get("slots", {}).items()},
    )


async def set_policy(
    conference: UUID, scope: Sequence[str], values: Mapping[str, int | bool | None]
) -> None:
    """Change some values of a policy: the conference's (no scope), or what a room or slot (`rooms`
    or `slots`, and its id) has of its own; None takes a value back. Raises ValueError for a policy
    that makes no sense."""
    async with db.transaction():
        query = Conference.select(Conference.doors).where(Conference.id == conference).first()
        row = await (query.lock_rows("UPDATE") if db.on_postgres() else query)
        assert row is not None
        stored: dict[str, Any] = json.loads(row["doors"])
        held = stored
        for key in scope:
            held = held.setdefault(key, {})
        for name, value in values.items():
            if value is None:
                held.pop(name, None)
            else:
                held[name] = value
        for kind in ("rooms", "slots"):
            stored[kind] = {key: own for key, own in stored.get(kind, {}).items() if own}
        policies_of({"doors": json.dumps(stored)})
        await Conference.update({Conference.doors: json.dumps(stored)}).where(
            Conference.id == conference
        )


def plan_of(released: Released, doors: str, wishes: Iterable[Order]) -> Plan:
    """The plan of a release, in which cancelled sessions open nothing."""
    since = released.release.created_at
    fallen = [
        Order(slot=slot.id, kind=OverrideKind.CANCEL, at=since)
        for slot in released.schedule.slots
        if released.sessions[slot.session].state is SessionState.CANCELLED
    ]
    return plan(released.schedule.slots, policies_of({"doors": doors}), [*wishes, *fallen])


def held(orders: Iterable[Order]) -> frozenset[SlotId]:
    """The slots on which a producer's hand is."""
    found: set[SlotId] = set()
    for order in orders:
        if order.kind is OverrideKind.HOLD:
            found.add(order.slot)
        elif order.kind in (OverrideKind.RELEASE_HOLD, OverrideKind.LIVE, OverrideKind.AUTO):
            found.discard(order.slot)
    return frozenset(found)


async def orders(conference: UUID) -> list[Order]:
    """Everything that producers asked for in this conference, oldest first."""
    rows = await Override.select().where(Override.conference == conference).order_by(Override.at)
    return [
        Order(
            slot=SlotId(str(row["slot"])),
            kind=OverrideKind(row["kind"]),
            at=row["at"],
            by=str(row["by"] or ""),
            extend=timedelta(minutes=row["minutes"]),
        )
        for row in rows
    ]


async def order(
    conference: UUID,
    slot: UUID,
    kind: OverrideKind,
    *,
    by: UUID | None,
    minutes: int = 0,
    now: datetime,
) -> None:
    """Write down what a producer asked for; the stagehand does it."""
    await Override(
        id=uuid4(),
        conference=conference,
        slot=slot,
        kind=str(kind),
        minutes=minutes,
        at=now,
        by=by,
    ).save()


async def phases(conference: UUID) -> tuple[dict[SlotId, Phase], dict[SlotId, RoomId]]:
    """The furthest phase that each slot is recorded to have reached, and the room it did so in."""
    rows = await PhaseChange.select(PhaseChange.slot, PhaseChange.phase, PhaseChange.room).where(
        PhaseChange.conference == conference
    )
    reached: dict[SlotId, Phase] = {}
    where: dict[SlotId, RoomId] = {}
    for row in rows:
        slot, phase = SlotId(str(row["slot"])), Phase(row["phase"])
        if slot not in reached or RANK[phase] > RANK[reached[slot]]:
            reached[slot] = phase
            where[slot] = RoomId(str(row["room"]))
    return reached, where


async def record(
    conference: UUID, changes: Iterable[Change], *, since: datetime, now: datetime
) -> list[Change]:
    """Record changes and tell the open pages, in one transaction; returns the new ones.

    A change that is recorded already is passed over, so that it happens once whoever repeats it.
    Lateness counts from `since` where that is later: nobody could have done it before.
    """
    wanted = {(c.slot, str(c.phase)): c for c in changes}
    if not wanted:
        return []
    async with db.transaction():
        inserted = (
            await PhaseChange.insert(
                *(
                    PhaseChange(
                        id=uuid4(),
                        conference=conference,
                        slot=UUID(c.slot),
                        room=UUID(c.room),
                        phase=str(c.phase),
                        due=c.due,
                        at=now,
                        late_ms=_late_ms(c.due, since, now),
                    )
                    for c in wanted.values()
                )
            )
            .on_conflict(action="DO NOTHING")
            .returning(PhaseChange.slot, PhaseChange.phase)
        )
        new = [wanted[SlotId(str(row["slot"])), row["phase"]] for row in inserted]
        await live.announce_many(
            conference,
            "phase",
            [
                {
                    "slot": c.slot,
                    "room": c.room,
                    "phase": str(c.phase),
                    "at": now.isoformat(),
                    "late_ms": _late_ms(c.due, since, now),
                }
                for c in new
            ],
            now=now,
        )
    return new


def _late_ms(due: datetime, since: datetime, now: datetime) -> int:
    return round((now - max(due, since)).total_seconds() * 1000)


async def recent_changes(conference: UUID, *, most: int) -> list[dict[str, Any]]:
    """The latest phase changes, newest first."""
    return (
        await PhaseChange.select()
        .where(PhaseChange.conference == conference)
        .order_by(PhaseChange.at, ascending=False)
        .limit(most)
    )


async def watching(conference: UUID) -> dict[RoomId, int]:
    """How many people are in each room now."""
    rows = await Presence.raw(
        "SELECT room, count(DISTINCT person) AS people FROM presence"
        " WHERE conference = {} AND left_at IS NULL GROUP BY room",
        conference,
    )
    return {RoomId(str(row["room"])): row["people"] for row in rows}


async def on_stage(conference: UUID) -> dict[RoomId, list[dict[str, str]]]:
    """Who is on each stage now."""
    rows = (
        await OnStage.select(OnStage.room, OnStage.person, OnStage.name)
        .where(OnStage.conference == conference, OnStage.ended_at.is_null())
        .order_by(OnStage.began_at)
    )
    found: dict[RoomId, list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(RoomId(str(row["room"])), []).append(
            {"person": row["person"], "name": row["name"]}
        )
    return found


async def active_conferences() -> list[dict[str, Any]]:
    """What the stagehand needs to know of each conference."""
    return await Conference.select(Conference.id, Conference.doors)
