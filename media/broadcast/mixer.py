"""Mixes the voices of a room and codes them once, as AAC. Silence costs nothing.

Time is in samples (48 kHz) since the room's epoch; sound is stereo.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from media.broadcast.boxes import AAC_SAMPLES, AUDIO_CLOCK

Sound = NDArray[np.float32]

KBPS = 96
RING = AUDIO_CLOCK * 4
TOGETHER = 960
"""A piece of sound this near to the end of the one before it is put right behind it."""

LOOK_AHEAD = 312
"""Samples by which an Opus coder delays what it codes."""

_FADE = 240
_SILENT = 0.004
_SHIFT = 144
_CEILING = 0.9
_QUIET_BLOCKS = 4
_TIME = Fraction(1, AUDIO_CLOCK)


class Mixer:
    """Adds up what voices say at each instant; `blocks` gives what is ready, coded."""

    def __init__(self, start: int) -> None:
        self.position = start
        """The next sample that will be coded."""
        self.late = 0
        self._ring: Sound = np.zeros((RING, 2), np.float32)
        self._written = start
        self._gain = 1.0
        self._coder = Coder(start)

    def add(self, start: int, sound: Sound) -> None:
        """Add a voice's sound at this sample; what is too late or far ahead is left out."""
        skip = self.position - start
        if skip > 0:
            self.late += 1
            sound, start = sound[skip:], self.position
        if not len(sound) or start + len(sound) > self.position + RING:
            return
        at = start % RING
        first = min(len(sound), RING - at)
        self._ring[at : at + first] += sound[:first]
        if first < len(sound):
            self._ring[: len(sound) - first] += sound[first:]
        self._written = max(self._written, start + len(sound))

    def blocks(self, until: int) -> Iterator[tuple[int, bytes]]:
        """AAC frames of all whole blocks before this sample: each one's start, and the frame."""
        while self.position + AAC_SAMPLES <= until:
            at = self.position % RING
            block: Sound | None = None
            if self._written > self.position:
                index = np.arange(at, at + AAC_SAMPLES) % RING
                block = self._ring[index]
                self._ring[index] = 0
                block = self._limited(block) if block.any() else None
            self.position += AAC_SAMPLES
            coded = self._coder.code(block)
            if coded is not None:
                yield coded

    def _limited(self, block: Sound) -> Sound:
        """Several loud voices together must not clip: down at once, up again slowly."""
        peak = float(np.abs(block).max())
        wanted = min(1.0, _CEILING / peak) if peak else 1.0
        before = self._gain
        self._gain = wanted if wanted < before else min(wanted, before + 0.02)
        if before == self._gain == 1.0:
            return block
        start = min(before, wanted)
        slope = np.linspace(start, self._gain, len(block), dtype=np.float32)
        return np.asarray(block * slope[:, None], np.float32)


class Coder:
    """AAC, except that a long silence is one frame that is given out again and again."""

    def __init__(self, start: int) -> None:
        self._encoder: Any = av.CodecContext.create("aac", "w")
        self._encoder.sample_rate, self._encoder.layout = AUDIO_CLOCK, "stereo"
        self._encoder.format, self._encoder.bit_rate = "fltp", KBPS * 1000
        self._encoder.time_base = _TIME
        self._encoder.options = {"aac_coder": "fast"}
        self._silence: bytes | None = None
        self._quiet = 0
        self._pts = 0
        # The first frame that comes out is the coder's own run-up and is thrown away, so that each
        # frame is at home where its sound is heard.
        self._next = start - AAC_SAMPLES
        self._start = start

    def code(self, block: Sound | None) -> tuple[int, bytes] | None:
        """Code a block (None: silence); a frame and the sample at which it is heard."""
        self._quiet = self._quiet + 1 if block is None else 0
        if self._quiet > _QUIET_BLOCKS and self._silence is not None:
            frame: bytes | None = self._silence
        else:
            frame = self._encode(block)
            if self._quiet >= _QUIET_BLOCKS and frame is not None:
                self._silence = frame
        if frame is None:
            return None
        at, self._next = self._next, self._next + AAC_SAMPLES
        return (at, frame) if at >= self._start else None

    def _encode(self, block: Sound | None) -> bytes | None:
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=AAC_SAMPLES)
        frame.sample_rate, frame.time_base = AUDIO_CLOCK, _TIME
        frame.pts, self._pts = self._pts, self._pts + AAC_SAMPLES
        for channel, plane in enumerate(frame.planes):
            if block is None:
                plane.update(bytes(plane.buffer_size))
            else:
                raw = np.ascontiguousarray(block[:, channel]).tobytes()
                plane.update(raw.ljust(plane.buffer_size, b"\0"))
        packets = self._encoder.encode(frame)
        assert len(packets) < 2
        return bytes(packets[0]) if packets else None


class Voice:
    """Decodes one lane's Opus and says where in time each piece belongs."""

    def __init__(self) -> None:
        self._decoder: Any = None
        self._end: int | None = None

    def decode(self, payload: bytes, start: int) -> tuple[int, Sound] | None:
        """The sound of an Opus packet and where it begins; `start` is where its clock says.

        Pieces that follow each other nearly are joined without a seam, and drift is made good
        where nobody hears it; others begin softly.
        Packets that are not Opus give None.
        """
        if self._decoder is None:
            self._decoder = av.CodecContext.create("libopus", "r")
            self._decoder.sample_rate, self._decoder.layout = AUDIO_CLOCK, "stereo"
        try:
            frames = self._decoder.decode(av.Packet(payload))
        except av.error.FFmpegError:
            return None
        if not frames:
            return None
        sound = np.concatenate([_floats(frame) for frame in frames])
        start -= LOOK_AHEAD
        end = self._end
        away = TOGETHER + 1 if end is None else abs(start - end)
        if end is not None and away <= TOGETHER:
            if away < _SHIFT or float(np.abs(sound).max()) > _SILENT:
                start = end
        else:
            fade = min(_FADE, len(sound))
            sound[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)[:, None]
        self._end = start + len(sound)
        return start, sound

    def forget(self) -> None:
        """Whatever comes next belongs to something else."""
        self._end = None


def _floats(frame: Any) -> Sound:
    """A decoded frame as samples by channels, within -1 and 1."""
    raw = frame.to_ndarray()
    channels = len(frame.layout.channels)
    if frame.format.is_planar:
        samples = raw.T
    else:
        samples = raw.reshape(-1, channels)
    if samples.dtype.kind == "i":
        samples = samples.astype(np.float32) / np.float32(32768)
    if channels == 1:
        samples = np.repeat(samples, 2, axis=1)
    return np.array(samples, np.float32)
