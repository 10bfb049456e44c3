"""How a synthetic speaker's picture looks: its colours, face, slide and lettering, by room."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from app.settings import ROOT

Colour = tuple[int, int, int]

PAPER: Colour = (236, 233, 220)
INK: Colour = (20, 23, 26)
QUIET: Colour = (92, 98, 99)
LIGHT: Colour = (242, 241, 235)
DIM: Colour = (143, 148, 148)

# The tracks' fills with the lights down, in the order in which they are given out.
ACCENTS: tuple[Colour, ...] = (
    (98, 181, 251),
    (0, 154, 127),
    (165, 136, 0),
    (167, 96, 205),
    (205, 244, 109),
    (238, 105, 167),
    (69, 217, 252),
    (192, 152, 89),
    (169, 220, 239),
    (135, 227, 135),
    (162, 127, 251),
    (223, 88, 123),
)
_SKINS: tuple[Colour, ...] = (
    (226, 181, 140),
    (116, 72, 48),
    (240, 205, 178),
    (166, 110, 76),
    (88, 55, 40),
    (202, 150, 108),
)
_HAIRS: tuple[Colour, ...] = (
    (86, 52, 38),
    (26, 22, 22),
    (196, 190, 178),
    (150, 88, 44),
    (44, 34, 32),
    (104, 84, 66),
)
_CLOTHS: tuple[Colour, ...] = (
    (44, 68, 84),
    (92, 104, 96),
    (110, 60, 66),
    (58, 62, 96),
    (120, 96, 62),
    (40, 84, 76),
    (84, 78, 88),
)
CUTS = ("bob", "short", "bun", "long", "bald", "curls", "scarf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything that tells one speaker's picture and voice from another's.

    `number` is the room's place in its conference; `seat` 0 stands on stage beside a slide, seat 1
    sits at home by a window.
    """

    room: str
    number: int
    seat: int = 0

    @property
    def accent(self) -> Colour:
        return ACCENTS[self.number % len(ACCENTS)]

    @property
    def _person(self) -> int:
        return self.number * 2 + self.seat * 5

    @property
    def skin(self) -> Colour:
        return _SKINS[(self._person + self.seat) % len(_SKINS)]

    @property
    def hair(self) -> Colour:
        return _HAIRS[(self._person + self.number // 3) % len(_HAIRS)]

    @property
    def cloth(self) -> Colour:
        return _CLOTHS[(self._person + self.number // 2) % len(_CLOTHS)]

    @property
    def cut(self) -> str:
        return CUTS[(self.number + self.seat * 3) % len(CUTS)]


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of the other colour in the one: 0 leaves it, 1 replaces it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


_OWN = ROOT / "static" / "fonts"
_SYSTEM = Path("/usr/share/fonts")


@lru_cache(maxsize=64)
def face(text: str, size: int, weight: int = 600) -> ImageFont.FreeTypeFont:
    """A face of `size` pixels that has the letters of `text`: ours, else Noto, else Pillow's own."""
    for path in _faces(text):
        if path.exists():
            return _cut(ImageFont.truetype(path, size), weight)
    fallback = ImageFont.load_default(size)
    assert isinstance(fallback, ImageFont.FreeTypeFont)
    return fallback


def _faces(text: str) -> tuple[Path, ...]:
    scripts = {unicodedata.name(letter, "LATIN").split()[0] for letter in text if letter.isalpha()}
    if scripts <= {"LATIN"}:
        wide = any(ord(letter) > 0xFF for letter in text)
        return (_OWN / f"archivo-latin{'-ext' if wide else ''}.woff2",)
    if scripts & {"CJK", "HIRAGANA", "KATAKANA", "HANGUL"}:
        return (_SYSTEM / "opentype/noto/NotoSansCJK-Bold.ttc",)
    for script in ("ARABIC", "HEBREW", "THAI", "BENGALI", "DEVANAGARI", "TAMIL"):
        if script in scripts:
            name = f"NotoSans{script.capitalize()}-Bold.ttf"
            return (_SYSTEM / "truetype/noto" / name,)
    return (_SYSTEM / "truetype/noto/NotoSans-Bold.ttf",)


def _cut(font: ImageFont.FreeTypeFont, weight: int) -> ImageFont.FreeTypeFont:
    try:
        axes = font.get_variation_axes()
    except OSError:
        return font  # not a variable face: it has one weight
    font.set_variation_by_axes(
        [
            min(axis["maximum"] or weight, max(axis["minimum"] or 0, weight))
            if axis["name"] == b"Weight"
            else axis["default"] or 0
            for axis in axes
        ]
    )
    return font


def fitted(text: str, size: int, width: int, weight: int = 600) -> ImageFont.FreeTypeFont:
    """The largest face up to `size` in which the text is no wider than `width` pixels."""
    while size > 12 and face(text, size, weight).getlength(text) > width:
        size -= 2
    return face(text, size, weight)
