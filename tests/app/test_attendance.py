"""The media nodes' events, read once each, whatever restarts."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis

from app.settings import Settings
from app.stages import attendance
from app.stages.attendance import GROUP, STREAM
from app.stages.tables import OnStage, Presence
from tests.app.builders import NOW, make_conference


async def write(redis: Redis, number: int, kind: str, **facts: Any) -> None:
    await redis.xadd(
        STREAM,
        {
            "uid": f"boot:{number}",
            "kind": kind,
            "at": (NOW + timedelta(seconds=number)).isoformat(),
            "facts": json.dumps(facts),
        },
    )


async def test_a_reader_that_died_before_it_acknowledged_reads_again_and_doubles_nothing(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    room = str(uuid4())
    who = {"conference": str(conference.id), "room": room, "group": None, "name": "Eve"}
    async with Redis.from_url(settings.redis_url) as redis:
        await redis.delete(STREAM)
        await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        for number in range(1, 251):
            await write(
                redis,
                number,
                "subscriber.joined",
                **who,
                person=f"p{number}",
                subscriber=f"s{number}",
            )
        # The first batch is delivered, written down even, and never acknowledged: the reader died.
        batch = await redis.xreadgroup(GROUP, "fast", {STREAM: ">"}, count=200)
        events = [attendance.parse(fields) for _, fields in batch[0][1]]
        await attendance.apply(events)
        for number in range(251, 261):
            await write(redis, number, "subscriber.left", **who, person="p1", subscriber="s1")
        await write(redis, 261, "publisher.spoke", **who, person="p2", publisher="x", seconds=3.0)

        pending = True
        for _ in range(6):
            found = await attendance.read_once(redis, "fast", block_ms=10, pending=pending)
            pending = pending and found > 0
        assert await Presence.count() == 250
        assert await Presence.count().where(Presence.left_at.is_null()) == 249
        assert await OnStage.count() == 0
        waiting = await redis.xpending(STREAM, GROUP)
        assert waiting["pending"] == 0
        assert await attendance.read_once(redis, "fast", block_ms=10, pending=True) == 0


async def test_a_node_that_starts_ends_its_own_earlier_life_and_nobody_else_s(
    database: str,
) -> None:
    conference = await make_conference()
    who = {"conference": str(conference.id), "room": str(uuid4()), "group": None, "name": ""}

    def event(uid: str, kind: str, **facts: Any) -> attendance.NodeEvent:
        return attendance.NodeEvent(uid=uid, kind=kind, at=NOW, facts=facts)

    await attendance.apply(
        [
            event("one~aa:1", "subscriber.joined", **who, person="p1", subscriber="one~s1"),
            event("two~bb:1", "subscriber.joined", **who, person="p2", subscriber="two~s2"),
            event("one~aa:2", "publisher.on_stage", **who, person="p3", publisher="one~x"),
            event("one~cc:1", "node.started", boot="one~cc", node="one"),
        ]
    )
    rows = await Presence.select(Presence.person, Presence.left_at).order_by(Presence.person)
    assert [(row["person"], row["left_at"] is None) for row in rows] == [
        ("p1", False),
        ("p2", True),
    ]
    assert await OnStage.count().where(OnStage.ended_at.is_null()) == 0
    await attendance.close_node("two", at=NOW)
    assert await Presence.count().where(Presence.left_at.is_null()) == 0
