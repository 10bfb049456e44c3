"""A simple drawn person who speaks: a bust whose head sways, eyes blink, mouth and arm move."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, pi, sin

from PIL import ImageDraw

from app.demo.looks import INK, LIGHT, Colour, Look, mix

Point = tuple[float, float]
WIDTH, HEIGHT = 270, 300
"""The space that a figure takes, before `scale`."""

_WARM: Colour = (255, 214, 160)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """One moment: `turn` runs from 0 to 1 over a loop, `mouth` from 0 (shut) to 1 (open)."""

    turn: float
    mouth: float

    def wave(self, cycles: int, ahead: float = 0.0) -> float:
        """A slow movement between -1 and 1 that comes round with the loop."""
        return sin(2 * pi * (self.turn * cycles + ahead))

    @property
    def blinks(self) -> bool:
        return any(abs(self.turn - at) < 0.009 for at in (0.13, 0.31, 0.55, 0.58, 0.87))


class Figure:
    """Draws one person into a canvas: `draw` at (0, 0), everything multiplied by `scale`."""

    def __init__(self, look: Look, scale: float) -> None:
        self._look = look
        self._scale = scale
        self._shade = mix(look.skin, INK, 0.28)
        self._glow = mix(look.skin, _WARM, 0.38)

    def paint(self, draw: ImageDraw.ImageDraw, pose: Pose) -> None:
        """The whole bust, from back to front."""
        sway, nod = 3.2 * pose.wave(2) + 1.6 * pose.wave(5, 0.3), 1.8 * pose.wave(7) - pose.mouth
        head = (135 + sway, 98 + nod)
        lean = 1.2 * pose.wave(2)
        self._back_hair(draw, head)
        self._body(draw, lean)
        self._neck(draw, head)
        self._head(draw, head)
        self._front_hair(draw, head)
        self._features(draw, head, pose)
        self._arm(draw, pose, lean)

    def _points(self, points: Iterable[Point]) -> list[Point]:
        return [(x * self._scale, y * self._scale) for x, y in points]

    def _oval(
        self, draw: ImageDraw.ImageDraw, at: Point, rx: float, ry: float, fill: Colour
    ) -> None:
        box = self._points([(at[0] - rx, at[1] - ry), (at[0] + rx, at[1] + ry)])
        draw.ellipse(box, fill=fill)

    def _shape(self, draw: ImageDraw.ImageDraw, points: Iterable[Point], fill: Colour) -> None:
        draw.polygon(self._points(points), fill=fill)

    def _stroke(
        self, draw: ImageDraw.ImageDraw, points: list[Point], width: float, fill: Colour
    ) -> None:
        draw.line(self._points(points), fill=fill, width=round(width * self._scale), joint="curve")
        for end in (points[0], points[-1]):
            self._oval(draw, end, width / 2, width / 2, fill)

    def _body(self, draw: ImageDraw.ImageDraw, lean: float) -> None:
        cloth = self._look.cloth
        left, right = 26 + lean, 244 + lean
        outline = [
            (0.0, float(HEIGHT)),
            *_bow((10, 300), (left, 204), (104 + lean, 196)),
            *_bow((166 + lean, 196), (right, 204), (262, 300)),
            (262.0, float(HEIGHT)),
        ]
        self._shape(draw, outline, cloth)
        rim = [
            *_bow((168 + lean, 196), (right, 204), (262, 300)),
            *_bow((246, 300), (right - 16, 214), (160 + lean, 206)),
        ]
        self._shape(draw, rim, mix(cloth, _WARM, 0.32))

    def _neck(self, draw: ImageDraw.ImageDraw, head: Point) -> None:
        x, y = head
        self._shape(
            draw, [(x - 21, y + 30), (x + 21, y + 30), (158, 200), (112, 200)], self._look.skin
        )
        self._oval(draw, (135, 199), 23, 15, self._look.skin)
        self._shape(draw, [(x - 21, y + 52), (x + 21, y + 52), (157, 172), (118, 162)], self._shade)

    def _head(self, draw: ImageDraw.ImageDraw, head: Point) -> None:
        x, y = head
        jaw = [*_round((x, y - 6), 39, 46, pi, 2 * pi), *_round((x, y), 39, 58, 0, pi)]
        self._shape(draw, jaw, self._look.skin)
        lit = [*_round((x, y - 6), 39, 46, -0.5 * pi, 0), *_round((x, y), 39, 58, 0, 0.46 * pi)]
        inner = _bow((x + 14, y + 52), (x + 34, y + 10), (x + 10, y - 50))
        self._shape(draw, [*lit, *inner], self._glow)

    def _features(self, draw: ImageDraw.ImageDraw, head: Point, pose: Pose) -> None:
        x, y = head
        ink = mix(self._look.skin, INK, 0.8)
        for side in (-1, 1):
            eye = x + side * 15
            if pose.blinks:
                self._stroke(draw, [(eye - 4, y - 2), (eye + 4, y - 2)], 1.6, ink)
            else:
                self._oval(draw, (eye, y - 2), 3.1, 3.5, ink)
            lift = 1.4 * pose.mouth
            brow = [(eye - 8, y - 13 - lift), (eye, y - 16 - lift), (eye + 8, y - 13 - lift)]
            self._stroke(draw, brow, 2.4, mix(self._look.hair, INK, 0.3))
        nose = [(x + 1, y + 2), (x + 4, y + 15), (x - 3, y + 17)]
        self._stroke(draw, nose, 1.8, self._shade)
        self._mouth(draw, (x, y + 31), pose.mouth, ink)

    def _mouth(self, draw: ImageDraw.ImageDraw, at: Point, opening: float, ink: Colour) -> None:
        x, y = at
        if opening < 0.08:
            self._stroke(draw, list(_bow((x - 11, y), (x, y + 6), (x + 11, y))), 2.2, ink)
            return
        self._oval(
            draw, (x, y + 2), 12 - 3 * opening, 2 + 5.5 * opening, mix(ink, (90, 20, 24), 0.5)
        )
        if opening > 0.45:
            top = y + 3 - 5 * opening
            self._shape(
                draw, [(x - 5, top), (x + 5, top), (x + 4, top + 3), (x - 4, top + 3)], LIGHT
            )

    def _arm(self, draw: ImageDraw.ImageDraw, pose: Pose, lean: float) -> None:
        """The near forearm, which comes up while they speak and rests below the picture."""
        lift = max(0.0, 0.35 + 0.65 * pose.wave(3, 0.1)) * (0.55 + 0.45 * pose.mouth)
        elbow = (30.0 + lean, 318.0)
        angle = pi * (0.42 - 0.1 * pose.wave(4)) * lift
        hand = (elbow[0] + 92 * cos(angle) * 0.75, elbow[1] - 96 * sin(angle) - 6)
        sleeve = mix(self._look.cloth, INK, 0.18)
        self._stroke(draw, [elbow, hand], 34, sleeve)
        self._hand(draw, (hand[0] + 6, hand[1] - 14), 2.5 * pose.wave(5))

    def _hand(self, draw: ImageDraw.ImageDraw, palm: Point, spread: float) -> None:
        """An open hand, its fingers drifting by `spread`."""
        x, y = palm
        skin = self._look.skin
        for finger, reach in ((-9, 26), (-3, 31), (3, 30), (9, 24)):
            tip = (x + finger * 1.25 + spread, y - reach)
            self._stroke(draw, [(x + finger, y - 4), tip], 6.4, skin)
        self._stroke(draw, [(x + 10, y + 2), (x + 21 + spread / 2, y - 9)], 6.4, skin)
        self._oval(draw, palm, 13.5, 15, skin)

    def _back_hair(self, draw: ImageDraw.ImageDraw, head: Point) -> None:
        x, y = head
        hair = self._look.hair
        match self._look.cut:
            case "bob" | "long":
                low = y + (62 if self._look.cut == "bob" else 112)
                dome = _round((x, y - 4), 54, 60, pi, 2 * pi)
                self._shape(draw, [(x - 56, low), *dome, (x + 56, low)], hair)
            case "bun":
                self._oval(draw, (x, y - 70), 21, 20, mix(hair, INK, 0.15))
                self._oval(draw, (x, y - 14), 44, 46, hair)
            case "curls":
                for step in range(9):
                    angle = pi + pi * step / 8
                    at = (x + 42 * cos(angle), y - 8 + 44 * sin(angle))
                    self._oval(draw, at, 19, 19, hair)
            case "scarf":
                dome = _round((x, y), 52, 62, pi, 2 * pi)
                tail = [(x + 54, y + 96), (x - 54, y + 96)]
                self._shape(draw, [*dome, *tail], mix(self._look.accent, INK, 0.3))
            case _:
                return

    def _front_hair(self, draw: ImageDraw.ImageDraw, head: Point) -> None:
        x, y = head
        cap = _round((x, y - 6), 41, 49, pi, 2 * pi)
        fringe: list[Point]
        match self._look.cut:
            case "bald":
                return
            case "scarf":
                rim = mix(self._look.accent, INK, 0.45)
                cap = _round((x, y - 4), 45, 54, pi * 0.98, 2.02 * pi)
                inner = list(_round((x, y), 37, 42, 2.02 * pi, 0.98 * pi))
                self._shape(draw, [*cap, *inner], rim)
                return
            case "short":
                fringe = list(_bow((x + 40, y - 18), (x + 4, y - 34), (x - 40, y - 22)))
            case "curls":
                fringe = list(_bow((x + 41, y - 12), (x, y - 44), (x - 41, y - 12)))
            case _:
                fringe = list(_bow((x + 41, y - 4), (x + 26, y - 44), (x - 12, y - 44)))
                fringe += list(_bow((x - 12, y - 44), (x - 34, y - 34), (x - 41, y - 4)))
        self._shape(draw, [*cap, *fringe], self._look.hair)


def _bow(start: Point, pull: Point, end: Point) -> Iterable[Point]:
    """A quadratic curve from start to end, drawn towards `pull`."""
    for step in range(13):
        t = step / 12
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t * t
        yield (
            a * start[0] + b * pull[0] + c * end[0],
            a * start[1] + b * pull[1] + c * end[1],
        )


def _round(at: Point, rx: float, ry: float, begin: float, end: float) -> Iterable[Point]:
    """A piece of an ellipse between two angles (radians, clockwise from three o'clock)."""
    for step in range(25):
        angle = begin + (end - begin) * step / 24
        yield at[0] + rx * cos(angle), at[1] + ry * sin(angle)
