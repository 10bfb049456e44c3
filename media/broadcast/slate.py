"""The still that is shown while nobody is on stage: drawn and coded once, then given out for ever."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
from PIL import Image, ImageDraw, ImageFont

from media.broadcast import h264
from media.broadcast.boxes import Parameters

WIDTH, HEIGHT = 1280, 720
FPS = 5
_GROUND, _INK, _QUIET, _FAINT = (12, 13, 14), (242, 241, 235), (143, 148, 148), (28, 31, 32)
_LEFT = 112
_FONTS = Path(__file__).resolve().parents[2] / "static" / "fonts"
_NOTO = Path("/usr/share/fonts")
_SCRIPTS = ("ARABIC", "HEBREW", "THAI", "BENGALI", "DEVANAGARI", "TAMIL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a slate says: a line of place, a title, a line below it."""

    place: str = ""
    title: str = ""
    below: str = ""


NO_WORDS = Words()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slate:
    """A second of the still picture: FPS coded pictures, the first a keyframe."""

    parameters: Parameters
    pictures: tuple[bytes, ...]


@lru_cache(maxsize=64)
def make(words: Words) -> Slate:
    """The slate with these words."""
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.framerate, encoder.time_base = Fraction(FPS, 1), Fraction(1, FPS)
    encoder.gop_size = FPS
    encoder.options = {
        "preset": "veryfast",
        "tune": "stillimage,zerolatency",
        "profile": "baseline",
        "crf": "24",
        "x264-params": "scenecut=0:threads=1",
    }
    image: Any = av.VideoFrame.from_image(draw(words))  # type: ignore[no-untyped-call]
    frame = image.reformat(format="yuv420p")
    packets = []
    for number in range(FPS):
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    coded = [h264.length_prefixed(bytes(packet)) for packet in packets]
    sps, pps = coded[0][1:]
    assert sps is not None
    assert pps is not None
    return Slate(parameters=h264.parameters(sps, pps), pictures=tuple(c[0] for c in coded))


def draw(words: Words) -> Image.Image:
    """The picture: near black, the mark, and words that leave it in peace."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _GROUND)
    pen = ImageDraw.Draw(image)
    for y in (188, 330, 472):
        pen.line((0, y + 60, WIDTH, y + 60), fill=_FAINT)
    x = _LEFT
    for room, (left, right) in enumerate(((0, 44), (10, 60), (0, 36))):
        y = 148 + room * 17
        pen.rectangle((x + left, y, x + right, y + 6), fill=_QUIET)
    pen.rectangle((x + 28, 134, x + 32, 206), fill=_INK)
    room_left = WIDTH - 2 * _LEFT
    if words.place:
        pen.text((x, 300), words.place, _QUIET, _fitted(words.place, 34, room_left), anchor="ls")
    top = 372
    for line in _lines(words.title, 64, room_left):
        pen.text((x, top), line, _INK, _face(line, 64), anchor="ls")
        top += 76
    if words.below:
        pen.text((x, top), words.below, _QUIET, _fitted(words.below, 38, room_left), anchor="ls")
    return image


def _lines(text: str, size: int, width: int) -> list[str]:
    """At most three lines of words that fit; what is left over ends in an ellipsis."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _face(longer, size).getlength(longer) <= width:
            lines[-1] = longer
        elif len(lines) == 3:
            lines[-1] = lines[-1].rstrip(" …") + " …"
            break
        else:
            lines.append(word)
    return lines


def _fitted(text: str, size: int, width: int) -> ImageFont.FreeTypeFont:
    while size > 14 and _face(text, size).getlength(text) > width:
        size -= 2
    return _face(text, size)


@lru_cache(maxsize=64)
def _face(text: str, size: int) -> ImageFont.FreeTypeFont:
    for path in _faces(text):
        if path.exists():
            return ImageFont.truetype(path, size)
    found = ImageFont.load_default(size)
    assert isinstance(found, ImageFont.FreeTypeFont)
    return found


def _faces(text: str) -> tuple[Path, ...]:
    scripts = {unicodedata.name(letter, "LATIN").split()[0] for letter in text if letter.isalpha()}
    plain = _NOTO / "truetype/noto/NotoSans-Bold.ttf"
    if scripts <= {"LATIN"}:
        wide = any(ord(letter) > 0xFF and letter.isalpha() for letter in text)
        return (_FONTS / f"archivo-latin{'-ext' if wide else ''}.woff2", plain)
    if scripts & {"CJK", "HIRAGANA", "KATAKANA", "HANGUL"}:
        return (_NOTO / "opentype/noto/NotoSansCJK-Bold.ttc", plain)
    found = next((script for script in _SCRIPTS if script in scripts), None)
    name = f"NotoSans{found.capitalize()}-Bold.ttf" if found else "NotoSans-Bold.ttf"
    return (_NOTO / "truetype/noto" / name, plain)
