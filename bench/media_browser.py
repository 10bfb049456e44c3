"""A real node, rooms of one colour each, and a page in Chromium that watches them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from playwright.async_api import Page, async_playwright

from bench.ports import free_port
from media.grant import Grant, sign
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
async def stage() -> AsyncIterator[Stage]:
    """A node with a live room for each of COLOURS, and Chromium."""
    secret, port = secrets.token_hex(16), free_port()
    address = f"http://127.0.0.1:{port}"
    with _node(secret, port, free_port(datagrams=True)):
        async with contextlib.AsyncExitStack() as stack:
            await _ready(address)
            for room, yuv in COLOURS.items():
                loop = encode_loop(_pictures(yuv), _silence(), fps=FPS, kbps=1000)
                grant = _grant(person=room, publish="stage")
                publisher = LoopPublisher(address, room, sign(grant, secret), loop)
                await stack.enter_async_context(publisher)
            token = sign(_grant(person="desk", control=True), secret)
            stages = {room: {"on_air": "stage"} for room in COLOURS}
            headers = {"authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(base_url=address) as http:
                await http.put("/media/stages", json={"stages": stages}, headers=headers)
            playwright = await stack.enter_async_context(async_playwright())
            browser = await playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=list(CHROMIUM)
            )
            stack.push_async_callback(browser.close)
            page = await browser.new_page()
            await page.goto(f"{address}/media/health")
            await asyncio.sleep(1.5)
            watching = sign(_grant(person="eve", subscribe=True), secret)
            yield Stage(page=page, address=address, token=watching)


def percentile(values: list[float], share: float) -> float:
    """The value that this share of the values does not exceed, to a tenth."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


@contextlib.contextmanager
def _node(secret: str, http_port: int, udp_port: int) -> Iterator[None]:
    environment = {
        **os.environ,
        "PLENARY_SECRET_MEDIA": secret,
        "PLENARY_MEDIA_HTTP": f"127.0.0.1:{http_port}",
        "PLENARY_UDP_PORT": str(udp_port),
        "PLENARY_MEDIA_ADDRESSES": "127.0.0.1",
    }
    for name in ("REDIS_URL", "PLENARY_MEDIA_SOCKET"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "media"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


async def _ready(address: str) -> None:
    async with asyncio.timeout(20), httpx.AsyncClient() as http:
        while True:
            try:
                await http.get(f"{address}/media/ready")
                return
            except httpx.HTTPError:
                await asyncio.sleep(0.05)


def _grant(**of: Any) -> Grant:
    expires = datetime.now(UTC) + timedelta(hours=1)
    return Grant(conference="bench", rooms=("*",), expires=expires, **of)


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
