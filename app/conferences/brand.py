"""A conference's own look: one accent colour, made fit for every light, and a logo."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

TEXT = 4.5
"""The least contrast (WCAG 2.2) of the accent on every ground of its light, and of words on it."""

TALLY = "#e3001b"
NEAREST = 0.1
"""How near an accent may come to the red of the tally, as a distance in OKLab."""

_HEX = re.compile(r"#[0-9a-f]{6}")
_SHORT = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})")
_STEP = 0.005
_MAIL_LOGO = 56
_GROUNDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "up": ("#f1f2ed", "#ffffff"),
        "down": ("#1c1f20", "#0c0d0e"),
        "backstage": ("#153d31", "#09241c"),
    }
)
"""For each light: the ground of tokens.css that is hardest to stand on, and what is written on the
accent there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A PNG below settings.files. `plate` is the light ("up", "down") in which it needs a ground of
    its own, because it is as pale or as dark as the page."""

    stored: str
    small: str
    width: int
    height: int
    plate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """What an organizer chose. The empty accent is the house's ink."""

    accent: str = ""
    logo: Logo | None = None

    @property
    def version(self) -> str:
        """A name for exactly this look."""
        return hashlib.sha256(dump(self).encode()).hexdigest()[:10]

    @property
    def plain(self) -> bool:
        return not self.accent and self.logo is None

    @property
    def paper(self) -> str:
        """The accent on paper."""
        return (tones(self.accent) if self.accent else HOUSE)["up"].fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """The accent in one light, what is written on it, and its least contrast there."""

    fill: str
    on: str
    contrast: float


HOUSE: Mapping[str, Tone] = MappingProxyType(
    {
        "up": Tone(fill="#14171a", on="#ffffff", contrast=15.99),
        "down": Tone(fill="#f2f1eb", on="#0c0d0e", contrast=14.66),
        "backstage": Tone(fill="#eff5ef", on="#09241c", contrast=10.88),
    }
)
"""The same of the house's own ink."""


def load(text: str) -> Brand:
    """A stored look; what this version does not know or can't read is passed over."""
    held = json.loads(text or "{}")
    accent, logo = held.get("accent", ""), held.get("logo")
    return Brand(
        accent=accent if isinstance(accent, str) and _HEX.fullmatch(accent) else "",
        logo=Logo(**logo) if logo else None,
    )


def dump(brand: Brand) -> str:
    return json.dumps(asdict(brand), sort_keys=True)


def parse(text: str) -> str | None:
    """A colour as people write it, as #rrggbb; None where it is none."""
    found = _SHORT.fullmatch(text.strip().lower())
    if found is None:
        return None
    digits = found[1] if len(found[1]) == 6 else "".join(2 * c for c in found[1])
    return f"#{digits}"


@lru_cache(maxsize=64)
def tones(accent: str) -> Mapping[str, Tone]:
    """The accent in each light: as it is where it can be read there, else so much darker or lighter."""
    return MappingProxyType({light: _tone(accent, light) for light in _GROUNDS})


def too_red(accent: str) -> bool:
    """Whether it could be taken for the red that says on air, in any light."""
    return any(_apart(tone.fill, TALLY) < NEAREST for tone in tones(accent).values())


def stylesheet(brand: Brand) -> str:
    """What replaces the values of tokens.css."""
    if not brand.accent:
        return ""
    up, down, backstage = (tones(brand.accent)[light] for light in ("up", "down", "backstage"))
    return (
        f":root {{ --accent: light-dark({up.fill}, {down.fill}); "
        f"--on-accent: light-dark({up.on}, {down.on}); "
        "--accent-2: color-mix(in srgb, var(--accent) 78%, var(--ink)); "
        f"--brand: {up.fill}; --on-brand: {up.on}; }}\n"
        f':root[data-lights="backstage"] {{ --accent: {backstage.fill}; '
        f"--on-accent: {backstage.on}; }}\n"
    )


