"""Signed, expiring addresses: of a room's broadcast and stills, and of recordings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from agenda.model import RoomId
from app.settings import Settings
from media.access import check_path, sign_path
from media.errors import NoGrant

_RECORDING = "recording"


def of_room(settings: Settings, conference: UUID, room: str, *, now: datetime) -> str:
    """The path below which a room's playlists and stills are."""
    token = sign_path(str(conference), room, settings.media_secret, now=now)
    return f"/media/hls/{token}/{conference}/{room}"


def stills(
    settings: Settings, conference: UUID, rooms: Iterable[RoomId], *, now: datetime
) -> dict[RoomId, str]:
    """Where each room's present still is; nothing (204) while nobody is on stage."""
    if settings.livekit is not None:
        return {}
    return {room: f"{of_room(settings, conference, room, now=now)}/still.jpg" for room in rooms}


def of_recording(settings: Settings, recording: UUID, *, now: datetime) -> str:
    """The path below which a recording's files are."""
    token = sign_path(_RECORDING, str(recording), settings.secret, now=now)
    return f"/recordings/{token}/{recording}"


def opens(settings: Settings, token: str, recording: UUID, *, now: datetime) -> bool:
    """Whether a token was signed for this recording and is still good."""
    try:
        check_path(token, _RECORDING, str(recording), settings.secret, now=now)
    except NoGrant:
        return False
    return True
