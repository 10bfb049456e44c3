"""Who gets which grant for media, decided from roles and the release."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agenda.model import Slot, SpeakerId
from app.accounts.viewer import STAFF, Viewer
from app.programme.releases import Released
from app.programme.tables import Speaker
from app.settings import Settings
from app.stages.house import House
from media.grant import Grant, sign
from media.turn import ice_servers

WATCH_TERM = timedelta(minutes=15)
STAGE_TERM = timedelta(minutes=15)
FLOOR_TERM = timedelta(minutes=1)


def watch(
    settings: Settings, conference: UUID, released: Released, viewer: Viewer, *, now: datetime
) -> str:
    """Permission to watch every stage of a conference and to switch between them."""
    return sign(
        Grant(
            conference=str(conference),
            rooms=tuple(room.id for room in released.schedule.rooms),
            person=str(viewer.person),
            name=viewer.name,
            subscribe=True,
            expires=now + WATCH_TERM,
        ),
        settings.media_secret,
    )


def backstage(
    settings: Settings, conference: UUID, slot: Slot, viewer: Viewer, *, now: datetime
) -> str:
    """Permission to publish in one slot's green room and to see who else is there."""
    return sign(
        Grant(
            conference=str(conference),
            rooms=(slot.room,),
            person=str(viewer.person),
            name=viewer.name,
            publish=slot.id,
            subscribe=True,
            backstage=(slot.id,),
            expires=now + STAGE_TERM,
        ),
        settings.media_secret,
    )


def floor(
    settings: Settings,
    conference: UUID,
    slot: Slot,
    viewer: Viewer,
    *,
    group: str,
    seats: int | None,
    now: datetime,
) -> str:
    """Permission to publish into one group of a room and to see those on stage from there.

    It is good for a minute, enough to connect: a longer one would outlive a producer's “back”.
    """
    return sign(
        Grant(
            conference=str(conference),
            rooms=(slot.room,),
            person=str(viewer.person),
            name=viewer.name,
            publish=group,
            seats=seats,
            subscribe=True,
            backstage=(slot.id,) if group == slot.id else (),
            expires=now + FLOOR_TERM,
        ),
        settings.media_secret,
    )


def round_table(
    settings: Settings, conference: UUID, room: UUID, viewer: Viewer, *, now: datetime
) -> str:
    """Permission to talk with everybody else in a room that has no stage, such as a booth's."""
    return sign(
        Grant(
            conference=str(conference),
            rooms=(str(room),),
            person=str(viewer.person),
            name=viewer.name,
            publish=str(room),
            subscribe=True,
            backstage=(str(room),),
            expires=now + STAGE_TERM,
        ),
        settings.media_secret,
    )


def waiting_group(slot: str) -> str:
    """Where those wait who raised their hand: seen by the producer, not on stage."""
    return f"hands:{slot}"


def talkback_group(slot: str) -> str:
    """Where the producer speaks to the people of a green room."""
    return f"talkback:{slot}"


def ways(settings: Settings, viewer: Viewer, found: House) -> dict[str, Any]:
    """How a browser reaches the node where it cannot directly, for its RTCPeerConnection."""
    return {"ice_servers": ice_servers(settings.turn, str(viewer.person), now=found.now)}


async def speaks_as(conference: UUID, person: UUID) -> frozenset[SpeakerId]:
    """The speakers of the programme that this person is."""
    rows = await Speaker.select(Speaker.id).where(
        Speaker.conference == conference, Speaker.person == person
    )
    return frozenset(SpeakerId(str(row["id"])) for row in rows)


async def may_enter(conference: UUID, released: Released, slot: Slot, viewer: Viewer) -> bool:
    """A green room is for the speakers of its session and for those who run the show."""
    if viewer.has(STAFF | {"moderator"}):
        return True
    mine = await speaks_as(conference, viewer.person)
    return not mine.isdisjoint(released.sessions[slot.session].speakers)