def ratio(one: str, other: str) -> float:
    """The WCAG contrast ratio of two colours."""
    lighter, darker = sorted((_luminance(_linear(one)), _luminance(_linear(other))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _tone(accent: str, light: str) -> Tone:
    ground, on = _GROUNDS[light]
    fill, step = accent, -_STEP if light == "up" else _STEP
    lightness, a, b = _oklab(accent)
    while ratio(fill, ground) < TEXT:
        lightness += step
        fill = _hex(_within(lightness, a, b))
    return Tone(fill=fill, on=on, contrast=round(min(ratio(fill, ground), ratio(fill, on)), 2))


def _apart(one: str, other: str) -> float:
    return float(sum((x - y) ** 2 for x, y in zip(_oklab(one), _oklab(other), strict=True)) ** 0.5)


Parts = tuple[float, float, float]


def _linear(text: str) -> Parts:
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _lit(red), _lit(green), _lit(blue)


def _lit(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _luminance(linear: Parts) -> float:
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _oklab(text: str) -> Parts:
    """Björn Ottosson's OKLab, in which equal steps look equal."""
    r, g, b = _linear(text)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _within(lightness: float, a: float, b: float) -> Parts:
    """Linear light of an OKLab colour, as colourful as a screen can show it."""
    found: Parts = (0.0, 0.0, 0.0)
    for share in range(20, -1, -1):
        found = _from_oklab(lightness, a * share / 20, b * share / 20)
        if all(-0.0001 <= part <= 1.0001 for part in found):
            break
    return found


def _from_oklab(lightness: float, a: float, b: float) -> Parts:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _hex(linear: Parts) -> str:
    return "#" + "".join(f"{round(255 * min(max(_dimmed(p), 0.0), 1.0)):02x}" for p in linear)


def _dimmed(part: float) -> float:
    if part <= 0.0031308:
        return 12.92 * max(part, 0.0)
    return float(1.055 * part ** (1 / 2.4) - 0.055)


def sender(title: str, stored: str) -> dict[str, Any]:
    """What a mail's payload says of the conference that sends it: its name, and its look if it has
    one."""
    held = load(stored)
    return {"from_name": title} | ({} if held.plain else {"look": _mail(held)})


def in_mail(accent: str = "") -> dict[str, str]:
    """The colours of a mail, on paper and in the dark."""
    held = tones(accent) if accent else HOUSE
    up, down = held["up"], held["down"]
    return {"accent": up.fill, "on": up.on, "dark": down.fill, "on_dark": down.on}


def _mail(held: Brand) -> dict[str, Any]:
    """Colours on paper and in the dark, and the logo's file below settings.files."""
    found: dict[str, Any] = in_mail(held.accent) if held.accent else {}
    if held.logo is not None:
        width = min(round(_MAIL_LOGO * held.logo.width / held.logo.height), 3 * _MAIL_LOGO)
        height = round(width * held.logo.height / held.logo.width)
        found["logo"] = {"stored": held.logo.small, "width": width, "height": height}
        found["logo"]["plate"] = held.logo.plate
    return found


def printed(stored: str, files: Path) -> dict[str, str]:
    """The look for what a press prints, with the logo's file below settings.files."""
    logo = load(stored).logo
    there = logo is not None and (files / logo.stored).is_file()
    return on_paper(stored, (files / logo.stored).as_uri() if logo and there else "")


def on_paper(stored: str, address: str) -> dict[str, str]:
    """The look of a paper: the accent with what is written on it, and the logo, at `address` where
    the conference has one. Empty strings are the house's own."""
    held = load(stored)
    tone = tones(held.accent)["up"] if held.accent else None
    return {
        "accent": tone.fill if tone else "",
        "on": tone.on if tone else "",
        "logo": address if held.logo else "",
        "plate": "plate" if held.logo and held.logo.plate == "up" else "",
    }
