"""Policies, switches, refusals, marks and recordings, read and written."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from agenda.doors import Phase
from agenda.model import SlotId
from app import db, live
from app.recordings.policy import ASKED, ATTENDEES, Stay, Switch
from app.recordings.tables import (
    Outgoing,
    Recording,
    RecordingCaptions,
    RecordingMark,
    RecordingPolicy,
    RecordingRefusal,
    RecordingSwitch,
)
from app.stages.tables import OnStage, PhaseChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a conference records, and for whom."""

    mode: str = ASKED
    open_to: str = ATTENDEES


async def policy(conference: UUID) -> Policy:
    """The conference's policy; without one nothing is recorded unless a producer says so."""
    row = await RecordingPolicy.select().where(RecordingPolicy.conference == conference).first()
    return Policy() if row is None else Policy(mode=row["mode"], open_to=row["open_to"])


async def set_policy(conference: UUID, wanted: Policy, *, by: UUID | None, now: datetime) -> None:
    """Make this the policy from now on."""
    async with db.transaction():
        await RecordingPolicy.delete().where(RecordingPolicy.conference == conference)
        await RecordingPolicy.insert(
            RecordingPolicy(
                id=uuid4(),
                conference=conference,
                mode=wanted.mode,
                open_to=wanted.open_to,
                at=now,
                by=by,
            )
        )
        await live.announce(conference, "recording", {}, now=now)


async def switches(conference: UUID) -> dict[SlotId, list[Switch]]:
    """All orders to record or to stop, oldest first, by slot."""
    rows = (
        await RecordingSwitch.select(RecordingSwitch.slot, RecordingSwitch.on, RecordingSwitch.at)
        .where(RecordingSwitch.conference == conference)
        .order_by(RecordingSwitch.at)
    )
    found: dict[SlotId, list[Switch]] = {}
    for row in rows:
        slot = SlotId(str(row["slot"]))
        found.setdefault(slot, []).append(Switch(on=bool(row["on"]), at=row["at"]))
    return found


async def switch(conference: UUID, slot: UUID, on: bool, *, by: UUID | None, now: datetime) -> None:
    """Write down that a producer wants this slot recorded, or not any more; pages follow."""
    async with db.transaction():
        await RecordingSwitch.insert(
            RecordingSwitch(id=uuid4(), conference=conference, slot=slot, on=on, at=now, by=by)
        )
        await live.announce(conference, "recording", {"slot": str(slot), "on": on}, now=now)


async def refusing(conference: UUID) -> frozenset[str]:
    """The people who do not want to be in a recording."""
    rows = await RecordingRefusal.select(RecordingRefusal.person).where(
        RecordingRefusal.conference == conference
    )
    return frozenset(str(row["person"]) for row in rows)


async def refuse(conference: UUID, person: UUID, *, refuses: bool, now: datetime) -> None:
    """Write down, or take back, that somebody does not want to be in a recording."""
    if refuses:
        await RecordingRefusal.insert(
            RecordingRefusal(id=uuid4(), conference=conference, person=person, at=now)
        ).on_conflict(action="DO NOTHING")
    else:
        await RecordingRefusal.delete().where(
            RecordingRefusal.conference == conference, RecordingRefusal.person == person
        )


async def mark(conference: UUID, slot: UUID, kind: str, title: str, *, now: datetime) -> None:
    """Note a moment that becomes a chapter, such as a question that is being answered."""
    await RecordingMark.insert(
        RecordingMark(id=uuid4(), conference=conference, slot=slot, kind=kind, title=title, at=now)
    )


async def marks(conference: UUID, slot: UUID) -> list[dict[str, Any]]:
    """The slot's marks, oldest first."""
    return (
        await RecordingMark.select()
        .where(RecordingMark.conference == conference, RecordingMark.slot == slot)
        .order_by(RecordingMark.at)
    )


async def stays(conference: UUID, slot: str) -> list[Stay]:
    """Who was on stage in this slot, and when."""
    rows = await OnStage.select(OnStage.person, OnStage.began_at, OnStage.ended_at).where(
        OnStage.conference == conference, OnStage.slot == slot
    )
    return [Stay(person=r["person"], began=r["began_at"], ended=r["ended_at"]) for r in rows]


