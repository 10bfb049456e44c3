"""A real node, rooms of one colour each, and a page in Chromium that watches them."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page, async_playwright

from bench.node_process import node_process
from media.loop_publisher import LoopPublisher
from media.loops import encode_loop

WIDTH, HEIGHT, FPS, SECONDS = 1280, 720, 25, 2
CHROMIUM = (
    "--no-sandbox",
    "--headless",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
COLOURS = {"red": (80, 90, 240), "green": (140, 50, 40), "blue": (40, 240, 110)}
"""Room by its colour; its Y, U and V."""

WATCH = """async ([url, token]) => {
  const start = performance.now();
  const pc = window.pc = new RTCPeerConnection();
  pc.addTransceiver('audio', {direction: 'recvonly'});
  pc.addTransceiver('video', {direction: 'recvonly'});
  const video = window.video = document.createElement('video');
  video.muted = video.autoplay = video.playsInline = true;
  video.srcObject = new MediaStream();
  pc.ontrack = event => video.srcObject.addTrack(event.track);
  document.body.replaceChildren(video);
  const pixel = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  window.colour = () => {
    pixel.drawImage(video, 600, 300, 1, 1, 0, 0, 1, 1);
    const [r, g, b] = pixel.getImageData(0, 0, 1, 1).data;
    return r > g && r > b ? 'red' : g > b ? 'green' : 'blue';
  };
  const first = new Promise(done => video.requestVideoFrameCallback(
    () => done(performance.now() - start)));
  await pc.setLocalDescription();
  const response = await fetch(url, {method: 'POST', body: pc.localDescription.sdp,
    headers: {'authorization': 'Bearer ' + token, 'content-type': 'application/sdp'}});
  await pc.setRemoteDescription({type: 'answer', sdp: await response.text()});
  window.session = response.headers.get('location');
  return await first;
}"""

LEAVE = """async ([token]) => {
  pc.close();
  await fetch(session, {method: 'DELETE', headers: {'authorization': 'Bearer ' + token}});
}"""

SWITCH = """async ([room, token]) => {
  const start = performance.now();
  const seen = new Promise((done, failed) => {
    setTimeout(() => failed('no picture'), 5000);
    const look = () => window.colour() === room ? done(performance.now() - start)
      : video.requestVideoFrameCallback(look);
    video.requestVideoFrameCallback(look);
  });
  const response = await fetch(session + '/room', {method: 'PUT',
    body: JSON.stringify({room, group: null}),
    headers: {'authorization': 'Bearer ' + token, 'content-type': 'application/json'}});
  if (response.status !== 200) throw response.status;
  return await seen;
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A page at the node's address, and a grant to watch with."""

    page: Page
    address: str
    token: str

    async def watch(self, room: str) -> float:
        """Milliseconds from the start of the page's script to the first picture."""
        url = f"{self.address}/media/whep/{room}"
        shown: float = await self.page.evaluate(WATCH, [url, self.token])
        return shown

    async def switch(self, room: str) -> float:
        """Milliseconds from the request to the first picture of the other room."""
        shown: float = await self.page.evaluate(SWITCH, [room, self.token])
        return shown

    async def leave(self) -> None:
        await self.page.evaluate(LEAVE, [self.token])


@contextlib.asynccontextmanager
async def stage(*, across: bool = False) -> AsyncIterator[Stage]:
    """A node with a live room for each of COLOURS, and Chromium.

    With `across` all rooms but the first live on a second node, which the page never speaks to.
    """
    with contextlib.ExitStack() as processes:
        node = processes.enter_context(node_process())
        other = processes.enter_context(node_process(secret=node.secret)) if across else node
        first = next(iter(COLOURS))
        async with contextlib.AsyncExitStack() as stack:
            for room, yuv in COLOURS.items():
                loop = encode_loop(_pictures(yuv), _silence(), fps=FPS, kbps=1000)
                token = node.token(person=room, publish="stage")
                home = node if room == first else other
                await stack.enter_async_context(LoopPublisher(home.address, room, token, loop))
            away = {room: other.address for room in COLOURS if across and room != first}
            node.put_on_air(*COLOURS, homes=away)
            if across:
                other.put_on_air(*away)
            playwright = await stack.enter_async_context(async_playwright())
            browser = await playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=list(CHROMIUM)
            )
            stack.push_async_callback(browser.close)
            page = await browser.new_page()
            await page.goto(f"{node.address}/media/health")
            await asyncio.sleep(1.5)
            watching = node.token(person="eve", subscribe=True)
            yield Stage(page=page, address=node.address, token=watching)


def percentile(values: list[float], share: float) -> float:
    """The value that this share of the values does not exceed, to a tenth."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


def _pictures(yuv: tuple[int, int, int]) -> Iterator[Any]:
    """One colour, with a border of noise that gives the encoder something to do."""
    import av

    dice = random.Random(2)
    for _ in range(FPS * SECONDS):
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane, value in zip(frame.planes, yuv, strict=True):
            noise = dice.randbytes(plane.line_size) * 16 if plane is frame.planes[0] else b""
            plane.update(noise + bytes([value]) * (plane.buffer_size - len(noise)))
        yield frame


def _silence() -> Iterator[bytes]:
    for _ in range(50 * SECONDS):
        yield bytes(1920)
