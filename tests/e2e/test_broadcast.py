"""The broadcast in a real browser: by wish, through cuts and sizes, when the node is full or gone."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
from playwright.async_api import Browser, BrowserContext, Page, Route

from agenda.model import RoomId, Slot
from app.clock import now
from app.stages import store
from media.client import Connection, OfferedLine, Session
from media.grant import Grant, sign
from media.loop_publisher import LoopPublisher
from media.loops import Loop, encode_loop
from tests.e2e import house as h
from tests.e2e.browser import FRAMES, PIXEL, chromium, errors_of, signed_in
from tests.e2e.test_live_session import BLUE, ORANGE, looks
from tests.media.browser.lossy import Fate, Way

GREEN = (140, 90, 80)
OTHER_WAY = """
const set = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function (told) {
  return set.call(this, { ...told, sdp: told.sdp.replaceAll(" %s typ", " %s typ") });
};
"""
PHONE = """
delete window.MediaSource;
delete window.ManagedMediaSource;
Object.defineProperty(HTMLMediaElement.prototype, "volume", { get: () => 1, set: () => {} });
"""
MODE_AT = """
addEventListener("DOMContentLoaded", () => {
  const stage = document.querySelector("#stage");
  window.joiningAt = performance.now();
  new MutationObserver(() => { window.blockedAt ??= performance.now(); })
    .observe(stage, { attributeFilter: ["data-mode"] });
});
"""


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


async def shows(page: Page, colour: tuple[int, int, int]) -> None:
    async def matches() -> bool:
        return looks(await page.evaluate(PIXEL), colour)

    await h.until(matches, what=f"a picture of colour {colour}")


async def runs_on(page: Page) -> None:
    """The picture moves."""
    before = await page.evaluate(FRAMES)

    async def moved() -> bool:
        return bool(await page.evaluate(FRAMES) > before + 20)

    await h.until(moved, what="moving pictures")


async def width(page: Page) -> int:
    found: int = await page.evaluate("() => document.querySelector('#video').videoWidth")
    return found


async def mode(page: Page, mode: str, why: str = "") -> None:
    await page.wait_for_selector(f"#stage[data-mode={mode}][data-why='{why}']")


async def broadcasts(page: Page) -> None:
    await page.wait_for_selector("#quality[data-state=broadcast]")


async def room_page(house: h.House, context: BrowserContext) -> Page:
    page = await context.new_page()
    await page.goto(f"{house.url}/c/trial/rooms/harbour-hall")
    return page


async def sooner(context: BrowserContext) -> None:
    """The page looks for a place on the node after seconds instead of half a minute."""

    async def answer(route: Route) -> None:
        found = await route.fetch()
        text = await found.text()
        assert "FIRST_RETURN_MS = 30000" in text
        await route.fulfill(
            response=found,
            body=text.replace("FIRST_RETURN_MS = 30000", "FIRST_RETURN_MS = 2000"),
        )

    await context.route("**/js/choice.js", answer)


async def audience(house: h.House, room: str, count: int) -> None:
    async def counted() -> bool:
        return (await store.watching(house.conference)).get(RoomId(room), 0) == count

    await h.until(counted, what=f"{count} in the audience")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What every part of the test needs."""

    house: h.House
    slot: Slot
    person: str
    cookie: str
    context: BrowserContext


async def test_the_broadcast_in_a_room_page(tmp_path: Path) -> None:
    orange, blue = loop_of(ORANGE, 320, 180), loop_of(BLUE, 640, 360)
    # A TURN server that is not there: whoever has no UDP has nothing.
    async with (
        h.running(
            tmp_path / "var",
            PLENARY_TURN_URLS="turn:127.0.0.1:9?transport=tcp",
            PLENARY_TURN_SECRET="t" * 20,
        ) as house,
        chromium() as browser,
    ):
        await house.open_conference()
        slots = await h.put_on(
            house, [h.Act("Harbour Hall", "Fifty years of shutting the gate", "Sam Shore", -5, 600)]
        )
        slot = slots["Fifty years of shutting the gate"]
        ann, cookie = await house.person("ann@example.org", "Ann Attendee", "attendee")
        context = await signed_in(browser, house.url, cookie)
        scene = Scene(house=house, slot=slot, person=str(ann), cookie=cookie, context=context)
        await wanted_and_through_cuts(scene, orange, blue)
        async with speaker(house, slot, "sam", orange):
            await back_in_time(scene)
            await full_and_back(scene, browser)
            await slow(scene, browser)
            await without_help(scene)
            await blocked(scene, browser)


async def wanted_and_through_cuts(scene: Scene, orange: Loop, blue: Loop) -> None:
    house, slot = scene.house, scene.slot
    page = await room_page(house, scene.context)
    broken = errors_of(page)
    async with speaker(house, slot, "sam", orange):
        await page.wait_for_selector("#quality[data-state=good]")
        await shows(page, ORANGE)
        await audience(house, slot.room, 1)

        # Wanted: the same picture, some seconds later, without a reload; audience all the same.
        await page.click("[data-act=delayed]")
        await broadcasts(page)
        await shows(page, ORANGE)
        await runs_on(page)
        assert await width(page) == 320
        await audience(house, slot.room, 1)
        still = await page.wait_for_selector("#strip img[data-still]:not([hidden])")
        assert still is not None
        lobby = await scene.context.new_page()
        await lobby.goto(f"{house.url}/c/trial/lobby")
        await lobby.wait_for_selector(".on-row img[data-still]:not([hidden])")
        await lobby.close()

    # Another speaker, another size: a new init segment behind a discontinuity.
    async with speaker(house, slot, "rita", blue):
        await shows(page, BLUE)
        await runs_on(page)
        assert await width(page) == 640
        # A programme cut to the same kind of picture.
        async with speaker(house, slot, "rita", loop_of(GREEN, 640, 360)):
            await shows(page, GREEN)
            await runs_on(page)
        await asyncio.sleep(1)
        behind = await page.text_content("#quality [data-words]")
        assert behind is not None
        assert float(behind.split(",")[1].split()[0]) < 6, behind

        # Back to the stage, on the page's own wish.
        await page.click("[data-act=delayed]")
        await mode(page, "interactive")
        await shows(page, BLUE)
        await runs_on(page)
        await audience(house, slot.room, 1)
    assert broken == []
    await page.close()
    await audience(house, slot.room, 0)


