"""The slides beside a synthetic speaker: six charts, each complete up to the moving now line."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin

from PIL import Image, ImageDraw

from app.demo.looks import INK, PAPER, QUIET, Colour, Look, fitted, mix

WIDTH, HEIGHT = 350, 214
PLOT = (24, 62, 326, 190)
"""Where the chart stands on the slide: left, top, right, bottom. The now line crosses it."""

Paint = Callable[[ImageDraw.ImageDraw, "Pen"], None]


class Pen:
    """Colours and geometry of one chart, multiplied by `scale`; `done` is history, else to come."""

    def __init__(self, look: Look, scale: int, *, done: bool) -> None:
        self.scale = scale
        self.number = look.number
        strong = mix(look.accent, INK, 0.42)
        self.fill: Colour = strong if done else mix(PAPER, strong, 0.22)
        self.soft: Colour = mix(PAPER, strong, 0.45 if done else 0.1)
        self.ink: Colour = INK if done else mix(PAPER, INK, 0.3)

    def box(self, left: float, top: float, right: float, bottom: float) -> list[float]:
        return [round(v * self.scale) for v in (left, top, right, bottom)]

    def points(self, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x * self.scale, y * self.scale) for x, y in points]

    def wobble(self, at: float) -> float:
        """A made-up but steady figure between 0 and 1."""
        value = sin(at * 1.7 + self.number) + 0.6 * sin(at * 4.1 + 2 * self.number)
        return 0.5 + value / 3.2


def slide(look: Look, scale: int, *, done: bool) -> Image.Image:
    """The whole slide, `scale` times its size. Undone, the chart is a pale promise."""
    image = Image.new("RGB", (WIDTH * scale, HEIGHT * scale), PAPER)
    draw = ImageDraw.Draw(image)
    title, subtitle, paint = _KINDS[look.number % len(_KINDS)]
    at = 20 * scale
    draw.text((at, 14 * scale), title, INK, fitted(title, 17 * scale, 310 * scale, 650))
    draw.text((at, 36 * scale), subtitle, QUIET, fitted(subtitle, 11 * scale, 310 * scale, 420))
    paint(draw, Pen(look, scale, done=done))
    return image


def _bars(draw: ImageDraw.ImageDraw, pen: Pen) -> None:
    left, top, right, bottom = PLOT
    for bar in range(14):
        x = left + bar * (right - left) / 14
        height = (bottom - top) * (0.12 + 0.055 * bar + 0.14 * pen.wobble(bar))
        draw.rectangle(pen.box(x + 3, bottom - height, x + 17, bottom), fill=pen.fill)
    draw.line(pen.box(left, bottom, right, bottom), fill=pen.ink, width=2 * pen.scale)


def _tide(draw: ImageDraw.ImageDraw, pen: Pen) -> None:
    left, top, right, bottom = PLOT
    middle = (top + bottom) / 2
    for amplitude, colour, cycles in ((34, pen.soft, 2), (44, pen.fill, 3)):
        curve = [
            (x, middle + 8 - amplitude * sin(2 * pi * cycles * (x - left) / (right - left)))
            for x in range(left, right + 1, 2)
        ]
        draw.polygon(pen.points([*curve, (right, bottom), (left, bottom)]), fill=colour)
    draw.line(pen.box(left, bottom, right, bottom), fill=pen.ink, width=2 * pen.scale)


def _soundings(draw: ImageDraw.ImageDraw, pen: Pen) -> None:
    left, top, right, bottom = PLOT
    bed: list[tuple[float, float]] = []
    for step in range(31):
        x = left + step * (right - left) / 30
        depth = 18 + 88 * pen.wobble(step / 3) * sin(pi * (step + 2) / 34)
        bed.append((x, top + depth))
        draw.line(pen.box(x, top, x, top + depth - 4), fill=pen.soft, width=pen.scale)
    draw.polygon(pen.points([*bed, (right, bottom), (left, bottom)]), fill=pen.fill)
    draw.line(pen.box(left, top, right, top), fill=pen.ink, width=2 * pen.scale)


def _doors(draw: ImageDraw.ImageDraw, pen: Pen) -> None:
    left, top = PLOT[:2]
    for column in range(18):
        for row in range(7):
            x, y = left + 4 + column * 16.6, top + 6 + row * 18
            wet = pen.wobble(column * 0.6 + row * 0.35) * 7 > 6.2 - row
            if wet:
                draw.rectangle(pen.box(x, y, x + 10, y + 12), fill=pen.fill)
            else:
                draw.rectangle(pen.box(x, y, x + 10, y + 12), outline=pen.soft, width=2 * pen.scale)


def _rings(draw: ImageDraw.ImageDraw, pen: Pen) -> None:
    _, top, _, bottom = PLOT
    middle = (top + bottom) / 2
    for place in range(3):
        x, share = 76 + place * 100, 0.25 + 0.6 * pen.wobble(place * 2.3)
        outer = pen.box(x - 42, middle - 42, x + 42, middle + 42)
        draw.ellipse(outer, outline=pen.soft, width=14 * pen.scale)
        draw.arc(outer, -90, -90 + 360 * share, fill=pen.fill, width=14 * pen.scale)
        text = f"{round(share * 100)}"
        font = fitted(text, 20 * pen.scale, 60 * pen.scale, 620)
        draw.text((x * pen.scale, middle * pen.scale), text, pen.ink, font, anchor="mm")


def _coast(draw: ImageDraw.ImageDraw, pen: Pen) -> None:
    left, top, right, _ = PLOT
    for contour in range(5):
        shore = [
            (
                float(x),
                top
                + 14
                + contour * 22
                + 12 * sin(x / 34 + pen.number + contour * 0.5)
                + 7 * cos(x / 13 + contour),
            )
            for x in range(left, right + 1, 3)
        ]
        draw.line(pen.points(shore), fill=pen.soft, width=2 * pen.scale)
    for station in range(9):
        x = left + 20 + station * 33
        y = top + 20 + 88 * pen.wobble(station * 1.3)
        draw.ellipse(pen.box(x - 6, y - 6, x + 6, y + 6), fill=pen.fill)


_KINDS: tuple[tuple[str, str, Paint], ...] = (
    (
        "How often the gate shuts",
        "Closings in each winter. The design said one in ten years.",
        _bars,
    ),
    (
        "Two tides, one street",
        "Sea and groundwater through a day and a half, in centimetres.",
        _tide,
    ),
    ("What lies under the ferry", "Soundings across the channel, from quay to quay.", _soundings),
    ("Doorsteps, by house number", "Filled: wet at least once in ten years.", _doors),
    ("Kept, late, forgotten", "Promises of the last conference, in per cent.", _rings),
    ("Nine gauges, one coast", "Stations and the lines of equal surge between them.", _coast),
)