async def times(conference: UUID, since: datetime) -> dict[SlotId, dict[Phase, datetime]]:
    """When each slot entered its phases, of what happened since."""
    rows = await PhaseChange.select(PhaseChange.slot, PhaseChange.phase, PhaseChange.at).where(
        PhaseChange.conference == conference, PhaseChange.at >= since
    )
    found: dict[SlotId, dict[Phase, datetime]] = {}
    for row in rows:
        found.setdefault(SlotId(str(row["slot"])), {})[Phase(row["phase"])] = row["at"]
    return found


async def made(conference: UUID) -> dict[SlotId, dict[str, Any]]:
    """The recordings of a conference by slot."""
    rows = await Recording.select().where(Recording.conference == conference)
    return {SlotId(str(row["slot"])): row for row in rows}


async def of_session(conference: UUID, session: UUID) -> list[dict[str, Any]]:
    """What was recorded of a session, oldest first."""
    return (
        await Recording.select()
        .where(
            Recording.conference == conference,
            Recording.session == session,
            Recording.state == "made",
        )
        .order_by(Recording.began_at)
    )


async def find(recording: UUID) -> dict[str, Any] | None:
    """One recording."""
    return await Recording.select().where(Recording.id == recording).first()


async def keep(
    values: Mapping[str, Any],
    *,
    chapters: Sequence[Mapping[str, Any]],
    spans: Sequence[Sequence[float]] = (),
) -> UUID:
    """Write down what was made of a slot, instead of what had been made of it before."""
    id = uuid4()
    async with db.transaction():
        await Recording.delete().where(
            Recording.conference == values["conference"], Recording.slot == values["slot"]
        )
        await Recording.insert(
            Recording(
                id=id,
                chapters=json.dumps(list(chapters), ensure_ascii=False),
                spans=json.dumps(list(spans)),
                **values,
            )
        )
        await live.announce(
            values["conference"], "recording", {"made": str(values["slot"])}, now=values["made_at"]
        )
    return id


async def publish(recording: UUID, *, published: bool) -> None:
    """Show a recording on its session's page, or not."""
    await Recording.update({Recording.published: published}).where(Recording.id == recording)


async def outgoing(conferences: Collection[UUID]) -> list[dict[str, Any]]:
    """The outside platforms of these conferences' rooms, oldest first."""
    if not conferences:
        return []
    return (
        await Outgoing.select()
        .where(Outgoing.conference.is_in(list(conferences)))
        .order_by(Outgoing.at)
    )


async def captions(conference: UUID) -> dict[UUID, list[dict[str, Any]]]:
    """The captions of a conference's recordings by slot, without their text."""
    rows = (
        await RecordingCaptions.select(
            RecordingCaptions.id,
            RecordingCaptions.slot,
            RecordingCaptions.language,
            RecordingCaptions.cues,
        )
        .where(RecordingCaptions.conference == conference)
        .order_by(RecordingCaptions.language)
    )
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["slot"], []).append(row)
    return found


async def captions_text(conference: UUID, slot: UUID, language: str) -> str | None:
    """The captions of a slot's recording in this language, as WebVTT."""
    row = (
        await RecordingCaptions.select(RecordingCaptions.text)
        .where(
            RecordingCaptions.conference == conference,
            RecordingCaptions.slot == slot,
            RecordingCaptions.language == language,
        )
        .first()
    )
    return str(row["text"]) if row else None


async def keep_captions(
    conference: UUID,
    slot: UUID,
    language: str,
    text: str,
    *,
    cues: int,
    by: UUID,
    now: datetime,
) -> None:
    """Captions in one language, instead of those that were there."""
    row = RecordingCaptions(
        id=uuid4(),
        conference=conference,
        slot=slot,
        language=language,
        text=text,
        cues=cues,
        at=now,
        by=by,
    )
    async with db.transaction():
        await RecordingCaptions.delete().where(
            RecordingCaptions.conference == conference,
            RecordingCaptions.slot == slot,
            RecordingCaptions.language == language,
        )
        await RecordingCaptions.insert(row)


async def remove_captions(conference: UUID, captions_id: UUID) -> None:
    await RecordingCaptions.delete().where(
        RecordingCaptions.conference == conference, RecordingCaptions.id == captions_id
    )
