"""The stagehand: compares what doors and stages should be with what they are, and closes the gap."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from agenda.doors import RANK, Change, Phase, Plan
from agenda.model import RoomId, SlotId
from app import live
from app.clock import now as present
from app.programme import releases
from app.settings import Settings
from app.stages import attendance, floor, lease, store
from app.stages.engine import Engine, engine
from app.stages.nodes import Nodes

logger = structlog.get_logger(__name__)

WAKE = "plenary:stagehand"
_TICK_S = 0.25
_TERM = timedelta(seconds=3)
_RENEW = timedelta(seconds=1)
_PUSH = timedelta(seconds=1)
_LATE_MS = 1000


async def wake(redis: Redis) -> None:
    """Ask the stagehand to look now instead of at its next tick. Losing it is harmless."""
    with contextlib.suppress(RedisError, OSError):
        await redis.publish(WAKE, b"")


@dataclass(slots=True)
class _House:
    """What the leader knows of one conference."""

    key: Any = None
    plan: Plan = field(default_factory=lambda: Plan(slots=(), changes=()))
    since: datetime | None = None
    reached: dict[SlotId, Phase] = field(default_factory=dict)
    room_of: Mapping[SlotId, RoomId] = field(default_factory=dict)
    standing: frozenset[SlotId] = frozenset()
    rooms: tuple[RoomId, ...] = ()

    def on_air(self) -> dict[str, str | None]:
        """For each room the slot that is live in it, or None."""
        stages: dict[str, str | None] = dict.fromkeys(self.rooms)
        for slot, phase in self.reached.items():
            if phase is Phase.LIVE and slot in self.room_of:
                stages[self.room_of[slot]] = slot
        return stages


class Stagehand:
    """One process's candidate; only the leader acts."""

    def __init__(self, node: Engine, redis: Redis, *, holder: str | None = None) -> None:
        self._node = node
        self._redis = redis
        self.holder = holder or f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._leads_until: datetime | None = None
        self._renewed: datetime | None = None
        self._houses: dict[UUID, _House] = {}
        self._pushed: tuple[datetime, dict[str, str | None], dict[str, floor.Cues]] | None = None
        self._node_answers = True

    async def leads(self, now: datetime) -> bool:
        """Renew or seek the lease, once a second."""
        if self._renewed is None or now - self._renewed >= _RENEW:
            self._renewed = now
            led = self._leads_until is not None
            if await lease.hold("stagehand", self.holder, term=_TERM, now=now):
                self._leads_until = now + _TERM
                if not led:
                    # Another leader may have acted: what is known is read again.
                    self._houses.clear()
                    self._pushed = None
                    logger.info("this stagehand leads", holder=self.holder)
            else:
                self._leads_until = None
        return self._leads_until is not None and now < self._leads_until

    async def tick(self, now: datetime) -> datetime | None:
        """Do all that is due; returns the next instant at which something is, or None."""
        upcoming = []
        told = False
        for row in await store.active_conferences():
            house = self._houses.setdefault(row["id"], _House())
            await self._look(row, house)
            told = await self._close_gap(row["id"], house, now) or told
            following = house.plan.next_change(now)
            if following is not None:
                upcoming.append(following)
        told = await self._keep_nodes(now) or told
        await self._push(now)
        if told:
            await live.nudge(self._redis)
        return min(upcoming, default=None)

    async def _look(self, conference: Mapping[str, Any], house: _House) -> None:
        """Read what the plan depends on; make a new plan only when it changed."""
        released = await releases.latest(conference["id"])
        if released is None:
            return
        orders = await store.orders(conference["id"])
        key = (released.id, conference["doors"], len(orders))
        if key == house.key:
            return
        if house.key is None:
            house.reached, house.room_of = await store.phases(conference["id"])
        schedule = released.schedule
        house.plan = store.plan_of(released, conference["doors"], orders)
        house.room_of = {**house.room_of, **{slot.id: slot.room for slot in schedule.slots}}
        house.standing = frozenset(slot.id for slot in schedule.slots)
        house.rooms = tuple(room.id for room in schedule.rooms)
        house.since = released.release.created_at
        house.key = key

    async def _close_gap(self, conference: UUID, house: _House, now: datetime) -> bool:
        due = house.plan.outstanding(house.reached, now)
        if house.since is None:
            return False
        changes = [*_withdrawn(house, house.since), *_without_history(due, house.since)]
        if not changes:
            return False
        for change in await store.record(conference, changes, since=house.since, now=now):
            late_ms = round((now - max(change.due, house.since)).total_seconds() * 1000)
            level = logger.warning if late_ms > _LATE_MS else logger.info
            level("phase", slot=change.slot, phase=str(change.phase), late_ms=late_ms)
        for change in changes:
            house.reached[change.slot] = change.phase
        return True

    async def _keep_nodes(self, now: datetime) -> bool:
        """Place the rooms of dead nodes anew and tell the pages; whether there were any."""
        try:
            lost = await self._node.keep_places(now=now)
        except httpx.HTTPError as error:
            logger.info("places not kept", error=repr(error))
            return False
        for node in lost:
            await attendance.close_node(node, at=now)
        for conference in self._houses if lost else ():
            await live.announce(conference, "media", {"lost": list(lost)}, now=now)
        if lost:
            self._pushed = None
        return bool(lost)

    async def _push(self, now: datetime) -> None:
        """Tell the node what is on air: at once when it changed, else every second."""
        stages: dict[str, str | None] = {}
        for house in self._houses.values():
            stages |= house.on_air()
        standing = await floor.cues()
        cues = {slot: standing[slot] for slot in stages.values() if slot in standing}
        if self._pushed and self._pushed[1:] == (stages, cues) and now - self._pushed[0] < _PUSH:
            return
        try:
            await self._node.set_stages(stages, cues=cues, now=now)
        except httpx.HTTPError as error:
            if self._node_answers:
                logger.warning("the media node does not answer", error=repr(error))
            self._node_answers = False
            return
        if not self._node_answers:
            logger.info("the media node answers again")
        self._node_answers = True
        self._pushed = (now, stages, cues)


