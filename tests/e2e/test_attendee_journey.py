"""An attendee's day in one go, from the mail to the recording and the certificate, on both engines."""

from __future__ import annotations

import contextlib
import re
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from playwright.async_api import Page

from agenda.doors import OverrideKind
from app.clock import now
from app.recordings import store as recordings
from app.recordings.policy import ALWAYS
from app.stages import store as stages
from app.stages.tables import PhaseChange, Presence
from tests.e2e import house as h
from tests.e2e.browser import chromium, signed_in, visitor
from tests.e2e.test_broadcast import loop_of, speaker
from tests.e2e.test_live_session import ORANGE
from tests.e2e.test_taking_part import shows


async def mailed_link(house: h.House, address: str) -> str:
    """The link in the newest mail to this address, out of the folder for undelivered mail."""

    async def found() -> str | None:
        for file in sorted((house.settings.var / "mail").rglob("*"), reverse=True):
            if file.is_file() and address.encode() in (raw := file.read_bytes()):
                body = message_from_bytes(raw, policy=policy.default).get_body(("plain",))
                match = re.search(r"http\S+/sign-in/\S+", body.get_content() if body else "")
                if match:
                    return match.group()
        return None

    link: str = await h.until(found, what=f"a mail to {address}")
    return link


KEPT = """async () => {
  for (const name of await caches.keys()) {
    if (await (await caches.open(name)).match(location.href)) return true;
  }
  return false;
}"""
PLAYED = """async () => {
  const video = document.querySelector('[data-recording] video');
  if (!video.duration) await new Promise((go) => video.addEventListener('loadedmetadata', go));
  video.muted = true;
  await video.play();
  await new Promise((go) => video.requestVideoFrameCallback(go));
  return video.duration;
}"""


async def entered(page: Page, room: str) -> None:
    await page.wait_for_selector(f'#room_state[data-slug="{room}"]', state="attached")
    await page.wait_for_function(
        "slug => document.querySelector('#talk').dataset.ready"
        " && document.querySelector('#strip .here')?.dataset.slug === slug",
        arg=room,
    )


