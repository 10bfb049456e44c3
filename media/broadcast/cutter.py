"""Cuts timed pictures and sounds into parts and segments, at keyframes wherever there are any.

Time is in ticks of VIDEO_CLOCK since the room's epoch. A picture's duration is known when the next
one has come, so nothing that was given out is ever taken back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from media.broadcast.boxes import (
    AAC_SAMPLES,
    AUDIO_CLOCK,
    VIDEO_CLOCK,
    Parameters,
    Sample,
    fragment,
)

SEGMENT_S = 1.0
PART_S = 0.25
PART_TARGET_S = 0.3
LONGEST_S = 1.45
_SEGMENT = round(0.9 * SEGMENT_S * VIDEO_CLOCK)
_LONGEST = round(LONGEST_S * VIDEO_CLOCK) - round(PART_TARGET_S * VIDEO_CLOCK)
_PART = round(PART_S * VIDEO_CLOCK)
_PART_MOST = round(PART_TARGET_S * VIDEO_CLOCK)
_LEAST_STEP = VIDEO_CLOCK // 1000
_SHORTEST = VIDEO_CLOCK // 40
_SOUNDS_KEPT = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A fragment of a segment: `start` and `duration` in seconds."""

    start: float
    duration: float
    content: bytes
    independent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """Pictures that one init segment describes; `slate` when nobody is on stage."""

    number: int
    parameters: Parameters
    slate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A closed run of parts: `start` and `duration` in seconds since the epoch."""

    start: float
    duration: float
    generation: Generation
    content: bytes
    independent: bool


@dataclass(slots=True)
class _Waiting:
    start: int
    payload: bytes
    key: bool
    generation: Generation


class Cutter:
    """Takes pictures and AAC frames in order; gives parts and segments to whoever listens."""

    def __init__(
        self,
        *,
        on_part: Callable[[Part, Generation], None],
        on_segment: Callable[[Segment], None],
    ) -> None:
        self._on_part = on_part
        self._on_segment = on_segment
        self._pictures: deque[_Waiting] = deque()
        self._sounds: deque[tuple[int, bytes]] = deque()
        self._sound_end = 0
        self._end: int | None = None
        self._last: int | None = None
        self._part_start: int | None = None
        self._segment_start = 0
        self._parts: list[Part] = []
        self._generation: Generation | None = None
        self._sequence = 0

    @property
    def last_start(self) -> int | None:
        """Where the newest picture begins."""
        return self._last

    def picture(self, start: int, payload: bytes, *, key: bool, generation: Generation) -> None:
        """Take the next picture; one that would not be behind the last is moved there."""
        if self._last is not None:
            start = max(start, self._last + _LEAST_STEP)
        if self._part_start is None:
            self._part_start = self._segment_start = start
            while self._sounds and self._sound_start() < start:
                self._sounds.popleft()
        self._last = start
        self._pictures.append(_Waiting(start, payload, key, generation))
        self._advance()

    def sound(self, start: int, frame: bytes) -> None:
        """Take the AAC frame that begins at this sample (AUDIO_CLOCK)."""
        self._sounds.append((start, frame))
        if len(self._sounds) > _SOUNDS_KEPT:
            self._sounds.popleft()
        self._sound_end = (start + AAC_SAMPLES) * VIDEO_CLOCK // AUDIO_CLOCK
        self._advance()

    def finish(self, end: int) -> None:
        """Nothing comes any more; the last picture is shown until `end`."""
        if self._last is not None:
            self._end = max(end, self._last + _LEAST_STEP)
            self._sound_end = max(self._sound_end, self._end)
            self._advance()
            self._close_segment()

    def _advance(self) -> None:
        while self._pictures:
            found = self._boundary()
            if found is None or self._sound_end < found[0]:
                return
            self._cut(*found)

    def _boundary(self) -> tuple[int, bool] | None:
        """Where the present part ends and whether the segment does too; None: not known yet."""
        assert self._part_start is not None
        part, segment = self._part_start, self._segment_start
        generation = self._generation or self._pictures[0].generation
        for waiting in self._pictures:
            start = waiting.start
            fresh = waiting.generation is not generation
            if start <= part and not fresh:
                continue
            if fresh or (waiting.key and start - segment >= _SEGMENT):
                if start - part > _PART_MOST:
                    return part + _PART, False
                return start, True
            if start - part >= _PART:
                end = start if start - part <= _PART_MOST else part + _PART
                return end, end - segment >= _LONGEST
        if self._end is not None and self._end > part:
            far = self._end - part > _PART_MOST
            return (part + _PART, False) if far else (self._end, True)
        return None

    def _cut(self, end: int, closes: bool) -> None:
        assert self._part_start is not None
        start, pictures = self._part_start, []
        if self._generation is None:
            self._generation = self._pictures[0].generation
        generation = self._generation
        while self._pictures and self._pictures[0].start < end:
            waiting = self._pictures.popleft()
            following = self._pictures[0].start if self._pictures else self._end or end
            length = max(following - waiting.start, 1)
            pictures.append(Sample(waiting.start, length, waiting.payload, waiting.key))
        sounds = []
        sound_start = self._sounds[0][0] if self._sounds else 0
        while self._sounds and self._sound_start() < end:
            sounds.append(self._sounds.popleft()[1])
        if pictures or sounds:
            self._sequence += 1
            part = Part(
                start=start / VIDEO_CLOCK,
                duration=(end - start) / VIDEO_CLOCK,
                content=fragment(self._sequence, pictures, sounds, sound_start),
                independent=bool(pictures) and pictures[0].key and pictures[0].start == start,
            )
            self._parts.append(part)
            self._on_part(part, generation)
        self._part_start = end
        if closes:
            self._close_segment()

    def _close_segment(self) -> None:
        if self._parts and self._generation is not None:
            parts, self._parts = self._parts, []
            last = parts[-1]
            self._on_segment(
                Segment(
                    start=parts[0].start,
                    duration=last.start + last.duration - parts[0].start,
                    generation=self._generation,
                    content=b"".join(part.content for part in parts),
                    independent=parts[0].independent,
                )
            )
        self._generation = None
        if self._part_start is not None:
            self._segment_start = self._part_start

    def _sound_start(self) -> int:
        return self._sounds[0][0] * VIDEO_CLOCK // AUDIO_CLOCK
