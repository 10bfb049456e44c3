"""The rules of the doors, told once more: minute by minute, without an event queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agenda.doors import RANK, DoorPolicies, Override, OverrideKind, Phase
from agenda.model import Slot, SlotId
from tests.agenda.builders import minutes

_BEFORE = {Phase.UPCOMING, Phase.GREEN_ROOM, Phase.DOORS}
_OVER = {Phase.ENDED, Phase.ARCHIVED, Phase.CANCELLED}


_OPENS = {
    OverrideKind.OPEN_GREEN_ROOM: Phase.GREEN_ROOM,
    OverrideKind.OPEN_DOORS: Phase.DOORS,
}


@dataclass
class Standing:
    slot: Slot
    end: datetime
    key: tuple[datetime, str]
    phase: Phase = Phase.UPCOMING
    held: bool = False
    extended: bool = False
    asked: bool = False
    ended_at: datetime | None = None


def history(
    slots: Sequence[Slot],
    policies: DoorPolicies,
    overrides: Sequence[Override],
    first: datetime,
    last: datetime,
) -> list[tuple[datetime, SlotId, Phase]]:
    """Every change between two instants a whole number of minutes apart."""
    standings = {
        s.id: Standing(slot=s, end=max(s.end, s.start), key=(s.start, s.id)) for s in slots
    }
    happened: list[tuple[datetime, SlotId, Phase]] = []
    now = first
    while now <= last:
        before = {key: s.phase for key, s in standings.items()}
        _step(standings, policies, [o for o in overrides if o.at == now], now)
        for key, standing in standings.items():
            if standing.phase is not before[key]:
                if standing.phase is Phase.ENDED:
                    standing.ended_at = now
                happened.append((now, key, standing.phase))
        now += minutes(1)
    return happened


def _step(
    standings: dict[SlotId, Standing],
    policies: DoorPolicies,
    wishes: Sequence[Override],
    now: datetime,
) -> None:
    order = list(OverrideKind)
    for wish in sorted(wishes, key=lambda w: (order.index(w.kind), w.extend)):
        if wish.slot in standings:
            _obey(standings[wish.slot], wish)
    for standing in standings.values():
        _advance(standing, policies, now)
    for room in {s.slot.room for s in standings.values()}:
        _share([s for s in standings.values() if s.slot.room == room], policies, now)


def _obey(s: Standing, wish: Override) -> None:
    mark = s.slot.duration <= minutes(0)
    if wish.kind is OverrideKind.CANCEL and s.phase in _BEFORE:
        s.phase = Phase.CANCELLED
    if s.phase in _OVER or mark:
        return
    if wish.kind is OverrideKind.HOLD:
        s.held = True
    if wish.kind is OverrideKind.RELEASE_HOLD:
        s.held = False
    if wish.kind is OverrideKind.LIVE and s.phase in _BEFORE:
        s.held, s.asked, s.key = False, True, (wish.at, s.slot.id)
    if wish.kind is OverrideKind.END:
        s.phase = Phase.ENDED
    if wish.kind is OverrideKind.AUTO:
        s.held, s.extended, s.end = False, False, s.slot.end
    for kind, phase in _OPENS.items():
        if wish.kind is kind and RANK[s.phase] < RANK[phase]:
            s.phase = phase
    if wish.kind is OverrideKind.EXTEND and wish.extend > minutes(0):
        s.end += wish.extend
        s.extended = True


def _advance(s: Standing, policies: DoorPolicies, now: datetime) -> None:
    policy = policies.of(s.slot)
    mark = s.slot.duration <= minutes(0)
    if s.phase is Phase.ENDED and s.ended_at and now >= s.ended_at + policy.archive_after:
        s.phase = Phase.ARCHIVED
    if s.phase in _OVER:
        return
    may_overrun = not mark and (s.held or not policy.auto_live)
    if now >= s.end + (policy.overrun if may_overrun else minutes(0)):
        s.phase = Phase.ENDED
        return
    if s.held or mark:
        return
    for phase, lead in (
        (Phase.GREEN_ROOM, policy.green_room_lead),
        (Phase.DOORS, policy.doors_lead),
    ):
        if now >= s.slot.start - lead and RANK[s.phase] < RANK[phase]:
            s.phase = phase


def _share(room: list[Standing], policies: DoorPolicies, now: datetime) -> None:
    asking = []
    for s in room:
        due = policies.of(s.slot).auto_live and not s.held and now >= s.slot.start
        if s.phase in _BEFORE and s.slot.duration > minutes(0) and (s.asked or due):
            asking.append(s)
    if not asking:
        return
    live = [s for s in room if s.phase is Phase.LIVE]
    asked = [s for s in asking if s.asked]
    if asked:
        winner = max(asked, key=lambda s: s.key)
    else:
        if live and (live[0].held or (live[0].extended and now < live[0].end)):
            return
        winner = max([*asking, *live], key=lambda s: s.key)
    for s in [*asking, *live]:
        s.phase = Phase.LIVE if s is winner else Phase.ENDED
        s.asked = False
