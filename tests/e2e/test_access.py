"""Everybody can use every page: axe-core on each page of each role, zoom, right to left, keyboard."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize
from playwright.async_api import TimeoutError as PlaywrightTimeout

from app.accounts import links as accounts
from app.accounts import sessions
from app.attendees import certificates, codes
from app.attendees.tables import Registration
from app.clock import now
from app.conferences.store import people_with
from app.conferences.tables import Conference
from app.demo import seed
from app.jobs.tables import Job
from app.meeting import store as meeting
from app.meeting.tables import Meeting
from app.notices import mailings, unsubscribe
from app.programme.tables import Session
from app.registration import links
from app.registration.tables import Application
from app.sponsors.tables import Consent
from tests.app.test_routes import TABLE
from tests.e2e.browser import chromium, signed_in
from tests.e2e.web_alone import Web, web_alone

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

# Role → addresses below the conference (or from the root, with a leading slash).
PAGES: dict[str, tuple[str, ...]] = {
    "nobody": (
        "/sign-in",
        "/offline",
        "{go}",
        "/sign-in/{sign_in}",
        "/unsubscribe/{unsubscribe}",
        "/mail",
        "register",
        "agenda?view=list",
        "agenda",
        "changes",
        "export",
        "speakers",
        "sponsors",
        "sponsors/saltproof",
        "sessions/{session}",
        "lobby",
        "certificates/none",
        "certificates/{certificate}",
        "nothing-here",
    ),
    "attendee": (
        "agenda?mine=1",
        "badge",
        "calendar",
        "lobby",
        "notes",
        "meeting",
        "meeting/people/{person}",
        "meeting/{meeting}/room",
        "meeting/roulette",
        "preferences",
        "registration",
        "register",
        "rooms/{room}",
        "sponsors/saltproof",
        "sessions/{session}",
    ),
    "speaker": ("green-room/{slot}", "reports/mine"),
    "sponsor": (
        "sponsors/saltproof/leads",
        "sponsors/saltproof/leads/{lead}",
        "sponsors/saltproof/setup",
        "sponsors/saltproof/team",
        "sponsors/saltproof/scan",
        "sponsors/saltproof/meetings",
        "sponsors/saltproof/room",
    ),
    "organizer": (
        "badges",
        "badges/design",
        "badges/check",
        "desk",
        "desk/policies",
        "desk/{slot}",
        "/jobs/{job}",
        "media",
        "editor",
        "settings",
        "look",
        "tables/sessions",
        "tables/speakers",
        "tables/blocked",
        "import",
        "invites",
        "meeting/reports",
        "notices",
        "notices/{mailing}",
        "people",
        "people/{application}",
        "people/setup",
        "recordings",
        "releases",
        "releases/compare",
        "releases/preview/agenda",
        "releases/preview/sessions/{session}",
        "reports",
        "reports/compare",
        "sponsors/manage",
    ),
}


# What answers with no page of its own: files, data, fragments, ways on.
NONE = frozenset(
    {
        "/c/{slug:str}/editor/solver",
        "/c/{slug:str}/editor/weights",
        "/c/{slug:str}/hands",
        "/",
        "/health",
        "/ready",
        "/static/{tree:str}/{path:path}",
        "/calendar/{name:str}",
        "/c/{slug:str}",
        "/c/{slug:str}/agenda.css",
        "/c/{slug:str}/brand.css",
        "/c/{slug:str}/logo.png",
        "/c/{slug:str}/grants/watch",
        "/c/{slug:str}/broadcast/{room_id:uuid}",
        "/recordings/{token:str}/{recording:uuid}/{name:str}",
        "/c/{slug:str}/green-room/{slot_id:uuid}/state",
        "/c/{slug:str}/green-room/{slot_id:uuid}/grant",
        "/c/{slug:str}/rooms/{room:str}/floor",
        "/c/{slug:str}/rooms/{room:str}/floor/grant",
        "/c/{slug:str}/green-room/{slot_id:uuid}/talkback",
        "/c/{slug:str}/editor/state",
        "/c/{slug:str}/editor/why/{slot:uuid}",
        "/c/{slug:str}/editor/score",
        "/c/{slug:str}/releases/preview/agenda.css",
        "/c/{slug:str}/changes.atom",
        "/c/{slug:str}/schedule.xml",
        "/c/{slug:str}/export/file",
        "/c/{slug:str}/editor/file",
        "/c/{slug:str}/agenda/slots/{slot_id:uuid}",
        "/c/{slug:str}/sessions/{session_id:uuid}/invite.ics",
        "/c/{slug:str}/meeting/{meeting:uuid}/grant",
        "/c/{slug:str}/meeting/roulette/grant",
        "/c/{slug:str}/manifest.webmanifest",
        "/c/{slug:str}/icons/{name:str}",
        "/sw.js",
        "/c/{slug:str}/conference.ics",
        "/c/{slug:str}/people.csv",
        "/c/{slug:str}/people.xlsx",
        "/c/{slug:str}/sponsors/{sponsor_slug:str}/leads.csv",
        "/c/{slug:str}/sponsors/{sponsor_slug:str}/files/{file_id:uuid}",
        "/c/{slug:str}/sponsors/{sponsor_slug:str}/room/grant",
        "/c/{slug:str}/sponsors/{sponsor_slug:str}/leads.xlsx",
        "/c/{slug:str}/reports.csv",
        "/c/{slug:str}/reports.json",
        "/c/{slug:str}/reports.xlsx",
        "/c/{slug:str}/sessions/{session_id:uuid}/preview.png",
        "/c/{slug:str}/soon",
        "/c/{slug:str}/rooms/{room:str}/talk",
        "/c/{slug:str}/sponsors/{sponsor_slug:str}/talk",
        "/c/{slug:str}/sponsors/{sponsor_slug:str}/talk/messages",
        "/c/{slug:str}/sponsors/{sponsor_slug:str}/talk/export.csv",
        "/c/{slug:str}/rooms/{room:str}/talk/messages",
        "/c/{slug:str}/rooms/{room:str}/talk/export.csv",
        "/jobs/{job:uuid}/result",
    }
)

WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
ZOOMED: ViewportSize = {"width": 640, "height": 400}
MOVING = """() => document.getAnimations().filter((each) => each.playState === 'running')
  .map((each) => each.effect.target.outerHTML.slice(0, 100))"""
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


class Stage:
    """The demo's conference, its people's sessions, and what stands for each {name} of an address."""

    def __init__(
        self, web: Web, conference: Conference, cookies: dict[str, str], facts: dict[str, Any]
    ) -> None:
        self.web = web
        self.conference = conference
        self.cookies = cookies
        self.facts = facts

    def address(self, path: str) -> str:
        filled = path.format(**self.facts)
        if filled.startswith("http"):
            return filled
        return self.web.url + (
            filled if filled.startswith("/") else f"/c/{self.conference.slug}/{filled}"
        )

    async def context(self, browser: Browser, role: str, **options: Any) -> BrowserContext:
        if role == "nobody":
            return await browser.new_context(**options)
        return await signed_in(browser, self.web.url, self.cookies[role], **options)


async def set_stage(web: Web) -> Stage:
    """Seed the demo, and sign its four people in by their links, which also say where things are on."""
    cookies: dict[str, str] = {}
    leads: dict[str, str] = {}
    async with httpx.AsyncClient() as client:
        for role, address in await seed.seed(web.settings, now=now()):
            client.cookies.clear()
            answer = await client.get(address)
            cookies[role] = answer.cookies[sessions.COOKIE]
            leads[role] = answer.headers["location"].rpartition("/")[2]
    conference = await Conference.objects().first()
    ada = await sessions.person_of(cookies["attendee"])
    assert conference is not None
    assert ada is not None
    listeners = await people_with(conference.id, "attendee")
    other = next(person for person in listeners if person != ada["id"])
    for person in (ada["id"], other):
        values = {
            "does": "Reads tide tables",
            "seeks": "Harbour pilots",
            "links": "https://x.example",
        }
        await meeting.write(conference.id, person, values, shown=True, now=now())
    facts = await facts_of(web, conference, ada["id"])
    instant, agreed = now(), uuid4()
    await Meeting(
        id=agreed,
        conference=conference.id,
        asker=other,
        asked=ada["id"],
        waits_for=ada["id"],
        state="accepted",
        start=instant,
        created_at=instant,
        changed_at=instant,
    ).save()
    facts |= {
        "meeting": agreed,
        "room": leads["attendee"],
        "slot": leads["speaker"],
        "person": other,
    }
    return Stage(web, conference, cookies, facts)


async def facts_of(web: Web, conference: Conference, ada: UUID) -> dict[str, Any]:
    session = await Session.select(Session.id).where(Session.conference == conference.id).first()
    waits = await Application.select(Application.id).where(Application.state == "waiting").first()
    lead = await (
        Consent.select(Consent.id)
        .where(Consent.sponsor.slug == "saltproof", Consent.revoked_at.is_null())
        .first()
    )
    assert session is not None
    assert waits is not None
    assert lead is not None
    wish = unsubscribe.Wish(conference=conference.id, person=ada, kind="changes")
    message = {"subject": "Tomorrow", "text": "We begin at **nine**.", "audience": "attendees"}
    return {
        "go": await links.address(web.settings, conference.id, ada, now=now()),
        "sign_in": await accounts.issue(ada, next_url="/", now=now()),
        "session": session["id"],
        "application": waits["id"],
        "lead": lead["id"],
        "unsubscribe": unsubscribe.token(wish, web.settings),
        "mailing": await mailings.stand(conference.id, "message", message, now=now()),
        "certificate": await certificate(web, conference, ada),
        "job": await some_job(conference),
    }


async def certificate(web: Web, conference: Conference, person: UUID) -> str:
    """The code of what somebody earned until now."""
    key = codes.key_of(conference.id, web.settings.secret)
    earned = certificates.Earned(attended=95, spoken=0)
    place = await Registration.select().where(Registration.person == person).first()
    assert place is not None
    return certificates.sign(place["badge_code"], earned, key)


async def some_job(conference: Conference) -> UUID:
    """A job that failed, which is the page with most on it."""
    job = uuid4()
    await Job(
        id=job,
        conference=conference.id,
        kind="badges",
        key="badges:x",
        state="failed",
        error="The printer has no paper.",
        created_at=now(),
    ).save()
    return job


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
    await page.wait_for_selector(f"#star button:not([aria-pressed='{before}'])", timeout=10000)
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
    await page.wait_for_selector("dialog[open]", timeout=10000)
    assert await page.evaluate("document.activeElement.closest('dialog') !== null")
    await page.keyboard.press("Escape")
    await page.wait_for_selector("dialog[open]", state="hidden", timeout=10000)
    await page.wait_for_function("document.activeElement.dataset.act === 'help'", timeout=10000)


def test_every_page_is_walked() -> None:
    """A new page must be put into PAGES, or among those that are none."""
    walked = {
        address if address.startswith("/") else f"/c/here/{address}"
        for part in PAGES.values()
        for path in part
        for address in [path.partition("?")[0].format_map(_Any())]
    }
    forgotten = []
    for line in TABLE:
        method, _, path = line.partition(" ")
        shape = re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path)))
        if method == "GET" and line[4:] not in NONE and not any(map(shape.fullmatch, walked)):
            forgotten.append(line[4:])
    assert forgotten == []


class _Any(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return f"/{key}/x" if key == "go" else "x"
