"""A node in a process of its own with our scripts beside it, and Debian's Chromium."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright

from media.grant import sign
from tests.media.builders import SECRET, free_udp_port, make_grant
from tests.media.test_clients import CHROMIUM

LIBRARY = """
window.paint = (colour) => {
  const canvas = document.createElement('canvas');
  canvas.width = 640; canvas.height = 360;
  const pen = canvas.getContext('2d');
  let n = 0;
  setInterval(() => {
    pen.fillStyle = colour; pen.fillRect(0, 0, 640, 360);
    pen.fillStyle = '#888'; pen.fillRect(n++ * 4 % 640, 340, 16, 16);
  }, 40);
  return canvas.captureStream(25);
};
window.publish = async (room, person, colour) => {
  const {Publish} = await import('/js/whip.js');
  const camera = paint(colour);
  const sound = await navigator.mediaDevices.getUserMedia({audio: true});
  const stream = new MediaStream([...camera.getTracks(), ...sound.getTracks()]);
  window.states = [];
  window.publishing = new Publish({
    grantUrl: `/grant?person=${person}&publish=stage&room=${room}`,
    stream: () => stream, tell: (state) => states.push(state),
  });
  await publishing.start();
};
window.watch = async (room, person, lanes, view = {}) => {
  const {Watch} = await import('/js/whep.js');
  window.videos = {}; window.gap = 0; window.states = [];
  window.watching = new Watch({
    grantUrl: `/grant?person=${person}`, room, video: lanes, voices: 2, ...view,
    onTrack: (event) => {
      if (event.track.kind !== 'video') return;
      const video = document.createElement('video');
      video.muted = video.autoplay = video.playsInline = true;
      video.srcObject = new MediaStream([event.track]);
      document.body.append(video);
      videos[event.transceiver.mid] = video;
      let last = 0;
      const shown = (now) => {
        if (last) gap = Math.max(gap, now - last);
        last = now;
        video.requestVideoFrameCallback(shown);
      };
      video.requestVideoFrameCallback(shown);
    },
    tell: (state) => { states.push(state); if (state === 'joining') {
      for (const video of Object.values(videos)) video.remove(); videos = {}; } },
  });
  await watching.start();
};
window.shareTab = async (colour) => {
  document.body.style.background = colour;
  const context = new AudioContext();
  const tone = new OscillatorNode(context, {frequency: 440});
  tone.connect(context.destination);
  tone.start();
  const {captureScreen} = await import('/js/whip.js');
  const screen = await captureScreen({preferCurrentTab: true});
  // A tab that stands still sends no pictures.
  let n = 0;
  setInterval(() => { document.title = document.body.style.borderTop = `${n++ % 8}px solid #888`; }, 60);
  await publishing.share(screen);
  return screen.getTracks().map((track) => track.kind + ' ' + (track.getSettings().displaySurface ?? '')).sort();
};
window.loud = async (mid) => {
  const track = watching.keeper.connection.getTransceivers().find((one) => one.mid === mid).receiver.track;
  const context = new AudioContext();
  const heard = new AnalyserNode(context);
  // Chromium decodes what an element plays.
  const player = new Audio();
  player.srcObject = new MediaStream([track]);
  player.muted = true;
  await player.play();
  context.createMediaStreamSource(player.srcObject).connect(heard);
  await new Promise((done) => setTimeout(done, 500));
  const wave = new Float32Array(heard.fftSize);
  heard.getFloatTimeDomainData(wave);
  await context.close();
  return Math.max(...wave) > 0.05;
};
window.colour = (video) => {
  if (!video || !video.videoWidth) return 'dark';
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext('2d');
  pen.drawImage(video, video.videoWidth / 2, video.videoHeight / 3, 1, 1, 0, 0, 1, 1);
  const [r, g, b] = pen.getImageData(0, 0, 1, 1).data;
  return r > 1.5 * g && r > 1.5 * b ? 'red' : g > 1.5 * r && g > 1.5 * b ? 'green'
    : b > 1.5 * r && b > 1.5 * g ? 'blue' : 'other';
};
window.colours = () => Object.keys(videos).sort().map((mid) => colour(videos[mid]));
window.sizes = () => Object.keys(videos).sort().map((mid) => videos[mid].videoWidth);
"""


@dataclass(frozen=True)
class Front:
    """A running node with our scripts; `pid` is the process."""

    address: str
    udp_port: int
    process: subprocess.Popen[bytes]

    async def on_air(self, *rooms: str) -> None:
        """Put the group “stage” on air in these rooms."""
        stages = {room: {"on_air": "stage"} for room in rooms}
        grant = sign(make_grant(control=True, conference="trial"), SECRET)
        async with httpx.AsyncClient(base_url=self.address) as http:
            answer = await http.put(
                "/media/stages",
                json={"stages": stages},
                headers={"authorization": f"Bearer {grant}"},
            )
            answer.raise_for_status()


def start_front(**environment: str) -> Front:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    udp_port = free_udp_port()
    given = {
        **os.environ,
        "PLENARY_SECRET_MEDIA": SECRET,
        "PLENARY_MEDIA_HTTP": f"127.0.0.1:{port}",
        "PLENARY_UDP_PORT": str(udp_port),
        "PLENARY_MEDIA_ADDRESSES": "127.0.0.1",
        **environment,
    }
    for name in ("REDIS_URL", "PLENARY_MEDIA_SOCKET"):
        given.pop(name, None)
    command = [sys.executable, "-m", "tests.media.browser.front", str(port)]
    process = subprocess.Popen(command, env=given)
    front = Front(f"http://127.0.0.1:{port}", udp_port, process)
    end = time.monotonic() + 15
    while True:
        try:
            httpx.get(f"{front.address}/media/ready")
            return front
        except httpx.HTTPError:
            assert time.monotonic() < end, "the front did not start"
            time.sleep(0.05)


@pytest.fixture
def front() -> Iterator[Front]:
    started = start_front()
    yield started
    started.process.terminate()
    started.process.wait(timeout=8)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[*CHROMIUM, "--autoplay-policy=no-user-gesture-required"],
        )
        yield browser
        await browser.close()


@pytest.fixture
async def sharer() -> AsyncIterator[Browser]:
    """A browser that gives its own tab away without a question. Fake devices would be a fake screen
    too, and a muted one gives no sound."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[
                *(flag for flag in CHROMIUM if "media-stream" not in flag),
                "--autoplay-policy=no-user-gesture-required",
                "--auto-accept-this-tab-capture",
            ],
            ignore_default_args=["--mute-audio"],
        )
        yield browser
        await browser.close()


async def open_page(browser: Browser, address: str, *, init: str = "") -> Page:
    """A page of its own context with the library in it."""
    context = await browser.new_context(permissions=["microphone"])
    page = await context.new_page()
    if init:
        await page.add_init_script(init)
    await page.add_init_script(LIBRARY)
    await page.goto(address)
    return page


async def becomes(page: Page, script: str, wanted: Any, *, seconds: float = 60) -> None:
    """Wait until a script gives this."""
    end = time.monotonic() + seconds
    while (seen := await page.evaluate(script)) != wanted:
        assert time.monotonic() < end, f"{seen!r} instead of {wanted!r}"
        await page.wait_for_timeout(50)
