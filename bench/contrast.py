"""Contrast of every pair of colours that meet on a page, computed from tokens.css (WCAG 2.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

TOKENS = Path(__file__).resolve().parent.parent / "static/css/tokens.css"

TEXT, UI = 4.5, 3.0
LIGHTS = ("up", "down", "backstage")
GROUNDS = ("paper", "sheet", "wash")
WORDS = ("ink", "ink-2", "ink-3", "fine", "caution", "trouble")
MARKS = ("edge", "focus")
TRACKS = range(1, 13)

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Pair:
    """A colour upon another in one of the lights, and the least contrast that it needs."""

    lights: str
    front: str
    ground: str
    ratio: float
    least: float

    def __str__(self) -> str:
        return f"{self.lights}: {self.front} on {self.ground}"


def tokens() -> dict[str, dict[str, Colour]]:
    """Every colour of tokens.css, for each of the lights."""
    text = TOKENS.read_text("utf-8")
    common, backstage = text.split(':root[data-lights="backstage"]')
    both = re.findall(r"--([a-z0-9-]+): light-dark\((#\w{6}), (#\w{6})\);", common)
    plain = re.findall(r"--([a-z0-9-]+): (#\w{6});", common)
    own = re.findall(r"--([a-z0-9-]+): (#\w{6});", backstage.split("}")[0])
    up = {name: _colour(light) for name, light, _ in both}
    down = {name: _colour(dark) for name, _, dark in both}
    for name, value in plain:
        up[name] = down[name] = _colour(value)
    return {"up": up, "down": down, "backstage": {**down, **{n: _colour(v) for n, v in own}}}


def tints() -> dict[str, float]:
    """How much of its track a slot takes on, for each of the lights."""
    return {"up": 0.10, "down": 0.18, "backstage": 0.20}


def ratio(one: Colour, other: Colour) -> float:
    """The WCAG contrast ratio of two colours."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def pairs() -> list[Pair]:
    """Every pair that pages put together."""
    found: list[Pair] = []
    for lights, colour in tokens().items():

        def add(
            front: str,
            ground: str,
            least: float,
            colour: dict[str, Colour] = colour,
            lights: str = lights,
        ) -> None:
            found.append(Pair(lights, front, ground, ratio(colour[front], colour[ground]), least))

        for ground in GROUNDS:
            for word in WORDS:
                add(word, ground, TEXT)
            for mark in MARKS:
                add(mark, ground, UI)
        for ground in ("paper", "sheet"):
            add("tally", ground, UI)
        add("on-ink", "ink", TEXT)
        add("on-tally", "tally", TEXT)
        found.extend(_of_tracks(lights, colour))
    return found


def _of_tracks(lights: str, colour: dict[str, Colour]) -> list[Pair]:
    found: list[Pair] = []
    for number in TRACKS:
        fill, letter = colour[f"track-{number}"], colour[f"on-track-{number}"]
        tinted = _mix(fill, colour["sheet"], tints()[lights])
        name = f"track-{number}"
        found.append(Pair(lights, name, "sheet", ratio(fill, colour["sheet"]), UI))
        found.append(Pair(lights, f"on-{name}", name, ratio(letter, fill), TEXT))
        found.append(Pair(lights, "ink", f"tint of {name}", ratio(colour["ink"], tinted), TEXT))
        found.append(Pair(lights, "ink-2", f"tint of {name}", ratio(colour["ink-2"], tinted), TEXT))
    return found


def _colour(text: str) -> Colour:
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (a * share + b * (1 - share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def main() -> None:
    """Print the lowest contrast of each colour, for each of the lights."""
    lowest: dict[tuple[str, str], Pair] = {}
    for pair in pairs():
        key = (pair.front, pair.lights)
        if key not in lowest or pair.ratio < lowest[key].ratio:
            lowest[key] = pair
    print("| colour | up | down | backstage | needs |\n|---|---|---|---|---|")
    for front in dict.fromkeys(pair.front for pair in pairs()):
        cells = [f"{lowest[front, lights].ratio:.2f}" for lights in LIGHTS]
        print(f"| `--{front}` | {' | '.join(cells)} | {lowest[front, 'up'].least:g} |")


if __name__ == "__main__":
    main()
