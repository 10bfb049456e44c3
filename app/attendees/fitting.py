"""The rule for long names: they shrink by steps until they fit, and are never cut. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from app import words

_LEADING, _TALL = 1.12, 1.4
_BREAKS = re.compile(r"\s+|(?<=-)(?=\w)")
_STACKED = re.compile(r"[\u0600-\u109f\u1780-\u17ff\ufb50-\ufdff\ufe70-\ufeff]")
"""Scripts with marks far above and below the line: Arabic, those of India, Thai, Khmer and others."""

_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Room for a text, in points, and the sizes that it may have, largest first."""

    width: float
    height: float
    sizes: tuple[float, ...]


_NAME = (44.0, 38.0, 33.0, 28.0, 24.0, 20.0, 17.0, 14.0, 12.0, 10.0, 8.5, 7.0)
_SMALL_NAME = (24.0, 20.0, 17.0, 14.0, 12.0, 10.0, 8.5, 7.0, 6.0, 5.0, 4.0, 3.0)
_OTHER = (13.0, 11.0, 9.5, 8.5, 7.0, 6.0, 5.0, 4.0, 3.0)
_TITLE = (12.5, 11.0, 9.5, 8.5, 7.0, 6.0, 5.0)
_SMALL_TITLE = (8.0, 7.0, 6.0, 5.0, 4.0, 3.0)
BOXES = {
    "a6": {
        "name": Box(width=222.0, height=150.0, sizes=_NAME),
        "organization": Box(width=222.0, height=48.0, sizes=_OTHER),
        "ticket": Box(width=96.0, height=40.0, sizes=_OTHER[1:]),
        "title": Box(width=206.0, height=46.0, sizes=_TITLE),
        "title beside a logo": Box(width=102.0, height=46.0, sizes=_TITLE),
    },
    "cr80": {
        "name": Box(width=124.0, height=62.0, sizes=_SMALL_NAME),
        "organization": Box(width=124.0, height=20.0, sizes=_OTHER[3:]),
        "ticket": Box(width=110.0, height=13.0, sizes=_OTHER[3:]),
        "title": Box(width=192.0, height=15.0, sizes=_SMALL_TITLE),
        "title beside a logo": Box(width=116.0, height=15.0, sizes=_SMALL_TITLE),
    },
}
"""What stands on a badge of each size, and how much room it has there."""


def sizes(badge: Mapping[str, str], size: str, *, title: str, logo: bool) -> dict[str, float]:
    """The size of each text of a badge, in points."""
    boxes = BOXES[size]
    found = {key: fit(badge[key], boxes[key]) for key in ("name", "organization", "ticket")}
    return {**found, "title": fit(title, boxes["title beside a logo" if logo else "title"])}


def stacked(text: str) -> bool:
    """Whether its letters need lines that lie farther apart."""
    return bool(_STACKED.search(text))


def fit(text: str, box: Box) -> float:
    """The largest size of the box at which every word keeps to one line and all lines to the box.

    A word that would become smaller than the lower half of the sizes is broken instead. Nothing is
    ever cut. Widths are taken generously from the kind of each letter.
    """
    return max(_unbroken(text, box), _broken(text, box))


def _unbroken(text: str, box: Box) -> float:
    lengths = [sum(map(_em, word)) for word in _BREAKS.split(text.strip())]
    leading = _TALL if stacked(text) else _LEADING
    for size in box.sizes:
        width = box.width / size
        if max(lengths) <= width and _lines(lengths, width) * size * leading <= box.height:
            return size
    return box.sizes[-1]


def _broken(text: str, box: Box) -> float:
    length = sum(map(_em, text))
    leading = _TALL if stacked(text) else _LEADING
    for size in box.sizes[len(box.sizes) // 2 :]:
        # A line that breaks a word anywhere may stay almost one letter short.
        lines = length / max(box.width / size - 1.06, 1.0) + 1
        if lines * size * leading <= box.height:
            return size
    return box.sizes[-1]


def whole(name: str, size: float, box: Box) -> Markup:
    """The name marked up, its ideographic words kept in one piece where they fit."""
    if not _IDEOGRAPHS.search(name):
        return words.name(name)
    parts = [words.name(word) for word in name.split()]
    return Markup(" ").join(
        Markup('<span class="whole">{}</span>').format(part)
        if _IDEOGRAPHS.search(part) and sum(map(_em, word)) <= box.width / size
        else part
        for word, part in zip(name.split(), parts, strict=True)
    )


def _lines(lengths: Sequence[float], width: float) -> int:
    count, used = 1, 0.0
    for length in lengths:
        if used and used + 0.25 + length > width:
            count, used = count + 1, length
        else:
            used += (0.25 if used else 0.0) + length
    return count


@lru_cache(maxsize=4096)
def _em(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF" or ord(letter) >= 0x1F000:
        return 1.06
    if letter in "MWmw@":
        return 0.9
    if letter in "iljftrI.,'’-":
        return 0.38
    return 0.68 if letter.isupper() else 0.58
