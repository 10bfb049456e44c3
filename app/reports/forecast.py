"""How many people will come to a session, from how many starred it. Pure.

The model: people = base + rate × stars, by least squares over the sessions that were held, drawn
towards a prior (nobody without stars, as many people as stars) that weighs as three sessions do.
The range is what held eight in ten of those sessions, each forecast from all the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PRIOR_RATE = 1.0
PRIOR_BASE = 0.0
PRIOR_WEIGHT = 3.0
ENOUGH = 4
"""From so many held sessions on, a range is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A session that was held: how many starred it, and how many came."""

    session: str
    stars: int
    came: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    base: float
    rate: float

    def people(self, stars: int) -> float:
        return max(self.base + self.rate * stars, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The model against what came, each session forecast from all others.

    `mean_error` and `mean_error_flat` are in people: the model's, and that of guessing the others'
    average. `within` of `sessions` came inside of the range.
    """

    sessions: int
    mean_error: float
    mean_error_flat: float
    within: int
    low: float
    high: float


def fit(held: Sequence[Held]) -> Model:
    """The model after these sessions; the prior alone where there are none."""
    weight = PRIOR_WEIGHT
    spread = sum(one.stars**2 for one in held) / len(held) if held else 1.0
    # Ridge towards the prior: its weight is that of so many sessions of the usual size.
    a11, a12 = len(held) + weight, float(sum(one.stars for one in held))
    a22 = sum(one.stars**2 for one in held) + weight * max(spread, 1.0)
    b1 = sum(one.came for one in held) + weight * PRIOR_BASE
    b2 = sum(one.stars * one.came for one in held) + weight * max(spread, 1.0) * PRIOR_RATE
    bottom = a11 * a22 - a12 * a12
    base = (b1 * a22 - b2 * a12) / bottom
    rate = (a11 * b2 - a12 * b1) / bottom
    if base < 0 or rate < 0:
        # Neither fewer than nobody, nor fewer people for more stars.
        base = 0.0 if base < 0 else b1 / a11
        rate = 0.0 if rate < 0 else b2 / a22
    return Model(base=base, rate=rate)


def check(held: Sequence[Held]) -> Check | None:
    """How well the model did; None before ENOUGH sessions were held."""
    if len(held) < ENOUGH:
        return None
    ratios, errors, flat = [], [], []
    for at, one in enumerate(held):
        others = [*held[:at], *held[at + 1 :]]
        expected = fit(others).people(one.stars)
        errors.append(abs(one.came - expected))
        flat.append(abs(one.came - sum(other.came for other in others) / len(others)))
        ratios.append((one.came + 1) / (expected + 1))
    ordered = sorted(ratios)
    cut = len(ordered) // 10
    low, high = ordered[cut], ordered[-1 - cut]
    return Check(
        sessions=len(held),
        mean_error=sum(errors) / len(errors),
        mean_error_flat=sum(flat) / len(flat),
        within=sum(low <= ratio <= high for ratio in ratios),
        low=low,
        high=high,
    )


def between(model: Model, checked: Check | None, stars: int) -> tuple[int, int] | None:
    """The range of people that is expected; None before there is one."""
    if checked is None:
        return None
    expected = model.people(stars) + 1
    return (
        max(round(expected * checked.low - 1), 0),
        max(round(expected * checked.high - 1), 0),
    )
