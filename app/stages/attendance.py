"""Who was where, and who was on stage: the media nodes' events, written down once each."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from app import db, live
from app.settings import Settings
from app.stages import store
from app.stages.tables import OnStage, Presence

logger = structlog.get_logger(__name__)

STREAM = "plenary:media"
GROUP = "app"
BROADCAST = "broadcast"
"""The node of a stay by broadcast, which outlives every node."""

_BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEvent:
    """One event of the media node. `uid` is “boot:number”; `at` is aware UTC."""

    uid: str
    kind: str
    at: datetime
    facts: Mapping[str, Any]

    @property
    def boot(self) -> str:
        return self.uid.rpartition(":")[0]


def parse(fields: Mapping[bytes, bytes]) -> NodeEvent:
    """An entry of the stream. Raises KeyError or ValueError for anything else."""
    return NodeEvent(
        uid=fields[b"uid"].decode(),
        kind=fields[b"kind"].decode(),
        at=datetime.fromisoformat(fields[b"at"].decode()),
        facts=json.loads(fields[b"facts"]),
    )


async def _joined(event: NodeEvent) -> None:
    facts = event.facts
    if facts.get("group"):
        return
    await Presence.insert(
        Presence(
            id=uuid4(),
            conference=UUID(facts["conference"]),
            uid=event.uid,
            subscriber=facts["subscriber"],
            node=event.boot,
            room=UUID(facts["room"]),
            person=facts["person"],
            joined_at=event.at,
        )
    ).on_conflict(action="DO NOTHING")


async def _left(event: NodeEvent) -> None:
    await Presence.update({Presence.left_at: event.at}).where(
        Presence.subscriber == event.facts["subscriber"],
        Presence.left_at.is_null(),
        Presence.joined_at <= event.at,
    )


async def _moved(event: NodeEvent) -> None:
    if not await Presence.exists().where(Presence.uid == event.uid):
        await _left(event)
        await _joined(event)


async def _on_stage(event: NodeEvent) -> None:
    facts = event.facts
    # LiveKit tells of camera and microphone apart; somebody comes on stage by the first.
    standing = OnStage.exists().where(
        OnStage.publisher == facts["publisher"], OnStage.ended_at.is_null()
    )
    if await standing:
        return
    await OnStage.insert(
        OnStage(
            id=uuid4(),
            conference=UUID(facts["conference"]),
            uid=event.uid,
            publisher=facts["publisher"],
            node=event.boot,
            room=UUID(facts["room"]),
            slot=facts.get("group") or "",
            person=facts["person"],
            name=facts.get("name", ""),
            began_at=event.at,
        )
    ).on_conflict(action="DO NOTHING")


async def _off_stage(event: NodeEvent) -> None:
    await OnStage.update({OnStage.ended_at: event.at}).where(
        OnStage.publisher == event.facts["publisher"],
        OnStage.ended_at.is_null(),
        OnStage.began_at <= event.at,
    )


async def _node_started(event: NodeEvent) -> None:
    """A node begins with nobody in it: what its earlier life left open ended at the latest now."""
    await close_node(event.facts.get("node", ""), at=event.at, but=event.boot)


async def close_node(node: str, *, at: datetime, but: str = "") -> None:
    """End every stay that a node which is gone left open; `but` is a boot of it that lives.

    A boot is “node~number”; where the node has no name, “number” alone.
    """
    lives = f"{node}~%" if node else "%"
    for table, began, ended in (
        (Presence, Presence.joined_at, Presence.left_at),
        (OnStage, OnStage.began_at, OnStage.ended_at),
    ):
        await table.update({ended: at}).where(
            ended.is_null(),
            table.node != but,
            table.node != BROADCAST,
            table.node.like(lives),
            began <= at,
        )


_HANDLERS: Mapping[str, Callable[[NodeEvent], Awaitable[None]]] = {
    "node.started": _node_started,
    "subscriber.joined": _joined,
    "subscriber.moved": _moved,
    "subscriber.left": _left,
    "publisher.on_stage": _on_stage,
    "publisher.off_stage": _off_stage,
    "publisher.left": _off_stage,
}


async def apply(events: list[NodeEvent]) -> None:
    """Write events down in one transaction and tell the pages what changed. Repeating is harmless."""
    touched = {
        UUID(event.facts["conference"])
        for event in events
        if event.kind in _HANDLERS and event.facts.get("conference", "*") != "*"
    }
    async with db.transaction():
        for event in events:
            handle = _HANDLERS.get(event.kind)
            if handle is not None:
                await handle(event)
        now = max((event.at for event in events), default=None)
        for conference in touched if now else ():
            assert now is not None
            await live.announce(
                conference, "audience", {"rooms": await store.watching(conference)}, now=now
            )
            await live.announce(
                conference, "stage", {"rooms": await store.on_stage(conference)}, now=now
            )


async def read_once(redis: Redis, consumer: str, *, block_ms: int, pending: bool) -> int:
    """Read, apply and acknowledge one batch; returns how many entries it held.

    With `pending`, what was delivered to this consumer before and never acknowledged.
    """
    answer = await redis.xreadgroup(
        GROUP, consumer, {STREAM: "0" if pending else ">"}, count=_BATCH, block=block_ms
    )
    entries = answer[0][1] if answer else []
    events = []
    for entry, fields in entries:
        try:
            events.append(parse(fields))
        except (KeyError, ValueError) as error:
            logger.warning(
                "entry of the media stream is not an event", entry=entry, error=str(error)
            )
    if events:
        await apply(events)
        await live.nudge(redis)
    if entries:
        await redis.xack(STREAM, GROUP, *(entry for entry, _ in entries))
    return len(entries)


async def run(settings: Settings, redis: Redis) -> None:
    """Follow the node's events for ever; what was not acknowledged is read again."""
    consumer = "fast"
    pending = True
    while True:
        try:
            with contextlib.suppress(ResponseError):
                await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
            while True:
                found = await read_once(redis, consumer, block_ms=2000, pending=pending)
                pending = pending and found > 0
        except (RedisError, OSError) as error:
            logger.info("media events stopped, trying again", error=str(error))
            pending = True
            await asyncio.sleep(1)
