"""The sponsor's journey: a booth is set up, five visitors come, three consent, one takes it back."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from uuid import UUID

from PIL import Image
from playwright.async_api import Page
from pypdf import PdfReader

from app.attendees import codes
from app.attendees import store as attendees
from app.sponsors import store
from app.sponsors.tables import Consent
from tests.e2e import house as h
from tests.e2e.badge_camera import badge_clip
from tests.e2e.browser import chromium, errors_of, signed_in


async def set_up(page: Page, root: str, folder: Path) -> None:
    """The sponsor's own work: texts, an offer, a logo, a file, and its hours."""
    await page.goto(f"{root}/setup")
    await page.fill("#f-tagline", "Gauges that report their own rust.")
    await page.fill("#f-text", "We build gauges.\n\n- one\n- two")
    await page.fill("[name=offer_title_0]", "Ten per cent for towns")
    await page.check("#f-live_room")
    async with page.expect_navigation():
        await page.click("#texts button.first")
    logo = folder / "logo.png"
    Image.new("RGB", (400, 120), "#056ac1").save(logo)
    sheet = folder / "Salt test.pdf"
    sheet.write_bytes(b"%PDF-1.7 not really")
    for kind, path in (("logo", logo), ("file", sheet)):
        await page.set_input_files(f"#f-{kind}", path)
        async with page.expect_navigation():
            await page.click(f"form:has(#f-{kind}) button")
    await page.goto(f"{root}/team")
    await page.fill("#f-email", "gwen@salt.example")
    await page.fill("#f-name", "Gwen Salt")
    await page.fill("#f-title", "Rust")
    await page.click("form button.first")
    await page.wait_for_selector("text=Gwen Salt, Rust")
    await page.click("text=I am at the booth")
    await page.wait_for_selector("text=Leave the booth")


async def scan_with_camera(clip: Path, house: h.House, cookie: str, root: str) -> None:
    """A phone's camera reads the badge, its owner agrees."""
    async with chromium(clip) as phone:
        context = await signed_in(phone, house.url, cookie, viewport={"width": 390, "height": 844})
        page = await context.new_page()
        wrong = errors_of(page)
        await page.goto(f"{root}/scan")
        await page.click("#scan")
        await page.wait_for_selector('#scanned button:has-text("They agree")')
        assert "Ivo Roos" in (await page.text_content("#scanned") or "")
        assert await Consent.count().where(Consent.source == "scan") == 0
        await page.click('#scanned button:has-text("They agree")')
        await page.wait_for_selector("#scanned .fine")
        assert not wrong


async def test_from_an_empty_booth_to_a_lead_report(tmp_path: Path) -> None:
    async with h.running(tmp_path / "var") as house, chromium() as browser:
        await house.open_conference()
        await h.put_on(house, [h.Act("Hall", "Rust never sleeps", "Sam Shore", 60, 600)])
        _owner, owner_cookie = await house.person("olga@example.org", "Olga Owner", "owner")
        page = await (await signed_in(browser, house.url, owner_cookie)).new_page()
        wrong = errors_of(page)
        await page.goto(f"{house.url}/c/trial/sponsors/manage")
        await page.fill("#f-name", "Saltproof")
        await page.fill("#f-tier", "Harbour")
        await page.fill("#f-contact", "gwen@salt.example")
        await page.click("form.inline button.first")
        await page.wait_for_selector("#saltproof")
        sponsor = await store.find(house.conference, "saltproof")
        assert sponsor is not None

        root = f"{house.url}/c/trial/sponsors/saltproof"
        gwen, gwen_cookie = await house.person("gwen@salt.example", "Gwen Salt")
        assert await store.works_for(gwen, sponsor["id"])
        behind = await (
            await signed_in(browser, house.url, gwen_cookie, accept_downloads=True)
        ).new_page()
        wrong_behind = errors_of(behind)
        await set_up(behind, root, tmp_path)

        people: dict[str, UUID] = {}
        cookies: dict[str, str] = {}
        for name in ("Ada Ng", "Bo Lind", "Ivo Roos", "Dee Fox", "Eli Kay"):
            email = f"{name.split()[0].lower()}@example.org"
            people[name], cookies[name] = await house.person(email, name, "attendee")
            visitor = await (await signed_in(browser, house.url, cookies[name])).new_page()
            await visitor.goto(root)
            assert "Ten per cent for towns" in (await visitor.text_content("main") or "")
            assert "Gwen Salt" in (await visitor.text_content(".booth-staff") or "")
            if name in ("Ada Ng", "Bo Lind"):
                shown = await visitor.text_content(".wordings .wording:visible")
                await visitor.click("text=Share my contact >> nth=-1")
                await visitor.wait_for_selector("blockquote.wording")
                assert await visitor.text_content("blockquote.wording") == shown
            await visitor.context.close()

        place = await attendees.registration(house.conference, people["Ivo Roos"])
        assert place is not None
        key = codes.key_of(house.conference, house.settings.secret)
        clip = badge_clip(tmp_path / "badge.y4m", codes.sign(place["badge_code"], key))
        await scan_with_camera(clip, house, gwen_cookie, root)

        bo = await (await signed_in(browser, house.url, cookies["Bo Lind"])).new_page()
        await bo.goto(root)
        await bo.click("text=Take it back")
        await bo.wait_for_selector("text=Share my contact with")

        await talk(bo, behind, root)
        await behind.goto(f"{root}/leads")
        listed = await behind.text_content("#leads") or ""
        assert ("Ada Ng" in listed, "Ivo Roos" in listed) == (True, True)
        for name in ("Bo Lind", "Dee Fox", "Eli Kay"):
            assert name not in listed
        headline = await behind.text_content("dl.figures") or ""
        assert "of 3 leads. The other 1 took it back" in headline
        assert "by 5 people" in headline
        await exports(behind, root, house)
        assert not wrong
        assert not wrong_behind