async def test_from_the_mail_to_the_certificate(tmp_path: Path, database_url: str) -> None:
    loop = loop_of(ORANGE, 320, 180)
    async with (
        h.running(tmp_path / "var", database_url) as house,
        chromium() as browser,
        contextlib.AsyncExitStack() as stack,
    ):
        await house.open_conference()
        await recordings.set_policy(
            house.conference, recordings.Policy(mode=ALWAYS), by=None, now=now()
        )
        day = 24 * 3600
        slots = await h.put_on(
            house,
            [
                h.Act("Harbour Hall", "Fifty years", "Sam Shore", -600, 5400),
                h.Act("Lock Room", "Sensors", "Kim Kelp", -600, 5400),
                h.Act("Saltmarsh", "Oysters", "Obi Anyanwu", -600, 5400),
                h.Act("Harbour Hall", "Tomorrow's tide", "Sam Shore", day, 3600),
            ],
        )
        fifty = slots["Fifty years"]
        await stack.enter_async_context(speaker(house, fifty, "sam", loop))
        iris, _ = await house.person("iris@example.org", "Iris", "attendee")
        _, mo_cookie = await house.person("mo@example.org", "Mo", "attendee", "moderator")

        # Mail: a link, a press, and in.
        context = await visitor(browser, viewport={"width": 390, "height": 844})
        page = await context.new_page()
        await page.goto(f"{house.url}/sign-in?next=/c/trial/lobby")
        await page.fill('input[name="email"]', "iris@example.org")
        await page.click('main button[type="submit"]')
        await page.goto(await mailed_link(house, "iris@example.org"))
        await page.click('main button[type="submit"]')

        # Lobby: what is on; one press and in the room.
        await page.wait_for_selector('.on-row:has-text("Fifty years")')
        await page.click('.on-row:has-text("Fifty years")')
        await entered(page, "harbour-hall")

        # Three switches, on one page, by press and by key.
        await page.click('#strip a:has-text("Lock Room")')
        await entered(page, "lock-room")
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("0")
        await entered(page, "lock-room")
        await page.click('#strip a:has-text("Harbour Hall")')
        await entered(page, "harbour-hall")

        # A question: asked, voted up, answered on stage.
        await page.fill("#ask_text", "Who pays?")
        await page.click('#ask button[type="submit"]')
        mo = await (await signed_in(browser, house.url, mo_cookie)).new_page()
        await mo.goto(f"{house.url}/c/trial/rooms/harbour-hall")
        await mo.click("#questions .vote")
        await shows(page, "#questions .vote .fig", ["1"])
        await mo.click('#questions button:has-text("On stage now")')
        await page.wait_for_selector(".now-answered")
        await mo.click('#questions button:has-text("Answered")')

        # A poll.
        await mo.click("#tab_polls")
        await mo.click(".new-poll summary")
        await mo.fill("#f-title", "Again next year?")
        await mo.fill("#f-options", "Yes\nNo")
        await mo.click('#new_poll button[value="open"]')
        await page.click("#tab_polls")
        await page.click('.poll button:has-text("Yes")')
        await shows(page, ".poll li .fig", ["100%", "0%"])

        # It is recorded while it is live, and said so; then it ends.
        await page.wait_for_selector(".rec-on")
        await page.wait_for_function(
            "() => document.querySelector('#video').getVideoPlaybackQuality().totalVideoFrames > 60"
        )

        # The media node tells of the stay; a note and a rating stay with the session.
        async def stayed() -> Any:
            return await Presence.exists().where(Presence.person == str(iris))

        await h.until(stayed, what="the attendee's presence")
        await page.click(".about h1 a")
        await page.fill("#new_note", "Forty-seven closings")
        await page.click(".new-note button")
        await page.wait_for_selector('.my-notes textarea:has-text("Forty-seven closings")')
        await page.click('.rate label:has-text("great")')
        await page.click('.rate button[type="submit"]')
        await page.wait_for_selector('text="Rated. You can change it."')
        assert "Who pays?" in await page.inner_text(".asked")
        assert "100%" in await page.inner_text(".poll-table")

        await stages.order(
            house.conference, UUID(fifty.id), OverrideKind.END, by=iris, minutes=0, now=now()
        )

        # Tomorrow's agenda, without a network.
        await page.goto(f"{house.url}/c/trial/agenda")
        await page.click(".days a:nth-child(2)")
        await page.wait_for_selector('.slot:has-text("Tomorrow\'s tide")')
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        await page.reload()
        await page.wait_for_function(KEPT)
        await context.set_offline(True)
        await page.reload()
        await page.wait_for_selector('.slot:has-text("Tomorrow\'s tide")')
        await context.set_offline(False)

        # The recording stands on the session's page, plays, and knows the note's time.
        async def made() -> Any:
            return await recordings.of_session(house.conference, UUID(fifty.session))

        await h.until(made, what="a recording")
        await page.goto(f"{house.url}/c/trial/sessions/{fifty.session}")
        assert await page.evaluate(PLAYED) > 1

        # The certificate, by a stay that was longer than this test lasts.
        await PhaseChange.update({PhaseChange.at: fifty.start}).where(
            PhaseChange.slot == UUID(fifty.id), PhaseChange.phase == "live"
        )
        await Presence(
            id=uuid4(),
            conference=house.conference,
            uid="earlier",
            subscriber="earlier",
            room=UUID(fifty.room),
            person=str(iris),
            joined_at=fifty.start,
            left_at=fifty.start + timedelta(minutes=9),
        ).save()
        await page.goto(f"{house.url}/c/trial/badge")
        await page.click('#certificate button[type="submit"]')
        await page.wait_for_selector("#certificate .job.done")