def _withdrawn(house: _House, since: datetime) -> list[Change]:
    """Slots that were open and are in the release no more: what was live ends, the rest falls."""
    return [
        Change(
            slot=slot,
            room=house.room_of[slot],
            phase=Phase.ENDED if phase is Phase.LIVE else Phase.CANCELLED,
            due=since,
        )
        for slot, phase in house.reached.items()
        if slot in house.room_of
        and slot not in house.standing
        and phase in (Phase.GREEN_ROOM, Phase.DOORS, Phase.LIVE)
    ]


def _without_history(due: tuple[Change, ...], since: datetime) -> list[Change]:
    """Of what was due before the release existed, only where each slot ended up."""
    last: dict[SlotId, Change] = {}
    for change in due:
        if change.due < since:
            held = last.get(change.slot)
            if held is None or RANK[change.phase] > RANK[held.phase]:
                last[change.slot] = change
    return [c for c in due if c.due >= since or last.get(c.slot) is c]


async def run(settings: Settings, redis: Redis) -> None:
    """Stand by for ever, lead when elected, tick at least every 250 ms and at each due instant."""
    nodes = Nodes(settings, redis)
    try:
        async with engine(settings, nodes) as media:
            await _lead(Stagehand(media, redis), redis)
    finally:
        await nodes.aclose()


async def _lead(hand: Stagehand, redis: Redis) -> None:
    woken = asyncio.Event()
    ear = asyncio.create_task(_listen(redis, woken), name="stagehand ear")
    try:
        while True:
            pause = _TICK_S
            try:
                now = present()
                if await hand.leads(now):
                    following = await hand.tick(present())
                    if following is not None:
                        pause = min(pause, max(0.0, (following - present()).total_seconds()))
            except Exception as error:
                logger.error("stagehand stumbled, goes on", exc_info=error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await woken.wait()
            woken.clear()
    finally:
        ear.cancel()
        await lease.let_go("stagehand", hand.holder)


async def _listen(redis: Redis, woken: asyncio.Event) -> None:
    while True:
        try:
            async with redis.pubsub() as channel:
                await channel.subscribe(WAKE)
                async for message in channel.listen():
                    if message["type"] == "message":
                        woken.set()
        except (RedisError, OSError) as error:
            logger.info("no wake-up calls, ticking meanwhile", error=str(error))
        await asyncio.sleep(1)
