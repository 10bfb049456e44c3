"""A name in two parts, as customer databases want it."""

from __future__ import annotations

import re

_FAMILY_FIRST = re.compile(r"^[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_PARTICLES = frozenset(
    [
        "al",
        "bin",
        "da",
        "de",
        "del",
        "della",
        "den",
        "der",
        "di",
        "dos",
        "du",
        "el",
        "ibn",
        "la",
        "le",
        "ten",
        "ter",
        "van",
        "von",
        "zu",
        "zum",
        "zur",
    ]
)


def parted(name: str) -> tuple[str, str]:
    """(given, family) of a name. One word is a family name, which those systems demand.

    The family name is the last word with its particles before it (Ludwig van Beethoven), and the
    first word of a name in Chinese, Japanese or Korean script.
    """
    words = name.split()
    if len(words) < 2:
        return "", name.strip()
    if _FAMILY_FIRST.match(words[0]):
        return " ".join(words[1:]), words[0]
    at = len(words) - 1
    while at > 1 and words[at - 1].lower() in _PARTICLES:
        at -= 1
    return " ".join(words[:at]), " ".join(words[at:])
