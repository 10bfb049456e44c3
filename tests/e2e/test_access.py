"""Everybody can use every page: axe-core on each page of each role, zoom, right to left, keyboard."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path

from litestar.handlers import HTTPRouteHandler
from playwright.async_api import Browser, Page, ViewportSize
from playwright.async_api import TimeoutError as PlaywrightTimeout

from app.demo import routes as demo
from app.notices import routes as notices
from tests.app.test_routes import TABLE
from tests.e2e.browser import chromium
from tests.e2e.pages import NONE, PAGES, Stage, set_stage
from tests.e2e.web_alone import web_alone

AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe-core-4.14.1.min.js"
RUN = """async (only) => {
  const found = await axe.run(document, {
    runOnly: only || ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    resultTypes: ['violations'],
  });
  return found.violations
    .filter((each) => ['serious', 'critical'].includes(each.impact))
    .flatMap((each) => each.nodes.map((node) => `${each.id}: ${node.html.slice(0, 160)}`));
}"""

WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
ZOOMED: ViewportSize = {"width": 640, "height": 400}
MOVING = """() => document.getAnimations().filter((each) => each.playState === 'running')
  .map((each) => each.effect.target.outerHTML.slice(0, 100))"""
LIVE = """async () => {
  const found = [];
  for (const part of document.querySelectorAll('[id][hx-get][hx-swap="outerHTML"]')) {
    const answer = await fetch(part.getAttribute('hx-get'), { headers: { 'hx-request': 'true' } });
    const text = await answer.text();
    const wanted = part.getAttribute('hx-target')?.slice(1) ?? part.id;
    if (!answer.ok || !text.includes(`id="${wanted}"`) || text.includes('<html')) found.push(`${part.id}: ${answer.status}`);
  }
  return found;
}"""
SPILLS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDEST = """() => {
  const page = document.documentElement.clientWidth;
  const inside = (each) => { for (let up = each.parentElement; up; up = up.parentElement) {
    if (getComputedStyle(up).overflowX !== 'visible') return true; } return false; };
  return [...document.body.querySelectorAll('*')]
    .filter((each) => { const r = each.getBoundingClientRect(); return r.width && (r.right > page + 1 || r.left < -1) && !inside(each); })
    .slice(0, 3).map((each) => each.outerHTML.slice(0, 120)).join(' | ');
}"""
STOPS = """() => {
  const all = document.querySelectorAll(
    'a[href], button:not([disabled]), input:not([type=hidden]), select, textarea, summary, [tabindex="0"]');
  const radios = new Set();
  return [...all].filter((each) => {
    if (!each.checkVisibility({ visibilityProperty: true }) || each.tabIndex < 0) return false;
    if (each.type !== 'radio') return true;
    return !radios.has(each.name) && radios.add(each.name);
  }).length;
}"""
WHERE = """() => {
  const at = document.activeElement;
  const home = at === document.body || (window.walked?.has(at) && at.className === 'skip');
  const fresh = at !== document.body && !window.walked?.has(at) ? 1 : 0;
  (window.walked ??= new Set()).add(at);
  const style = getComputedStyle(at);
  const within = at.closest('.find, .upload, label');
  const outlined = at === document.body || style.outlineStyle !== 'none'
    || Boolean(within && getComputedStyle(within).outlineStyle !== 'none');
  return { home, fresh, outlined, what: at.outerHTML.slice(0, 120) };
}"""


async def seriously_wrong(page: Page, address: str) -> list[str]:
    """What axe-core finds in light and dark, wide and on a phone; what spills; what still moves.

    Every rule runs on the light wide page and on the dark phone; contrast on the two others, too.
    """
    await page.set_viewport_size(WIDE)
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    answer = await page.goto(address, wait_until="domcontentloaded")
    assert answer is not None
    if answer.status >= 500:
        return [f"answered with {answer.status}"]
    with contextlib.suppress(PlaywrightTimeout):
        await page.wait_for_load_state("load", timeout=4000)
    await page.evaluate(AXE.read_text("utf-8"))
    found: list[str] = await page.evaluate(RUN)
    found += [f"does not answer for its part {part}" for part in await page.evaluate(LIVE)]
    moving = await page.evaluate(MOVING)
    found += [f"moves although motion is reduced: {what}" for what in moving]
    await page.emulate_media(color_scheme="dark")
    found += [f"dark: {one}" for one in await page.evaluate(RUN, ["color-contrast"])]
    await page.set_viewport_size(PHONE)
    found += [f"dark phone: {one}" for one in await page.evaluate(RUN)]
    await page.emulate_media(color_scheme="light")
    found += [f"phone: {one}" for one in await page.evaluate(RUN, ["color-contrast"])]
    return found + await spilling(page)


async def spilling(page: Page) -> list[str]:
    """Where the page is wider than the window: on a phone, at 200% of 1280, and right to left."""
    found = []
    for way in ("ltr", "rtl"):
        await page.evaluate("(way) => { document.documentElement.dir = way; }", way)
        for window in (WIDE, ZOOMED, PHONE):
            await page.set_viewport_size(window)
            if await page.evaluate(SPILLS) > 1:
                found.append(f"spills at {window['width']}, {way}: {await page.evaluate(WIDEST)}")
    return found


async def walked(stage: Stage, browser: Browser, role: str) -> dict[str, list[str]]:
    context = await stage.context(browser, role, viewport=WIDE)
    page = await context.new_page()
    found = {}
    for path in PAGES[role]:
        wrong = await seriously_wrong(page, stage.address(path))
        if wrong:
            found[f"{role} {path}"] = wrong
    await context.close()
    return found


async def test_every_page_of_every_role(
    tmp_path: Path, migrated_sqlite: Path, redis_url: str
) -> None:
    database = tmp_path / "demo.sqlite"
    shutil.copy(migrated_sqlite, database)
    served = web_alone(tmp_path / "var", f"sqlite:///{database}", redis_url, PLENARY_DEMO="1")
    async with served as web, chromium() as browser:
        stage = await set_stage(web)
        parts = await asyncio.gather(*(walked(stage, browser, role) for role in PAGES))
        lines = [f"{at}: {w}" for part in parts for at, wrong in part.items() for w in wrong]
        assert not lines, "\n".join(lines)
        await by_keyboard_alone(stage, browser)
        await live_parts_let_one_go_on(stage, browser)


async def by_keyboard_alone(stage: Stage, browser: Browser) -> None:
    """From the address to a star, through a form, menu and dialog, without a pointer."""
    context = await stage.context(browser, "attendee", viewport=WIDE)
    page = await context.new_page()
    await page.goto(stage.address("sessions/{session}"))
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    before = await page.get_attribute("#star button", "aria-pressed")
    for _ in range(80):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.closest('#star') !== null"):
            break
    await page.keyboard.press("Enter")
    await page.wait_for_selector(f"#star button:not([aria-pressed='{before}'])")
    await page.goto(stage.address("preferences"))
    box = page.locator("input[name=soon-mail]")
    await box.focus()
    was = await box.is_checked()
    await page.keyboard.press("Space")
    await page.locator("form[action$=preferences] .button.first").focus()
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert await page.locator("input[name=soon-mail]").is_checked() is not was
    for path in ("agenda?view=list", "lobby", "meeting", "registration", "notes"):
        await page.goto(stage.address(path))
        await every_stop(page)
    await page.goto(stage.address("rooms/{room}"))
    await dialog_gives_focus_back(page)
    await context.close()
    context = await stage.context(browser, "organizer", viewport=WIDE)
    page = await context.new_page()
    for path in ("people", "reports", "desk"):
        await page.goto(stage.address(path))
        await every_stop(page)
    menu = page.locator("details.organize")
    await menu.locator("summary").focus()
    await page.keyboard.press("Enter")
    await menu.locator("a").first.wait_for(state="visible")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Escape")
    assert await menu.get_attribute("open") is None
    assert await page.evaluate("document.activeElement.parentElement.className") == "menu organize"
    await context.close()


async def every_stop(page: Page) -> None:
    """Tab goes round the whole page: each stop is seen, and nothing holds it.

    A live part that is put in anew meanwhile may take the focus with it; Tab goes on from there.
    """
    stops = await page.evaluate(STOPS)
    seen = 0
    for _ in range(2 * stops + 40):
        await page.keyboard.press("Tab")
        at = await page.evaluate(WHERE)
        assert at["outlined"], f"{page.url}: {at['what']}"
        seen += at["fresh"]
        if at["home"] and seen >= stops * 0.9:
            return
    raise AssertionError(f"{page.url}: {seen} of {stops} reached, it stands at {at['what']}")


async def dialog_gives_focus_back(page: Page) -> None:
    """The keyboard's help opens over the page, closes by Escape, and gives back where one was."""
    button = page.locator("[data-act=help]")
    await button.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_selector("dialog[open]")
    assert await page.evaluate("document.activeElement.closest('dialog') !== null")
    await page.keyboard.press("Escape")
    await page.wait_for_selector("dialog[open]", state="hidden")
    await page.wait_for_function("() => document.activeElement.dataset.act === 'help'")


