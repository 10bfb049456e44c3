"""Doors open and close once, by one leader, whatever crashes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from redis.asyncio import Redis

from agenda.doors import OverrideKind
from agenda.model import Schedule
from app.live_tables import LiveEvent
from app.programme import draft, releases
from app.stages import lease, store
from app.stages.floor import Cues
from app.stages.stagehand import Stagehand
from app.stages.tables import PhaseChange
from tests.app.builders import NOW, make_conference, make_schedule

MINUTE = timedelta(minutes=1)


class FakeNode:
    """Takes down which stages it was told; may refuse to answer."""

    def __init__(self) -> None:
        self.told: list[dict[str, str | None]] = []
        self.cues: list[dict[str, Cues]] = []
        self.away = False

    async def keep_places(self, *, now: datetime) -> tuple[str, ...]:
        return ()

    async def set_stages(
        self, on_air: Mapping[str, str | None], *, cues: Mapping[str, Cues], now: datetime
    ) -> None:
        if self.away:
            raise httpx.ConnectError("away")
        self.told.append(dict(on_air))
        self.cues.append(dict(cues))


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


def hand(node: FakeNode, redis: Redis, name: str = "one") -> Stagehand:
    return Stagehand(node, redis, holder=name)  # type: ignore[arg-type]


async def released(schedule: Schedule) -> UUID:
    conference = await make_conference()
    await draft.write(conference.id, schedule, expected=0)
    await releases.publish(conference.id, by=None, now=NOW - 60 * MINUTE)
    return conference.id


async def story(conference: UUID) -> list[tuple[str, str]]:
    """What happened, by title-less slot id and phase, in the order of its happening."""
    rows = (
        await PhaseChange.select(PhaseChange.slot, PhaseChange.phase, PhaseChange.at)
        .where(PhaseChange.conference == conference)
        .order_by(PhaseChange.due)
    )
    return [(str(row["slot"]), row["phase"]) for row in rows]


async def test_a_slot_runs_through_its_phases_and_the_node_follows(
    database: str, redis: Redis
) -> None:
    schedule = make_schedule(("Harbour Hall", "Gate", 0, 45))
    slot = schedule.slots[0]
    conference = await released(schedule)
    node = FakeNode()
    one = hand(node, redis)
    for minute in range(-31, 120):
        await one.tick(NOW + minute * MINUTE)
    phases = ["green_room", "doors", "live", "ended", "archived"]
    assert await story(conference) == [(slot.id, phase) for phase in phases]
    changes = await PhaseChange.select(PhaseChange.late_ms)
    assert [c["late_ms"] for c in changes] == [0] * 5
    airs = [told[slot.room] for told in node.told]
    assert airs[0] is None
    assert airs[-1] is None
    assert airs.count(slot.id) == 45
    events = await LiveEvent.select(LiveEvent.topic).where(LiveEvent.topic == "phase")
    assert len(events) == 5


async def test_two_hands_at_once_do_everything_once(database: str, redis: Redis) -> None:
    schedule = make_schedule(("A", "a", 0, 10), ("B", "b", 0, 10), ("C", "c", 5, 10))
    conference = await released(schedule)
    one, two = hand(FakeNode(), redis), hand(FakeNode(), redis, "two")
    for minute in range(-31, 90):
        now = NOW + minute * MINUTE
        await asyncio.gather(one.tick(now), two.tick(now))
    happened = await story(conference)
    assert len(happened) == len(set(happened)) == 15
    assert await LiveEvent.count().where(LiveEvent.topic == "phase") == 15


async def test_a_hand_that_starts_late_catches_up_and_says_how_late(
    database: str, redis: Redis
) -> None:
    conference = await released(make_schedule(("A", "a", 0, 10)))
    await hand(FakeNode(), redis).tick(NOW + 2 * MINUTE)
    rows = await PhaseChange.select(PhaseChange.phase, PhaseChange.late_ms).order_by(
        PhaseChange.due
    )
    assert rows == [
        {"phase": "green_room", "late_ms": 32 * 60_000},
        {"phase": "doors", "late_ms": 12 * 60_000},
        {"phase": "live", "late_ms": 2 * 60_000},
    ]
    assert conference is not None


async def test_what_was_over_before_the_release_is_entered_at_its_last_phase(
    database: str, redis: Redis
) -> None:
    schedule = make_schedule(("A", "over", -300, 10), ("A", "next", 30, 10))
    conference = await released(schedule)
    await hand(FakeNode(), redis).tick(NOW)
    assert await story(conference) == [
        (schedule.slots[0].id, "archived"),
        (schedule.slots[1].id, "green_room"),
    ]


async def test_the_later_start_ends_the_earlier_unless_it_is_held(
    database: str, redis: Redis
) -> None:
    schedule = make_schedule(("A", "first", 0, 30), ("A", "second", 20, 30))
    first, second = (slot.id for slot in schedule.slots)
    conference = await released(schedule)
    one = hand(FakeNode(), redis)
    await one.tick(NOW + 1 * MINUTE)
    await one.tick(NOW + 20 * MINUTE)
    reached, _ = await store.phases(conference)
    assert (str(reached[first]), str(reached[second])) == ("ended", "live")


async def test_a_producers_orders_are_done_at_the_next_tick(database: str, redis: Redis) -> None:
    schedule = make_schedule(("A", "a", 10, 30))
    slot = schedule.slots[0]
    conference = await released(schedule)
    node = FakeNode()
    one = hand(node, redis)
    await one.tick(NOW)
    await store.order(conference, UUID(slot.id), OverrideKind.LIVE, by=None, now=NOW + MINUTE)
    await one.tick(NOW + MINUTE + timedelta(milliseconds=40))
    assert node.told[-1] == {slot.room: slot.id}
    await store.order(conference, UUID(slot.id), OverrideKind.END, by=None, now=NOW + 2 * MINUTE)
    await one.tick(NOW + 2 * MINUTE + timedelta(milliseconds=40))
    assert node.told[-1] == {slot.room: None}
    live = await PhaseChange.select(PhaseChange.late_ms).where(PhaseChange.phase == "live").first()
    assert live == {"late_ms": 40}


async def test_a_slot_that_the_next_release_drops_leaves_the_stage(
    database: str, redis: Redis
) -> None:
    schedule = make_schedule(("A", "a", 0, 30))
    slot = schedule.slots[0]
    conference = await released(schedule)
    node = FakeNode()
    one = hand(node, redis)
    await one.tick(NOW + MINUTE)
    without = Schedule(conference=schedule.conference, rooms=schedule.rooms)
    await draft.write(conference, without, expected=1)
    await releases.publish(conference, by=None, now=NOW + 2 * MINUTE)
    await one.tick(NOW + 2 * MINUTE)
    assert (await story(conference))[-1] == (slot.id, "ended")
    assert node.told[-1] == {slot.room: None}


async def test_a_node_that_was_away_is_told_again(database: str, redis: Redis) -> None:
    schedule = make_schedule(("A", "a", 0, 30))
    await released(schedule)
    node = FakeNode()
    one = hand(node, redis)
    node.away = True
    await one.tick(NOW + MINUTE)
    node.away = False
    await one.tick(NOW + MINUTE + timedelta(milliseconds=250))
    assert node.told == [{schedule.slots[0].room: schedule.slots[0].id}]


async def test_one_leads_and_the_next_takes_over_when_its_lease_is_out(database: str) -> None:
    term = timedelta(seconds=3)
    assert await lease.hold("stagehand", "one", term=term, now=NOW)
    assert not await lease.hold("stagehand", "two", term=term, now=NOW + timedelta(seconds=2))
    assert await lease.hold("stagehand", "one", term=term, now=NOW + timedelta(seconds=2))
    assert not await lease.hold("stagehand", "two", term=term, now=NOW + timedelta(seconds=4))
    assert await lease.hold("stagehand", "two", term=term, now=NOW + timedelta(seconds=5))
    await lease.let_go("stagehand", "two")
    assert await lease.hold("stagehand", "one", term=term, now=NOW + timedelta(seconds=5))


async def test_of_many_candidates_one_leads(database: str) -> None:
    term = timedelta(seconds=3)

    async def stand(name: str) -> bool:
        return await lease.hold("stagehand", name, term=term, now=NOW)

    won: list[Any] = await asyncio.gather(*(stand(str(n)) for n in range(8)))
    assert sorted(won) == [False] * 7 + [True]
