"""Taking part in a room, in real browsers: what one does, everybody sees, once, and after a break too."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from tests.e2e import house as h
from tests.e2e.browser import chromium, errors_of, signed_in, visitor

ROOM = "/c/trial/rooms/harbour-hall"
# A message that is refused, and a server that is away, are said to the page, and noted by Chromium.
EXPECTED = ("403", "ERR_CONNECTION", "ERR_INCOMPLETE", "502", "503", "ERR_EMPTY", "net::", "429")


async def opened(house: h.House, browser: Any, cookie: str, **options: Any) -> Page:
    context = await signed_in(browser, house.url, cookie, **options)
    page = await context.new_page()
    await page.goto(house.url + ROOM)
    await page.wait_for_selector("#talk[data-ready]")
    return page


async def texts(page: Page, selector: str) -> list[str]:
    found: list[str] = await page.eval_on_selector_all(
        selector, "all => all.map(one => one.textContent.trim())"
    )
    return found


async def shows(page: Page, selector: str, expected: list[str]) -> None:
    async def same() -> bool:
        return await texts(page, selector) == expected

    try:
        await h.until(same, what=f"{expected} at {selector}")
    except AssertionError as error:
        raise AssertionError(f"{error}; but {await texts(page, selector)}") from None


async def test_chat_questions_polls_and_reactions_reach_everybody_once(tmp_path: Path) -> None:
    async with h.running(tmp_path / "var") as house, chromium() as browser:
        await house.open_conference()
        await h.put_on(
            house,
            [
                h.Act("Harbour Hall", "Fifty years", "Sam Shore", -60, 3600),
                h.Act("Lock Room", "Sensors", "Kim Kelp", -60, 3600),
            ],
        )
        _, iris_cookie = await house.person("iris@example.org", "Iris Halloran", "attendee")
        _, bart_cookie = await house.person("bart@example.org", "Bart", "attendee")
        _, mo_cookie = await house.person("mo@example.org", "Mo", "attendee", "moderator")
        iris = await opened(house, browser, iris_cookie)
        bart = await opened(house, browser, bart_cookie, viewport={"width": 390, "height": 844})
        mo = await opened(house, browser, mo_cookie)
        errors = errors_of(iris)
        said = ".chat-log .text"

        # The moderator's form shows the rules as they stand, or "Keep" would close the room.
        rules = "form => Object.fromEntries([...form.elements].filter(e => e.name).map(e => [e.name, e.type === 'checkbox' ? e.checked : e.value]))"
        held = await mo.eval_on_selector("#house_rules", rules)
        assert (held["chat"], held["questions"], held["slow_s"]) == (True, True, "0")

        # Chat: said, linked safely, replied to, edited, taken away.
        await iris.click("#tab_chat")
        await iris.fill("#chat_text", "See https://tides.example/a?b=1. <b>bold</b> :)")
        await iris.press("#chat_text", "Enter")
        await shows(bart, said, ["See https://tides.example/a?b=1. <b>bold</b> 🙂"])
        link = bart.locator(".chat-log a")
        assert await link.get_attribute("href") == "https://tides.example/a?b=1"
        assert "noopener" in (await link.get_attribute("rel") or "")
        assert await bart.locator(".chat-log .text b").count() == 0
        await bart.click("#tab_chat")
        await bart.click('.chat-log button:has-text("Reply")')
        await bart.fill("#chat_text", "Thank you @Iris Halloran")
        await bart.click('#chat_write button[type="submit"]')
        await iris.wait_for_selector(".chat-log .answer.named .mention")
        await iris.press("#chat_text", "ArrowUp")
        await iris.fill("#chat_text", "See you")
        await iris.press("#chat_text", "Enter")
        await shows(bart, said, ["See you", "Thank you @Iris Halloran"])

        # Questions: the most wanted first, the one being answered on top.
        await iris.click("#tab_questions")
        await iris.fill("#ask_text", "Who pays?")
        await iris.press("#ask_text", "Enter")
        await bart.click("#tab_questions")
        await bart.fill("#ask_text", "How deep is it?")
        await bart.check('[name="anonymous"]')
        await bart.click('#ask button[type="submit"]')
        asked = "#questions > li p:first-child"
        await shows(iris, asked, ["Who pays?", "How deep is it?"])
        await iris.click('#questions li:has-text("How deep") .vote')
        await shows(bart, asked, ["How deep is it?", "Who pays?"])
        await shows(bart, "#questions .vote .fig", ["1", "0"])
        assert "Anonymous" in (await texts(mo, "#questions .by"))[0]
        await mo.click('#questions li:has-text("Who pays") button:has-text("On stage now")')
        await shows(bart, asked, ["Who pays?", "How deep is it?"])
        await bart.wait_for_selector(".now-answered")

        # A poll, with bars that move.
        await mo.click("#tab_polls")
        await mo.click(".new-poll summary")
        await mo.fill("#f-title", "A day ahead?")
        await mo.fill("#f-options", "Yes\nNo")
        await mo.click('#new_poll button[value="open"]')
        await bart.click("#tab_polls")
        await bart.click('.poll button:has-text("Yes")')
        await iris.click("#tab_polls")
        await iris.click('.poll button:has-text("No")')
        for page in (iris, bart, mo):
            await shows(page, ".poll li .fig", ["50%", "50%"])

        # Reactions float at everybody's.
        await iris.click("#reactions button")
        await bart.wait_for_selector("#air span")

        # Moderators: muted means muted, in words, at once.
        await mo.click("#tab_chat")
        await mo.hover('.chat-log .said:has-text("Thank you")')
        await mo.click('.chat-log .said:has-text("Thank you") button:has-text("Mute")')
        await bart.click("#tab_chat")
        await bart.wait_for_selector("#chat_text:disabled")

        # The web process dies; what is said meanwhile and afterwards arrives once, in order.
        os.kill(house.line("web"), signal.SIGKILL)
        await asyncio.sleep(0.3)
        await h.until_ready(house.settings, house.process, house.log)
        await iris.click("#tab_chat")
        for text in ("after", "the", "break"):
            await iris.fill("#chat_text", text)
            await iris.press("#chat_text", "Enter")
            await iris.wait_for_selector(f'.chat-log .text:text-is("{text}")')
        expected = ["See you", "Thank you @Iris Halloran", "after", "the", "break"]
        for page in (bart, mo):
            await shows(page, said, expected)

        # Another room has its own talk; coming back shows the first again.
        await iris.click('#strip a:has-text("Lock Room")')
        await iris.wait_for_selector(".chat-log .none")
        await iris.click('#strip a:has-text("Harbour Hall")')
        await shows(iris, said, expected)
        assert [e for e in errors if not any(word in e for word in EXPECTED)] == []


async def test_two_tabs_in_two_rooms_share_one_connection_and_hear_both(tmp_path: Path) -> None:
    async with h.running(tmp_path / "var") as house, chromium() as browser:
        await house.open_conference()
        await h.put_on(
            house,
            [
                h.Act("Harbour Hall", "Fifty years", "Sam Shore", -60, 3600),
                h.Act("Lock Room", "Sensors", "Kim Kelp", -60, 3600),
            ],
        )
        _, cookie = await house.person("iris@example.org", "Iris", "attendee")
        _, other = await house.person("bart@example.org", "Bart", "attendee")
        context = await visitor(browser)
        open_now: set[Any] = set()
        context.on("request", lambda r: open_now.add(r) if "/live?" in r.url else None)
        for event in ("requestfinished", "requestfailed"):
            context.on(event, lambda r: open_now.discard(r))

        async def are_open(count: int) -> None:
            async def so_many() -> bool:
                return len(open_now) == count

            await h.until(so_many, what=f"{count} open connections")

        # A tab from before signing in hears what is for everybody; it holds no connection for others.
        stranger = await context.new_page()
        await stranger.goto(f"{house.url}/c/trial/agenda")
        await are_open(1)
        await context.add_cookies([{"name": "plenary_session", "value": cookie, "url": house.url}])
        pages = []
        for room in ("harbour-hall", "lock-room"):
            page = await context.new_page()
            await page.goto(f"{house.url}/c/trial/rooms/{room}")
            await page.wait_for_selector("#talk[data-ready]")
            pages.append(page)
        await are_open(2)
        speaker = await opened(house, browser, other)
        await speaker.click("#tab_chat")
        await speaker.fill("#chat_text", "to the hall")
        await speaker.press("#chat_text", "Enter")
        await speaker.goto(f"{house.url}/c/trial/rooms/lock-room")
        await speaker.wait_for_selector("#talk[data-ready]")
        await speaker.click("#tab_chat")
        await speaker.fill("#chat_text", "to the lock")
        await speaker.press("#chat_text", "Enter")
        await shows(pages[0], ".chat-log .text", ["to the hall"])
        await shows(pages[1], ".chat-log .text", ["to the lock"])

        # The tab that holds the connection closes: the other one goes on, without a gap.
        await pages[0].close()
        await speaker.fill("#chat_text", "and again")
        await speaker.press("#chat_text", "Enter")
        await shows(pages[1], ".chat-log .text", ["to the lock", "and again"])
