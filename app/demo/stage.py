"""The picture of a synthetic speaker, frame by frame: a dark stage, a slide, a person, a clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import cos, pi, sin

from PIL import Image, ImageDraw

from app.demo import figure, slides
from app.demo.looks import DIM, INK, LIGHT, Colour, Look, fitted, mix

WIDTH, HEIGHT = 960, 540
FRAMES_PER_SECOND = 15
SECONDS = 10
FRAMES = FRAMES_PER_SECOND * SECONDS

# Places and sizes are in units of a plan of 640 by 360. Everything is drawn twice too large and
# reduced, because Pillow's drawing has hard edges.
_PLAN = (640, 360)
_FINE = 3
_REDUCTION = 2
_SLIDE_AT = (28, 40)
_PERSON_AT = (376, 60)
_CLOCK_AT = (58, 310)
_CLOCK_RADIUS = 27
_FLOOR = 276
_NIGHT: Colour = (12, 15, 17)
_STAGE: Colour = (24, 40, 46)


def frames(look: Look, mouth: Sequence[float]) -> Iterator[Image.Image]:
    """One loop of RGB pictures, FRAMES of them; the last leads back into the first.

    `mouth` says for each frame how far the mouth is open, from 0 to 1.
    """
    painter = _AtHome(look) if look.seat else _OnStage(look)
    for number in range(FRAMES):
        yield painter.frame(figure.Pose(turn=number / FRAMES, mouth=mouth[number]))


def _reduced(image: Image.Image) -> Image.Image:
    return image.reduce(_REDUCTION)


def _pixel(units: float) -> int:
    """Where a place on the plan is in the finished picture."""
    return round(units * _FINE / _REDUCTION)


def _gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    strip = Image.new("RGB", (1, 64))
    for y in range(64):
        strip.putpixel((0, y), mix(top, bottom, y / 63))
    return strip.resize(size, Image.Resampling.BILINEAR)


def _clock_face(draw: ImageDraw.ImageDraw, look: Look) -> None:
    x, y = (v * _FINE for v in _CLOCK_AT)
    radius = _CLOCK_RADIUS * _FINE
    draw.ellipse(
        (x - radius, y - radius, x + radius, y + radius),
        fill=_NIGHT,
        outline=look.accent,
        width=2 * _FINE,
    )
    for mark in range(12):
        angle = pi * mark / 6
        inner = radius * (0.74 if mark % 3 else 0.66)
        ends = [(x + r * sin(angle), y - r * cos(angle)) for r in (inner, radius * 0.86)]
        draw.line(ends, fill=DIM, width=_FINE)


def _lettering(draw: ImageDraw.ImageDraw, look: Look, width: int) -> None:
    left = (_CLOCK_AT[0] + _CLOCK_RADIUS + 16) * _FINE
    font = fitted(look.room, 34 * _FINE, width * _FINE, 640)
    draw.text((left, 312 * _FINE), look.room, LIGHT, font, anchor="ls")
    note = "Synthetic speaker"
    small = fitted(note, 13 * _FINE, width * _FINE, 440)
    draw.text((left, 333 * _FINE), note, DIM, small, anchor="ls")


class _Painter:
    """What both pictures share: a still background, a person who moves, and the clock's hand."""

    def __init__(self, look: Look, still: Image.Image, person_at: tuple[int, int]) -> None:
        self._look = look
        self._person_at = person_at
        self._figure = figure.Figure(look, _FINE)
        self._still = _reduced(still)
        x, y = person_at
        self._behind = still.crop(
            (
                x * _FINE,
                y * _FINE,
                (x + figure.WIDTH) * _FINE,
                (y + figure.HEIGHT) * _FINE,
            )
        )
        side = (_CLOCK_RADIUS + 1) * _FINE
        cx, cy = (v * _FINE for v in _CLOCK_AT)
        self._dial = still.crop((cx - side, cy - side, cx + side, cy + side))

    def frame(self, pose: figure.Pose) -> Image.Image:
        image = self._still.copy()
        self._move(image, pose)
        person = self._behind.copy()
        draw = ImageDraw.Draw(person)
        self._figure.paint(draw, pose)
        self._before(draw)
        image.paste(_reduced(person), (_pixel(self._person_at[0]), _pixel(self._person_at[1])))
        self._hand(image, pose.turn)
        return image

    def _move(self, image: Image.Image, pose: figure.Pose) -> None:
        raise NotImplementedError

    def _before(self, draw: ImageDraw.ImageDraw) -> None:
        raise NotImplementedError

    def _hand(self, image: Image.Image, turn: float) -> None:
        dial = self._dial.copy()
        middle = dial.width / 2
        reach = _CLOCK_RADIUS * _FINE * 0.8
        angle = 2 * pi * turn
        tip = (middle + reach * sin(angle), middle - reach * cos(angle))
        tail = (middle - reach * 0.2 * sin(angle), middle + reach * 0.2 * cos(angle))
        draw = ImageDraw.Draw(dial)
        draw.line([tail, tip], fill=LIGHT, width=3 * _FINE)
        hub = 3 * _FINE
        draw.ellipse((middle - hub, middle - hub, middle + hub, middle + hub), fill=LIGHT)
        left, top = (_pixel(v - _CLOCK_RADIUS - 1) for v in _CLOCK_AT)
        image.paste(_reduced(dial), (left, top))


