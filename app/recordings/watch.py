"""What pages say of recording: that it is on, and what was made of a session."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from agenda.model import Slot
from app.accounts.viewer import STAFF, Viewer
from app.html import gettext as _
from app.programme.releases import Released
from app.recordings import links, store
from app.recordings.policy import ALWAYS, ANYONE, is_on
from app.settings import Settings
from app.words import tongue


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A place in a recording: seconds, and what begins there."""

    at: float
    title: str
    picture: str

    @property
    def clock(self) -> str:
        """The place as a player shows it: 4:05, 1:02:07."""
        minutes, seconds = divmod(int(self.at), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Captions:
    """Captions in one language: its tag, and its name in itself."""

    id: UUID
    language: str
    label: str
    address: str
    cues: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A recording as a page shows it; addresses are signed and expire."""

    id: UUID
    title: str
    video: str
    poster: str
    seconds: float
    withheld: float
    size: int
    loudness: float
    published: bool
    began_at: datetime
    chapters: tuple[Chapter, ...]
    spans: str
    """What was recorded without a gap, as JSON for the page's script."""
    captions: tuple[Captions, ...]


def shown(
    settings: Settings,
    row: dict[str, Any],
    captions: Sequence[dict[str, Any]] = (),
    *,
    now: datetime,
) -> Shown:
    """A recording's row and its captions', with signed addresses."""
    base = links.of_recording(settings, row["id"], now=now)
    chapters = tuple(
        Chapter(at=c["at"], title=c["title"], picture=f"{base}/chapter-{number}.jpg")
        for number, c in enumerate(json.loads(row["chapters"]))
    )
    return Shown(
        id=row["id"],
        title=row["title"],
        video=f"{base}/video.mp4",
        poster=f"{base}/poster.jpg",
        seconds=row["seconds"],
        withheld=row["withheld"],
        size=row["size"],
        loudness=row["loudness"],
        published=bool(row["published"]),
        began_at=row["began_at"],
        chapters=chapters,
        spans=row["spans"],
        captions=tuple(
            Captions(
                id=each["id"],
                language=each["language"],
                label=tongue(each["language"], each["language"]),
                address=f"{base}/captions-{each['language']}.vtt",
                cues=each["cues"],
            )
            for each in captions
        ),
    )


async def of_session(
    settings: Settings, conference: UUID, session: str, viewer: Viewer | None, *, now: datetime
) -> Sequence[Shown]:
    """The recordings of a session that this viewer may watch."""
    rows = await store.of_session(conference, UUID(session))
    if not rows:
        return ()
    staff = viewer is not None and viewer.has(STAFF)
    policy = await store.policy(conference)
    if policy.open_to != ANYONE and not (viewer is not None and viewer.roles):
        return ()
    captions = await store.captions(conference)
    return [
        shown(settings, row, captions.get(row["slot"], ()), now=now)
        for row in rows
        if staff or row["published"]
    ]


async def is_recorded(conference: UUID, released: Released, slot: Slot) -> bool:
    """Whether this slot is recorded while it is live, as things stand."""
    policy, switches = await store.policy(conference), await store.switches(conference)
    refused = bool(released.sessions[slot.session].opt_out_recording)
    return is_on(policy.mode, refused=refused, switches=switches.get(slot.id, []))


async def note(
    conference: UUID, released: Released, slot: Slot, viewer: Viewer, *, offered: bool = True
) -> dict[str, Any]:
    """What a speaker should know of recording, before and on stage; `offered` unless the engine
    cannot record."""
    policy = await store.policy(conference)
    refused = bool(released.sessions[slot.session].opt_out_recording)
    on = await is_recorded(conference, released, slot)
    if not offered:
        words = _("Nothing is recorded here.")
    elif refused:
        words = _("This session is not recorded, at the speaker's wish.")
    elif on:
        words = _("This session is recorded while it is live.")
    elif policy.mode == ALWAYS:
        words = _("Recording was switched off for this session.")
    else:
        words = _("This session is recorded only if the producer says so; you will see it here.")
    return {
        "on": on and offered,
        "words": words,
        "refuses": str(viewer.person) in await store.refusing(conference),
    }
