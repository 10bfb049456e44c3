"""Out of the audience onto the stage and back, in two browsers: hand, check, wait, on air, and a seat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Page

from tests.e2e import house as h
from tests.e2e.browser import chromium, colour_clip, errors_of, signed_in
from tests.e2e.test_broadcast import OTHER_WAY
from tests.e2e.test_live_session import BLUE, ORANGE, sees
from tests.media.browser.lossy import Way, lose

ROOM = "/c/trial/rooms/harbour-hall"
ANSWERS_NOTHING = ("404", "403")
"""What Chromium notes of a floor that is closed, which the page expects."""


async def in_room(page: Page, house: h.House) -> Page:
    await page.goto(house.url + ROOM)
    await page.wait_for_selector("#talk[data-ready]")
    return page


async def state_is(page: Page, state: str) -> None:
    await page.wait_for_selector(f'#guest[data-state="{state}"]', state="attached")


async def publishers(house: h.House) -> list[dict[str, Any]]:
    rooms = (await house.node_rooms())["rooms"].values()
    return [p for room in rooms for p in room["publishers"]]


async def heard_by(page: Page) -> list[str]:
    """Whom the node lets this page hear."""
    names: list[str] = await page.eval_on_selector_all(
        "#speaking:not([hidden]) [data-words]", "all => all.map(one => one.textContent)"
    )
    return names


async def test_a_guest_comes_on_stage_and_goes_back(tmp_path: Path) -> None:
    async with (
        h.running(tmp_path / "var") as house,
        chromium(colour_clip(tmp_path / "orange.y4m", ORANGE)) as first,
        chromium(colour_clip(tmp_path / "blue.y4m", BLUE)) as second,
    ):
        await house.open_conference()
        await h.put_on(house, [h.Act("Harbour Hall", "Fifty years", "Sam Shore", -60, 3600)])
        guest, guest_cookie = await house.person("gus@example.org", "Gus Guest", "attendee")
        _, mo_cookie = await house.person("mo@example.org", "Mo", "attendee", "moderator")
        _, pia_cookie = await house.person("pia@example.org", "Pia", "producer")
        gus = await in_room(
            await (await signed_in(first, house.url, guest_cookie)).new_page(), house
        )
        mo = await in_room(await (await signed_in(second, house.url, mo_cookie)).new_page(), house)
        errors = errors_of(gus)

        # The hand goes up; camera and microphone are checked while it waits, seen by nobody.
        assert await gus.is_hidden("#guest")
        await gus.click('[data-act="hand"]')
        await state_is(gus, "up")
        await gus.click('[data-guest="check"]')
        await gus.wait_for_selector("#guest[data-ready]")

        async def waits() -> dict[str, Any] | None:
            found = await publishers(house)
            return found[0] if found and found[0]["video"] else None

        waiting = await h.until(waits, what="Gus waiting behind the stage")
        assert (waiting["group"][:6], waiting["on_stage"]) == ("hands:", False)
        await mo.wait_for_selector("#slate:not([hidden])")

        # Invited by the moderator; nothing is seen until the guest says so.
        await mo.click(f'#hands li[data-person="{guest}"] button:has-text("Invite")')
        await state_is(gus, "called")
        assert [p["on_stage"] for p in await publishers(house)] == [False]
        await gus.click('[data-guest="go"]')
        await gus.wait_for_selector("#guest[data-live]")
        await sees(mo, ORANGE)
        on_stage = await publishers(house)
        assert [(p["id"], p["on_stage"]) for p in on_stage] == [(waiting["id"], True)]

        # The guest sees the stage and does not hear themselves; others do.
        async def named() -> bool:
            return await heard_by(mo) == ["Gus Guest"]

        await h.until(named, what="the guest's name at the others'")
        await sees(gus, ORANGE)
        assert await heard_by(gus) == []
        await gus.click('[data-guest="camera"]')
        await gus.wait_for_selector("#guest[data-dark]")
        await gus.click('[data-guest="camera"]')

        # Back by the moderator: at once, and the camera goes out.
        await mo.click('#hands button:has-text("Back to the audience")')
        await state_is(gus, "over")
        await h.until(lambda: _nobody(house), what="an empty stage")
        lamps = "() => document.querySelector('#guest_self').srcObject === null"
        assert await gus.evaluate(lamps)
        await mo.wait_for_selector("#slate:not([hidden])")

        # Once more, invited before the check; and the guest leaves by themselves.
        await gus.click('[data-act="hand"]')
        await mo.click(f'#hands li[data-person="{guest}"] button:has-text("Invite")')
        await state_is(gus, "called")
        await gus.click('[data-guest="check"]')
        await gus.click('[data-guest="go"]')
        await gus.wait_for_selector("#guest[data-live]")
        await sees(mo, ORANGE)
        await by_itself(house, second)
        await gus.click('[data-guest="leave"]')
        await state_is(gus, "over")
        await h.until(lambda: _nobody(house), what="an empty stage")
        await mo.wait_for_selector("#hands", state="hidden")

        # A roundtable: everybody may sit down without asking, while there is a seat; two who do
        # see each other.
        mine = {"plenary_session": pia_cookie}
        async with httpx.AsyncClient(base_url=house.url, cookies=mine) as client:
            made = await client.post(
                "/c/trial/desk/rooms/harbour-hall/seats",
                data={"seats": "4"},
                headers={"origin": house.url},
            )
        assert made.status_code == 204, made.text
        for page in (gus, mo):
            await state_is(page, "seat")
            await page.click('[data-guest="check"]')
            await page.click('[data-guest="go"]')
            await page.wait_for_selector("#guest[data-live]")
        await sees(mo, ORANGE)
        await sees(gus, BLUE)
        assert [e for e in errors if not any(word in e for word in ANSWERS_NOTHING)] == []


async def by_itself(house: h.House, browser: Browser) -> None:
    """A link that loses packets gets the small picture by itself, and the large one when it is well."""
    _, cookie = await house.person("vi@example.org", "Vi", "attendee")
    port = house.settings.udp_port
    way = Way(port)
    await way.open()
    try:
        context = await signed_in(browser, house.url, cookie)
        await context.add_init_script(OTHER_WAY % (port, way.port))
        page = await in_room(await context.new_page(), house)
        large, small = (
            (f"() => document.querySelector('#video').videoWidth {is_so}")
            for is_so in ("> 200", "< 100")
        )
        await page.wait_for_function(large)
        way.fate = lose(6)
        await page.wait_for_function(small)
        way.fate = lambda _: 0.0
        await sees(page, ORANGE)
        await page.wait_for_function(large)
        assert way.lost > 0
        await context.close()
    finally:
        way.close()


async def _nobody(house: h.House) -> bool:
    return not await publishers(house)
