"""Loops: a few seconds of picture and sound, encoded once and cut into RTP payloads, in a file.

The file is a line of JSON (magic, frame rate, counts), then the frames, then the sound packets.
A frame is a byte (1: keyframe), a 16-bit count of payloads, and each payload behind its 16-bit
length. A sound packet (20 ms of Opus) is a byte of loudness (RFC 6464: 0 loud … 127 silent) and the
payload behind its length. All numbers are big-endian.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

MAGIC = "plenary-loop-1"
MAX_PAYLOAD = 1150
SAMPLES = 960
SAMPLE_RATE = 48_000
SINGLE_NALS = (1, 5, 6, 7, 8)
STAP_A, FU_A, IDR = 24, 28, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One encoded picture as RTP payloads (RFC 6184)."""

    keyframe: bool
    payloads: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Twenty milliseconds of Opus, and how loud they are (0 loud … 127 silent)."""

    level: int
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """Pictures at a fixed rate, the first a keyframe, and sound; each repeats by itself."""

    fps: int
    frames: tuple[Frame, ...]
    sounds: tuple[Sound, ...]


def write_loop(loop: Loop, path: Path) -> None:
    """Write a loop into a file, whole or not at all."""
    head = {
        "magic": MAGIC,
        "fps": loop.fps,
        "frames": len(loop.frames),
        "sounds": len(loop.sounds),
    }
    parts = [json.dumps(head).encode() + b"\n"]
    for frame in loop.frames:
        parts.append(struct.pack("!BH", frame.keyframe, len(frame.payloads)))
        parts += [struct.pack("!H", len(p)) + p for p in frame.payloads]
    for sound in loop.sounds:
        parts.append(struct.pack("!BH", sound.level, len(sound.payload)) + sound.payload)
    unfinished = path.with_suffix(path.suffix + ".new")
    unfinished.write_bytes(b"".join(parts))
    unfinished.replace(path)


def read_loop(path: Path) -> Loop:
    """The loop in a file; raises ValueError when it holds none."""
    content = path.read_bytes()
    line, _, rest = content.partition(b"\n")
    try:
        head = json.loads(line)
        if head["magic"] != MAGIC:
            raise ValueError("no loop")
        reader = _Reader(rest)
        frames = tuple(reader.frame() for _ in range(head["frames"]))
        sounds = tuple(reader.sound() for _ in range(head["sounds"]))
        return Loop(fps=int(head["fps"]), frames=frames, sounds=sounds)
    except (ValueError, KeyError, TypeError, struct.error) as error:
        raise ValueError(f"{path.name} holds no loop") from error


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0

    def frame(self) -> Frame:
        keyframe, count = self._numbers("!BH")
        return Frame(keyframe=bool(keyframe), payloads=tuple(self._payload() for _ in range(count)))

    def sound(self) -> Sound:
        (level,) = self._numbers("!B")
        return Sound(level=level, payload=self._payload())

    def _payload(self) -> bytes:
        (length,) = self._numbers("!H")
        start, self._position = self._position, self._position + length
        if self._position > len(self._content):
            raise ValueError("the file ends early")
        return self._content[start : self._position]

    def _numbers(self, layout: str) -> tuple[int, ...]:
        numbers = struct.unpack_from(layout, self._content, self._position)
        self._position += struct.calcsize(layout)
        return numbers


def encode_loop(
    frames: Iterable[Any],
    samples: Iterable[Sequence[int]],
    *,
    fps: int = 15,
    kbps: int = 400,
    gop_s: float = 1.0,
    audio_kbps: int = 24,
) -> Loop:
    """Encode a loop.

    `frames` are av.VideoFrame of one size; `samples` are 16-bit mono PCM at 48 kHz in pieces of
    exactly 960 (a list, an array, or bytes in native order for each piece).
    """
    return Loop(
        fps=fps,
        frames=tuple(_encode_video(frames, fps, kbps, gop_s)),
        sounds=tuple(_encode_audio(samples, audio_kbps)),
    )


def packetize(picture: bytes) -> tuple[bytes, ...]:
    """RTP payloads of one picture in Annex B form: small parameter sets together, slices cut."""
    payloads: list[bytes] = []
    small: list[bytes] = []
    for nal in _nals(picture):
        if nal[0] & 31 in (7, 8) and len(nal) < 200:
            small.append(nal)
            continue
        if small:
            payloads.append(_together(small))
            small = []
        payloads += [nal] if len(nal) <= MAX_PAYLOAD else _cut(nal)
    if small:
        payloads.append(_together(small))
    return tuple(payloads)


def _encode_video(frames: Iterable[Any], fps: int, kbps: int, gop_s: float) -> Iterable[Frame]:
    import av

    encoder: Any = None
    for number, frame in enumerate(frames):
        if encoder is None:
            encoder = av.CodecContext.create("libx264", "w")
            encoder.width, encoder.height = frame.width, frame.height
            encoder.pix_fmt, encoder.bit_rate = "yuv420p", kbps * 1000
            encoder.framerate, encoder.time_base = Fraction(fps, 1), Fraction(1, fps)
            encoder.gop_size = max(1, round(fps * gop_s))
            encoder.options = {
                "preset": "veryfast",
                "tune": "zerolatency",
                "profile": "baseline",
                "level": "31",
                "x264-params": f"scenecut=0:vbv-maxrate={kbps}:vbv-bufsize={kbps}",
            }
        picture = frame.reformat(format="yuv420p")
        picture.pts, picture.time_base = number, Fraction(1, fps)
        picture.pict_type = 0
        for packet in encoder.encode(picture):
            yield _frame(packet)
    if encoder is not None:
        for packet in encoder.encode(None):
            yield _frame(packet)


def _frame(packet: Any) -> Frame:
    return Frame(keyframe=bool(packet.is_keyframe), payloads=packetize(bytes(packet)))


def _encode_audio(samples: Iterable[Sequence[int]], kbps: int) -> Iterable[Sound]:
    import av

    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = SAMPLE_RATE, "mono", "s16"
    encoder.bit_rate, encoder.time_base = kbps * 1000, Fraction(1, SAMPLE_RATE)
    levels: list[int] = []
    for number, piece in enumerate(samples):
        raw = piece if isinstance(piece, bytes) else struct.pack(f"={SAMPLES}h", *piece)
        levels.append(level_of(raw))
        frame = av.AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.sample_rate, frame.pts = SAMPLE_RATE, number * SAMPLES
        frame.time_base = Fraction(1, SAMPLE_RATE)
        frame.planes[0].update(raw)
        for packet in encoder.encode(frame):
            yield Sound(level=levels.pop(0), payload=bytes(packet))
    for packet in encoder.encode(None):
        yield Sound(level=levels.pop(0) if levels else 127, payload=bytes(packet))


def level_of(samples: bytes) -> int:
    """The loudness of 16-bit samples in native order as RFC 6464 counts it: 0 loud, 127 silent."""
    values = struct.unpack(f"={len(samples) // 2}h", samples)
    power = sum(v * v for v in values) / max(1, len(values)) / 32768**2
    return 127 if power <= 0 else min(127, max(0, round(-10 * math.log10(power))))


def _nals(picture: bytes) -> Iterable[bytes]:
    """The NAL units of a picture in Annex B form, without those that RTP does not need."""
    for part in picture.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1"):
        if part and part[0] & 31 in SINGLE_NALS:
            yield part


def _together(nals: Sequence[bytes]) -> bytes:
    head = max(nal[0] & 0x60 for nal in nals) | STAP_A
    return bytes([head]) + b"".join(struct.pack("!H", len(nal)) + nal for nal in nals)


def _cut(nal: bytes) -> list[bytes]:
    """Fragments of nearly equal size."""
    indicator, kind, body = nal[0] & 0xE0 | FU_A, nal[0] & 31, nal[1:]
    count = math.ceil(len(body) / (MAX_PAYLOAD - 2))
    size = math.ceil(len(body) / count)
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    return [
        bytes([indicator, kind | (0x80 if i == 0 else 0) | (0x40 if i == len(pieces) - 1 else 0)])
        + piece
        for i, piece in enumerate(pieces)
    ]
