"""Debian's Chromium with fake devices whose picture is one known colour."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.e2e.house import PATIENCE_S

ARGUMENTS = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
)

PIXEL = """() => {
  const video = document.querySelector('#video');
  const canvas = document.createElement('canvas');
  canvas.width = 32; canvas.height = 18;
  const pen = canvas.getContext('2d');
  pen.drawImage(video, 0, 0, 32, 18);
  return [...pen.getImageData(16, 9, 1, 1).data].slice(0, 3);
}"""

FRAMES = "() => document.querySelector('#video').getVideoPlaybackQuality().totalVideoFrames"


def colour_clip(path: Path, yuv: tuple[int, int, int]) -> Path:
    """A YUV4MPEG2 file of one colour with a moving bar, so that an encoder has something to do."""
    width, height = 320, 180
    header = f"YUV4MPEG2 W{width} H{height} F15:1 Ip A1:1 C420jpeg\n".encode()
    frames = []
    for n in range(15):
        rows = []
        for y in range(height):
            row = bytearray([yuv[0]]) * width
            if y < 12:
                row[n * 20 : n * 20 + 20] = bytes([235]) * 20
            rows.append(bytes(row))
        chroma = bytes([yuv[1]]) * (width * height // 4) + bytes([yuv[2]]) * (width * height // 4)
        frames.append(b"FRAME\n" + b"".join(rows) + chroma)
    path.write_bytes(header + b"".join(frames))
    return path


expect.set_options(timeout=PATIENCE_S * 1000)


@contextlib.asynccontextmanager
async def chromium(clip: Path | None = None) -> AsyncIterator[Browser]:
    """A browser of its own; `clip` is what its camera sees."""
    extra = [f"--use-file-for-fake-video-capture={clip}"] if clip else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*ARGUMENTS, *extra]
        )
        try:
            yield browser
        finally:
            await browser.close()


async def visitor(browser: Browser, **options: Any) -> BrowserContext:
    """A context of nobody's, whose pages wait as long as a loaded machine needs."""
    context = await browser.new_context(**options)
    context.set_default_timeout(PATIENCE_S * 1000)
    return context


async def signed_in(browser: Browser, url: str, cookie: str, **options: Any) -> BrowserContext:
    """A context with somebody's session in it, and the devices allowed."""
    context = await visitor(browser, permissions=["camera", "microphone"], **options)
    await context.add_cookies([{"name": "plenary_session", "value": cookie, "url": url}])
    return context


def errors_of(page: Page) -> list[str]:
    """The page's uncaught errors and console errors, as they come."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on(
        "console",
        lambda message: (
            found.append(f"{message.text} {message.location['url']}")
            if message.type == "error"
            else None
        ),
    )
    return found
