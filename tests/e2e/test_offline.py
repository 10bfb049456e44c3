"""On a phone in a train: agenda, stars and badge without a network, and what is sent afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.async_api import Page

from app.accounts import sessions
from app.clock import now
from app.programme import stars
from tests.app.builders import make_conference, make_schedule, member
from tests.app.making import release
from tests.e2e import house as h
from tests.e2e.browser import chromium, errors_of, signed_in
from tests.e2e.web_alone import web_alone

PHONE = {"width": 390, "height": 844}
KEPT = """async () => {
  const pages = await caches.open('plenary-pages');
  return (await pages.keys()).map((request) => new URL(request.url).pathname + new URL(request.url).search);
}"""


async def kept(page: Page) -> list[str]:
    found: list[str] = await page.evaluate(KEPT)
    return found


async def test_a_train_without_a_network(tmp_path: Path, database_url: str, redis_url: str) -> None:
    async with web_alone(tmp_path / "var", database_url, redis_url) as web, chromium() as browser:
        conference = await make_conference()
        await release(
            conference, make_schedule(("Quay", "Tides", 0, 30), ("Pier", "Dunes", 60, 30))
        )
        ada = await member(conference, "attendee")
        cookie = await sessions.open_session(ada, now=now())
        context = await signed_in(browser, web.url, cookie, viewport=PHONE)
        page = await context.new_page()
        broken = errors_of(page)
        root = f"{web.url}/c/trial"
        await page.goto(f"{root}/agenda?view=list")

        async def all_kept() -> bool:
            paths = await kept(page)
            return {"/c/trial/agenda?mine=1", "/c/trial/badge"} <= set(paths)

        await h.until(all_kept, seconds=20, what="agenda, stars and badge kept")
        assert broken == []

        await web.stop()
        await page.reload()
        note = page.locator("#kept-note")
        await note.wait_for(timeout=10000)
        assert "No network. You see this as it was" in (await note.inner_text())
        assert await page.locator("text=Tides").first.is_visible()
        first, second = page.locator("button.star").nth(0), page.locator("button.star").nth(1)
        await first.click()
        await second.click()
        await second.click()
        await page.locator("#stars-note", has_text="3 stars wait").wait_for(timeout=5000)
        assert await first.get_attribute("aria-pressed") == "true"
        # What waits is shown as it was set, also after a reload from what is kept.
        await page.reload()
        await page.locator("#stars-note").wait_for(timeout=10000)
        assert await page.locator("button.star").nth(0).get_attribute("aria-pressed") == "true"
        await page.goto(f"{root}/badge")
        await page.locator("#kept-note").wait_for(timeout=10000)
        assert await page.locator(".badge-card svg").count() > 1
        # A page that is not kept says so, and offers what is.
        await page.goto(f"{root}/sponsors")
        await page.locator("h1:has-text('No network')").wait_for(timeout=10000)
        await page.locator("#kept-pages a").first.wait_for(timeout=10000)

        await web.start()
        await page.goto(f"{root}/agenda?view=list")

        async def sent() -> bool:
            return len(await stars.of(conference.id, ada)) == 1

        await h.until(sent, seconds=15, what="the star that was set in the train")

        async def nothing_waits() -> bool:
            return not await page.locator("#stars-note").count()

        await h.until(nothing_waits, seconds=10, what="nothing waiting any more")
        await page.reload()
        assert await page.locator("button.star").nth(0).get_attribute("aria-pressed") == "true"
        assert await page.locator("button.star").nth(1).get_attribute("aria-pressed") == "false"

        await forgotten_with_its_person(page, root)


async def forgotten_with_its_person(page: Page, root: str) -> None:
    """Signing out leaves nothing of one person's to the next on the same phone."""
    before = await kept(page)
    assert any(path.endswith("/badge") for path in before)
    async with page.expect_navigation(url="**/agenda*"):
        await page.evaluate("document.querySelector('form[action=\"/sign-out\"]').submit()")

    async def no_badge() -> Any:
        return not [path for path in await kept(page) if "badge" in path or "mine" in path]

    await h.until(no_badge, seconds=10, what="no private page kept after signing out")
    manifest = await page.evaluate(
        "async (url) => (await fetch(url)).json()", f"{root}/manifest.webmanifest"
    )
    assert manifest["display"] == "standalone"
    icon = manifest["icons"][0]["src"]
    size = await page.evaluate(
        "async (src) => { const i = new Image(); i.src = src; await i.decode(); return i.naturalWidth; }",
        icon,
    )
    assert size == 192
