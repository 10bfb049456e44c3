"""Encoders that we did not write: an offer as OBS makes it, and a real GStreamer, both ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from bench.node_process import NodeProcess, node_process
from media import sdp
from media.client import Connection, OfferedLine
from media.engine import certificate_fingerprint
from media.grant import sign
from media.server import MediaApp
from tests.media.builders import (
    CERTIFICATE,
    GROUP,
    KEYFRAME,
    ROOM,
    SECRET,
    House,
    Speaker,
    make_grant,
    until,
)

DEBIANS_PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).with_name("gstreamer_peer.py")

OBS_OFFER = """\
v=0
o=rtc 3767197920 0 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=group:LS 0 1
a=msid-semantic:WMS *
a=setup:actpass
a=ice-ufrag:{ufrag}
a=ice-pwd:{password}
a=ice-options:ice2,trickle
a=fingerprint:sha-256 {fingerprint}
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=mid:0
a=sendonly
a=ssrc:2650250521 cname:OQV1dvMN8XfqRBgz
a=ssrc:2650250521 msid:GYRvb4uaDJ1UzkDS GYRvb4uaDJ1UzkDS-audio
a=msid:GYRvb4uaDJ1UzkDS GYRvb4uaDJ1UzkDS-audio
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;sprop-stereo=1;useinbandfec=1
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=mid:1
a=sendonly
a=ssrc:2650250522 cname:OQV1dvMN8XfqRBgz
a=ssrc:2650250522 msid:GYRvb4uaDJ1UzkDS GYRvb4uaDJ1UzkDS-video
a=msid:GYRvb4uaDJ1UzkDS GYRvb4uaDJ1UzkDS-video
a=rtcp-mux
a=rtpmap:96 H264/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 goog-remb
a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1
"""


async def test_an_offer_as_obs_makes_it_goes_on_air(house: House) -> None:
    """OBS 30 (libdatachannel): transport attributes at session level, no header extensions, one
    sound and one picture by their SSRCs, the grant as bearer token, no trickle."""
    house.on_air(**{ROOM: GROUP})
    app = MediaApp(lambda: house.node)
    app.node = house.node
    connection = Connection(certificate=CERTIFICATE)
    offer = OBS_OFFER.format(
        ufrag=connection.ufrag[:4],
        password=connection.password,
        fingerprint=certificate_fingerprint(CERTIFICATE),
    ).replace("\n", "\r\n")
    connection.ufrag = connection.ufrag[:4]
    token = sign(make_grant(person="oda", publish=GROUP), SECRET)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/sdp"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://node") as http:
        created = await http.post(f"/media/whip/{ROOM}", content=offer, headers=headers)
        assert created.status_code == 201
        await connection.connect(sdp.parse_remote_transport(created.text))
        publisher = next(iter(house.node.publishers.values()))
        await until(lambda: publisher.peer.ready)
        lines = [
            OfferedLine(kind="audio", ssrc=2650250521),
            OfferedLine(kind="video", ssrc=2650250522),
        ]
        encoder, listener = Speaker(publisher, connection, lines), await house.listener()
        await encoder.talk(20)
        await until(lambda: len(listener.of("video")) >= 20 and len(listener.of("audio")) >= 20)
        assert listener.payloads("video")[0] == KEYFRAME
        assert listener.subscriber.publishers["1"].grant.person == "oda"
        ended = await http.delete(created.headers["location"], headers=headers)
        assert ended.status_code == 200
    await connection.close()
    assert not house.node.publishers


class GStreamer:
    """A GStreamer process that publishes or watches; `said` is what it told so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[list[str]] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.said.append(line.decode().split())

    def told(self, *words: str) -> Callable[[], list[list[str]]]:
        """What it told that begins with these words."""
        return lambda: [line for line in self.said if tuple(line[: len(words)]) == words]

    async def leave(self) -> None:
        """Let it end its session; raises TimeoutError when it doesn't."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        async with asyncio.timeout(20):
            assert await self.process.wait() == 0
        await self._reading


@asynccontextmanager
async def gstreamer(kind: str, address: str, token: str) -> AsyncIterator[GStreamer]:
    process = await asyncio.create_subprocess_exec(
        DEBIANS_PYTHON,
        str(SCRIPT),
        kind,
        address,
        token,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield GStreamer(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def figures(node: NodeProcess) -> dict[str, int]:
    answer: dict[str, int] = httpx.get(f"{node.address}/media/health").json()
    return {name: answer[name] for name in ("publishers", "subscribers")}


async def test_gstreamer_publishes_and_watches() -> None:
    with node_process() as node:
        node.put_on_air("hall")
        sender = node.token(person="ada", publish="stage")
        watcher = node.token(person="eve", subscribe=True)
        async with (
            gstreamer("publish", f"{node.address}/media/whip/hall", sender) as ada,
            gstreamer("watch", f"{node.address}/media/whep/hall", watcher) as eve,
        ):
            for one in (ada, eve):
                await until(one.told("created", "201"), seconds=30)
                await until(one.told("state", "connected"), seconds=30)
            # What the one encodes, the other decodes: pure red at this size.
            await until(eve.told("seen"), seconds=30)
            ((_, width, height, luma),) = eve.told("seen")()
            assert (width, height) == ("320", "180")
            assert abs(int(luma) - 81) < 6
            assert figures(node) == {"publishers": 1, "subscribers": 1}
            for one in (eve, ada):
                await one.leave()
                assert one.told("deleted")() == [["deleted", "200"]]
        assert figures(node) == {"publishers": 0, "subscribers": 0}
