"""The room's page in a real browser: what is seen, heard, pressed, and what follows a session."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.async_api import Page, TimeoutError

from agenda.doors import OverrideKind
from agenda.model import Slot
from app.afterwards.tables import Rating
from app.clock import now
from app.programme import stars
from app.stages import store
from tests.e2e import house as h
from tests.e2e.browser import chromium, errors_of, signed_in
from tests.e2e.test_broadcast import loop_of, shows, speaker
from tests.e2e.test_live_session import BLUE, ORANGE
from tests.e2e.test_taking_part import EXPECTED

MENU = "details.settings"
FLEETING = re.compile(r"/still\.jpg\?|/media/subscribers/|/floor$")


async def is_so(page: Page, words: str, *, arg: Any = None) -> None:
    """Wait until an expression of the page is true."""
    await page.wait_for_function(words, arg=arg)


async def choose(page: Page, what: str, value: str) -> None:
    """Press one of the picture's settings; again where the page was made anew under the pointer."""
    button = f'[data-choose="{what}"] button[value="{value}"]'

    async def pressed() -> bool:
        if not await page.evaluate("menu => document.querySelector(menu).open", MENU):
            await page.click(f"{MENU} > summary")
        with contextlib.suppress(TimeoutError):
            await page.click(button, timeout=3000)
        return await page.get_attribute(button, "aria-pressed") == "true"

    await h.until(pressed, what=f"{what} {value}")


@contextlib.asynccontextmanager
async def on_stage(house: h.House, *acts: Any) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        for slot, name, loop in acts:
            await stack.enter_async_context(speaker(house, slot, name, loop))
        yield


async def test_a_room_is_watched_heard_pressed_and_left(tmp_path: Path) -> None:
    orange, blue = loop_of(ORANGE, 320, 180), loop_of(BLUE, 320, 180)
    async with h.running(tmp_path / "var") as house, chromium() as browser:
        await house.open_conference()
        acts = [
            h.Act("Harbour Hall", "Fifty years", "Sam Shore", -60, 5400),
            h.Act("Lock Room", "Sensors", "Kim Kelp", -60, 5000),
            h.Act("Lock Room", "What the mud keeps", "Kim Kelp", 5000, 900),
            h.Act("Saltmarsh", "Oysters", "Obi Anyanwu", 285, 900),
        ]
        slots = await h.put_on(house, acts)
        fifty, sensors, oysters = (slots[act.title] for act in (acts[0], acts[1], acts[3]))
        iris, cookie = await house.person("iris@example.org", "Iris", "attendee")
        for slot in (oysters, slots["What the mud keeps"]):
            await stars.put(house.conference, iris, UUID(slot.session), starred=True, now=now())
        context = await signed_in(browser, house.url, cookie)
        page = await context.new_page()
        errors = errors_of(page)
        missing: list[str] = []
        page.on("response", lambda got: missing.append(got.url) if got.status == 404 else None)
        async with on_stage(
            house, (fifty, "sam", orange), (fifty, "ada", blue), (sensors, "kim", blue)
        ):
            await page.goto(f"{house.url}/c/trial/rooms/harbour-hall")
            await page.wait_for_selector("#talk[data-ready]")
            await is_so(page, "() => document.querySelector('#video').videoWidth > 0")

            await _words_and_sound(page)
            await _layouts_and_layers(page)
            await _on_a_phone(page)
            await _keys(page)
            await _captions(page)
            await _windows(page)
            await _loudspeakers(page)
            await _stills_and_switching(page)
            await _soon(page)
            await _end_of_a_session(page, house, iris, sensors)
        # A room without a first picture yet, a connection that was just replaced, a floor just left.
        assert [url for url in missing if not FLEETING.search(url)] == []
        expected = (*EXPECTED, "404")
        assert [e for e in errors if not any(word in e for word in expected)] == []


async def _words_and_sound(page: Page) -> None:
    """The connection is told in words; sound needs one tap, and is kept, as the volume is."""
    await is_so(
        page,
        "() => /Sharp picture|Small picture/.test(document.querySelector('#quality').textContent)",
    )
    assert await page.is_visible("#unmute")
    await page.click("#unmute")
    assert await page.evaluate("document.querySelector('#video').muted") is False
    await page.fill("[data-volume] input", "30")
    await page.dispatch_event("[data-volume] input", "input")
    await page.reload()
    await is_so(page, "() => document.querySelector('#video').videoWidth > 0")
    await is_so(page, "() => Math.abs(document.querySelector('#video').volume - 0.3) < 0.01")
    # Where the browser holds sound back until the new page is touched, any touch brings it.
    await page.click("#room_name")
    await is_so(page, "() => !document.querySelector('#video').muted")
    assert await page.is_hidden("#unmute")


