"""The same journeys on both engines: backstage, on air by the clock, seen, another room, over;
talkback; a guest out of the audience onto the stage and back; a table with seats."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from livekit import api
from playwright.async_api import Browser, Page
from redis.asyncio import Redis

from agenda.model import Slot
from app.clock import now
from app.stages.engine import engine
from app.stages.nodes import Nodes
from app.stages.tables import OnStage, Presence
from bench.ports import free_port
from tests.e2e import house as h
from tests.e2e.browser import FRAMES, chromium, colour_clip, errors_of, signed_in
from tests.e2e.test_guest_on_stage import state_is
from tests.e2e.test_live_session import BLUE, ORANGE, enter_green_room, sees
from tests.peers.livekit_server import KEY, SECRET, livekit_server

ENGINES = ("node", "livekit")

PEERS = """(() => {
  const Real = RTCPeerConnection;
  window.peers = [];
  window.RTCPeerConnection = class extends Real {
    constructor(...all) { super(...all); window.peers.push(this); }
  };
})()"""
HEARD = """async () => {
  let bytes = 0;
  for (const peer of window.peers) {
    for (const report of (await peer.getStats()).values()) {
      if (report.type === 'inbound-rtp' && report.kind === 'audio') bytes += report.bytesReceived;
    }
  }
  return bytes;
}"""


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
                h.Act("Lock Room", "Sensors", "Rita Reef", 20, 900),
            ],
        )
        gates, sensors = slots["Gates"], slots["Sensors"]
        sam, sam_cookie = await house.person("sam@example.org", "Sam Shore", "speaker")
        rita, rita_cookie = await house.person("rita@example.org", "Rita Reef", "speaker")
        ann, ann_cookie = await house.person("ann@example.org", "Ann Attendee", "attendee")
        await h.speaks_as(house, "Sam Shore", sam)
        await h.speaks_as(house, "Rita Reef", rita)
        sam_page = await (await signed_in(first_stage, house.url, sam_cookie)).new_page()
        rita_window = await signed_in(second_stage, house.url, rita_cookie)
        await rita_window.add_init_script(PEERS)
        rita_page = await rita_window.new_page()
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
        await sam_page.context.close()

        await talks_backstage(house, sensors, audience, rita_page)
        await ann_page.keyboard.press("0")
        await sees(ann_page, BLUE)
        await comes_on_stage(house, sensors, first_stage, ann_page)


async def talks_backstage(house: h.House, slot: Slot, browser: Browser, speaker: Page) -> None:
    """The producer is heard by the speaker while a button is held, and at no other time."""
    _, cookie = await house.person("pia@example.org", "Pia", "producer")
    window = await signed_in(browser, house.url, cookie)
    page = await window.new_page()
    await page.goto(f"{house.url}/c/trial/green-room/{slot.id}")
    assert await _quiet(speaker)
    await page.wait_for_selector("#check:enabled")
    await page.hover('[data-talk="*"]')
    await page.mouse.down()

    async def heard() -> bool:
        return int(await speaker.evaluate(HEARD)) > 2000

    await h.until(heard, seconds=30, what="the producer in the speaker’s ear")
    assert await on_stage_in(house, slot) == ["Rita Reef"]
    await page.mouse.up()
    await h.until(lambda: _quiet(speaker), seconds=15, what="silence after the button was let go")
    # Again, to her alone; the connection is there already.
    before = int(await speaker.evaluate(HEARD))
    await page.hover(".to-one")
    await page.mouse.down()

    async def again() -> bool:
        return int(await speaker.evaluate(HEARD)) > before + 2000

    await h.until(again, seconds=15, what="the producer in one ear")
    await page.mouse.up()
    await window.close()


async def _quiet(page: Page) -> bool:
    heard = await page.evaluate(HEARD)
    await page.wait_for_timeout(1000)
    return bool(await page.evaluate(HEARD) == heard)


async def comes_on_stage(house: h.House, slot: Slot, browser: Browser, audience: Page) -> None:
    """A hand up, invited, seen by all, and back; then a seat at a table that has one left."""
    guest, cookie = await house.person("gus@example.org", "Gus Guest", "attendee")
    _, run_by = await house.person("olga@example.org", "Olga", "producer", "moderator")
    window = await signed_in(browser, house.url, cookie)
    gus = await window.new_page()
    await gus.goto(f"{house.url}/c/trial/rooms/lock-room")
    await gus.wait_for_selector("#talk[data-ready]")
    mine = {"plenary_session": run_by}
    async with httpx.AsyncClient(
        base_url=f"{house.url}/c/trial", cookies=mine, headers={"origin": house.url}
    ) as orders:

        async def order(path: str, **form: str) -> None:
            answer = await orders.post(path, data=form)
            assert answer.status_code == 204, answer.text

        await gus.click('[data-act="hand"]')
        await state_is(gus, "up")
        await gus.click('[data-guest="check"]')
        await gus.wait_for_selector("#guest[data-ready]")
        assert await on_stage_in(house, slot) == ["Rita Reef"]
        await order(f"/hands/{slot.id}/{guest}/invite")
        await state_is(gus, "called")
        await gus.click('[data-guest="go"]')
        await gus.wait_for_selector("#guest[data-live]", timeout=30000)
        both = ["Gus Guest", "Rita Reef"]
        await h.until(lambda: _are(house, slot, both), seconds=30, what="both on stage")
        await order(f"/desk/{slot.id}/stage/pin", person=str(guest))
        await sees(audience, ORANGE)

        await order(f"/hands/{slot.id}/{guest}/back")
        await state_is(gus, "over")
        await sees(audience, BLUE)

        async def alone() -> bool:
            there = (await rooms_of(house))["rooms"][slot.room]["publishers"]
            return [one["name"] for one in there] == ["Rita Reef"]

        await h.until(alone, seconds=20, what="the guest neither on stage nor behind it")

        # A table of two seats, one of which is Rita's.
        await order("/desk/rooms/lock-room/seats", seats="2")
        for page in (gus, audience):
            await state_is(page, "seat")
            await page.click('[data-guest="check"]')
            await page.wait_for_selector("#guest[data-ready]")
        await gus.click('[data-guest="go"]')
        await gus.wait_for_selector("#guest[data-live]", timeout=30000)
        await h.until(lambda: _are(house, slot, both), seconds=30, what="both at the table")
        await audience.click('[data-guest="go"]')
        await audience.wait_for_selector("#guest_text.trouble", timeout=30000)
        assert "2" in (await audience.text_content("#guest_text") or "")
        assert await _are(house, slot, both)
    await window.close()


async def _are(house: h.House, slot: Slot, names: list[str]) -> bool:
    return sorted(await on_stage_in(house, slot)) == names


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
