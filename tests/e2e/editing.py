"""What the editor's browser tests share: organizers in browsers, cells, drags, waiting for the draft."""

from __future__ import annotations

from playwright.async_api import Browser, BrowserContext, Locator, Page

from agenda.model import Slot
from app.programme import draft
from tests.e2e import house as h
from tests.e2e.browser import signed_in

WIDE = {"viewport": {"width": 1440, "height": 900}}


async def organizer(browser: Browser, house: h.House, email: str, name: str) -> BrowserContext:
    _, cookie = await house.person(email, name, "owner")
    return await signed_in(browser, house.url, cookie, **WIDE)


async def slots(house: h.House) -> dict[str, Slot]:
    """The draft's slots by their session's title."""
    held = (await draft.read(house.conference)).schedule
    titles = {session.id: session.title for session in held.sessions}
    return {titles[slot.session]: slot for slot in held.slots}


def cell(page: Page, title: str) -> Locator:
    return page.locator(f'.cell[data-slot][title^="{title}\\a "]').first


async def drag(page: Page, found: Locator, x: float, y: float) -> None:
    """Take a cell by its left end and let it go so many pixels away."""
    await found.scroll_into_view_if_needed()
    box = await found.bounding_box()
    assert box is not None
    at = (box["x"] + 6, box["y"] + box["height"] / 2)
    await page.mouse.move(*at)
    await page.mouse.down()
    await page.mouse.move(at[0] + x / 2, at[1] + y / 2, steps=3)
    await page.mouse.move(at[0] + x, at[1] + y, steps=3)
    await page.mouse.up()


async def stored(house: h.House, version: int) -> int:
    """Wait until the draft has passed a version; its version."""

    async def passed() -> int:
        found = (await draft.read(house.conference)).version
        return found if found > version else 0

    return int(await h.until(passed, what=f"a version after {version}"))


async def said(page: Page, words: str) -> None:
    async def heard() -> bool:
        return words in (await page.text_content("#say") or "")

    await h.until(heard, what=f"“{words}” said to screen readers")