async def _layouts_and_layers(page: Page) -> None:
    """Layouts and picture size by hand: the node sends what was asked for, and the page shows it."""
    for layout in ("speaker", "grid", "screen"):
        await choose(page, "layout", layout)
        await page.wait_for_selector(f'#stage[data-layout="{layout}"]')
        await is_so(
            page,
            "() => [...document.querySelectorAll('#faces video')].some(v => !v.hidden && v.videoWidth)",
        )
    await choose(page, "layout", "auto")
    await is_so(page, "() => !document.querySelector('#faces').children.length")
    await choose(page, "layer", "low")
    await page.wait_for_selector('#stage[data-layout="auto"]')
    await choose(page, "layer", "voice")
    await page.wait_for_selector("#stage[data-voice]")
    await is_so(page, "() => document.querySelector('#quality').textContent.includes('Sound only')")

    await is_so(
        page, "() => document.querySelector('#video').srcObject.getVideoTracks().length === 0"
    )
    await is_so(
        page, "() => document.querySelector('#video').srcObject.getAudioTracks().length > 0"
    )
    await choose(page, "layer", "auto")
    await is_so(page, "() => document.querySelector('#video').videoWidth > 0")
    await page.keyboard.press("Escape")


async def _on_a_phone(page: Page) -> None:
    """A narrow screen shows all of the picture's settings at once."""
    before = page.viewport_size or {"width": 1280, "height": 720}
    await page.set_viewport_size({"width": 390, "height": 844})
    await choose(page, "layout", "auto")
    box = await page.locator(f"{MENU} > div").bounding_box()
    assert box is not None
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 844
    await page.keyboard.press("Escape")
    await page.set_viewport_size(before)


async def _keys(page: Page) -> None:
    """Every key does what the list of keys says, and nothing while one writes."""
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("m")
    assert await page.evaluate("document.querySelector('#video').muted") is True
    await page.keyboard.press("m")
    await page.keyboard.press("Space")
    assert await page.evaluate("document.querySelector('#video').paused") is True
    assert "Held" in await page.inner_text("#quality")
    await page.keyboard.press("Space")
    await is_so(page, "() => !document.querySelector('#video').paused")
    await page.keyboard.press("?")
    await page.wait_for_selector("#help[open]")
    listed = await page.locator("#help dt").all_inner_texts()
    assert listed == ["m", "space", "f", "p", "c", "← →", "1–9", "0", "h", "t", "q", "?"]
    await page.keyboard.press("m")
    assert await page.evaluate("document.querySelector('#video').muted") is False
    await page.keyboard.press("Escape")
    await is_so(page, "() => !document.querySelector('#help').open")
    for key, tab, field in (("q", "questions", "ask_text"), ("t", "chat", "chat_text")):
        await page.keyboard.press(key)
        await is_so(page, "id => document.activeElement.id === id", arg=field)
        assert await page.get_attribute(f"#tab_{tab}", "aria-selected") == "true"
        await page.evaluate("document.activeElement.blur()")
    await page.click("#chat_text")
    await page.keyboard.type("mfhtq0 1?")
    assert await page.input_value("#chat_text") == "mfhtq0 1?"
    assert await page.evaluate("document.querySelector('#video').muted") is False
    await page.fill("#chat_text", "")
    await page.evaluate("document.activeElement.blur()")
    for pressed in ("true", "false"):
        await page.keyboard.press("h")
        await page.wait_for_selector(f'[data-act="hand"][aria-pressed="{pressed}"]')
    await _numbers(page)


async def _numbers(page: Page) -> None:
    """A room's number goes there, nothing happens for a number without a room, 0 goes back."""
    for key, slug in (("2", "lock-room"), ("9", "lock-room"), ("0", "harbour-hall")):
        await page.keyboard.press(key)
        await page.wait_for_selector(f'#room_state[data-slug="{slug}"]', state="attached")
    await is_so(page, "() => document.querySelector('#video').videoWidth > 0")


async def _captions(page: Page) -> None:
    """Where there is a track its words can be shown, as large and on what ground one likes; kept."""
    assert await page.is_hidden('[data-act="captions"]')
    await page.evaluate(
        """() => document.querySelector('#video').addTextTrack('captions', 'English', 'en')
          .addCue(new VTTCue(0, 1e6, 'The tide comes in'))"""
    )
    await page.wait_for_selector('[data-act="captions"]:not([hidden])')
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("c")
    await page.wait_for_selector('#captions:not([hidden]):has-text("The tide comes in")')
    await page.click(f"{MENU} > summary")
    for what, value in (("size", "huge"), ("ground", "none"), ("place", "high")):
        await page.click(f'[data-caption="{what}"] button[value="{value}"]')
    looks = """() => { const style = getComputedStyle(document.querySelector('#captions'));
      return [style.fontSize, style.backgroundColor]; }"""
    assert await page.evaluate(looks) == ["38px", "rgba(0, 0, 0, 0)"]
    await page.keyboard.press("Escape")
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("c")
    await page.wait_for_selector("#captions", state="hidden")
    await page.reload()
    await page.wait_for_selector('html[data-caption-size="huge"][data-caption-on="false"]')
    await is_so(page, "() => document.querySelector('#video').videoWidth > 0")


