"""The broadcast in a real browser: by wish, through cuts and sizes, when the node is full or gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
from playwright.async_api import Page

from agenda.model import Slot
from app.clock import now
from media.client import Connection, OfferedLine, Session
from media.grant import Grant, sign
from media.loop_publisher import LoopPublisher
from media.loops import Loop, encode_loop
from tests.e2e import house as h
from tests.e2e.browser import FRAMES, PIXEL, chromium, errors_of, signed_in
from tests.e2e.test_live_session import BLUE, ORANGE, looks

GREEN = (140, 90, 80)


def loop_of(yuv: tuple[int, int, int], width: int, height: int) -> Loop:
    def pictures() -> Iterator[Any]:
        for number in range(60):
            frame = av.VideoFrame(width, height, "yuv420p")
            for place, plane in enumerate(frame.planes):
                plane.update(
                    bytes([yuv[place] + (number % 3 if not place else 0)]) * plane.buffer_size
                )
            yield frame

    silence = [bytes(1920)] * 100
    return encode_loop(pictures(), silence, fps=30, kbps=300)


def grant(house: h.House, **of: Any) -> str:
    held: dict[str, Any] = {"conference": str(house.conference), "rooms": ("*",), **of}
    return sign(Grant(expires=now() + timedelta(hours=1), **held), house.settings.media_secret)


def speaker(house: h.House, slot: Slot, person: str, loop: Loop) -> LoopPublisher:
    token = grant(house, person=person, name=person.title(), publish=slot.id)
    return LoopPublisher(f"unix:{house.settings.media_socket}", slot.room, token, loop)


async def shows(page: Page, colour: tuple[int, int, int], *, seconds: float) -> None:
    async def matches() -> bool:
        return looks(await page.evaluate(PIXEL), colour)

    await h.until(matches, seconds=seconds, what=f"a picture of colour {colour}")


async def runs_on(page: Page, seconds: float = 2.0) -> None:
    """The picture moves."""
    before = await page.evaluate(FRAMES)
    await asyncio.sleep(seconds)
    assert await page.evaluate(FRAMES) > before + 10 * seconds


async def width(page: Page) -> int:
    found: int = await page.evaluate("() => document.querySelector('#video').videoWidth")
    return found


async def test_the_broadcast_plays_through_cuts_and_takes_who_has_no_place(tmp_path: Path) -> None:
    orange, blue = loop_of(ORANGE, 320, 180), loop_of(BLUE, 640, 360)
    same = loop_of(GREEN, 640, 360)
    async with h.running(tmp_path / "var") as house, chromium() as browser:
        await house.open_conference()
        slots = await h.put_on(
            house, [h.Act("Harbour Hall", "Fifty years of shutting the gate", "Sam Shore", -5, 600)]
        )
        slot = slots["Fifty years of shutting the gate"]
        ann, cookie = await house.person("ann@example.org", "Ann Attendee", "attendee")
        page = await (await signed_in(browser, house.url, cookie)).new_page()
        broken = errors_of(page)
        await page.goto(f"{house.url}/c/trial/rooms/harbour-hall")
        async with speaker(house, slot, "sam", orange):
            await page.wait_for_selector("#quality[data-state=good]", timeout=15000)
            await shows(page, ORANGE, seconds=10)

            # Wanted: the same picture, some seconds later, without a reload.
            await page.click("[data-act=delayed]")
            await page.wait_for_selector("#quality[data-state=broadcast]", timeout=15000)
            await shows(page, ORANGE, seconds=10)
            await runs_on(page)
            assert await width(page) == 320
            still = await page.wait_for_selector(
                "#strip img[data-still]:not([hidden])", timeout=12000
            )
            assert still is not None

        # Another speaker, another size: a new init segment behind a discontinuity.
        async with speaker(house, slot, "rita", blue):
            await shows(page, BLUE, seconds=15)
            await runs_on(page)
            assert await width(page) == 640
            # A programme cut to the same kind of picture.
            async with speaker(house, slot, "rita", same):
                await shows(page, GREEN, seconds=15)
                await runs_on(page)
            await asyncio.sleep(1)
            behind = await page.text_content("#quality [data-words]")
            assert behind is not None
            assert float(behind.split(",")[1].split()[0]) < 6, behind

            # Back to the stage, on the page's own wish.
            await page.click("[data-act=delayed]")
            await page.wait_for_selector("#stage[data-mode=interactive]")
            await shows(page, BLUE, seconds=10)
            await runs_on(page)
        assert broken == []
        await page.close()

        # All of Ann's places on the node are taken: the page changes over by itself.
        async with speaker(house, slot, "sam", orange):
            taken = await fill(house, str(ann), slot.room)
            page = await (await signed_in(browser, house.url, cookie)).new_page()
            await page.goto(f"{house.url}/c/trial/rooms/harbour-hall")
            await page.wait_for_selector(
                "#stage[data-mode=broadcast][data-why=full]", timeout=10000
            )
            await page.wait_for_selector("#quality[data-state=broadcast]", timeout=15000)
            await shows(page, ORANGE, seconds=10)
            await runs_on(page)
            for session in taken:
                await session.close()


async def fill(house: h.House, person: str, room: str) -> list[Session]:
    """Take every place that one person may have on the node."""
    taken = []
    token = grant(house, person=person, subscribe=True)
    for _ in range(12):
        session = Session(f"unix:{house.settings.media_socket}", Connection())
        await session.open(f"/media/whep/{room}", token, [OfferedLine(kind="audio")])
        taken.append(session)
    return taken
