"""One journey on both engines: unseen backstage, on air by the clock, seen, another room, over."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from livekit import api
from playwright.async_api import Page
from redis.asyncio import Redis

from agenda.model import Slot
from app.clock import now
from app.stages.engine import engine
from app.stages.nodes import Nodes
from app.stages.tables import OnStage, Presence
from bench.ports import free_port
from tests.e2e import house as h
from tests.e2e.browser import FRAMES, chromium, colour_clip, errors_of, signed_in
from tests.e2e.test_live_session import BLUE, ORANGE, enter_green_room, sees
from tests.peers.livekit_server import KEY, SECRET, livekit_server

ENGINES = ("node", "livekit")


@pytest.fixture(params=ENGINES)
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[h.House]:
    """The suite on each engine, with a conference in it."""
    http = free_port()
    with contextlib.ExitStack() as stack:
        more: dict[str, str] = {}
        if request.param == "livekit":
            more = stack.enter_context(livekit_server(tmp_path, http)).settings
        async with h.running(tmp_path / "var", http=http, **more) as house:
            await house.open_conference()
            yield house


async def rooms_of(house: h.House) -> dict[str, Any]:
    """What the engine says of who is where."""
    async with Redis.from_url(house.settings.redis_url) as redis:
        nodes = Nodes(house.settings, redis)
        try:
            async with engine(house.settings, nodes) as media:
                return await media.rooms(now=now())
        finally:
            await nodes.aclose()


async def on_stage_in(house: h.House, slot: Slot) -> list[str]:
    rooms = (await rooms_of(house))["rooms"]
    publishers = rooms.get(slot.room, {}).get("publishers", [])
    return [p["name"] for p in publishers if p["on_stage"]]


async def test_a_session_on_either_engine(house: h.House, tmp_path: Path) -> None:
    orange = colour_clip(tmp_path / "orange.y4m", ORANGE)
    blue = colour_clip(tmp_path / "blue.y4m", BLUE)
    async with (
        chromium(orange) as first_stage,
        chromium(blue) as second_stage,
        chromium() as audience,
    ):
        slots = await h.put_on(
            house,
            [
                h.Act("Harbour Hall", "Gates", "Sam Shore", 35, 40),
                h.Act("Lock Room", "Sensors", "Rita Reef", 20, 300),
            ],
        )
        gates, sensors = slots["Gates"], slots["Sensors"]
        sam, sam_cookie = await house.person("sam@example.org", "Sam Shore", "speaker")
        rita, rita_cookie = await house.person("rita@example.org", "Rita Reef", "speaker")
        ann, ann_cookie = await house.person("ann@example.org", "Ann Attendee", "attendee")
        await h.speaks_as(house, "Sam Shore", sam)
        await h.speaks_as(house, "Rita Reef", rita)
        sam_page = await (await signed_in(first_stage, house.url, sam_cookie)).new_page()
        rita_page = await (await signed_in(second_stage, house.url, rita_cookie)).new_page()
        ann_page = await (await signed_in(audience, house.url, ann_cookie)).new_page()
        broken = [errors_of(page) for page in (sam_page, rita_page, ann_page)]
        await ann_page.goto(f"{house.url}/c/trial/rooms/harbour-hall")
        await enter_green_room(rita_page, house, sensors)
        await enter_green_room(sam_page, house, gates)

        # Backstage, and in nobody's picture.
        await sam_page.wait_for_selector("body[data-air=soon]")
        state = await rooms_of(house)
        assert [p["name"] for p in state["rooms"][gates.room]["publishers"]] == ["Sam Shore"]
        assert await on_stage_in(house, gates) == []
        assert str(ann) in [one["person"] for one in state["subscribers"]]
        assert await ann_page.evaluate(FRAMES) == 0

        # On air by the clock, and seen; then the other room, and back.
        await sam_page.wait_for_selector("body[data-air=on]")
        await sees(ann_page, ORANGE)
        assert await on_stage_in(house, gates) == ["Sam Shore"]
        await ann_page.click("#strip a[data-slug=lock-room]")
        await sees(ann_page, BLUE)
        await ann_page.keyboard.press("0")
        await sees(ann_page, ORANGE)

        # It ends by itself.
        await sam_page.wait_for_selector("body[data-air=off]")
        await h.until(lambda: _empty(house, gates), what="an empty stage")
        await h.until(lambda: _stands(ann_page), what="a picture that stands still")

        # The same events on either: who was where, and who was on stage.
        stays = await h.until(lambda: _stays(ann), what="three stays of Ann")
        assert stays == [gates.room, sensors.room, gates.room]
        stages = await OnStage.select().where(OnStage.room == UUID(gates.room))
        assert [(row["name"], str(row["slot"])) for row in stages] == [("Sam Shore", gates.id)]
        assert stages[0]["ended_at"] is not None
        assert broken == [[], [], []]


async def _empty(house: h.House, slot: Slot) -> bool:
    return await on_stage_in(house, slot) == []


async def _stands(page: Page) -> bool:
    """Whether a second brings no picture; the last one may still be on its way at first."""
    frames = await page.evaluate(FRAMES)
    await page.wait_for_timeout(1000)
    return bool(await page.evaluate(FRAMES) == frames)


async def _stays(person: UUID) -> list[str]:
    rows = (
        await Presence.select(Presence.room, Presence.left_at)
        .where(Presence.person == str(person))
        .order_by(Presence.joined_at)
    )
    return [str(row["room"]) for row in rows] if len(rows) >= 3 else []


async def test_livekit_lets_nobody_do_what_their_ticket_does_not(tmp_path: Path) -> None:
    """What a tampered page would try: to publish as the audience, or with somebody else's key."""
    with livekit_server(tmp_path, free_port()) as server:
        mine = server.settings["PLENARY_LIVEKIT_URL"].replace("ws", "http", 1)
        forged = api.AccessToken(KEY, "another secret" * 4).with_identity("eve")
        forged = forged.with_grants(api.VideoGrants(room_join=True, room="r"))
        good = api.AccessToken(KEY, SECRET).with_identity("ann")
        good = good.with_grants(api.VideoGrants(room_join=True, room="r", can_publish=False))
        async with httpx.AsyncClient(base_url=mine) as client:
            answers = [
                (await client.get("/rtc/validate", params={"access_token": token})).status_code
                for token in (forged.to_jwt(), good.to_jwt())
            ]
    assert answers == [401, 200]