async def live_parts_let_one_go_on(stage: Stage, browser: Browser) -> None:
    """What is put in anew while one is at it keeps focus and caret, and what is half written."""
    context = await stage.context(browser, "organizer", viewport=WIDE)
    page = await context.new_page()
    await page.goto(stage.address("desk"))
    button = page.locator("#desk_rows tbody form button").nth(2)
    await button.focus()
    await put_in_anew(page, "#desk_rows .deskhead dd", "plenary:phase")
    assert await page.evaluate("document.activeElement === window.held")
    # The order that one stands on is no longer there: one stands in its row.
    row = await button.evaluate("held => { held.form.id = 'gone'; return held.closest('tr').id; }")
    await put_in_anew(page, "#desk_rows .deskhead dd", "plenary:phase")
    assert await page.evaluate("document.activeElement.id") == row

    await page.goto(stage.address("desk/{slot}"))
    await page.locator("#f-extend").fill("25")
    await put_in_anew(page, "#orders .block h2", "plenary:phase")
    assert await page.evaluate("document.activeElement.id") == "f-extend"
    assert await page.input_value("#f-extend") == "25"

    await page.goto(stage.address("lobby"))
    await page.fill("#f-text", "The tide is late")
    await page.evaluate("document.getElementById('f-text').setSelectionRange(4, 4)")
    await put_in_anew(page, "#lobby h1", "plenary:lobby")
    await page.keyboard.type("high ")
    assert await page.input_value("#f-text") == "The high tide is late"
    await context.close()

    context = await stage.context(browser, "attendee", viewport=WIDE)
    page = await context.new_page()
    await page.goto(stage.address("rooms/{room}"))
    await page.wait_for_selector("#talk[data-ready]")
    for held in ("#strip a:nth-of-type(2)", "[data-act=help]", "details.settings summary"):
        await page.locator(held).focus()
        await put_in_anew(page, "#room_state h1", "plenary:phase")
        assert await page.evaluate("document.activeElement === window.held"), held
    await context.close()


