"""What of the shelf a recording is made of: pieces of one kind each, and their sound."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import av
import numpy as np

from media.broadcast.boxes import AUDIO_CLOCK
from media.broadcast.mixer import Sound
from media.broadcast.shelf import Kept, Run

Stretch = tuple[float, float]
_SEAM_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Segments of one generation that follow each other, of which `start` to `end` (wall-clock
    seconds) is wanted, at `at` seconds of the recording."""

    run: Run
    segments: tuple[Kept, ...]
    start: float
    end: float
    at: float

    @property
    def generation(self) -> int:
        return self.segments[0].generation


def cut(runs: Sequence[Run], stretches: Sequence[Stretch]) -> list[Piece]:
    """The pieces that lie in these stretches, in order; what was never kept is left out."""
    pieces: list[Piece] = []
    at = 0.0
    for start, end in stretches:
        for run in runs:
            for group in _groups(run, start, end):
                first, last = group[0], group[-1]
                begin = max(start, run.epoch + first.start)
                finish = min(end, run.epoch + last.end)
                if finish - begin > 0.02:
                    pieces.append(
                        Piece(run=run, segments=tuple(group), start=begin, end=finish, at=at)
                    )
                    at += finish - begin
    return pieces


def differs(pieces: Sequence[Piece], silent: Sequence[Stretch]) -> bool:
    """Whether pictures must be coded anew: they are of several kinds, some are withheld, or cutting
    at keyframes would lose more than a second."""
    contents = {(p.run.folder / p.run.inits[p.generation].name).read_bytes() for p in pieces}
    lost = _length(pieces) - _length(at_keyframes(pieces))
    return len(contents) > 1 or lost > 1.0 or any(overlap(piece, silent) for piece in pieces)


def _length(pieces: Sequence[Piece]) -> float:
    return sum(piece.end - piece.start for piece in pieces)


def at_keyframes(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces from their first whole segment on: what came before “record” is never shown."""
    found: list[Piece] = []
    at = 0.0
    for piece in pieces:
        whole = [
            kept
            for kept in piece.segments
            if kept.independent and piece.run.epoch + kept.start >= piece.start - 0.001
        ]
        if whole:
            segments = piece.segments[piece.segments.index(whole[0]) :]
            start = piece.run.epoch + segments[0].start
            found.append(replace(piece, segments=segments, start=start, at=at))
            at += piece.end - start
    return found


def _groups(run: Run, start: float, end: float) -> Iterator[list[Kept]]:
    group: list[Kept] = []
    for kept in run.segments:
        if run.epoch + kept.end <= start or run.epoch + kept.start >= end:
            continue
        follows = group and kept.number == group[-1].number + 1
        if group and not (follows and kept.generation == group[-1].generation):
            yield group
            group = []
        group.append(kept)
    if group:
        yield group


def place_of(pieces: Sequence[Piece], wall: float) -> float | None:
    """Where in the recording a wall-clock second is."""
    for piece in pieces:
        if piece.start <= wall < piece.end:
            return piece.at + wall - piece.start
    return None


def next_place_of(pieces: Sequence[Piece], wall: float) -> tuple[float, float] | None:
    """The first second from this one on that was recorded, and where in the recording it is."""
    for piece in pieces:
        if wall < piece.end:
            then = max(wall, piece.start)
            return then, piece.at + then - piece.start
    return None


def spans(pieces: Sequence[Piece]) -> list[list[float]]:
    """What was recorded without a gap: each wall-clock start and end, and its place in the
    recording."""
    found: list[list[float]] = []
    for piece in pieces:
        if found and abs(found[-1][1] - piece.start) < _SEAM_S:
            found[-1][1] = round(piece.end, 3)
        else:
            found.append([round(piece.start, 3), round(piece.end, 3), round(piece.at, 3)])
    return found


def overlap(piece: Piece, stretches: Sequence[Stretch]) -> float:
    return sum(max(0.0, min(piece.end, end) - max(piece.start, start)) for start, end in stretches)


class _Reader(io.RawIOBase):
    """The init segment and the segments of a piece as one stream, read as it is needed."""

    def __init__(self, piece: Piece) -> None:
        init = piece.run.inits[piece.generation]
        self._names = [init.name, *(kept.name for kept in piece.segments)]
        self._folder = piece.run.folder
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._rest and self._names:
            name = self._names.pop(0)
            self._rest = memoryview((self._folder / name).read_bytes())
        if size < 0:
            size = len(self._rest)
        taken, self._rest = self._rest[:size], self._rest[size:]
        return bytes(taken)


def opened(piece: Piece) -> Any:
    return av.open(_Reader(piece), "r", format="mp4")


def sounds(pieces: Sequence[Piece], silent: Sequence[Stretch]) -> Iterator[Sound]:
    """The recording's sound without a hole, withheld stretches silent."""
    position = 0
    for piece in pieces:
        with opened(piece) as container:
            for frame in container.decode(audio=0):
                wall = piece.run.epoch + float(frame.time)
                sound = np.asarray(frame.to_ndarray(), np.float32).T.copy()
                if wall + frame.samples / AUDIO_CLOCK <= piece.start or wall >= piece.end:
                    continue
                if any(s < wall + frame.samples / AUDIO_CLOCK and wall < e for s, e in silent):
                    sound[:] = 0
                start = round((piece.at + wall - piece.start) * AUDIO_CLOCK)
                if start < position:
                    sound = sound[position - start :]
                elif start > position:
                    yield np.zeros((start - position, 2), np.float32)
                    position = start
                if len(sound):
                    yield sound
                    position += len(sound)
