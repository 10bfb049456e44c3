"""Announcements and those who agreed to be seen, read and written."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app import db, live
from app.lobby.tables import Announcement, Guest

HERE = timedelta(minutes=5)
"""Somebody is here while their page said so within this long."""
MOST_FACES = 60


async def announcements(conference: UUID, *, now: datetime) -> list[dict[str, Any]]:
    """What stands, newest first."""
    rows = (
        await Announcement.select()
        .where(Announcement.conference == conference)
        .order_by(Announcement.created_at, ascending=False)
        .limit(20)
    )
    return [row for row in rows if row["until"] is None or row["until"] > now]


async def announce(
    conference: UUID,
    text: str,
    *,
    link: str,
    until: datetime | None,
    by: UUID,
    now: datetime,
) -> None:
    """Tell everybody, on open pages at once."""
    async with db.transaction():
        await Announcement(
            id=uuid4(),
            conference=conference,
            text=text,
            link=link,
            until=until,
            created_by=by,
            created_at=now,
        ).save()
        await live.announce(conference, "lobby", {"what": "announcement"}, now=now)
        await live.announce(conference, "notice", {"text": text}, now=now)


async def take_back(conference: UUID, announcement: UUID, *, now: datetime) -> None:
    async with db.transaction():
        await Announcement.delete().where(
            Announcement.id == announcement, Announcement.conference == conference
        )
        await live.announce(conference, "lobby", {"what": "announcement"}, now=now)


async def guest(conference: UUID, person: UUID) -> dict[str, Any] | None:
    """Whether this person agreed to be seen, and their line."""
    return (
        await Guest.select(Guest.shown, Guest.line, Guest.seen_at)
        .where(Guest.conference == conference, Guest.person == person)
        .first()
    )


async def agree(conference: UUID, person: UUID, *, shown: bool, line: str, now: datetime) -> None:
    """Be seen in the lobby from now on, or not any more."""
    async with db.transaction():
        await Guest.delete().where(Guest.conference == conference, Guest.person == person)
        await Guest(
            id=uuid4(),
            conference=conference,
            person=person,
            shown=shown,
            line=line[:120],
            seen_at=now,
        ).save()
        await live.announce(conference, "lobby", {"what": "guests"}, now=now)


async def still_here(conference: UUID, person: UUID, *, now: datetime) -> None:
    """Note that somebody who agreed to be seen is here; at most once a minute."""
    await Guest.update({Guest.seen_at: now}).where(
        Guest.conference == conference,
        Guest.person == person,
        Guest.seen_at < now - timedelta(minutes=1),
    )


async def here(conference: UUID, *, now: datetime) -> list[dict[str, Any]]:
    """Who agreed to be seen and is here, by name."""
    rows = (
        await Guest.select(
            Guest.person, Guest.person.name.as_alias("name"), Guest.line, Guest.seen_at
        )
        .where(
            Guest.conference == conference,
            Guest.shown.eq(True),
            Guest.seen_at > now - HERE,
        )
        .limit(MOST_FACES)
    )
    return sorted(rows, key=lambda row: row["name"].casefold())
