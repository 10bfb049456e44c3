"""The editor in real browsers: FOSDEM imported, repaired, edited by hand, released; and two at once."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page

from agenda.model import Slot
from app.clock import now
from app.programme import draft, releases
from tests.e2e import house as h
from tests.e2e.browser import chromium, errors_of, signed_in

pytestmark = pytest.mark.asyncio

FOSDEM = Path(os.environ.get("PLENARY_REAL_DATA", "")) / "fosdem-2023.pentabarf.xml"
WIDE = {"viewport": {"width": 1440, "height": 900}}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[h.House]:
    async with h.running(tmp_path / "var") as found:
        await found.open_conference()
        yield found


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


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

    return int(await h.until(passed, seconds=10, what=f"a version after {version}"))


async def said(page: Page, words: str) -> None:
    async def heard() -> bool:
        return words in (await page.text_content("#say") or "")

    await h.until(heard, seconds=10, what=f"“{words}” said to screen readers")


@pytest.mark.skipif(not FOSDEM.is_file(), reason="PLENARY_REAL_DATA names no folder with FOSDEM")
async def test_fosdem_is_imported_repaired_edited_and_released(
    house: h.House, browser: Browser
) -> None:
    context = await organizer(browser, house, "owner@example.org", "Olga Owner")
    page = await context.new_page()
    errors = errors_of(page)
    await page.goto(f"{house.url}/c/trial/import")
    await page.set_input_files('input[type="file"]', FOSDEM)
    await page.fill('[name="zone"]', "Europe/Brussels")
    await page.click('button:has-text("Show what would change")')
    await page.click('button:has-text("Make this the draft")')
    await page.wait_for_load_state()
    held = (await draft.read(house.conference)).schedule
    assert (len(held.sessions), len(held.rooms)) == (780, 35)
    await releases.publish(house.conference, by=None, now=now())

    opened = now()
    await page.goto(f"{house.url}/c/trial/editor")
    await page.wait_for_selector(".cell[data-slot]")
    assert await page.locator(".cell[data-slot]").count() == 780
    assert (now() - opened) < timedelta(seconds=6), "a grid of 780 sessions opened too slowly"

    # A room is closed for an hour and a half: its sessions must go elsewhere.
    closed = next(room for room in held.rooms if room.name.startswith("H.1301"))
    version = (await draft.read(house.conference)).version
    await page.click("#add-break")
    await page.select_option("#b-kind", "room")
    await page.select_option("#b-subject", closed.id)
    await page.fill("#b-start", "11:00")
    await page.fill("#b-end", "12:30")
    await page.click('#blocker button[value="save"]')
    version = await stored(house, version)
    await page.wait_for_selector('#findings b:has-text("Room closed.")')

    await page.click('.modes button:has-text("Repair")')
    await page.select_option("#solver select", "30")
    await page.click("#solve")
    await page.wait_for_selector("#take", timeout=90000)
    await page.click("#take")
    version = await stored(house, version)
    await page.wait_for_selector('#findings b:has-text("Room closed.")', state="detached")
    after = (await draft.read(house.conference)).schedule
    before = {slot.id: slot for slot in held.slots}
    moved = [slot for slot in after.slots if before[slot.id] != slot]
    assert 0 < len(moved) < 40, "a repair moves what it must, and little else"
    assert not [
        slot
        for slot in after.slots
        if slot.room == closed.id and _in(slot, after, "11:00", "12:30")
    ]

    # One by drag, one by key.
    by_title = await slots(house)
    title = "Linux Inlaws"
    was = by_title[title]
    await drag(page, cell(page, title), 60, 0)
    version = await stored(house, version)
    now_at = (await slots(house))[title]
    assert (now_at.room, now_at.start > was.start) == (was.room, True)

    other = "Celebrating 25 years of Open Source"
    was_other = (await slots(house))[other]
    await cell(page, other).focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowRight")
    version = await stored(house, version)
    assert (await slots(house))[other].start == was_other.start + timedelta(minutes=10)
    await page.keyboard.press("z")
    version = await stored(house, version)
    await said(page, "Taken back.")
    assert (await slots(house))[other] == was_other

    await page.goto(f"{house.url}/c/trial/releases")
    await page.fill('[name="name"]', "H.1301 closed")
    await page.click('button:has-text("Release 2 now")')
    await page.wait_for_load_state()
    public = await (await browser.new_context(**WIDE)).new_page()  # type: ignore[arg-type]
    await public.goto(f"{house.url}/c/trial/sessions/{now_at.session}")
    zone = after.conference.tz
    words = await public.text_content("main") or ""
    assert f"{now_at.start.astimezone(zone):%H:%M}" in words
    await public.goto(f"{house.url}/c/trial/changes")
    assert title in (await public.text_content("main") or "")
    assert errors == []


def _in(slot: Slot, schedule: Any, begins: str, ends: str) -> bool:
    local, end = schedule.conference.local(slot.start), schedule.conference.local(slot.end)
    first = schedule.conference.days[0].date
    return local.date() == first and f"{local:%H:%M}" < ends and f"{end:%H:%M}" > begins


ACTS = [
    h.Act("Hall", "Gate", "Ann", 86400, 2700),
    h.Act("Hall", "Salt", "Bo", 86400 + 5400, 2700),
    h.Act("Quay", "Pump", "Cy", 86400, 1800),
    h.Act("Quay", "Tide", "Di", 86400 + 5400, 1800),
]


async def test_two_organizers_edit_at_once_and_lose_nothing(
    house: h.House, browser: Browser
) -> None:
    placed = await h.put_on(house, ACTS)
    olga = await (await organizer(browser, house, "owner@example.org", "Olga Owner")).new_page()
    anselm = await (await organizer(browser, house, "anselm@example.org", "Anselm")).new_page()
    errors = errors_of(olga) + errors_of(anselm)
    for page in (olga, anselm):
        await page.goto(f"{house.url}/c/trial/editor")
        await page.wait_for_selector(".cell[data-slot]")
    await olga.wait_for_selector('#also:has-text("Anselm")', timeout=10000)
    version = (await draft.read(house.conference)).version

    # Different slots, at once: both are stored, and each sees the other's.
    await nudge(olga, "Gate", "ArrowRight")
    await nudge(anselm, "Pump", "ArrowRight")
    await h.until(lambda: _later(house, placed, {"Gate": 5, "Pump": 5}), seconds=10, what="both")
    await olga.wait_for_selector(f'.cell[aria-label^="Pump, {clock(placed["Pump"], 5)}"]')
    await anselm.wait_for_selector(f'.cell[aria-label^="Gate, {clock(placed["Gate"], 5)}"]')

    # Olga loses her connection; what she does meanwhile waits in her browser, even over a reload.
    version = (await draft.read(house.conference)).version
    await olga.context.set_offline(True)
    await nudge(olga, "Salt", "ArrowRight")
    await nudge(olga, "Tide", "ArrowRight")
    await olga.wait_for_selector('.status[data-state="offline"]')
    await nudge(anselm, "Tide", "ArrowDown", "ArrowUp", "ArrowLeft")
    await stored(house, version)
    kept = await olga.evaluate(
        "() => Object.keys(localStorage).filter((k) => k.startsWith('plenary-edit:')).length"
    )
    assert kept == 2
    await olga.context.set_offline(False)
    await h.until(
        lambda: _later(house, placed, {"Gate": 5, "Pump": 5, "Salt": 5, "Tide": -5}),
        seconds=20,
        what="Olga's edit, and Anselm's where both were at one slot",
    )
    # Her second edit met his: she is told, and may still have it.
    toast = olga.locator(".toast")
    await toast.wait_for()
    assert "Tide" in (await toast.text_content() or "")
    await toast.locator("button").first.click()
    await h.until(lambda: _later(house, placed, {"Tide": 5}), seconds=10, what="Olga's wish again")
    assert errors == []


async def nudge(page: Page, title: str, *keys: str) -> None:
    await page.keyboard.press("Escape")
    await page.locator(f'.cell[aria-label^="{title}, "]').focus()
    await page.keyboard.press("Enter")
    for key in keys:
        await page.keyboard.press(key)
    await page.wait_for_timeout(700)
    await page.keyboard.press("Enter")


def clock(slot: Slot, minutes: int) -> str:
    from zoneinfo import ZoneInfo

    return (
        f"{(slot.start + timedelta(minutes=minutes)).astimezone(ZoneInfo('Europe/Lisbon')):%H:%M}"
    )


async def _later(house: h.House, placed: dict[str, Slot], wanted: dict[str, int]) -> bool:
    held = await slots(house)
    return all(
        held[title].start - placed[title].start == timedelta(minutes=minutes)
        for title, minutes in wanted.items()
    )


async def test_a_conference_is_built_from_nothing_by_keyboard(
    house: h.House, browser: Browser
) -> None:
    context = await organizer(browser, house, "owner@example.org", "Olga Owner")
    page = await context.new_page()
    errors = errors_of(page)
    await page.goto(f"{house.url}/c/trial/settings")
    await page.fill('[name="day-0-date"]', "2027-05-12")
    await page.fill('[name="day-0-opens"]', "09:00")
    await page.fill('[name="day-0-closes"]', "17:00")
    await page.click('button:has-text("Keep these")')
    for kind, rows in (
        ("rooms", "Hall\t200\nQuay\t40"),
        ("sessions", "Gate\tAnn Doe\tWorks\ttalk\t45\nSalt\tBo Roe; Ann Doe\tNature\t\t30"),
    ):
        await page.goto(f"{house.url}/c/trial/tables/{kind}")
        await page.click("#add-row")
        await page.evaluate(
            """(text) => {
              const cell = document.querySelector('tbody tr:last-child td[data-column]');
              cell.focus();
              const data = new DataTransfer();
              data.setData('text/plain', text);
              cell.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
            }""",
            rows,
        )
        await page.wait_for_selector('#table-status:has-text("Saved")')
    held = (await draft.read(house.conference)).schedule
    assert [room.capacity for room in held.rooms] == [200, 40]
    assert [speaker.name for speaker in held.speakers] == ["Ann Doe", "Bo Roe"]
    assert [track.name for track in held.tracks] == ["Works", "Nature"]
    await page.goto(f"{house.url}/c/trial/editor")
    await page.focus("#loose button")
    await page.keyboard.press("p")
    await said(page, "1 of 2: Hall")
    await page.keyboard.press("Enter")
    await stored(house, (await draft.read(house.conference)).version - 1)
    found = await h.until(lambda: slots(house), seconds=10, what="the session in the grid")
    assert json.dumps(sorted(found)) == '["Gate"]'
    assert UUID(found["Gate"].id).version == 4
    assert errors == []
