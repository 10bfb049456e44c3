"""What a room's page says around its stage: what is just over, what I starred, whose clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request

from agenda.doors import Phase
from agenda.model import Session, SlotId
from app import live
from app.accounts.viewer import Viewer
from app.afterwards import store
from app.conferences.tables import Conference
from app.html import gettext as _
from app.programme import kept, stars
from app.programme.query import viewer_zone
from app.programme.view import Card
from app.stages.house import House
from app.stages.view import RoomView, SlotView, slot_view
from app.talk import polls, questions

_LATELY = timedelta(minutes=20)
_AHEAD = timedelta(minutes=90)


def scores() -> list[tuple[int, str]]:
    """1 to 5, each in a word."""
    return [
        (1, _("poor")),
        (2, _("weak")),
        (3, _("fair")),
        (4, _("good")),
        (5, _("great")),
    ]


async def of_room(
    conference: Conference,
    viewer: Viewer,
    found: House,
    this: RoomView,
    cookies: Mapping[str, str],
) -> dict[str, Any]:
    """The context that stages/room.html needs besides the room itself."""
    over = None if this.live else _just_over(found, this)
    mine = await stars.of(conference.id, viewer.person)
    home = conference.time_zone
    return {
        "number": await live.latest(),
        "zone": viewer_zone(cookies, home, found.now) or home,
        "over": over,
        "rated": await store.rating_of(UUID(over.session.id), viewer.person) if over else None,
        "scores": scores(),
        "starred_next": [
            card
            for card in kept.programme(found.released).cards
            if card.session.id in mine and coming(card, found.phases, found.now)
        ][:3],
    }


async def coming_back(
    request: Request[Any, Any, Any], session: Session, cards: list[Card], *, now: datetime
) -> dict[str, Any]:
    """What a session's page has for those who return: notes, rating, questions, polls, recordings."""
    viewer: Viewer | None = request.state.viewer
    conference: Conference = request.state.conference
    key = UUID(session.id)
    slots = [UUID(card.slot.id) for card in cards]
    member = viewer is not None and bool(viewer.roles)
    owner = viewer is not None and viewer.has(("owner", "producer"))
    return {
        "begun": any(card.slot.start <= now for card in cards),
        "member": member,
        "scores": scores(),
        "rated": await store.rating_of(key, viewer.person) if viewer and member else None,
        "verdict": await store.verdict(key) if owner else None,
        "notes": await store.notes(conference.id, viewer.person, key) if viewer and member else [],
        "asked": await questions.answered(slots),
        "polled": await polls.of_slots(slots),
    }


def _just_over(found: House, this: RoomView) -> SlotView | None:
    ended = [
        slot
        for slot in found.released.slots_of_room[this.room.id]
        if found.phases.get(slot.id) in (Phase.ENDED, Phase.ARCHIVED)
        and slot.end > found.now - _LATELY
    ]
    return slot_view(found.released, ended[-1], found.phases) if ended else None


def coming(card: Card, phases: Mapping[SlotId, Phase], now: datetime) -> bool:
    """Whether something starred is on, or begins within an hour and a half."""
    phase = phases.get(card.slot.id, Phase.UPCOMING)
    if phase in (Phase.LIVE, Phase.DOORS):
        return True
    near = now - timedelta(minutes=1) < card.slot.start < now + _AHEAD
    return near and phase in (Phase.UPCOMING, Phase.GREEN_ROOM)
