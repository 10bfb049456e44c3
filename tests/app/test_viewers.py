"""Whoever watches the broadcast is audience: counted once, until their last sign of life."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from redis.asyncio import Redis

from agenda.doors import Phase
from agenda.model import RoomId
from app.attendees import certificates
from app.clock import now as present
from app.live_tables import LiveEvent
from app.programme import draft, releases
from app.recordings import viewers
from app.recordings.viewers import SIGNS, SILENT, Viewer, settle
from app.settings import Settings
from app.stages import attendance, store
from app.stages.tables import PhaseChange, Presence
from tests.app.builders import (
    NOW,
    make_conference,
    make_person,
    make_schedule,
    member,
    same_origin,
    sign_in,
)


def later(seconds: float) -> Any:
    return NOW + timedelta(seconds=seconds)


async def stays() -> list[tuple[str, float, float | None]]:
    """Who was there from when until when, in seconds from NOW."""
    rows = await Presence.select().order_by(Presence.joined_at)
    return [
        (
            row["person"],
            (row["joined_at"] - NOW).total_seconds(),
            row["left_at"] and (row["left_at"] - NOW).total_seconds(),
        )
        for row in rows
    ]


async def test_signs_of_life_are_one_stay_until_the_last_of_them(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    room, ann, ben = uuid4(), uuid4(), uuid4()
    one = Viewer(conference.id, room, ann)
    other = Viewer(conference.id, room, ben)
    async with Redis.from_url(settings.redis_url) as redis:
        await redis.delete(SIGNS)
        await redis.zadd(SIGNS, {"no viewer": NOW.timestamp(), "a/b/c": NOW.timestamp()})
        for viewer in (one, other):
            assert await viewers.sign_of_life(redis, viewer, now=NOW) == viewers.LEAST_S
        assert await Presence.count() == 0
        assert await settle(redis, now=later(1)) == 2
        assert await store.watching(conference.id) == {RoomId(str(room)): 2}

        # Ann joins on the stage's own connection before the broadcast has gone: one person still.
        await Presence(
            id=uuid4(),
            conference=conference.id,
            uid="x:1",
            subscriber="x",
            node="one~aa",
            room=room,
            person=str(ann),
            joined_at=later(2),
            left_at=None,
        ).save()
        assert await store.watching(conference.id) == {RoomId(str(room)): 2}
        # The node dies and comes back: those on its connections left, the broadcast's did not.
        await attendance.close_node("", at=later(3))

        # Reconnecting is not leaving; many signs change nothing; ben falls silent.
        for seconds in (20, 40, 60, 80, 100, 120, 140):
            await viewers.sign_of_life(redis, one, now=later(seconds))
            if seconds < 100:
                assert await settle(redis, now=later(seconds)) == 0
        told = await LiveEvent.count()
        assert await settle(redis, now=NOW + SILENT) == 1
        assert await LiveEvent.count() == told + 1
        await viewers.gone(redis, one)
        assert await settle(redis, now=later(150)) == 1
        assert await settle(redis, now=later(151)) == 0
        assert await redis.zcard(SIGNS) == 0
    assert sorted(await stays()) == sorted(
        [(str(ann), 0, 150), (str(ben), 0, viewers.LEAST_S / 2), (str(ann), 2, 3)]
    )


async def test_a_wiped_redis_ends_stays_and_the_next_sign_begins_one(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    viewer = Viewer(conference.id, uuid4(), uuid4())
    async with Redis.from_url(settings.redis_url) as redis:
        await viewers.sign_of_life(redis, viewer, now=NOW)
        await settle(redis, now=NOW)
        await redis.delete(SIGNS)
        assert await settle(redis, now=later(5)) == 1
        await viewers.sign_of_life(redis, viewer, now=later(20))
        assert await settle(redis, now=later(21)) == 1
        await redis.delete(SIGNS)
    assert await stays() == [(str(viewer.person), 0, 5), (str(viewer.person), 20, None)]


async def test_the_more_watch_the_seldomer_they_say_so(database: str, settings: Settings) -> None:
    conference = uuid4()
    async with Redis.from_url(settings.redis_url) as redis:
        await redis.delete(SIGNS)
        for count, wanted in ((1000, 20), (4000, 40), (9000, 60)):
            present = await redis.zcard(SIGNS)
            await redis.zadd(
                SIGNS,
                {
                    f"{conference}/{uuid4()}/{uuid4()}": NOW.timestamp()
                    for _ in range(count - present - 1)
                },
            )
            viewer = Viewer(conference, uuid4(), uuid4())
            assert await viewers.sign_of_life(redis, viewer, now=NOW) == wanted
        await redis.delete(SIGNS)


async def test_a_page_says_that_it_watches(client: httpx.AsyncClient, settings: Settings) -> None:
    conference = await make_conference()
    version = (await draft.read(conference.id)).version
    await draft.write(conference.id, make_schedule(("Hall", "Opening", 9, 30)), expected=version)
    await releases.publish(conference.id, by=None, now=present())
    released = await releases.latest(conference.id)
    assert released is not None
    slot = released.schedule.slots[0]
    ann = await member(conference, "attendee")
    await sign_in(client, ann, now=present())
    addresses = (await client.get(f"/c/trial/broadcast/{slot.room}")).json()
    address: str = addresses["watching"]
    signed_out = {"cookie": ""}
    told = await client.post(address, headers={**same_origin(), **signed_out})
    assert (told.status_code, told.json()) == (200, {"again_s": viewers.LEAST_S})

    token = address.split("/")[2]
    other = Viewer(conference.id, UUID(slot.room), await make_person("ben@example.org"))
    old = viewers.address(
        settings,
        Viewer(conference.id, UUID(slot.room), ann),
        now=present() - timedelta(hours=4),
    )
    for refused in (f"/watching/{token}/{other}", old, f"/watching/x/{other}"):
        assert (await client.post(refused, headers=same_origin())).status_code == 403
    async with Redis.from_url(settings.redis_url) as redis:
        assert await redis.zcard(SIGNS) == 1
        began = present()
        await settle(redis, now=began)
        assert await store.watching(conference.id) == {slot.room: 1}
        # Twenty minutes of a live session, by broadcast alone, are attendance.
        await PhaseChange(
            id=uuid4(),
            conference=conference.id,
            slot=UUID(slot.id),
            room=UUID(slot.room),
            phase=str(Phase.LIVE),
            due=began,
            at=began,
        ).save()
        end = began + timedelta(minutes=20)
        earned = await certificates.earned(conference.id, ann, now=end)
        assert earned.attended == pytest.approx(20, abs=1)
        await client.post(f"{address}?gone=1", headers=same_origin())
        assert await redis.zcard(SIGNS) == 0
