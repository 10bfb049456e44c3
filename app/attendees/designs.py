"""How a badge looks: its size, what stands on it, and where it lies on a printed sheet. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

A6 = "a6"
CR80 = "cr80"
SIZES: Mapping[str, tuple[float, float]] = {A6: (105.0, 148.0), CR80: (85.6, 53.98)}
"""Width and height of a badge in millimetres."""

PAPERS: Mapping[str, tuple[float, float]] = {"a4": (210.0, 297.0), "letter": (215.9, 279.4)}
TONES = ("ink", *(str(number) for number in range(1, 13)))
"""Grounds of the ticket's field: ink, or one of the twelve of the tracks. None of them is red."""

LONGEST_NOTE = 160
LONGEST_BACK = 700
_SCALE = {(A6, "a4"): 0.92, (A6, "letter"): 0.88}
_GRID = {(A6, "a4"): (2, 2), (A6, "letter"): (2, 2), (CR80, "a4"): (2, 5), (CR80, "letter"): (2, 4)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One ticket type's badge. `sheet` is a paper of PAPERS with cut marks, or empty: one a page.

    The empty `note` is the house's own words. `two_sided` adds a back with a large code and `back`.
    """

    size: str = A6
    sheet: str = ""
    two_sided: bool = False
    tone: str = "ink"
    organization: bool = True
    ticket: bool = True
    dates: bool = True
    code: bool = True
    note: str = ""
    back: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where badges lie on a page, in millimetres: `cells` are left upper corners, row by row."""

    width: float
    height: float
    scale: float
    columns: int
    cells: tuple[tuple[float, float], ...]
    cuts_x: tuple[float, ...] = ()
    cuts_y: tuple[float, ...] = ()


def layout(design: Design) -> Layout:
    """The page that this design is printed on."""
    width, height = SIZES[design.size]
    if not design.sheet:
        return Layout(width=width, height=height, scale=1.0, columns=1, cells=((0.0, 0.0),))
    paper = PAPERS[design.sheet]
    scale = _SCALE.get((design.size, design.sheet), 1.0)
    columns, rows = _GRID[design.size, design.sheet]
    wide, high = width * scale, height * scale
    left, top = (paper[0] - columns * wide) / 2, (paper[1] - rows * high) / 2
    cuts_x = tuple(round(left + n * wide, 3) for n in range(columns + 1))
    cuts_y = tuple(round(top + n * high, 3) for n in range(rows + 1))
    return Layout(
        width=paper[0],
        height=paper[1],
        scale=scale,
        columns=columns,
        cells=tuple((x, y) for y in cuts_y[:-1] for x in cuts_x[:-1]),
        cuts_x=cuts_x,
        cuts_y=cuts_y,
    )


def behind(place: int, columns: int) -> int:
    """Where the back of the badge at `place` lies, for paper that is turned on its long edge."""
    row, column = divmod(place, columns)
    return row * columns + columns - 1 - column


def dump(design: Design) -> str:
    return json.dumps(asdict(design), ensure_ascii=False)


def load(text: str) -> Design:
    """A stored design; what this version does not know is passed over."""
    held = json.loads(text)
    known = {field.name for field in fields(Design)}
    return replace(Design(), **{key: value for key, value in held.items() if key in known})
