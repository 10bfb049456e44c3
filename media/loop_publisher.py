"""Synthetic speakers: publishes loops by WHIP without encoding anything, dozens in one process."""

from __future__ import annotations

import asyncio
import random
import struct
import time
from collections.abc import Callable

from media import rtcp
from media.client import (
    AUDIO_PT,
    LEVEL_ID,
    VIDEO_PT,
    Connection,
    OfferedLine,
    Refused,
    Session,
    rtp_packet,
)
from media.errors import MediaError
from media.log import Log
from media.loops import Loop

logger = Log(__name__)

TICK_S = 0.02
REPORT_S = 1.0
DEAF_S = 2.5
RETRY_S = (0.2, 5.0)
NTP_EPOCH = 2_208_988_800


class LoopPublisher:
    """Publishes one loop into one room until it is closed, reconnecting by itself.

    `address` is http://host:port or unix:/path of the node (or of what stands in front of it);
    `grant` is a token that allows publishing, or a function that makes a fresh one, which is
    called for every connection. A request for a keyframe is answered by jumping to the loop's next
    one. Use `start` and `close`, or `async with`.
    """

    def __init__(self, address: str, room: str, grant: str | Callable[[], str], loop: Loop) -> None:
        self.address = address
        self.room = room
        self.connected = False
        self._grant = grant
        self._loop = loop
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to publish, in the background."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop publishing and hang up."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def __aenter__(self) -> LoopPublisher:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _run(self) -> None:
        delay = RETRY_S[0]
        while True:
            playing = Playing(self._loop)
            session = Session(self.address, playing.connection)
            token = self._grant() if callable(self._grant) else self._grant
            try:
                await session.open(f"/media/whip/{self.room}", token, playing.lines())
                self.connected, delay = True, RETRY_S[0]
                await playing.play()
            except (ConnectionError, Refused, MediaError) as error:
                logger.info("loop not published", room=self.room, reason=str(error))
            finally:
                self.connected = False
                await session.close()
            await asyncio.sleep(delay * random.uniform(0.8, 1.2))
            delay = min(delay * 2, RETRY_S[1])


class Playing:
    """One connection's worth of a loop."""

    def __init__(self, loop: Loop) -> None:
        self.connection = Connection(on_rtcp=self._on_rtcp)
        self._loop = loop
        self._audio_ssrc, self._video_ssrc = random.getrandbits(32), random.getrandbits(32)
        self._video_seq = self._audio_seq = random.getrandbits(15)
        self._frames = self._sounds = 0
        self._at = 0
        self._octets = [0, 0]
        self._sent = [0, 0]
        self._keyframe_wanted = False

    def lines(self) -> list[OfferedLine]:
        return [
            OfferedLine(kind="audio", ssrc=self._audio_ssrc),
            OfferedLine(kind="video", ssrc=self._video_ssrc),
        ]

    async def play(self) -> None:
        """Send until the node is not heard any more; then raises ConnectionError."""
        clock = asyncio.get_running_loop().time
        start, reported = clock(), 0.0
        while self.connection.ready:
            now = clock()
            if now - self.connection.heard_at > DEAF_S:
                raise ConnectionError("the node is not heard any more")
            elapsed = now - start
            self._send_due(elapsed)
            if elapsed - reported > REPORT_S or not reported:
                reported = elapsed
                self._report(elapsed)
            await asyncio.sleep(TICK_S - (clock() - start) % TICK_S)
        raise ConnectionError("the node hung up")

    def _send_due(self, elapsed: float) -> None:
        if elapsed * 50 - self._sounds > 50:
            self._sounds = int(elapsed * 50)
            self._frames = int(elapsed * self._loop.fps)
        while self._frames <= elapsed * self._loop.fps:
            self._send_frame()
        while self._loop.sounds and self._sounds <= elapsed * 50:
            self._send_sound()

    def _send_frame(self) -> None:
        frames = self._loop.frames
        if self._keyframe_wanted:
            self._keyframe_wanted = False
            while not frames[self._at].keyframe:
                self._at = (self._at + 1) % len(frames)
        payloads = frames[self._at].payloads
        timestamp = self._frames * 90_000 // self._loop.fps
        for number, payload in enumerate(payloads, 1):
            packet = rtp_packet(
                VIDEO_PT,
                seq=self._video_seq,
                timestamp=timestamp,
                ssrc=self._video_ssrc,
                marker=number == len(payloads),
                payload=payload,
            )
            self._video_seq += 1
            self._count(1, packet)
        self._frames += 1
        self._at = (self._at + 1) % len(frames)

    def _send_sound(self) -> None:
        sound = self._loop.sounds[self._sounds % len(self._loop.sounds)]
        head = struct.pack(
            "!BBHLLHHBBH",
            0x90,
            AUDIO_PT,
            self._audio_seq & 0xFFFF,
            self._sounds * 960 & 0xFFFFFFFF,
            self._audio_ssrc,
            0xBEDE,
            1,
            LEVEL_ID << 4,
            sound.level,
            0,
        )
        self._audio_seq += 1
        self._sounds += 1
        self._count(0, head + sound.payload)

    def _count(self, kind: int, packet: bytes) -> None:
        self.connection.send_rtp(packet)
        self._sent[kind] += 1
        self._octets[kind] += len(packet) - 12

    def _report(self, elapsed: float) -> None:
        ntp = int((time.time() + NTP_EPOCH) * (1 << 32))
        sources = ((self._audio_ssrc, 48_000), (self._video_ssrc, 90_000))
        compound = b"".join(
            rtcp.write_sender_report(
                rtcp.SenderReport(
                    ssrc=ssrc,
                    ntp=ntp,
                    rtp=int(elapsed * clock) & 0xFFFFFFFF,
                    packets=self._sent[kind],
                    octets=self._octets[kind] & 0xFFFFFFFF,
                ),
                "loop",
            )
            for kind, (ssrc, clock) in enumerate(sources)
        )
        self.connection.send_rtcp(compound)

    def _on_rtcp(self, compound: bytes) -> None:
        for message in rtcp.parse(compound):
            if isinstance(message, rtcp.KeyframeWanted):
                self._keyframe_wanted = True
