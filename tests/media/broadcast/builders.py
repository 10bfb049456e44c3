"""A room's feed in time that the test makes, and what a player would find in its segments."""

from __future__ import annotations

import io
import math
import random
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from media import rtcp
from media.broadcast.cutter import Cutter, Generation, Part, Segment
from media.broadcast.feed import Feed, Lane, make_lane
from media.broadcast.reorder import Packet
from media.broadcast.shelf import Run, Shelf
from media.broadcast.slate import Words
from media.loops import Loop, encode_loop

EPOCH = 1_800_000_000.0
NTP_EPOCH = 2_208_988_800
BEEP_S = 1.0


@cache
def loop(width: int = 320, height: int = 180, fps: int = 30, seconds: int = 4) -> Loop:
    """Grey that flashes white, and silence that beeps, both in the first 100 ms of each second."""
    return encode_loop(
        _pictures(width, height, fps, seconds), _sounds(seconds), fps=fps, kbps=300, audio_kbps=48
    )


def _pictures(width: int, height: int, fps: int, seconds: int) -> Iterator[Any]:
    for number in range(fps * seconds):
        frame = av.VideoFrame(width, height, "yuv420p")
        flash = number % fps < fps // 10
        for place, plane in enumerate(frame.planes):
            value = 128 if place else (230 if flash else 60 + number % 7)
            plane.update(bytes([value]) * plane.buffer_size)
        yield frame


def _sounds(seconds: int) -> Iterator[bytes]:
    for piece in range(50 * seconds):
        loud = piece % 50 < 5
        yield array(
            "h",
            (
                int(12000 * math.sin(2 * math.pi * 1000 * (piece * 960 + i) / 48000)) if loud else 0
                for i in range(960)
            ),
        ).tobytes()