async def _windows(page: Page) -> None:
    """Full screen shows the stage with everything on it; the small window is the browser's own."""
    await page.keyboard.press("f")
    await is_so(page, "() => document.fullscreenElement?.id === 'stage'")
    await page.keyboard.press("f")
    await is_so(page, "() => !document.fullscreenElement")
    small = "() => document.pictureInPictureElement?.id === 'video'"
    await page.keyboard.press("p")
    await is_so(page, small)
    await page.keyboard.press("p")
    await is_so(page, "() => !document.pictureInPictureElement")
    await page.click('.controls > [data-act="pip"]')
    await is_so(page, small)
    await page.click('.controls > [data-act="pip"]')
    await is_so(page, "() => !document.pictureInPictureElement")


async def _loudspeakers(page: Page) -> None:
    """Loudspeakers are offered by name; the choice sounds, and holds after a reload."""
    await page.click(f"{MENU} > summary")
    select = page.locator("[data-devices] select")
    await select.wait_for(state="visible")
    names = await select.locator("option").all_inner_texts()
    assert len(names) > 1
    wanted = await select.locator("option").last.get_attribute("value")
    await select.select_option(wanted)
    await is_so(page, "id => document.querySelector('#video').sinkId === id", arg=wanted)
    await page.reload()
    await page.wait_for_selector("#talk[data-ready]")
    await is_so(page, "id => document.querySelector('#video').sinkId === id", arg=wanted)


async def _stills_and_switching(page: Page) -> None:
    """The strip shows what is on elsewhere, and one press goes there, without a new page."""
    still = "#strip a[data-slug=lock-room] img"
    await is_so(page, "s => document.querySelector(s)?.naturalWidth > 0", arg=still)
    before = await page.get_attribute(still, "src")
    await is_so(page, "([s, old]) => document.querySelector(s)?.src !== old", arg=[still, before])
    await page.evaluate("window.same = true")
    await page.click("#strip a[data-slug=lock-room]")
    await shows(page, BLUE)
    await page.keyboard.press("ArrowLeft")
    await page.wait_for_selector('#room_state[data-slug="harbour-hall"]', state="attached")
    await page.keyboard.press("ArrowRight")
    await page.wait_for_selector('#room_state[data-slug="lock-room"]', state="attached")
    assert await page.evaluate("window.same") is True


async def _soon(page: Page) -> None:
    """What I starred begins within five minutes: said here, and on any other page, one press away."""
    await page.wait_for_selector("#soon:not([hidden])")
    said = await page.inner_text("#soon")
    assert "Oysters" in said
    assert "Saltmarsh" in said
    other = await page.context.new_page()
    await other.goto(page.url.replace("/rooms/lock-room", "/speakers"))
    await other.wait_for_selector('#soon:has-text("Oysters")')
    await other.click('#soon a:has-text("Go there")')
    await other.wait_for_selector('#room_state[data-slug="saltmarsh"]', state="attached")
    await other.close()
    await page.click('#soon [data-act="later"]')
    await page.wait_for_selector("#soon", state="hidden")


async def _end_of_a_session(page: Page, house: h.House, iris: UUID, slot: Slot) -> None:
    """When a session is over: what comes here, what my stars say, and how it was, with words."""
    await store.order(
        house.conference, UUID(slot.id), OverrideKind.END, by=iris, minutes=0, now=now()
    )
    await page.wait_for_selector("#afterwards:not([hidden])")
    said = await page.inner_text("#afterwards")
    assert "Sensors" in said
    assert "What the mud keeps" in said
    assert "Oysters" in said
    await page.click('#rate label:has-text("good")')
    await page.fill("#rate_words", "Salt in every joint")
    await page.click('#rate button:has-text("Send")')
    await is_so(
        page, "() => document.querySelector('#rate_said').textContent.includes('Thank you')"
    )
    rows = await Rating.select(Rating.score, Rating.words).where(
        Rating.session == UUID(slot.session), Rating.person == iris
    )
    assert rows == [{"score": 4, "words": "Salt in every joint"}]
    await page.click('[data-act="afterwards"]')
    await page.wait_for_selector("#afterwards", state="hidden")
    await page.keyboard.press("ArrowLeft")
    await page.wait_for_selector('#room_state[data-slug="harbour-hall"]', state="attached")
