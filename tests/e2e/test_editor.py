"""The editor in real browsers: two at once lose nothing, and a conference is built by keyboard alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, Page

from agenda.model import Slot
from app.programme import draft
from tests.e2e import house as h
from tests.e2e.browser import chromium, errors_of
from tests.e2e.editing import organizer, said, slots, stored


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[h.House]:
    async with h.running(tmp_path / "var") as found:
        await found.open_conference()
        yield found


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


ACTS = [
    h.Act("Hall", "Gate", "Ann", 86400, 2700),
    h.Act("Hall", "Salt", "Bo", 86400 + 5400, 2700),
    h.Act("Quay", "Pump", "Cy", 86400, 1800),
    h.Act("Quay", "Tide", "Di", 86400 + 5400, 1800),
]


async def test_two_organizers_edit_at_once_and_lose_nothing(
    house: h.House, browser: Browser
) -> None:
    placed = await h.put_on(house, ACTS, began=h.this_morning())
    olga = await (await organizer(browser, house, "owner@example.org", "Olga Owner")).new_page()
    anselm = await (await organizer(browser, house, "anselm@example.org", "Anselm")).new_page()
    errors = [errors_of(olga), errors_of(anselm)]
    for page in (olga, anselm):
        await page.goto(f"{house.url}/c/trial/editor")
        await page.wait_for_selector(".cell[data-slot]")
    await olga.wait_for_selector('#also:has-text("Anselm")')
    version = (await draft.read(house.conference)).version

    # Different slots, at once: both are stored, and each sees the other's.
    await nudge(olga, "Gate", "ArrowRight")
    await nudge(anselm, "Pump", "ArrowRight")
    await h.until(lambda: _later(house, placed, {"Gate": 5, "Pump": 5}), what="both")
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
        what="Olga's edit, and Anselm's where both were at one slot",
    )
    # Her second edit met his: she is told, and may still have it.
    toast = olga.locator(".toast")
    await toast.wait_for()
    assert "Tide" in (await toast.text_content() or "")
    await toast.locator("button").first.click()
    await h.until(lambda: _later(house, placed, {"Tide": 5}), what="Olga's wish again")
    seen = [one for page in errors for one in page]
    assert [one for one in seen if "ERR_INTERNET_DISCONNECTED" not in one] == []


async def nudge(page: Page, title: str, *keys: str) -> None:
    await page.keyboard.press("Escape")
    await page.locator(f'.cell[aria-label^="{title}, "]').focus()
    await page.keyboard.press("Enter")
    for key in keys:
        await page.keyboard.press(key)
    await page.wait_for_timeout(700)
    await page.keyboard.press("Enter")


def clock(slot: Slot, minutes: int) -> str:
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
    found = await h.until(lambda: slots(house), what="the session in the grid")
    assert json.dumps(sorted(found)) == '["Gate"]'
    assert UUID(found["Gate"].id).version == 4

    # The solver places what is left, as a preview first; then it is taken, and undone with one key.
    await page.click('.modes button:has-text("Complete")')
    await page.select_option("#solver select", "5")
    await page.click("#solve")
    await page.wait_for_selector("#take")
    version = (await draft.read(house.conference)).version
    assert sorted(await slots(house)) == ["Gate"]
    await page.click("#take")
    await stored(house, version)
    assert sorted(await slots(house)) == ["Gate", "Salt"]
    await page.keyboard.press("z")
    await said(page, "Taken back.")
    assert sorted(await slots(house)) == ["Gate"]
    assert errors == []
