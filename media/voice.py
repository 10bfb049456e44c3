"""When somebody speaks, by their loudness: a pure function with hysteresis."""

from __future__ import annotations

from dataclasses import dataclass

BEGINS = 60.0
ENDS = 40.0
PAUSE_S = 1.5
LEAST_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Loop times: since when somebody speaks (None: is silent), and when they were last heard."""

    since: float | None = None
    heard: float = 0.0


def next_voice(voice: Voice, loudness: float, *, now: float) -> tuple[Voice, float | None]:
    """The voice after a look at its loudness (0…127), and, when a speech has just ended, its length
    in seconds. A pause of less than PAUSE_S does not end it; a cough of less than LEAST_S is none.
    """
    if voice.since is None:
        return (Voice(since=now, heard=now), None) if loudness > BEGINS else (voice, None)
    if loudness > ENDS:
        return Voice(since=voice.since, heard=now), None
    if now - voice.heard < PAUSE_S:
        return voice, None
    return Voice(), spoken(voice)


def spoken(voice: Voice) -> float | None:
    """How long a speech that ends now has lasted; None when there was none worth a word."""
    if voice.since is None or voice.heard - voice.since < LEAST_S:
        return None
    return round(voice.heard - voice.since, 1)
