"""Takes the pictures in this folder: starts the demo in a folder of its own and opens its pages."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from bench.ports import free_port
from tests.e2e.browser import ARGUMENTS
from tests.e2e.house import ROOT

HERE = Path(__file__).resolve().parent
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

# (file, whose link, path below the conference or None for where the link leads, lights, phone)
PICTURES = (
    ("agenda", "attendee", "agenda?zone=conference", "light", False),
    ("agenda-phone", "attendee", "agenda?zone=conference", "light", True),
    ("room", "attendee", None, "dark", False),
    ("room-phone", "attendee", None, "dark", True),
    ("greenroom", "speaker", None, "dark", False),
    ("desk", "organizer", None, "dark", False),
    ("editor", "organizer", "editor", "light", False),
    ("media", "organizer", "media", "dark", False),
    ("report", "organizer", "reports", "light", False),
    ("leads", "sponsor", None, "light", False),
)


async def links(stream: asyncio.StreamReader) -> dict[str, str]:
    """The demo's four links, as it prints them."""
    found: dict[str, str] = {}
    while len(found) < 4:
        line = (await stream.readline()).decode()
        if not line:
            raise RuntimeError("the demo ended before it printed its links")
        match = re.search(r"http\S+/demo/(\w+)\?key=\w+", line)
        if match:
            found[match.group(1)] = match.group()
    return found


async def take(
    browser: Browser, address: str, picture: tuple[str, str, str | None, str, bool]
) -> None:
    name, _, path, lights, phone = picture
    context = await browser.new_context(
        viewport=PHONE if phone else WIDE,  # type: ignore[arg-type]
        color_scheme=lights,  # type: ignore[arg-type]
        permissions=["camera", "microphone"],
        device_scale_factor=2 if phone else 1,
    )
    page = await context.new_page()
    await page.goto(address)
    if path is not None:
        await page.goto("/".join(page.url.split("/")[:5]) + "/" + path)
    await _settled(page, name)
    await page.screenshot(path=HERE / f"{name}.png")
    await context.close()


async def _settled(page: Page, name: str) -> None:
    """Wait for what the picture is about: a moving stage, a checked camera, or just the fonts."""
    await page.evaluate("document.fonts.ready")
    if name.startswith("room"):
        await page.wait_for_selector("#slate[hidden]", state="attached", timeout=15000)
    if name == "greenroom":
        await page.click("#check")
        await page.click("#enter")
        await page.wait_for_selector("#check_room.fine", timeout=15000)
    await page.wait_for_timeout(2500)


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="plenary-shots-") as folder:
        env = {
            **os.environ,
            "PLENARY_VAR": folder,
            "PLENARY_HTTP_HOST": "127.0.0.1",
            "PLENARY_HTTP_PORT": str(free_port()),
            "PLENARY_UDP_PORT": str(free_port(datagrams=True)),
        }
        demo = await asyncio.create_subprocess_exec(
            str(ROOT / "plenary"), "demo", env=env, stdout=asyncio.subprocess.PIPE
        )
        assert demo.stdout is not None
        try:
            found = await asyncio.wait_for(links(demo.stdout), 120)
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", args=list(ARGUMENTS)
                )
                for picture in PICTURES:
                    await take(browser, found[picture[1]], picture)
                    print(picture[0], file=sys.stderr)
                await browser.close()
        finally:
            with contextlib.suppress(ProcessLookupError):
                demo.send_signal(signal.SIGINT)
            await demo.wait()


if __name__ == "__main__":
    asyncio.run(main())
