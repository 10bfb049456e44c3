"""What an organizer asks of a schedule: rest between sessions, order, and how much each wish weighs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from agenda.model import SessionId
from agenda.rules import Rules
from app.editor import blockers
from app.editor.facts import Details, FactsRefused
from app.html import gettext as _

MOST_MINUTES = 240
MOST_WEIGHT = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """Lengths in minutes. `weights` holds those that differ from the solver's own, by constraint."""

    changeover: int = 0
    pause: int = 0
    step: int = 5
    fewest_clashing: int = 3
    keynotes_alone: bool = True
    night: bool = True
    hours_per_day: int = 0
    earlier: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    weights: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, held: Details) -> Planning:
        """From its stored form. Raises FactsRefused for what can't be."""
        earlier = held.get("earlier") or {}
        weights = held.get("weights") or {}
        if not isinstance(earlier, Mapping) or not isinstance(weights, Mapping):
            raise FactsRefused(_("These rules can't be read."))
        return cls(
            changeover=_whole(held, "changeover", 0, MOST_MINUTES),
            pause=_whole(held, "pause", 0, MOST_MINUTES),
            step=_whole(held, "step", 5, 60) or 5,
            fewest_clashing=_whole(held, "fewest_clashing", 3, 100_000) or 1,
            keynotes_alone=bool(held.get("keynotes_alone", True)),
            night=bool(held.get("night", True)),
            hours_per_day=_whole(held, "hours_per_day", 0, 24),
            earlier={
                str(key): tuple(str(one) for one in before) for key, before in earlier.items()
            },
            weights={str(key): _weight(value) for key, value in weights.items()},
        )


def _whole(held: Details, name: str, usual: int, most: int) -> int:
    value: Any = held.get(name, usual)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise FactsRefused(
            _("%(name)s is a whole number from 0 to %(most)s.") % {"name": name, "most": most}
        )
    return value


def _weight(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_WEIGHT:
        raise FactsRefused(_("A weight is a whole number from 0 to a million."))
    return value


def rules(
    planning: Planning,
    blocked: Mapping[str, Details],
    demand: Mapping[str, int],
    together: Mapping[tuple[str, str], int],
) -> Rules:
    """What findings are held against."""
    blocks = blockers.read_all(blocked)
    return Rules(
        changeover=timedelta(minutes=planning.changeover),
        pause=timedelta(minutes=planning.pause),
        absent_speakers=blockers.absent_speakers(blocks),
        closed_rooms=blockers.closed_rooms(blocks),
        breaks=tuple(block.span for block in blocks if block.kind == blockers.BREAK),
        demand={SessionId(key): count for key, count in demand.items()},
        earlier={
            SessionId(key): tuple(SessionId(one) for one in before)
            for key, before in planning.earlier.items()
        },
        wanted_together={
            (SessionId(one), SessionId(two)): count for (one, two), count in together.items()
        },
        fewest_clashing=planning.fewest_clashing,
    )
