"""Charts as SVG that says itself in words.

Every mark has a class, by which the page styles it, and for paper, where style sheets don't reach
into a drawing, the colours of lights up as attributes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup, escape

from app.words import local


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    label: str
    value: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened at an instant of a curve."""

    at: datetime
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One stretch of time with a count at each `step` from `start`; `counts` may end early."""

    title: str
    start: datetime
    end: datetime
    step: timedelta
    counts: tuple[int, ...]
    marks: tuple[Mark, ...] = ()


def top(most: int) -> int:
    """A round number at or above `most` that divides well by four or five."""
    if most <= 4:
        return 4
    size = 10 ** math.floor(math.log10(most))
    return next(int(size * n) for n in (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10) if size * n >= most)


def bars(rows: Sequence[Bar], *, label: str, width: int = 760, gutter: int = 290) -> Markup:
    """Horizontal bars, each with its words before and its figure after it."""
    if not rows:
        return Markup("")
    scale = (width - gutter - 60) / max(max(row.value for row in rows), 1)
    height = len(rows) * 26 + 4
    parts = [
        Markup(
            '<g><text class="lab" fill="#14171a" x="{x}" y="{y}" text-anchor="end">{label}</text>'
            '<rect class="bar" fill="#14171a" x="{left}" y="{top}" width="{length}" height="15"/>'
            '<text class="num" fill="#454c52" x="{after}" y="{y}">{value}</text></g>'
        ).format(
            x=gutter - 12,
            y=at * 26 + 16,
            label=_short(row.label, 44),
            left=gutter,
            top=at * 26 + 4,
            length=f"{max(row.value * scale, 1):.1f}",
            after=f"{gutter + row.value * scale + 8:.1f}",
            value=row.value,
        )
        for at, row in enumerate(rows)
    ]
    axis = Markup(
        '<path class="axis-line" fill="none" stroke="#858c91" d="M{x} 0V{height}"/>'
    ).format(x=gutter, height=height)
    return _plot(width, height, label, Markup("").join([axis, *parts]))


def scatter(
    dots: Sequence[Dot],
    *,
    across: str,
    up: str,
    label: str,
    line: tuple[float, float] | None = None,
    width: int = 620,
    height: int = 300,
) -> Markup:
    """Dots over two axes that begin at nothing; `line` is (height at 0, slope)."""
    if not dots:
        return Markup("")
    wide, tall, left, ground = width - 60, height - 52, 40, height - 36
    right, most = top(max(int(dot.x) for dot in dots)), top(max(int(dot.y) for dot in dots))

    def at(x: float, y: float) -> tuple[str, str]:
        return f"{left + wide * x / right:.1f}", f"{ground - tall * y / most:.1f}"

    parts = []
    for part in (0, 1, 2, 3, 4):
        x, y = at(right * part / 4, most * part / 4)
        parts.append(
            Markup(
                '<path class="gridline" fill="none" stroke="#dcded8" d="M{left} {y}h{wide}"/>'
                '<text class="num" fill="#454c52" x="{label}" y="{low}" text-anchor="end">{up}</text>'
                '<text class="num" fill="#454c52" x="{x}" y="{below}" text-anchor="middle">{across}</text>'
            ).format(
                left=left,
                y=y,
                wide=wide,
                label=left - 6,
                low=f"{float(y) + 4:.1f}",
                up=f"{most * part / 4:g}",
                x=x,
                below=ground + 16,
                across=f"{right * part / 4:g}",
            )
        )
    if line is not None:
        base, slope = line
        far = min(float(right), (most - base) / slope if slope > 0 else float(right))
        first, last = at(0, base), at(max(far, 0), base + slope * max(far, 0))
        parts.append(
            Markup(
                '<path class="last" fill="none" stroke="#858c91" stroke-dasharray="2 3"'
                ' d="M{} {}L{} {}"/>'
            ).format(*first, *last)
        )
    for dot in dots:
        x, y = at(dot.x, dot.y)
        parts.append(
            Markup(
                '<circle class="dot" fill="#14171a" fill-opacity="0.55" cx="{}" cy="{}" r="3.5"><title>{}: {:g}, {:g}</title></circle>'
            ).format(x, y, dot.words, dot.x, dot.y)
        )
    names = Markup(
        '<text class="lab" fill="#454c52" x="{}" y="{}" text-anchor="end">{}</text>'
        '<text class="lab" fill="#454c52" x="{}" y="10">{}</text>'
    ).format(left + wide, height - 4, across, left, up)
    return _plot(width, height, label, Markup("").join([*parts, names]))


def curves(
    drawn: Sequence[tuple[str, Sequence[int]]], *, label: str, width: int = 1392, height: int = 260
) -> Markup:
    """Curves minute by minute from the same beginning, told apart by dashes and their numbers."""
    lengths = [len(counts) for _name, counts in drawn if counts]
    if not lengths:
        return Markup("")
    long, most = max(lengths), top(max(max(counts) for _name, counts in drawn if counts))
    ground, tall = height - 28, height - 48
    dashes = ("none", "7 3", "2 3", "10 3 2 3")
    parts = [
        Markup(
            '<path class="gridline" fill="none" stroke="#dcded8" d="M0 {y:.1f}H{width}"/>'
            '<text class="num" fill="#454c52" x="0" y="{low:.1f}">{many:g}</text>'
        ).format(
            y=ground - tall * part / 4,
            width=width,
            low=ground - tall * part / 4 - 4,
            many=most * part / 4,
        )
        for part in (0, 2, 4)
    ]
    every = 5 if long <= 60 else 15
    parts += [
        Markup(
            '<text class="num" fill="#454c52" x="{:.1f}" y="{}" text-anchor="middle">{}</text>'
        ).format(width * minute / long, height - 8, minute)
        for minute in range(every, long, every)
    ]
    for number, (_name, counts) in enumerate(drawn):
        if not counts:
            continue
        points = [
            f"{width * at / long:.1f} {ground - tall * count / most:.1f}"
            for at, count in enumerate(counts)
        ]
        x, _, y = points[min(len(points) - 1, len(points) * 2 // 3)].partition(" ")
        parts.append(
            Markup(
                '<path class="leads" fill="none" stroke="#14171a" stroke-width="2"'
                ' stroke-dasharray="{}" d="M{}"/><text class="lab strong" font-weight="600"'
                ' fill="#14171a" x="{}" y="{:.1f}">{}</text>'
            ).format(dashes[number % 4], "L".join(points), x, float(y) - 6, number + 1)
        )
    return _plot(width, height, label, Markup("").join(parts))


def spark(counts: Sequence[int], *, label: str) -> Markup:
    """A small curve from the first to the last moment, on the ground of its own maximum."""
    if not counts:
        return Markup("")
    most, last = max(max(counts), 1), max(len(counts) - 1, 1)
    points = [
        f"{96 * at / last:.1f} {21 - 19 * count / most:.1f}" for at, count in enumerate(counts)
    ]
    if len(points) == 1:
        points.append(points[0].replace("0.0", "96.0", 1))
    line = "M" + "L".join(points)
    return Markup(
        '<svg class="spark" viewBox="0 0 96 22" role="img" aria-label="{}" '
        'preserveAspectRatio="none"><path class="area" fill="#e5e7e0" d="{}L96 22L0 22Z"/>'
        '<path class="curve" fill="none" stroke="#14171a" stroke-width="1.4" d="{}"/></svg>'
    ).format(label, line, line)


def timeline(
    spans: Sequence[Span],
    *,
    zone: str,
    label: str,
    now: datetime | None = None,
    width: int = 1392,
    height: int = 214,
) -> Markup:
    """Curves over time side by side on one scale, with the now line where `now` falls in one."""
    if not spans:
        return Markup("")
    most = top(max((max(span.counts, default=0) for span in spans), default=0))
    gap, ground = 36, height - 42
    wide = (width - gap * (len(spans) - 1)) / len(spans)
    parts = []
    for number, span in enumerate(spans):
        frame = _Frame(left=number * (wide + gap), wide=wide, ground=ground, most=most)
        parts.append(_grid(frame, number == 0))
        parts.append(_hours(frame, span, zone))
        parts.append(_curve(frame, span))
        parts.append(_marks(frame, span))
        if now is not None and span.start <= now < span.end:
            parts.append(_now(frame, span, now, zone))
    return _plot(width, height, label, Markup("").join(parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    left: float
    wide: float
    ground: float
    most: int

    def x(self, span: Span, at: datetime) -> float:
        return self.left + self.wide * ((at - span.start) / (span.end - span.start))

    def y(self, count: float) -> float:
        return self.ground - (self.ground - 36) * count / self.most


def _grid(frame: _Frame, first: bool) -> Markup:
    right = frame.left + frame.wide
    lines = [
        Markup(
            '<path class="gridline" fill="none" stroke="#dcded8" d="M{:.1f} {:.1f}H{:.1f}"/>'
        ).format(frame.left, frame.y(frame.most * part / 4), right)
        for part in (1, 2, 3, 4)
    ]
    if first:
        lines += [
            Markup('<text class="num" fill="#454c52" x="{:.1f}" y="{:.1f}">{}</text>').format(
                frame.left, frame.y(frame.most * part / 4) - 4, f"{frame.most * part / 4:g}"
            )
            for part in (2, 4)
        ]
    base = Markup(
        '<path class="axis-line" fill="none" stroke="#858c91" d="M{:.1f} {:.1f}H{:.1f}"/>'
    )
    return Markup("").join([*lines, base.format(frame.left, frame.ground + 0.5, right)])


def _hours(frame: _Frame, span: Span, zone: str) -> Markup:
    hours = (span.end - span.start) / timedelta(hours=1)
    every = next(n for n in (1, 2, 3, 4, 6, 12, 24, 1000) if hours / n <= frame.wide / 56)
    at = span.start.replace(minute=0, second=0, microsecond=0)
    parts = [
        Markup(
            '<text class="lab strong" font-weight="600" fill="#14171a" x="{:.1f}" y="{:.1f}">{}</text>'
        ).format(frame.left, frame.ground + 36, span.title)
    ]
    while at < span.end:
        hour = local(at, zone).hour
        if at >= span.start and hour % every == 0:
            x = frame.x(span, at)
            parts.append(
                Markup(
                    '<path class="axis-line" fill="none" stroke="#858c91" d="M{x:.1f} {y:.1f}v5"/>'
                    '<text class="num" fill="#454c52" x="{x:.1f}" y="{below:.1f}"'
                    ' text-anchor="{anchor}">{hour}</text>'
                ).format(
                    x=x,
                    y=frame.ground,
                    below=frame.ground + 19,
                    hour=hour,
                    anchor="start" if x - frame.left < 6 else "middle",
                )
            )
        at += timedelta(hours=1)
    return Markup("").join(parts)


def _curve(frame: _Frame, span: Span) -> Markup:
    if not span.counts:
        return Markup("")
    points = [
        (frame.x(span, min(span.start + span.step * at, span.end)), frame.y(count))
        for at, count in enumerate(span.counts)
    ]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return Markup(
        '<path class="fillband" fill="#f1f2ed" d="{}L{:.1f} {:.1f}L{:.1f} {:.1f}Z"/><path class="leads" fill="none" stroke="#14171a" stroke-width="2" d="{}"/>'
    ).format(line, points[-1][0], frame.ground, points[0][0], frame.ground, line)


def _marks(frame: _Frame, span: Span) -> Markup:
    """Words above the curve on two lines in turn, each with a line down to it."""
    parts = []
    for number, mark in enumerate(sorted(span.marks, key=lambda one: one.at)):
        x = frame.x(span, mark.at)
        at = int((mark.at - span.start) / span.step)
        height = span.counts[at] if at < len(span.counts) else 0
        y = 34 + 15 * (number % 2)
        after = x < frame.left + frame.wide / 2
        parts.append(
            Markup(
                '<path class="mk" stroke="#454c52" d="M{x:.1f} {top:.1f}V{foot:.1f}"/>'
                '<text class="lab" fill="#454c52" x="{text:.1f}" y="{y:.1f}"'
                ' text-anchor="{anchor}">{words}</text>'
            ).format(
                x=x,
                top=y + 4,
                foot=frame.y(height) - 3,
                text=x,
                y=y,
                anchor="start" if after else "end",
                words=_short(mark.words, 34),
            )
        )
    return Markup("").join(parts)


def _now(frame: _Frame, span: Span, now: datetime, zone: str) -> Markup:
    x = frame.x(span, now)
    flag = min(x - 1, frame.left + frame.wide - 46)
    return Markup(
        '<path class="nowline" stroke="#14171a" stroke-width="2" d="M{x:.1f} 0V{ground:.1f}"/>'
        '<rect class="flag" x="{flag:.1f}" y="0" width="46" height="20"/>'
        '<text class="flagtext" fill="#ffffff" x="{text:.1f}" y="15">{clock}</text>'
    ).format(x=x, ground=frame.ground, flag=flag, text=flag + 7, clock=f"{local(now, zone):%H:%M}")


def _plot(width: float, height: float, label: str, inside: Markup) -> Markup:
    return Markup(
        '<svg class="plot" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}"'
        ' font-family="Archivo Paper, Archivo Paper Ext, Noto Sans, sans-serif" font-size="11.5">'
        "{}</svg>"
    ).format(width, height, label, inside)


def _short(text: str, most: int) -> Markup:
    """A label that fits; the whole text stands in the table below every chart."""
    return escape(text if len(text) <= most else text[: most - 1].rstrip() + "…")
