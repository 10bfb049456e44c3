"""Who gets which grant for media, decided from roles and the release."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from agenda.model import Slot, SpeakerId
from app.accounts.viewer import STAFF, Viewer
from app.programme.releases import Released
from app.programme.tables import Speaker
from app.settings import Settings
from media.grant import Grant, sign

WATCH_TERM = timedelta(minutes=15)
STAGE_TERM = timedelta(minutes=15)


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
