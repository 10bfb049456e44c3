"""The sign of a track: a number of the palette and a letter, so that colour never stands alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agenda.model import Track, TrackId

PALETTE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """`number` is 1–12 (colour and pattern), `letter` one capital."""

    number: int
    letter: str
    name: str


def marks(tracks: Iterable[Track]) -> dict[TrackId, Mark]:
    """A mark for each track, in their order.

    Numbers go round after twelve. A letter is the first of the name that no track with the same
    number has; where the name has none left, the alphabet's next.
    """
    found: dict[TrackId, Mark] = {}
    used: set[tuple[int, str]] = set()
    first_round: set[str] = set()
    for index, track in enumerate(tracks):
        number = index % PALETTE + 1
        taken = {letter for n, letter in used if n == number} | (
            first_round if index < PALETTE else set()
        )
        letter = _letter(track.name, taken)
        used.add((number, letter))
        if index < PALETTE:
            first_round.add(letter)
        found[track.id] = Mark(number=number, letter=letter, name=track.name)
    return found


def _letter(name: str, taken: set[str]) -> str:
    own = [c.upper() for c in name if c.isalnum() and len(c.upper()) == 1]
    alphabet = [chr(code) for code in range(ord("A"), ord("Z") + 1)]
    return next((c for c in [*own, *alphabet] if c not in taken), own[0] if own else "#")
