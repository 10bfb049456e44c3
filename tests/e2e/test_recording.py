"""A session is recorded while it is live, and its recording plays in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.afterwards import store as afterwards
from app.clock import now
from app.recordings import store
from app.recordings.policy import ALWAYS
from tests.e2e import house as h
from tests.e2e.browser import chromium, errors_of, signed_in
from tests.e2e.test_broadcast import loop_of, speaker
from tests.e2e.test_live_session import ORANGE


async def test_a_recording_plays_with_the_right_length(tmp_path: Path) -> None:
    loop = loop_of(ORANGE, 320, 180)
    async with h.running(tmp_path / "var") as house, chromium() as browser:
        await house.open_conference()
        await store.set_policy(house.conference, store.Policy(mode=ALWAYS), by=None, now=now())
        acts = [h.Act("Harbour Hall", "Fifty years of shutting the gate", "Sam Shore", 8, 12)]
        slot = (await h.put_on(house, acts))["Fifty years of shutting the gate"]
        ann, cookie = await house.person("ann@example.org", "Ann Attendee", "attendee")
        page = await (await signed_in(browser, house.url, cookie)).new_page()
        broken = errors_of(page)
        await page.goto(f"{house.url}/c/trial/rooms/harbour-hall")
        async with speaker(house, slot, "sam", loop):
            # Whoever is there sees that it is recorded.
            await page.wait_for_selector(".rec-on")

            # A note keeps its time.
            left = h.seconds_from(slot.end)
            await afterwards.note(
                house.conference,
                UUID(slot.session),
                UUID(slot.id),
                ann,
                "Ask about the gate",
                now=now(),
            )

            async def over() -> bool:
                return h.seconds_from(slot.end) < -1

            await h.until(over, what="the end")

        async def made() -> list[dict[str, Any]]:
            return await store.of_session(house.conference, UUID(slot.session))

        rows = await h.until(made, what="a recording")
        await page.goto(f"{house.url}/c/trial/sessions/{slot.session}")
        length = await page.evaluate(
            """async () => {
              const video = document.querySelector('[data-recording] video');
              if (!video.duration) await new Promise((go) => video.addEventListener('loadedmetadata', go));
              video.muted = true;
              video.currentTime = video.duration - 3;
              await video.play();
              await new Promise((go) => video.requestVideoFrameCallback(go));
              return video.duration;
            }"""
        )
        assert length == pytest.approx(12, abs=1)
        assert rows[0]["seconds"] == pytest.approx(length, abs=0.2)
        # And leads to its moment in the recording, five seconds before it was written.
        at = await page.evaluate(
            """() => {
              document.querySelector('.my-notes li button[type=button]').click();
              return document.querySelector('[data-recording] video').currentTime;
            }"""
        )
        assert at == pytest.approx(max(0.0, 12 - left - 5), abs=1.5)
        assert broken == []
