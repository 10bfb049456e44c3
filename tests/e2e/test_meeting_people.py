"""Two people meet: by chance against the clock, by request in a free time of both, until one has enough."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from app.clock import now
from app.meeting.tables import Meeting, Report
from tests.e2e import house as h
from tests.e2e.browser import chromium, errors_of, signed_in

LEFT = re.compile(r"[1-4]:[0-5]\d")
SEES = """() => {
  const video = document.querySelector('#round_faces .face:not(.self) video');
  return Boolean(video && video.getVideoPlaybackQuality().totalVideoFrames > 3);
}"""


async def enter(browser: Browser, house: h.House, cookie: str) -> tuple[Page, list[str]]:
    context = await signed_in(browser, house.url, cookie, viewport={"width": 1000, "height": 800})
    page = await context.new_page()
    return page, errors_of(page)


async def show_oneself(page: Page, root: str, does: str) -> None:
    await page.goto(f"{root}/meeting")
    await page.fill("#f-does", does)
    await page.check("#f-shown")
    await page.click("aside form button")
    await page.wait_for_selector("text=Meet anybody, now")


async def see_each_other(ada: Page, bo: Page) -> None:
    """Both come in with camera and microphone, and each has the other's moving picture and name."""
    for page in (ada, bo):
        await page.click("#come_in")
    for page, other in ((ada, "Bo"), (bo, "Ada")):
        await page.wait_for_function(SEES)
        await expect(page.locator("#round_faces .face:not(.self) .tag")).to_have_text(other)


async def by_chance(ada: Page, bo: Page, root: str) -> None:
    await ada.goto(f"{root}/meeting/roulette")
    await ada.click("text=Find me somebody")
    await ada.wait_for_selector("h1:has-text('Looking for somebody')")
    await bo.goto(f"{root}/meeting/roulette")
    await bo.click("text=Find me somebody")
    await bo.wait_for_selector("h1:has-text('Ada')")
    # Who waited is brought in without a press.
    await ada.wait_for_selector("h1:has-text('Bo')")
    for page in (ada, bo):
        await expect(page.locator("[data-ends]")).to_have_text(LEFT)
    await see_each_other(ada, bo)
    await ada.click("text=Stop")
    await ada.wait_for_selector("h1:has-text('Meet anybody')")
    # The other is not left alone with a black picture.
    await bo.wait_for_selector("h1:has-text('Meet anybody')")


async def by_request(ada: Page, bo: Page, root: str) -> None:
    await ada.goto(f"{root}/meeting")
    await ada.click("#people a:has-text('Bo')")
    await ada.locator(".grid-times label").first.click()
    await ada.fill("#f-note", "Your pumps")
    await ada.click(".times button.first")
    await ada.wait_for_selector("text=Bo has not answered yet")
    await bo.goto(f"{root}/meeting")
    await bo.wait_for_selector("text=Ada asks you: “Your pumps”")
    await bo.click("li.turn >> text=Accept")
    await bo.wait_for_selector("text=Call off")
    # Ada's page hears of it by itself.
    await ada.wait_for_selector("text=Call off")
    # Its time comes.
    await Meeting.update({Meeting.start: now()}).where(Meeting.state == "accepted")
    for page in (ada, bo):
        await page.goto(f"{root}/meeting")
        await page.click("text=Come in")
        await page.wait_for_selector("[data-ends]")
    await see_each_other(ada, bo)


async def enough(ada: Page, bo: Page, root: str) -> None:
    """Whoever reports is rid of the other, and the moderators know."""
    await bo.click("text=Block or report")
    await bo.fill("#f-words", "Sold me a pump")
    await bo.click("text=Report and block")
    await bo.wait_for_selector("h1:has-text('Meet people')")
    for page, other in ((ada, "Bo"), (bo, "Ada")):
        await page.goto(f"{root}/meeting")
        assert await page.locator(f"#people a:has-text('{other}')").count() == 0
    row = await Report.select(Report.words).first()
    assert row == {"words": "Sold me a pump"}


async def test_two_people_meet_by_chance_and_by_request(tmp_path: Path) -> None:
    async with h.running(tmp_path / "var") as house, chromium() as browser:
        await house.open_conference()
        await h.put_on(house, [h.Act("Hall", "Open tables", "Sam", -60, 4 * 3600)])
        _ada, first = await house.person("ada@example.org", "Ada", "attendee")
        _bo, second = await house.person("bo@example.org", "Bo", "attendee")
        root = f"{house.url}/c/trial"
        ada, ada_wrong = await enter(browser, house, first)
        bo, bo_wrong = await enter(browser, house, second)
        await show_oneself(ada, root, "Reads tide tables")
        await show_oneself(bo, root, "Turns pumps")
        await by_chance(ada, bo, root)
        await by_request(ada, bo, root)
        await enough(ada, bo, root)
        assert ada_wrong == []
        assert bo_wrong == []
