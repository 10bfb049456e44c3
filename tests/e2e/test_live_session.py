"""The first whole: green room → live by the stagehand → an attendee sees it, switches, it ends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from agenda.model import Slot
from app.stages.tables import Presence
from tests.e2e import house as h
from tests.e2e.browser import FRAMES, PIXEL, chromium, colour_clip, errors_of, signed_in

# Studio-range YUV of a strong orange and a strong blue.
ORANGE = (150, 60, 190)
BLUE = (80, 190, 100)


def looks(pixel: list[int], yuv: tuple[int, int, int]) -> bool:
    """Whether a pixel is near a colour; codecs and scaling move it a little."""
    y, cb, cr = (yuv[0], yuv[1] - 128, yuv[2] - 128)
    wanted = (y + 1.402 * cr, y - 0.344 * cb - 0.714 * cr, y + 1.772 * cb)
    return all(abs(a - min(max(b, 0), 255)) < 45 for a, b in zip(pixel, wanted, strict=True))


async def attendee_on_node(house: h.House, person: str) -> dict[str, Any] | None:
    state = await house.node_rooms()
    return next((s for s in state["subscribers"] if s["person"] == person), None)


async def enter_green_room(page: Page, house: h.House, slot: Slot) -> None:
    await page.goto(f"{house.url}/c/trial/green-room/{slot.id}")
    await page.click("#check")
    await page.click("#enter")
    await page.wait_for_selector("#check_room.fine")


async def sees(page: Page, colour: tuple[int, int, int]) -> None:
    async def matches() -> bool:
        return looks(await page.evaluate(PIXEL), colour)

    await h.until(matches, what=f"a picture of colour {colour}")


async def test_a_session_from_green_room_to_its_end(tmp_path: Path) -> None:
    orange = colour_clip(tmp_path / "orange.y4m", ORANGE)
    blue = colour_clip(tmp_path / "blue.y4m", BLUE)
    async with (
        h.running(tmp_path / "var") as house,
        chromium(orange) as first_stage,
        chromium(blue) as second_stage,
        chromium() as audience,
    ):
        await house.open_conference()
        slots = await h.put_on(
            house,
            [
                h.Act("Harbour Hall", "Fifty years of shutting the gate", "Sam Shore", 30, 30),
                h.Act("Lock Room", "Sensors that survive salt", "Rita Reef", 20, 300),
            ],
        )
        gate = slots["Fifty years of shutting the gate"]
        sensors = slots["Sensors that survive salt"]
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
        await enter_green_room(sam_page, house, gate)
        joined = await h.until(lambda: attendee_on_node(house, str(ann)), what="Ann at the node")

        # Backstage: until the start not one media packet goes to the audience.
        await sam_page.wait_for_selector("body[data-air=soon]")
        waiting = await attendee_on_node(house, str(ann))
        assert waiting is not None
        assert waiting["packets_out"] == 0
        assert await ann_page.evaluate(FRAMES) == 0

        # Live by itself, on the speaker's same connection.
        await sam_page.wait_for_selector("body[data-air=on]")
        assert abs(h.seconds_from(gate.start)) < 10
        await sees(ann_page, ORANGE)
        before = await ann_page.evaluate(FRAMES)
        await asyncio.sleep(1)
        assert await ann_page.evaluate(FRAMES) > before + 5
        assert await ann_page.is_hidden("#slate")

        # One click, the same connection, the other room's picture.
        await ann_page.click("#strip a[data-slug=lock-room]")
        await sees(ann_page, BLUE)
        moved = await attendee_on_node(house, str(ann))
        assert moved is not None
        assert (moved["id"], moved["room"]) == (joined["id"], sensors.room)
        assert await ann_page.text_content("#room_name") == "Lock Room"
        await ann_page.keyboard.press("0")
        await sees(ann_page, ORANGE)

        # It ends by itself: the lamp goes out, the slate comes back, no packet any more.
        await sam_page.wait_for_selector("body[data-air=off]")
        await ann_page.wait_for_selector("#slate:not([hidden])")
        still = await attendee_on_node(house, str(ann))
        await asyncio.sleep(1)
        after = await attendee_on_node(house, str(ann))
        assert still is not None
        assert after is not None
        assert after["packets_out"] == still["packets_out"]

        async def stays() -> list[dict[str, Any]]:
            rows = await Presence.select(Presence.room).order_by(Presence.joined_at)
            return rows if len(rows) >= 3 else []

        rooms = [str(row["room"]) for row in await h.until(stays, what="three stays")]
        assert rooms == [gate.room, sensors.room, gate.room]
        assert broken == [[], [], []]
