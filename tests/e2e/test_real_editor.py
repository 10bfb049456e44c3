"""FOSDEM 2023 in the editor: imported, a room closed and the solver's repair taken, moved by hand and key, undone, released."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator

from agenda.model import Schedule, Slot
from app.clock import now
from app.programme import draft, releases
from tests.e2e import house as h
from tests.e2e.browser import chromium, errors_of, visitor
from tests.e2e.editing import WIDE, cell, drag, organizer, said, slots, stored

FOSDEM = Path(os.environ["PLENARY_REAL_DATA"]).resolve() / "fosdem-2023.pentabarf.xml"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[h.House]:
    async with h.running(tmp_path / "var") as found:
        await found.open_conference()
        yield found


async def test_fosdem_is_imported_cured_edited_and_released(house: h.House) -> None:
    async with chromium() as browser:
        await journey(house, browser)


async def journey(house: h.House, browser: Browser) -> None:
    context = await organizer(browser, house, "owner@example.org", "Olga Owner")
    page = await context.new_page()
    errors = errors_of(page)
    await page.goto(f"{house.url}/c/trial/import")
    await page.set_input_files('input[type="file"]', FOSDEM)
    await page.fill('[name="zone"]', "Europe/Brussels")
    await page.click('button:has-text("Show what would change")')
    async with page.expect_navigation():
        await page.click('button:has-text("Make this the draft")')
    held = (await draft.read(house.conference)).schedule
    assert (len(held.sessions), len(held.rooms)) == (780, 35)
    await releases.publish(house.conference, by=None, now=now())

    await page.goto(f"{house.url}/c/trial/editor")
    await page.wait_for_selector(".cell[data-slot]")
    assert await page.locator(".cell[data-slot]").count() == 780

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

    # The solver's repair moves what must move; it is looked at first, and taken whole.
    await page.click('.modes button:has-text("Repair")')
    await page.select_option("#solver select", "30")
    await page.click("#solve")
    await page.wait_for_selector("#take", timeout=90_000)
    assert (await draft.read(house.conference)).version == version
    await page.click("#take")
    version = await stored(house, version)
    lines = page.locator('#findings li:has(b:text-is("Room closed."))')
    await h.until(lambda: _none(lines), what="no closed room in use")
    after = (await draft.read(house.conference)).schedule
    before = {slot.id: slot for slot in held.slots}
    moved = [slot for slot in after.slots if before[slot.id] != slot]
    assert len(moved) == 5, "the solver moves what it must, and nothing else"
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
    async with page.expect_navigation():
        await page.click('button:has-text("Release 2 now")')
    public = await (await visitor(browser, **WIDE)).new_page()
    await public.goto(f"{house.url}/c/trial/sessions/{now_at.session}")
    zone = after.conference.tz
    words = await public.text_content("main") or ""
    assert f"{now_at.start.astimezone(zone):%H:%M}" in words
    await public.goto(f"{house.url}/c/trial/changes")
    assert title in (await public.text_content("main") or "")
    assert errors == []


async def _none(lines: Locator) -> bool:
    return await lines.count() == 0


def _in(slot: Slot, schedule: Schedule, begins: str, ends: str) -> bool:
    local, end = schedule.conference.local(slot.start), schedule.conference.local(slot.end)
    first = schedule.conference.days[0].date
    return local.date() == first and f"{local:%H:%M}" < ends and f"{end:%H:%M}" > begins