async def back_in_time(scene: Scene) -> None:
    """As far as the session's start, where the pictures were others, and to now again."""
    page = await room_page(scene.house, scene.context)
    await page.click("[data-act=delayed]")
    await broadcasts(page)
    await shows(page, ORANGE)
    live = "() => document.querySelector('#video').currentTime"
    at = await page.evaluate(live)
    await page.wait_for_function("() => document.querySelector('#seek').min < -15")
    await page.evaluate(
        """() => {
          const line = document.querySelector('#seek');
          line.value = line.min;
          line.dispatchEvent(new Event('change', {bubbles: true}));
        }"""
    )

    async def went_back() -> bool:
        return bool(await page.evaluate(live) < at - 5)

    await h.until(went_back, what="an earlier picture")
    await page.wait_for_function(
        "() => document.querySelector('[data-back]').textContent.startsWith('−')"
    )
    await runs_on(page)
    await page.click("[data-act=now]")

    async def is_now() -> bool:
        return bool(await page.evaluate(live) > at)

    await h.until(is_now, what="the present picture")
    await shows(page, ORANGE)
    await runs_on(page)
    await page.click("[data-act=delayed]")
    await mode(page, "interactive")
    await page.close()


async def full_and_back(scene: Scene, browser: Browser) -> None:
    """All of Ann's places on the node are taken: the page changes over by itself, and back."""
    taken = await fill(scene.house, scene.person, scene.slot.room)
    context = await signed_in(browser, scene.house.url, scene.cookie)
    await sooner(context)
    page = await room_page(scene.house, context)
    await page.evaluate("() => { window.unchanged = true; }")
    await mode(page, "broadcast", "full")
    await broadcasts(page)
    await shows(page, ORANGE)
    await runs_on(page)
    for session in taken:
        await session.close()
    await mode(page, "interactive")
    await shows(page, ORANGE)
    await runs_on(page)
    assert await page.evaluate("() => window.unchanged") is True
    await context.close()


def thin(packets_per_s: float) -> Fate:
    """A link that carries no more than so many packets."""
    began, carried = time.monotonic(), 0

    def fate(_: int) -> float | None:
        nonlocal carried
        if carried > (time.monotonic() - began) * packets_per_s:
            return None
        carried += 1
        return 0.0

    return fate


async def slow(scene: Scene, browser: Browser) -> None:
    """A link that carries a fraction of what the stage sends is better off with the broadcast."""
    port = scene.house.settings.udp_port
    way = Way(port)
    await way.open()
    try:
        context = await signed_in(browser, scene.house.url, scene.cookie)
        await context.add_init_script(OTHER_WAY % (port, way.port))
        page = await room_page(scene.house, context)
        await shows(page, ORANGE)
        way.fate = thin(30)
        await mode(page, "broadcast", "slow")
        assert way.lost > 100
        await broadcasts(page)
        await shows(page, ORANGE)
        await runs_on(page)
        await context.close()
    finally:
        way.close()


async def without_help(scene: Scene) -> None:
    """A browser that plays HLS and has no MediaSource, as phones have: hls.js is not fetched."""
    page = await scene.context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.add_init_script(PHONE)
    await page.goto(f"{scene.house.url}/c/trial/rooms/harbour-hall")
    await page.click("[data-act=delayed]")
    await page.wait_for_function(
        "() => document.querySelector('#video').src.includes('/plain.m3u8')"
    )
    assert await page.evaluate("() => document.querySelector('#video').playsInline") is True
    await broadcasts(page)
    await shows(page, ORANGE)
    assert not [url for url in asked if "/vendor/hls" in url]
    # The volume is the phone's own keys' business.
    assert await page.is_hidden("[data-volume]")
    await page.close()


async def blocked(scene: Scene, browser: Browser) -> None:
    """Neither UDP nor TURN gets through: five seconds later there is the broadcast."""
    port = scene.house.settings.udp_port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as pit:
        pit.bind(("127.0.0.1", 0))
        context = await signed_in(browser, scene.house.url, scene.cookie)
        await context.add_init_script(OTHER_WAY % (port, pit.getsockname()[1]) + MODE_AT)
        page = await room_page(scene.house, context)
        await mode(page, "broadcast", "blocked")
        took = await page.evaluate("() => blockedAt - joiningAt")
        assert 3000 < took < 6000, f"{took:.0f} ms"
        await broadcasts(page)
        await shows(page, ORANGE)
        await runs_on(page)
        await context.close()


async def fill(house: h.House, person: str, room: str) -> list[Session]:
    """Take every place that one person may have on the node."""
    taken = []
    token = grant(house, person=person, subscribe=True)
    for _ in range(12):
        session = Session(f"unix:{house.settings.media_socket}", Connection())
        await session.open(f"/media/whep/{room}", token, [OfferedLine(kind="audio")])
        taken.append(session)
    return taken
