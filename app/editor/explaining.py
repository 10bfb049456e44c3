"""What the solver knows of a draft's score; runs in a child process, which loads the solver."""

from __future__ import annotations

from typing import Any

from agenda.model import RoomId
from agenda.solver.pose import pose
from agenda.solver.solve import lines_of
from agenda.solver.why import why
from agenda.solver.wire import load_request

_MOST_CASES = 6


def explain(*, request: str, slot: str) -> dict[str, Any]:
    """Why a slot is where it is, and what other places would cost."""
    asked = load_request(request)
    posed = pose(asked.schedule, asked.rules, asked.frame)
    if slot not in posed.before:
        return {"reasons": [], "elsewhere": [], "pinned": False}
    found = why(posed.problem, posed.before, slot)
    titles = {talk.code: talk.title for talk in posed.problem.talks}
    rooms = {room.id: room.name for room in asked.schedule.rooms}
    starts = {one.id: one.start for one in posed.problem.timeslots}
    return {
        "pinned": found.pinned,
        "reasons": [
            {
                "sentence": reason.sentence,
                "penalty": reason.penalty,
                "level": str(reason.level),
                "others": [titles[code] for code in reason.others[:_MOST_CASES]],
            }
            for reason in found.reasons
        ],
        "elsewhere": [
            {
                "room": rooms.get(RoomId(place.place.room), place.place.room),
                "room_id": place.place.room,
                "start": int(starts[place.place.timeslot].timestamp()),
                "hard": place.hard,
                "medium": place.medium,
                "soft": place.soft,
                "against": list(place.against[:3]),
            }
            for place in found.elsewhere
        ],
    }


def score(*, request: str) -> dict[str, Any]:
    """What the present draft costs, constraint by constraint."""
    asked = load_request(request)
    posed = pose(asked.schedule, asked.rules, asked.frame)
    lines = lines_of(posed, posed.before, posed.before)
    return {
        "lines": [
            {
                "constraint": one.constraint,
                "level": str(one.level),
                "sentence": one.sentence,
                "after": one.after,
                "cases": [
                    {
                        "penalty": case.penalty,
                        "titles": list(case.titles),
                        "slots": list(case.slots),
                    }
                    for case in one.cases
                ],
            }
            for one in lines
        ]
    }
