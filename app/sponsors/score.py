"""How warm a lead is, as points whose reasons can be read. Pure."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What a person did, of those things that they agreed to be seen doing. `dwell_s` at the
    booth, `session_s` in the sponsor's sessions."""

    wants_call: bool = False
    meetings: int = 0
    downloads: int = 0
    session_s: float = 0.0
    visits: int = 0
    dwell_s: float = 0.0
    draws: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Points for one thing, and of how much of it."""

    what: str
    points: int
    amount: int


RULES = (
    ("call", 30, "asked for a call"),
    ("meeting", 25, "booked a meeting"),
    ("downloads", 16, "8 for each file taken along, two at most"),
    ("sessions", 15, "1 for each 3 minutes in the sponsor's sessions"),
    ("visits", 6, "2 for each visit after the first, three at most"),
    ("dwell", 6, "1 for each 2 minutes at the booth"),
    ("draw", 2, "entered a prize draw"),
)
"""(what, the most points, the rule in words): together MOST."""


def parts(signals: Signals) -> tuple[Part, ...]:
    """The points of a lead with their reasons, in the order of RULES; nothing for nothing."""
    amounts = {
        "call": (int(signals.wants_call), 30),
        "meeting": (signals.meetings, 25),
        "downloads": (signals.downloads, 8 * signals.downloads),
        "sessions": (int(signals.session_s // 60), int(signals.session_s // 180)),
        "visits": (signals.visits, 2 * max(signals.visits - 1, 0)),
        "dwell": (int(signals.dwell_s // 60), int(signals.dwell_s // 120)),
        "draw": (signals.draws, 2),
    }
    return tuple(
        Part(what=what, points=min(points, most), amount=amount)
        for what, most, _rule in RULES
        for amount, points in (amounts[what],)
        if amount and points
    )


def total(found: tuple[Part, ...]) -> int:
    """0 to MOST."""
    return sum(part.points for part in found)


def squares(points: int) -> int:
    """The same as 0 to 5 squares; any point at all is one."""
    return min(5, -(-points // 20))
