"""Sends one room to an outside platform: `python -m media.broadcast.send`, in a process of its own.

The first line of standard input is the address; then come frames: a byte (I: init segment, P: part)
and a 32-bit length before each content. Pictures are coded anew to one size and rate, because
platforms do not take what changes. A line of JSON on standard output every second says how it goes;
the process ends when the platform does, and whoever started it starts it again.
"""

from __future__ import annotations

import io
import json
import struct
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from typing import IO, Any

import av

from media.broadcast.film import Fit

WIDTH, HEIGHT, FPS = 1280, 720, 30
VIDEO_KBPS, AUDIO_KBPS = 2500, 128
_TICK = Fraction(1, 90_000)


class Ended(Exception):
    """Nothing more is coming."""


class _Feed(io.RawIOBase):
    """The parts of one generation as one stream; it ends where the next init segment begins."""

    def __init__(self, source: IO[bytes], init: bytes) -> None:
        self._source = source
        self._rest = memoryview(init)
        self.following: bytes | None = None
        self.over = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._rest and not self.over:
            try:
                kind, content = read_frame(self._source)
            except Ended:
                self.over = True
                return b""
            if kind == b"I":
                self.following, self.over = content, True
                return b""
            self._rest = memoryview(content)
        taken, self._rest = self._rest[:size], self._rest[size:]
        return bytes(taken)


def read_frame(source: IO[bytes]) -> tuple[bytes, bytes]:
    """The next frame: its kind and content. Raises Ended."""
    head = source.read(5)
    if len(head) < 5:
        raise Ended
    (length,) = struct.unpack("!L", head[1:])
    content = source.read(length)
    if len(content) < length:
        raise Ended
    return head[:1], content


def write_frame(kind: bytes, content: bytes) -> bytes:
    """A frame as it travels."""
    return kind + struct.pack("!L", len(content)) + content


class Sender:
    """Codes what comes and sends it."""

    def __init__(self, address: str) -> None:
        kind = "mpegts" if address.startswith("srt:") else "flv"
        self._out: Any = av.open(address, "w", format=kind, timeout=(10.0, 10.0))
        self._video = self._out.add_stream("libx264", rate=FPS)
        self._video.width, self._video.height = WIDTH, HEIGHT
        self._video.pix_fmt, self._video.bit_rate = "yuv420p", VIDEO_KBPS * 1000
        self._video.codec_context.time_base = _TICK
        self._video.codec_context.gop_size = 2 * FPS
        self._video.options = {
            "preset": "veryfast",
            "tune": "zerolatency",
            "x264-params": f"vbv-maxrate={VIDEO_KBPS}:vbv-bufsize={2 * VIDEO_KBPS}",
        }
        self._audio = self._out.add_stream("aac", rate=48_000)
        self._audio.layout, self._audio.bit_rate = "stereo", AUDIO_KBPS * 1000
        # Connects; raises what av raises where nobody answers.
        self._out.start_encoding()
        self._fit = Fit((WIDTH, HEIGHT))
        self._base: float | None = None
        self._last = {"video": -1, "audio": -1}
        self._bytes = 0
        self._told = time.monotonic()

    def send(self, frame: Any) -> None:
        """Send a decoded picture or sound."""
        if self._base is None:
            self._base = frame.time
        kind = "video" if isinstance(frame, av.VideoFrame) else "audio"
        rate = 90_000 if kind == "video" else 48_000
        at = round((frame.time - self._base) * rate)
        if at <= self._last[kind]:
            return
        self._last[kind] = at
        if kind == "video":
            frame = self._fit(frame)
            frame.pict_type = 0
        frame.pts, frame.time_base = at, Fraction(1, rate)
        for packet in (self._video if kind == "video" else self._audio).encode(frame):
            self._bytes += packet.size
            self._out.mux(packet)
        self._tell()

    def close(self) -> None:
        self._out.close()

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told >= 1:
            say(state="sending", kbps=round(self._bytes * 8 / 1000 / (now - self._told)))
            self._told, self._bytes = now, 0


def say(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def frames(source: IO[bytes]) -> Iterator[Any]:
    """Pictures and sounds of all generations, as they come."""
    init: bytes | None = None
    while True:
        while init is None:
            kind, content = read_frame(source)
            init = content if kind == b"I" else None
        feed = _Feed(source, init)
        options = {"probesize": "2048", "analyzeduration": "0", "fflags": "nobuffer"}
        with av.open(feed, "r", format="mp4", options=options, buffer_size=4096) as container:
            yield from container.decode()
        if feed.following is None:
            return
        init = feed.following


def main() -> int:
    source = sys.stdin.buffer
    address = source.readline().decode().strip()
    say(state="connecting", words="")
    try:
        sender = Sender(address)
    except (av.error.FFmpegError, OSError) as error:
        say(state="refused", words=words_of(error))
        return 1
    try:
        for frame in frames(source):
            sender.send(frame)
    except Ended:
        return 0
    except (av.error.FFmpegError, OSError) as error:
        say(state="lost", words=words_of(error))
        return 1
    finally:
        try:
            sender.close()
        except (av.error.FFmpegError, OSError) as error:
            say(state="lost", words=words_of(error))
    return 0


def words_of(error: Exception) -> str:
    """What went wrong, without the address, which holds a key."""
    if isinstance(error, av.error.ProtocolNotFoundError):
        return "this build of FFmpeg cannot speak that protocol; use rtmp:// instead"
    return getattr(error, "strerror", None) or type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