async def put_in_anew(page: Page, mark: str, event: str) -> None:
    """Let the page hear of a change, and wait until what it fetches stands where `mark` is."""
    await page.evaluate(
        """([mark, event]) => {
          window.held = document.activeElement;
          document.querySelector(mark).textContent = '…';
          document.dispatchEvent(new CustomEvent(event, { detail: {} }));
        }""",
        [mark, event],
    )
    changed = "mark => document.querySelector(mark).textContent !== '…'"
    await page.wait_for_function(changed, arg=mark)


def test_every_page_is_walked() -> None:
    """A new page must be put into PAGES, or among those that are none; each by its own route."""
    lines = [*TABLE, *(f"GET {path}" for each in demo_alone() for path in each.paths)]
    served = [line[4:] for line in lines if line.startswith("GET ")]
    walked = {route_of(path, served) for part in PAGES.values() for path in part}
    assert walked & NONE == set()
    assert walked | NONE == set(served)


def demo_alone() -> list[HTTPRouteHandler]:
    """What only the demo serves, which the table of a deployment's routes leaves out."""
    return [each for each in (*demo.handlers, *notices.handlers) if "GET" in each.http_methods]


def route_of(path: str, served: list[str]) -> str:
    """The route that answers a path of PAGES, found as the router does: what is literal comes first."""
    if path in ELSEWHERE:
        return ELSEWHERE[path]
    filled = path.partition("?")[0].format_map(_Any())
    address = filled if filled.startswith("/") else f"/c/here/{filled}"
    parts = address.split("/")

    def fits(route: str) -> bool:
        names = route.split("/")
        return len(names) == len(parts) and all(
            name.startswith("{") or name == part for name, part in zip(names, parts, strict=True)
        )

    found = [route for route in served if fits(route)]
    assert found, f"nothing answers {path}"
    return max(found, key=lambda route: [not name.startswith("{") for name in route.split("/")])


ELSEWHERE = {"{go}": "/go/{token:str}", "nothing-here": "/c/{slug:str}/agenda"}
"""A whole address, and one that nothing answers but the page that says so."""


class _Any(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "x"
