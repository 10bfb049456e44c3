"""What a speaker may read of their own sessions: counts, and nothing of groups smaller than five."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from agenda.model import SlotId, SpeakerId
from app.html import gettext as _
from app.programme.releases import Released
from app.reports import charts, figures
from app.reports.store import Report
from app.reports.view import thinned


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLine:
    """One's own session. `people` is None where fewer than five came; then nothing else is told."""

    title: str
    session: str
    room: str
    start: datetime
    held: bool
    stars: int | None
    people: int | None
    peak: int
    minutes: int
    stayed: int | None
    half_left: int | None
    spark: Any
    questions: int
    answered: int
    rating: float | None
    expected: int | None
    between: tuple[int, int] | None


async def own_lines(
    conference: UUID, report: Report, released: Released, mine: Collection[SpeakerId]
) -> list[OwnLine]:
    """The speaker's sessions, those that were held and those to come, in order of time."""
    held = {line.attendance.live.slot: line for line in report.lines}
    coming = {one.session: one for one in report.coming}
    found = []
    for slot in sorted(released.schedule.slots, key=lambda one: one.start):
        session = released.sessions[slot.session]
        if not set(session.speakers) & set(mine):
            continue
        line, ahead = held.get(SlotId(slot.id)), coming.get(session.id)
        people = figures.shown(line.attendance.unique, people_seen=False) if line else None
        stars = line.stars if line else ahead.stars if ahead else 0
        curve: tuple[int, ...] = line.attendance.curve if line and people else ()
        top = max(curve, default=0)
        found.append(
            OwnLine(
                title=session.title,
                session=session.id,
                room=released.rooms[slot.room].name,
                start=line.attendance.live.start if line else slot.start,
                held=line is not None,
                stars=figures.shown(stars, people_seen=False),
                people=people,
                peak=line.attendance.peak if line and people else 0,
                minutes=round(line.attendance.average_minutes) if line and people else 0,
                stayed=round(100 * curve[-1] / top) if top else None,
                half_left=line.half_left if line and people else None,
                spark=charts.spark(thinned(curve), label=_("Audience minute by minute")),
                questions=line.taking.questions if line and people else 0,
                answered=line.taking.answered if line and people else 0,
                rating=line.taking.rating if line and people else None,
                expected=ahead.expected if ahead and stars >= figures.K else None,
                between=ahead.between if ahead and stars >= figures.K else None,
            )
        )
    return found