@dataclass
class Source:
    """A publisher's camera and microphone as they come through lanes; its clocks are its own."""

    video: Loop
    began: float
    delay: float = 0.04
    picture_delay: float = 0.0
    """How much later than the sound the picture comes."""

    video_seq: int = 65_000
    audio_seq: int = 65_400
    video_base: int = 4_294_900_000
    audio_base: int = 77
    frames: int = 0
    sounds: int = 0
    wants_key: bool = False
    at: int = 0

    def due(self, now: float) -> Iterator[tuple[str, int, Packet]]:
        """What arrives by now, `delay` after it was captured."""
        captured = now - self.delay - self.began
        while self.frames <= (captured - self.picture_delay) * self.video.fps:
            yield from self._frame()
        while self.sounds <= captured * 50:
            yield self._sound()

    def _frame(self) -> Iterator[tuple[str, int, Packet]]:
        if self.wants_key:
            self.wants_key = False
            while not self.video.frames[self.at].keyframe:
                self.at = (self.at + 1) % len(self.video.frames)
        frame = self.video.frames[self.at]
        timestamp = (self.video_base + self.frames * 90_000 // self.video.fps) & 0xFFFFFFFF
        for number, payload in enumerate(frame.payloads, 1):
            marker = number == len(frame.payloads)
            yield "video", self.video_seq & 0xFFFF, Packet(payload, timestamp, marker)
            self.video_seq += 1
        self.frames += 1
        self.at = (self.at + 1) % len(self.video.frames)

    def _sound(self) -> tuple[str, int, Packet]:
        sound = self.video.sounds[self.sounds % len(self.video.sounds)]
        timestamp = (self.audio_base + self.sounds * 960) & 0xFFFFFFFF
        seq = self.audio_seq & 0xFFFF
        self.audio_seq += 1
        self.sounds += 1
        return "audio", seq, Packet(sound.payload, timestamp, False)

    def report(self, kind: str, now: float) -> rtcp.SenderReport:
        base, rate = (self.video_base, 90_000) if kind == "video" else (self.audio_base, 48_000)
        return rtcp.SenderReport(
            ssrc=1,
            ntp=int((now + NTP_EPOCH) * (1 << 32)),
            rtp=int(base + (now - self.began) * rate) & 0xFFFFFFFF,
            packets=0,
            octets=0,
        )


@dataclass
class Studio:
    """A feed, its cutter and its shelf, driven in steps of 10 ms."""

    folder: Path
    now: float = EPOCH
    words: Words = field(default_factory=lambda: Words(title="A pause", place="Harbour Hall"))
    lose: Callable[[str, int], bool] = lambda _kind, _number: False
    shuffle: random.Random | None = None
    keyframes_asked: int = 0

    def __post_init__(self) -> None:
        self.shelf = Shelf.begin(self.folder, self.now)
        self.parts: list[tuple[Part, Generation, float]] = []
        self.segments: list[Segment] = []
        cutter = Cutter(on_part=self._part, on_segment=self._segment)
        self.feed = Feed(
            epoch=self.now, now=self.now, cutter=cutter, begun=self._begun, words=self.words
        )
        self.lanes: dict[str, Lane] = {}
        self.source: Source | None = None
        self._count = 0
        self._reported = 0.0

    @property
    def run(self) -> Run:
        return self.shelf.run

    def plug(self, source: Source | None) -> None:
        """This source is on the lanes from now on (None: nobody)."""
        self.source = source
        self.feed.occupied = source is not None
        self.lanes = {kind: make_lane(kind, 1) for kind in ("video", "audio")} if source else {}
        self._reported = 0.0

    def play(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end - 0.005:
            self.now += 0.01
            if self.source is not None:
                self._deliver(self.source)
                if self.feed.keyframe_due(self.now):
                    self.keyframes_asked += 1
                    self.source.wants_key = True
            self.feed.tick(list(self.lanes.values()), self.now)

    def _deliver(self, source: Source) -> None:
        arrived = list(source.due(self.now))
        if self.shuffle is not None:
            self.shuffle.shuffle(arrived)
        for kind, seq, packet in arrived:
            self._count += 1
            if not self.lose(kind, self._count):
                self.feed.packet(self.lanes[kind], seq, packet, self.now)
        if arrived and self.now - self._reported > 1:
            self._reported = self.now
            for kind, lane in self.lanes.items():
                lane.clock.report(source.report(kind, self.now))

    def _part(self, part: Part, generation: Generation) -> None:
        self.parts.append((part, generation, self.now))

    def _segment(self, segment: Segment) -> None:
        self.segments.append(segment)
        self.shelf.segment(segment)

    def _begun(self, generation: Generation) -> None:
        self.shelf.init(generation)


@dataclass
class Watched:
    """What a decoder made of a run: picture and sound times in seconds since the epoch."""

    pictures: list[tuple[float, int, float]]
    """time, width, brightness (0…255)"""

    sounds: list[tuple[float, float]]
    """time of each AAC frame, and its peak (0…1)"""


def watch(run: Run) -> Watched:
    """Decode everything, generation by generation, as a player does."""
    seen = Watched([], [])
    for number, init in run.inits.items():
        kept = [s for s in run.segments if s.generation == number]
        if not kept:
            continue
        content = (run.folder / init.name).read_bytes()
        content += b"".join((run.folder / s.name).read_bytes() for s in kept)
        with av.open(io.BytesIO(content), "r") as container:
            for frame in container.decode():
                if isinstance(frame, av.VideoFrame):
                    light = float(np.asarray(frame.to_ndarray(format="gray")).mean())
                    seen.pictures.append((frame.time or 0.0, frame.width, light))
                else:
                    peak = float(np.abs(frame.to_ndarray()).max())
                    seen.sounds.append((frame.time or 0.0, peak))
    return seen


def onsets(values: list[tuple[float, float]], threshold: float) -> list[float]:
    """The times at which a value rises above the threshold."""
    found, high = [], False
    for time, value in values:
        if value > threshold and not high:
            found.append(time)
        high = value > threshold
    return found
