"""After the last session: thanks, the recordings of what one starred, and the certificate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agenda.model import Session, SessionId, SessionState
from app.conferences.tables import Conference
from app.html import duration
from app.html import gettext as _
from app.notices import kinds, mailings, messages
from app.notices.letters import Draft
from app.notices.tables import Notice
from app.programme import releases
from app.programme import tables as t
from app.programme.releases import Released
from app.recordings import store as recordings
from app.settings import Settings

PAUSE = timedelta(hours=2)
"""How long after the last session it is due: recordings are cut by then."""

_LATEST = timedelta(days=7)
_MOST_CARDS = 12


def words(conference: Conference) -> dict[str, Any]:
    """The draft's facts as they are at first; an organizer may write others."""
    return {
        "subject": _("Thank you for coming to {conference}").format(conference=conference.title),
        "text": _(
            "It was good to have you with us. Here is what you starred, to see again or to catch up "
            "on. What was recorded says so; other recordings appear on each session’s page when they are "
            "ready."
        ),
    }


async def look(conference: Conference, released: Released, *, now: datetime) -> bool:
    """Make the mailing when it is due: a draft, or sent at once. Once for each conference."""
    ends = [slot.end for slot in released.schedule.slots]
    if not ends or not max(ends) + PAUSE <= now <= max(ends) + _LATEST:
        return False
    mode = await kinds.mode(conference.id, "followup")
    if mode == kinds.OFF or await Notice.exists().where(
        Notice.conference == conference.id, Notice.kind == "followup"
    ):
        return False
    notice = await mailings.stand(conference.id, "followup", words(conference), now=now)
    if mode == kinds.SEND:
        await mailings.send(conference.id, notice, by=None, now=now)
    return True


async def compose(
    conference: Conference, facts: Mapping[str, Any], *, settings: Settings
) -> list[Draft]:
    """One mail for each participant."""
    released = await releases.latest(conference.id)
    if released is None:
        return []
    root = f"{settings.base_url}/c/{conference.slug}"
    stars = await _stars(conference.id)
    recorded = await _recorded(conference.id)
    return [
        Draft(
            key=f"followup:{conference.id}:{row['person']}",
            person=row["person"],
            to=row["email"],
            name=row["name"],
            payload={
                "subject": facts["subject"],
                "opening": facts["text"],
                "cards": _cards(released, stars.get(row["person"], ()), recorded, root),
                "action": {
                    "words": _("Get your certificate"),
                    "url": f"{root}/badge#certificate",
                },
            },
        )
        for row in await messages.people(conference.id, "everybody")
    ]


async def _stars(conference: UUID) -> dict[UUID, list[SessionId]]:
    found: dict[UUID, list[SessionId]] = {}
    for row in await t.Star.select(t.Star.person, t.Star.session).where(
        t.Star.conference == conference
    ):
        found.setdefault(row["person"], []).append(SessionId(str(row["session"])))
    return found


async def _recorded(conference: UUID) -> dict[SessionId, float]:
    """How many seconds were recorded of each session that has a recording to look at."""
    found: dict[SessionId, float] = {}
    for row in (await recordings.made(conference)).values():
        if row["state"] == "made" and row["published"]:
            key = SessionId(str(row["session"]))
            found[key] = found.get(key, 0.0) + row["seconds"]
    return found


def _cards(
    released: Released, starred: Any, recorded: Mapping[SessionId, float], root: str
) -> list[dict[str, Any]]:
    """What somebody starred and took place; what can be seen again comes first."""
    wanted = set(starred)
    held = [
        session
        for session in released.schedule.sessions
        if session.id in wanted and session.state is not SessionState.CANCELLED
    ]
    held.sort(key=lambda session: session.id not in recorded)
    return [_card(released, session, recorded, root) for session in held[:_MOST_CARDS]]


def _card(
    released: Released, session: Session, recorded: Mapping[SessionId, float], root: str
) -> dict[str, Any]:
    lines = [", ".join(released.speakers[key].name for key in session.speakers)]
    link = f"{root}/sessions/{session.id}"
    if session.id in recorded:
        lines.append(
            _("Recording: {length}").format(
                length=duration(timedelta(seconds=recorded[session.id]))
            )
        )
        link += "#recording"
    return {"title": session.title, "lines": lines, "link": link}
