"""The voice of a synthetic speaker: quiet pentatonic phrases, distinct for each room and seat."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from math import exp, pi, sin
from random import Random

from app.demo.looks import Look

RATE = 48000
SECONDS = 10
_PENTATONIC = (0, 2, 4, 7, 9, 12, 14)
_LOUDNESS = 3000
_ATTACK_S = 0.03
_RELEASE_S = 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A tone of `pitch` Hz from `start` on, `length` long, in seconds of the loop."""

    start: float
    length: float
    pitch: float


def phrases(look: Look) -> tuple[Note, ...]:
    """What a speaker “says” in one loop: a few phrases with breaths between them.

    The second seat speaks while the first listens, as far as two loops can know of each other.
    """
    chance = Random(f"{look.room}:{look.seat}")
    root = 146.8 * 2 ** ((look.number * 5 % 12) / 12) * (1.5 if look.seat else 1.0)
    return tuple(
        chain.from_iterable(_phrase(chance, root, *span) for span in _SPANS[look.seat % 2])
    )


_SPANS = (((0.3, 2.6), (3.2, 5.4), (6.1, 6.9)), ((4.6, 6.0), (7.0, 8.4), (8.8, 9.6)))


def _phrase(chance: Random, root: float, begin: float, end: float) -> Iterator[Note]:
    at, step = begin, chance.randrange(3, 6)
    while at < end - 0.15:
        length = min(chance.choice((0.18, 0.24, 0.24, 0.36, 0.5)), end - at)
        yield Note(start=at, length=length, pitch=root * 2 ** (_PENTATONIC[step] / 12))
        at += length
        step = max(0, min(len(_PENTATONIC) - 1, step + chance.choice((-2, -1, -1, 1, 1, 2))))


def sound(look: Look) -> array[int]:
    """One loop of mono 16-bit samples at RATE; it begins and ends in silence."""
    samples = array("h", bytes(2 * RATE * SECONDS))
    for note in phrases(look):
        first = round(note.start * RATE)
        for offset, value in enumerate(_tone(note)):
            place = first + offset
            if place < len(samples):
                samples[place] += value
    return samples


def _tone(note: Note) -> Iterator[int]:
    """A soft, slightly hollow tone: fundamental and two partials under one envelope."""
    turn = 2 * pi * note.pitch / RATE
    held, release = int(note.length * RATE), int(_RELEASE_S * RATE)
    attack = _ATTACK_S * RATE
    for n in range(held + release):
        swell = n / attack if n < attack else exp((attack - n) / (RATE * 0.6))
        fade = 1.0 if n < held else 1 - (n - held) / release
        wave = sin(turn * n) + 0.32 * sin(2 * turn * n) + 0.14 * sin(3 * turn * n)
        yield int(_LOUDNESS * swell * fade * wave)


def openings(look: Look, frames: int) -> list[float]:
    """How far the mouth is open in each of `frames` pictures of the loop, from 0 to 1."""
    notes = phrases(look)
    return [_opening(notes, SECONDS * number / frames) for number in range(frames)]


def _opening(notes: tuple[Note, ...], at: float) -> float:
    for note in notes:
        since = at - note.start
        if 0 <= since < note.length:
            return 0.25 + 0.75 * sin(pi * since / note.length)
    return 0.0
