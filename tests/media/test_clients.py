"""Clients that we did not write: stock aiortc in this process, and Chromium beside the real node."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import aioice.ice
import av
import httpx
import pytest
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from playwright.async_api import Browser, Page, async_playwright

from media.grant import sign
from tests.media.builders import (
    GROUP,
    ROOM,
    SECRET,
    House,
    free_udp_port,
    make_grant,
    until,
)

CHROMIUM = [
    "--no-sandbox",
    "--headless",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


class Colour(VideoStreamTrack):
    """Pictures of one colour."""

    def __init__(self, luma: int) -> None:
        super().__init__()
        self._luma = luma

    async def recv(self) -> av.VideoFrame:
        frame = av.VideoFrame(320, 180, "yuv420p")
        for plane, value in zip(frame.planes, (self._luma, 128, 128), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts, frame.time_base = await self.next_timestamp()
        return frame


def stock_connection() -> RTCPeerConnection:
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


def prefer_h264(connection: RTCPeerConnection) -> None:
    for transceiver in connection.getTransceivers():
        if transceiver.kind == "video":
            codecs = RTCRtpSender.getCapabilities("video").codecs
            transceiver.setCodecPreferences(
                [c for c in codecs if c.parameters.get("profile-level-id") == "42e01f"]
            )


async def test_stock_aiortc_publishes_and_watches(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["127.0.0.1"])
    house.on_air(**{ROOM: GROUP})
    sending, receiving = stock_connection(), stock_connection()
    sending.addTrack(AudioStreamTrack())
    sending.addTrack(Colour(180))
    prefer_h264(sending)
    await sending.setLocalDescription(await sending.createOffer())
    grant = make_grant(publish=GROUP)
    publisher, answer = house.node.publish(ROOM, grant, sending.localDescription.sdp)
    await sending.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await until(lambda: publisher.peer.ready)

    tracks: list[MediaStreamTrack] = []
    receiving.on("track", tracks.append)
    for kind in ("audio", "video"):
        receiving.addTransceiver(kind, direction="recvonly")
    prefer_h264(receiving)
    await receiving.setLocalDescription(await receiving.createOffer())
    offer = receiving.localDescription.sdp
    _, answer = house.node.subscribe(ROOM, None, make_grant(subscribe=True, person="eve"), offer)
    await receiving.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    async with asyncio.timeout(10):
        frames = [await track.recv() for track in tracks]
    picture = next(frame for frame in frames if isinstance(frame, av.VideoFrame))
    assert (picture.width, picture.height) == (320, 180)
    assert abs(bytes(picture.planes[0])[1000] - 180) < 6
    await sending.close()
    await receiving.close()
    await until(lambda: not house.node.publishers and not house.node.subscribers)


@dataclass(frozen=True)
class RealNode:
    """`python -m media` in a process of its own."""

    address: str

    async def put(self, path: str, content: dict[str, Any]) -> None:
        headers = {"authorization": f"Bearer {sign(make_grant(control=True), SECRET)}"}
        async with httpx.AsyncClient(base_url=self.address) as http:
            (await http.put(path, json=content, headers=headers)).raise_for_status()

    async def rooms(self) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {sign(make_grant(control=True), SECRET)}"}
        async with httpx.AsyncClient(base_url=self.address) as http:
            found: dict[str, Any] = (await http.get("/media/rooms", headers=headers)).json()
            return found


@pytest.fixture
def real_node() -> Iterator[RealNode]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PLENARY_SECRET_MEDIA": SECRET,
        "PLENARY_MEDIA_HTTP": f"127.0.0.1:{port}",
        "PLENARY_UDP_PORT": str(free_udp_port()),
        "PLENARY_MEDIA_ADDRESSES": "127.0.0.1",
    }
    for name in ("REDIS_URL", "PLENARY_MEDIA_SOCKET"):
        environment.pop(name, None)
    process = subprocess.Popen([sys.executable, "-m", "media"], env=environment)
    address = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 15
    while True:
        try:
            httpx.get(f"{address}/media/ready")
            break
        except httpx.HTTPError:
            assert time.monotonic() < end
            time.sleep(0.05)
    yield RealNode(address)
    process.terminate()
    assert process.wait(timeout=8) in (0, -15)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=CHROMIUM
        )
        yield browser
        await browser.close()


PUBLISH = """async ([url, token, colour]) => {
  const canvas = document.createElement('canvas');
  canvas.width = 320; canvas.height = 180;
  const paint = canvas.getContext('2d');
  let n = 0;
  setInterval(() => {
    paint.fillStyle = colour; paint.fillRect(0, 0, 320, 180);
    paint.fillStyle = '#888'; paint.fillRect(n++ % 320, 170, 8, 8);
  }, 40);
  const stream = canvas.captureStream(25);
  const sound = await navigator.mediaDevices.getUserMedia({audio: true});
  const pc = window.pc = new RTCPeerConnection();
  pc.addTransceiver(sound.getAudioTracks()[0], {direction: 'sendonly', streams: [stream]});
  const video = pc.addTransceiver(stream.getVideoTracks()[0], {direction: 'sendonly', streams: [stream]});
  video.setCodecPreferences(RTCRtpSender.getCapabilities('video').codecs
    .filter(codec => /H264|rtx/.test(codec.mimeType)));
  await pc.setLocalDescription();
  const response = await fetch(url, {method: 'POST', body: pc.localDescription.sdp,
    headers: {'authorization': 'Bearer ' + token, 'content-type': 'application/sdp'}});
  await pc.setRemoteDescription({type: 'answer', sdp: await response.text()});
  return response.status;
}"""

WATCH = """async ([url, token]) => {
  const pc = window.pc = new RTCPeerConnection();
  pc.addTransceiver('audio', {direction: 'recvonly'});
  pc.addTransceiver('video', {direction: 'recvonly'});
  const video = window.video = document.createElement('video');
  video.muted = video.autoplay = video.playsInline = true;
  video.srcObject = new MediaStream();
  pc.ontrack = event => video.srcObject.addTrack(event.track);
  document.body.append(video);
  await pc.setLocalDescription();
  const response = await fetch(url, {method: 'POST', body: pc.localDescription.sdp,
    headers: {'authorization': 'Bearer ' + token, 'content-type': 'application/sdp'}});
  await pc.setRemoteDescription({type: 'answer', sdp: await response.text()});
  return response.headers.get('location');
}"""

DECODED = """async () => {
  for (const report of (await pc.getStats()).values())
    if (report.type === 'inbound-rtp' && report.kind === 'video') return report.framesDecoded || 0;
  return 0;
}"""

COLOUR = """() => {
  if (!video.videoWidth) return 'dark';
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const paint = canvas.getContext('2d');
  paint.drawImage(video, 40, 40, 1, 1, 0, 0, 1, 1);
  const [r, g, b] = paint.getImageData(0, 0, 1, 1).data;
  if (r > 120 && g < 100 && b < 100) return 'red';
  if (b > 120 && r < 100 && g < 100) return 'blue';
  return 'other';
}"""

MOVE = """async ([url, token, room]) => (await fetch(url, {method: 'PUT',
  body: JSON.stringify({room, group: null}),
  headers: {'authorization': 'Bearer ' + token, 'content-type': 'application/json'}})).status"""


async def becomes(page: Page, script: str, wanted: object, *, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while (seen := await page.evaluate(script)) != wanted:
        assert time.monotonic() < end, f"{seen!r} instead of {wanted!r}"
        await asyncio.sleep(0.05)


async def test_chromium_publishes_watches_and_switches(
    real_node: RealNode, browser: Browser
) -> None:
    address = real_node.address
    pages = []
    for _ in range(3):
        context = await browser.new_context(permissions=["microphone"])
        pages.append(await context.new_page())
        await pages[-1].goto(f"{address}/media/health")
    red, blue, viewer = pages
    for page, room, colour in ((red, "hall", "#f00"), (blue, "annex", "#00f")):
        token = sign(make_grant(person=colour, publish="opening"), SECRET)
        status = await page.evaluate(PUBLISH, [f"{address}/media/whip/{room}", token, colour])
        assert status == 201
    token = sign(make_grant(person="eve", subscribe=True), SECRET)
    location = await viewer.evaluate(WATCH, [f"{address}/media/whep/hall", token])
    await asyncio.sleep(1.5)
    assert await viewer.evaluate(DECODED) == 0
    assert [s["packets_out"] for s in (await real_node.rooms())["subscribers"]] == [0]

    stages = {"hall": {"on_air": "opening"}, "annex": {"on_air": "opening"}}
    await real_node.put("/media/stages", {"stages": stages})
    await becomes(viewer, COLOUR, "red")
    before = await viewer.evaluate(DECODED)
    await asyncio.sleep(1)
    assert await viewer.evaluate(DECODED) > before + 5

    for room, colour in (("annex", "blue"), ("hall", "red")):
        assert await viewer.evaluate(MOVE, [f"{address}{location}/room", token, room]) == 200
        await becomes(viewer, COLOUR, colour, seconds=3)
    assert await viewer.evaluate("pc.connectionState") == "connected"
    rooms = await real_node.rooms()
    assert len(rooms["subscribers"]) == 1
    assert rooms["rooms"]["hall"]["publishers"][0]["video"] is True