async def talk(visitor: Page, behind: Page, root: str) -> None:
    """A visitor and the staff write to each other; each page gets the other's words by itself."""
    for page in (visitor, behind):
        await page.goto(root)
        await page.wait_for_selector("#talk[data-ready]")
    await visitor.fill("#chat_text", "Does it rust?")
    await visitor.press("#chat_text", "Enter")
    await behind.wait_for_selector("#chat_log .said:has-text('Does it rust?')")
    await behind.fill("#chat_text", "Never.")
    await behind.press("#chat_text", "Enter")
    answer = visitor.locator("#chat_log .said:has-text('Never.')")
    await answer.wait_for()
    assert "of the booth" in (await answer.text_content() or "")
    # The staff hides a message: it is gone from the visitor's page, and marked on theirs.
    asked = behind.locator("#chat_log .said:has-text('Does it rust?')")
    await asked.hover()
    await asked.locator("button:has-text('Hide')").click()
    await visitor.wait_for_selector("#chat_log .said:has-text('rust')", state="detached")
    await behind.wait_for_selector("#chat_log .said.hidden:has-text('rust')")


async def exports(page: Page, root: str, house: h.House) -> None:
    """CSV, XLSX and PDF hold the two who still agree, and say that one took it back."""
    for path, kind in (
        ("leads.csv", "csv"),
        ("leads.csv?shape=hubspot", "csv"),
        ("leads.csv?shape=salesforce", "csv"),
        ("leads.xlsx", "xlsx"),
    ):
        answer = await page.request.get(f"{root}/{path}")
        shape = path.partition("=")[2]
        name = f"leads-saltproof-2-withdrawn-1{'-' + shape if shape else ''}.{kind}"
        assert name in answer.headers["content-disposition"]
        body = await answer.body()
        if kind == "csv":
            assert "bo@example.org" not in body.decode("utf-8-sig")
            rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))
            addresses = sorted(row["Email"] for row in rows)
            assert addresses == ["ada@example.org", "ivo@example.org"]
            if shape:
                assert sorted(row["Last Name"] for row in rows) == ["Ng", "Roos"]
            else:
                assert {row["Source"] for row in rows} == {"booth", "scan"}
        else:
            with zipfile.ZipFile(io.BytesIO(body)) as held:
                words = held.read("xl/sharedStrings.xml").decode()
            assert "Ivo Roos" in words
            assert "Bo Lind" not in words
    await page.click('button:has-text("PDF")')
    await page.wait_for_selector(".job.done")
    async with page.expect_download() as coming:
        await page.click(".job.done a")
    download = await coming.value
    assert download.suggested_filename == "leads-saltproof-2-withdrawn-1.pdf"
    text = "".join(p.extract_text() for p in PdfReader(await download.path()).pages)
    assert "Ada Ng" in text
    assert "Bo Lind" not in text
    assert "took their contact back" in text or "took it back" in text
