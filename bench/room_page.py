"""The room's page on a phone with a slow line, in Chromium: bytes, requests, time to the first picture.

The profile is that of Lighthouse's “slow 4G”: 150 ms, 1.6 Mbit/s down, 750 kbit/s up, four times
slower CPU. Media is not throttled by it: UDP passes Chromium's emulation by.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from bench.report import Report

NAME = "room-page"
_RUNS = 3
_SCRIPT = re.compile(r"/static/[^/]+/(js/[^?]+|vendor/htmx[^?]+)$")


def run() -> Report:
    times, requests, page_kb, js_kb, scripts = asyncio.run(_measure())
    return Report(
        bench=NAME,
        figures={
            "js_kb_compressed": round(js_kb, 1),
            "scripts": scripts,
            "requests": requests,
            "kb_compressed": round(page_kb, 1),
            "first_picture_ms": round(sorted(times)[len(times) // 2]),
        },
        most={"js_kb_compressed": 150},
    )


async def _measure() -> tuple[list[float], int, float, float, int]:
    # The house of the browser tests is the whole suite, really running.
    from tests.e2e import house as h
    from tests.e2e.browser import chromium, colour_clip, signed_in

    folder = Path(tempfile.mkdtemp(prefix="plenary-room-page-"))
    clip = colour_clip(folder / "clip.y4m", (150, 60, 190))
    times: list[float] = []
    async with (
        h.running(folder / "var") as house,
        chromium(clip) as stage,
        chromium() as audience,
    ):
        await house.open_conference()
        slots = await h.put_on(house, [h.Act("Hall", "Gates", "Sam", 25, 900)])
        speaker, cookie = await house.person("sam@example.org", "Sam", "speaker")
        await h.speaks_as(house, "Sam", speaker)
        backstage = await (await signed_in(stage, house.url, cookie)).new_page()
        await backstage.goto(f"{house.url}/c/trial/green-room/{slots['Gates'].id}")
        await backstage.click("#check")
        await backstage.click("#enter")
        await backstage.wait_for_selector('body[data-air="on"]', timeout=60000)
        _, guest = await house.person("iris@example.org", "Iris", "attendee")
        for _ in range(_RUNS):
            context = await signed_in(
                audience,
                house.url,
                guest,
                viewport={"width": 390, "height": 844},
                device_scale_factor=3,
                is_mobile=True,
                has_touch=True,
            )
            page = await context.new_page()
            loaded = await _slowly(page)
            began = asyncio.get_running_loop().time()
            await page.goto(f"{house.url}/c/trial/rooms/hall", wait_until="commit")
            await page.wait_for_function(
                "() => document.querySelector('#video')"
                "?.getVideoPlaybackQuality().totalVideoFrames > 0",
                timeout=60000,
            )
            times.append((asyncio.get_running_loop().time() - began) * 1000)
            requests = len(loaded)
            page_kb = sum(one["size"] for one in loaded.values()) / 1000
            names = [m.group(1) for url in loaded if (m := _SCRIPT.search(url))]
            await context.close()
    sizes = [len(gzip.compress((h.ROOT / "static" / name).read_bytes(), 9)) for name in names]
    return times, requests, page_kb, sum(sizes) / 1000, len(names)


async def _slowly(page: Page) -> dict[str, dict[str, Any]]:
    """Throttle the page; what it loads by address, with sizes on the wire, fills up as it does."""
    tools = await page.context.new_cdp_session(page)
    loaded: dict[str, dict[str, Any]] = {}
    addresses: dict[str, str] = {}

    def asked(event: dict[str, Any]) -> None:
        addresses[event["requestId"]] = event["request"]["url"]
        loaded.setdefault(event["request"]["url"], {"size": 0})

    def came(event: dict[str, Any]) -> None:
        url = addresses.get(event["requestId"])
        if url is not None:
            loaded[url]["size"] += event["encodedDataLength"]

    tools.on("Network.requestWillBeSent", asked)
    tools.on("Network.loadingFinished", came)
    await tools.send("Network.enable")
    await tools.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 150,
            "downloadThroughput": 1.6e6 / 8,
            "uploadThroughput": 750e3 / 8,
        },
    )
    await tools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    return loaded