class _OnStage(_Painter):
    """Seat 0: beside a slide whose chart fills up to the now line."""

    def __init__(self, look: Look) -> None:
        size = (_PLAN[0] * _FINE, _PLAN[1] * _FINE)
        still = _gradient(size, mix(_STAGE, look.accent, 0.1), _NIGHT)
        draw = ImageDraw.Draw(still)
        for curtain in range(4):
            x = (400 + curtain * 62) * _FINE
            draw.line((x, 0, x, _FLOOR * _FINE), fill=mix(_STAGE, LIGHT, 0.08), width=_FINE)
        floor = _gradient((size[0], (_PLAN[1] - _FLOOR) * _FINE), (17, 22, 24), (9, 11, 12))
        still.paste(floor, (0, _FLOOR * _FINE))
        draw.line((0, _FLOOR * _FINE, size[0], _FLOOR * _FINE), fill=mix(_STAGE, LIGHT, 0.14))
        x, y = (v * _FINE for v in _SLIDE_AT)
        still.paste(slides.slide(look, _FINE, done=False), (x, y))
        base = y + slides.HEIGHT * _FINE
        foot = [(x, base), (x + slides.WIDTH * _FINE, base)]
        foot += [
            (x + (slides.WIDTH - 18) * _FINE, base + 14 * _FINE),
            (x + 18 * _FINE, base + 14 * _FINE),
        ]
        draw.polygon(foot, fill=(15, 20, 22))
        draw.rectangle((x - 6 * _FINE, y, x - 1, base - 1), fill=look.accent)
        _clock_face(draw, look)
        _lettering(draw, look, 300)
        super().__init__(look, still, _PERSON_AT)
        self._done = _reduced(slides.slide(look, _FINE, done=True))

    def _move(self, image: Image.Image, pose: figure.Pose) -> None:
        left, top, right, bottom = (_pixel(v) for v in slides.PLOT)
        now = left + round((right - left) * pose.turn)
        x, y = (_pixel(v) for v in _SLIDE_AT)
        box = (left - 4, top - 3, now, bottom + 4)
        image.paste(self._done.crop(box), (x + box[0], y + box[1]))
        line = (x + now, y + top - 12, x + now + 2, y + bottom + 12)
        ImageDraw.Draw(image).rectangle(line, fill=INK)

    def _before(self, draw: ImageDraw.ImageDraw) -> None:
        wood, edge = (18, 26, 26), mix((18, 26, 26), LIGHT, 0.2)
        top = 262 * _FINE
        draw.polygon(
            [
                (128 * _FINE, top),
                (264 * _FINE, top),
                (284 * _FINE, 300 * _FINE),
                (116 * _FINE, 300 * _FINE),
            ],
            fill=wood,
        )
        draw.line((126 * _FINE, top, 266 * _FINE, top), fill=edge, width=2 * _FINE)
        neck = [(214 * _FINE, top), (208 * _FINE, 232 * _FINE), (190 * _FINE, 210 * _FINE)]
        draw.line(neck, fill=(10, 12, 13), width=2 * _FINE, joint="curve")
        draw.ellipse((181 * _FINE, 200 * _FINE, 197 * _FINE, 216 * _FINE), fill=(10, 12, 13))


class _AtHome(_Painter):
    """Seat 1: at a desk, with shelves, and a window behind which the sea moves."""

    _PANE = (216, 44, 352, 160)

    def __init__(self, look: Look) -> None:
        wall = mix((46, 46, 44), look.accent, 0.08)
        size = (_PLAN[0] * _FINE, _PLAN[1] * _FINE)
        still = _gradient(size, wall, mix(wall, INK, 0.45))
        draw = ImageDraw.Draw(still)
        for shelf in range(3):
            y = (66 + shelf * 62) * _FINE
            draw.rectangle((30 * _FINE, y, 172 * _FINE, y + 5 * _FINE), fill=mix(wall, LIGHT, 0.16))
            for book in range(5 - shelf):
                x = (42 + book * (15 + 3 * shelf) + shelf * 22) * _FINE
                height = (26 + (book * 7 + look.number * 5 + shelf * 3) % 20) * _FINE
                tone = mix(look.accent if book % 3 == 1 else (150, 112, 76), wall, 0.35)
                draw.rectangle((x, y - height, x + 11 * _FINE, y - 1), fill=tone)
        _clock_face(draw, look)
        _lettering(draw, look, 270)
        super().__init__(look, still, (362, 60))
        self._sky = mix((112, 140, 144), look.accent, 0.14)

    def _move(self, image: Image.Image, pose: figure.Pose) -> None:
        left, top, right, bottom = self._PANE
        wide, high = right - left, bottom - top
        pane = Image.new("RGB", (wide * _FINE, high * _FINE), self._sky)
        draw = ImageDraw.Draw(pane)
        for depth, (level, share, cycles) in enumerate(((0.55, 0.3, 1), (0.68, 0.55, 2))):
            wave = [
                (
                    x * _FINE,
                    (high * level + 6 * sin(2 * pi * (x / wide + cycles * pose.turn + depth / 3)))
                    * _FINE,
                )
                for x in range(0, wide + 4, 4)
            ]
            sea = mix((58, 92, 100), (24, 44, 54), share)
            draw.polygon([*wave, (wide * _FINE, high * _FINE), (0, high * _FINE)], fill=sea)
        frame = mix((46, 46, 44), LIGHT, 0.2)
        draw.rectangle((0, 0, wide * _FINE - 1, high * _FINE - 1), outline=frame, width=4 * _FINE)
        middle = wide * _FINE // 2
        draw.line((middle, 0, middle, high * _FINE), fill=frame, width=4 * _FINE)
        image.paste(_reduced(pane), (_pixel(left), _pixel(top)))

    def _before(self, draw: ImageDraw.ImageDraw) -> None:
        return
