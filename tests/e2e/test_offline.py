"""On a phone in a train: agenda, stars and badge without a network, and what is sent afterwards."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Browser, Page

from app.accounts import sessions
from app.attendees import codes
from app.attendees import store as attendees
from app.clock import now
from app.notices import push
from app.programme import stars
from tests.app.builders import make_conference, make_person, make_schedule, member
from tests.app.making import release
from tests.e2e import house as h
from tests.e2e.badge_camera import badge_clip
from tests.e2e.browser import chromium, errors_of, signed_in
from tests.e2e.web_alone import web_alone

PHONE = {"width": 390, "height": 844}
PUSH_SERVICE = """() => {
  // Headless Chromium has no push service: this stands at its boundary and nowhere else.
  const made = { endpoint: 'https://push.example/abc', toJSON: () => ({ endpoint: 'https://push.example/abc', keys: KEYS }) };
  PushManager.prototype.getSubscription = async () => window.rings ?? null;
  PushManager.prototype.subscribe = async (options) => {
    window.asked = { visible: options.userVisibleOnly, key: options.applicationServerKey.length };
    localStorage.setItem('asked', JSON.stringify(window.asked));
    return made;
  };
  Notification.requestPermission = async () => 'granted';
}"""
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
NO_PUSH = "() => { delete window.PushManager; }"
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

        await h.until(all_kept, what="agenda, stars and badge kept")
        assert broken == []

        await web.stop()
        await page.reload()
        note = page.locator("#kept-note")
        await note.wait_for()
        assert "No network. You see this as it was" in (await note.inner_text())
        assert await page.locator("text=Tides").first.is_visible()
        first, second = page.locator("button.star").nth(0), page.locator("button.star").nth(1)
        await first.click()
        await second.click()
        await second.click()
        await page.locator("#stars-note", has_text="3 stars wait").wait_for()
        assert await first.get_attribute("aria-pressed") == "true"
        # What waits is shown as it was set, also after a reload from what is kept.
        await page.reload()
        await page.locator("#stars-note").wait_for()
        assert await page.locator("button.star").nth(0).get_attribute("aria-pressed") == "true"
        await page.goto(f"{root}/badge")
        await page.locator("#kept-note").wait_for()
        assert await page.locator(".badge-card svg").count() > 1
        # A page that is not kept says so, and offers what is.
        await page.goto(f"{root}/sponsors")
        await page.locator("h1:has-text('No network')").wait_for()
        await page.locator("#kept-pages a").first.wait_for()

        await web.start()
        await page.goto(f"{root}/agenda?view=list")

        # All three are sent, in their order: the first star stays, the second is taken back.
        async def sent() -> bool:
            await page.reload()
            star = page.locator("button.star")
            held = [await star.nth(at).get_attribute("aria-pressed") for at in (0, 1)]
            waits = await page.locator("#stars-note").count()
            kept = len(await stars.of(conference.id, ada))
            return (held, waits, kept) == (["true", "false"], 0, 1)

        await h.until(sent, what="what was starred in the train, and nothing waiting")

        async def session_kept() -> bool:
            return any("/sessions/" in path for path in await kept(page))

        await h.until(session_kept, what="the starred session's own page kept")
        await a_device_rings(browser, web.url, cookie, ada)
        await forgotten_with_its_person(page, root)


async def a_device_rings(browser: Browser, url: str, cookie: str, ada: UUID) -> None:
    """One press lets a browser ring, and another takes it away; an iPhone says what it needs first."""
    secret = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = secret.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    keys = {"p256dh": _text(point), "auth": _text(b"0123456789abcdef")}
    context = await signed_in(browser, url, cookie, viewport=PHONE)
    page = await context.new_page()
    await page.add_init_script(f"({PUSH_SERVICE.replace('KEYS', json.dumps(keys))})()")
    await page.goto(f"{url}/c/trial/preferences")
    await page.click("#push-on")
    await page.locator("#devices li").wait_for()
    assert json.loads(await page.evaluate("localStorage.getItem('asked')")) == {
        "visible": True,
        "key": 65,
    }
    (device,) = await push.devices(ada)
    assert device["endpoint"] == "https://push.example/abc"
    assert "Linux" in device["device"] or "Chrome" in device["device"]
    await page.click("#devices li button")
    await page.locator("#devices li").wait_for(state="detached")
    assert await push.devices(ada) == []
    await context.close()
    context = await signed_in(browser, url, cookie, viewport=PHONE, user_agent=IPHONE)
    page = await context.new_page()
    await page.add_init_script(f"({NO_PUSH})()")
    await page.goto(f"{url}/c/trial/preferences")
    said = page.locator("#push-state")
    await said.wait_for()
    assert "Add to Home Screen" in await said.inner_text()
    assert await page.locator("#push-on").is_hidden()
    await context.close()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


async def forgotten_with_its_person(page: Page, root: str) -> None:
    """Signing out leaves nothing of one person's to the next on the same phone."""
    before = await kept(page)
    assert any(path.endswith("/badge") for path in before)
    async with page.expect_navigation(url="**/agenda*"):
        await page.evaluate("document.querySelector('form[action=\"/sign-out\"]').submit()")

    async def no_badge() -> Any:
        return not [path for path in await kept(page) if "badge" in path or "mine" in path]

    await h.until(no_badge, what="no private page kept after signing out")
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


async def test_a_door_without_a_network_knows_badges(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    async with web_alone(tmp_path / "var", database_url, redis_url) as web:
        conference = await make_conference()
        codes_of = {}
        for name in ("Ada Ng", "Bo Lind", "Cy Ode"):
            person = await make_person(f"{name[:2].strip().lower()}@example.org", name)
            await attendees.register(
                conference.id, person, ticket_type="Speaker", organization_name="", now=now()
            )
            row = await attendees.registration(conference.id, person)
            assert row is not None
            key = codes.key_of(conference.id, web.settings.secret)
            codes_of[name] = codes.sign(row["badge_code"], key)
            if name == "Bo Lind":
                await attendees.revoke(conference.id, person, now=now())
        later = codes.sign("00112233aabbccdd", key)
        cookie = await sessions.open_session(await member(conference, "moderator"), now=now())
        clip = badge_clip(tmp_path / "badge.y4m", codes_of["Ada Ng"])
        async with chromium(clip) as browser:
            context = await signed_in(browser, web.url, cookie, viewport=PHONE)
            page = await context.new_page()
            broken = errors_of(page)
            await page.goto(f"{web.url}/c/trial/badges/check")
            await page.locator("#kept-state").wait_for()

            async def stored() -> bool:
                return "/c/trial/badges/check" in await kept(page)

            await h.until(stored, what="the list kept")
            assert broken == []
            await web.stop()
            await page.reload()
            await page.locator("#kept-note").wait_for()
            await page.click("#scan")
            shown = page.locator("#checked")
            await shown.locator("h2:has-text('Ada Ng')").wait_for()
            assert "Speaker. Valid." in await shown.inner_text()
            await page.evaluate("document.getElementById('finder').srcObject.getTracks()[0].stop()")
            for typed, words in (
                (codes_of["Cy Ode"].lower(), "Speaker. Valid."),
                (codes_of["Cy Ode"], "Seen here before, at"),
                (codes_of["Bo Lind"], "This place was given back on"),
                (later, "Genuine, but not on this list"),
                (codes_of["Ada Ng"][:-1] + "7", "or somebody made it up"),
                ("https://example.org", "This is no badge of this conference"),
            ):
                await page.fill("#f-code", typed)
                await page.press("#f-code", "Enter")
                await shown.locator(f"text={words}").wait_for()
