"""What the solver is asked for a draft. Nothing here loads the solver: that is for its own process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agenda import document
from agenda.edits import line
from agenda.model import Conference, SlotId
from agenda.rules import Span
from agenda.solver.constraints import ALWAYS, CONSTRAINTS, Level
from agenda.solver.frame import NIGHT, Frame, Mode
from app.editor.desk import Desk
from app.editor.planning import Planning, rules
from app.html import gettext as _

SECONDS = (5, 15, 30, 60, 120, 240)
_LONGEST = timedelta(hours=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an organizer asks the solver to do. `only` narrows it to some slots."""

    mode: Mode = Mode.COMPLETE
    seconds: int = 30
    only: frozenset[SlotId] | None = None

    @classmethod
    def read(cls, held: Mapping[str, Any]) -> Wish:
        """From what the page sends; what makes no sense is the usual."""
        mode = str(held.get("mode") or "")
        seconds = held.get("seconds")
        only = held.get("only")
        return cls(
            mode=Mode(mode) if mode in list(Mode) else Mode.COMPLETE,
            seconds=seconds if isinstance(seconds, int) and seconds in SECONDS else 30,
            only=frozenset(SlotId(str(key)) for key in only) if isinstance(only, list) else None,
        )


def request(desk: Desk, wish: Wish, *, now: datetime) -> str:
    """The solver's request for a draft as it is now, as `agenda.solver.wire` reads it.

    What is history or locked stays.
    """
    planning = Planning.of(desk.planning)
    asked = rules(planning, desk.blockers, desk.wanted.demand, desk.wanted.together)
    frame = Frame(
        mode=wish.mode,
        hours=_hours(desk.schedule.conference),
        step=timedelta(minutes=planning.step) if wish.mode is not Mode.REPAIR else None,
        locked=desk.locked,
        line=line(desk.schedule, now=now),
        only=wish.only,
        night=NIGHT if planning.night else None,
        keynotes_alone=planning.keynotes_alone,
        hours_per_day=float(planning.hours_per_day) or None,
        weights=planning.weights,
    )
    held = {
        "schedule": document.dump_value(desk.schedule),
        "rules": document.dump_value(asked),
        "frame": document.dump_value(frame),
        "budget": {"seconds": float(wish.seconds)},
    }
    return json.dumps(held, ensure_ascii=False)


def _hours(conference: Conference) -> tuple[Span, ...]:
    """When sessions may run, where every day says so itself."""
    hours = tuple(
        Span(start=day.start, end=day.end)
        for day in conference.days
        if day.end - day.start <= _LONGEST
    )
    return hours if len(hours) == len(conference.days) else ()


def constraints(weights: Mapping[str, int]) -> list[dict[str, Any]]:
    """The constraints with what each weighs now, for the page where weights are chosen."""
    return [
        {
            "name": one.name,
            "level": str(one.level),
            "sentence": _(one.sentence),
            "usual": one.weight,
            "weight": weights.get(one.name, one.weight),
            "always": one.name in ALWAYS,
        }
        for one in CONSTRAINTS
    ]


def level_words() -> dict[str, str]:
    """What the levels mean."""
    return {
        str(Level.HARD): _("Must hold. Without, a schedule can't be used"),
        str(Level.MEDIUM): _("What was published stays; outweighs every wish below"),
        str(Level.SOFT): _("Wishes, weighed against each other"),
    }
