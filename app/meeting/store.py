"""Profiles, blocks and reports, read and written; what somebody is busy with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app import db
from app.conferences.tables import Conference
from app.html import gettext as _
from app.meeting.rules import Span
from app.meeting.tables import Block, Meeting, Profile, Report
from app.programme import releases, stars
from app.programme.tables import Speaker
from app.programme.view import fold

HERE = timedelta(minutes=5)
_FIELDS = ("does", "seeks", "links")


async def profile(conference: UUID, person: UUID) -> dict[str, Any] | None:
    """What somebody wrote of themselves, shown or not."""
    found: dict[str, Any] | None = (
        await Profile.select(*Profile.all_columns(), Profile.person.name.as_alias("name"))
        .where(Profile.conference == conference, Profile.person == person)
        .first()
    )
    return found


async def write(
    conference: UUID, person: UUID, values: Mapping[str, str], *, shown: bool, now: datetime
) -> None:
    """Keep a profile; `shown` is the consent to be seen and asked."""
    held: dict[str, Any] = {name: values.get(name, "").strip()[:300] for name in _FIELDS}
    async with db.transaction():
        await Profile.delete().where(Profile.conference == conference, Profile.person == person)
        await Profile(
            id=uuid4(), conference=conference, person=person, shown=shown, seen_at=now, **held
        ).save()


async def still_here(conference: UUID, person: UUID, *, now: datetime) -> None:
    """Note that somebody is here, at most once a minute."""
    await Profile.update({Profile.seen_at: now}).where(
        Profile.conference == conference,
        Profile.person == person,
        Profile.seen_at < now - timedelta(minutes=1),
    )


async def apart(person: UUID) -> frozenset[UUID]:
    """Whom this person blocked, and who blocked them."""
    rows = await Block.select(Block.person, Block.other).where(
        (Block.person == person) | (Block.other == person)
    )
    return frozenset(row["other"] if row["person"] == person else row["person"] for row in rows)


async def blocked_by(person: UUID) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await Block.select(
        Block.other, Block.other.name.as_alias("name")
    ).where(Block.person == person)
    return rows


async def people(
    conference: UUID, viewer: UUID, words: str, *, now: datetime
) -> list[dict[str, Any]]:
    """Who agreed to be seen, without those who are apart; those who are here now first."""
    away = await apart(viewer)
    rows = await Profile.select(*Profile.all_columns(), Profile.person.name.as_alias("name")).where(
        Profile.conference == conference, Profile.shown.eq(True)
    )
    wanted = fold(words).split()
    found = [
        {**row, "here": row["seen_at"] > now - HERE}
        for row in rows
        if row["person"] not in away
        and row["person"] != viewer
        and all(word in fold(f"{row['name']} {row['does']} {row['seeks']}") for word in wanted)
    ]
    return sorted(found, key=lambda row: (not row["here"], row["name"].casefold()))


async def may_meet(conference: UUID, viewer: UUID, other: UUID) -> dict[str, Any] | None:
    """The other's profile, where both may know of each other."""
    found = await profile(conference, other)
    if found is None or not found["shown"] or other == viewer or other in await apart(viewer):
        return None
    return found


async def block(person: UUID, other: UUID, *, now: datetime) -> None:
    """Part two people, for good or until it is taken back; open requests between them end."""
    async with db.transaction():
        await Block.insert(
            Block(id=uuid4(), person=person, other=other, created_at=now)
        ).on_conflict(action="DO NOTHING")
        await Meeting.update({Meeting.state: "cancelled", Meeting.changed_at: now}).where(
            ((Meeting.asker == person) & (Meeting.asked == other))
            | ((Meeting.asker == other) & (Meeting.asked == person)),
            Meeting.state.is_in(["asked", "accepted"]),
            Meeting.start > now,
        )


async def unblock(person: UUID, other: UUID) -> None:
    await Block.delete().where(Block.person == person, Block.other == other)


async def report(conference: UUID, person: UUID, other: UUID, words: str, *, now: datetime) -> None:
    """Tell the moderators; whoever reports somebody is also rid of them."""
    async with db.transaction():
        await Report(
            id=uuid4(),
            conference=conference,
            person=person,
            other=other,
            words=words.strip()[:2000],
            created_at=now,
        ).save()
        await block(person, other, now=now)


async def reports(conference: UUID) -> list[dict[str, Any]]:
    """What was reported, the open ones first, then the newest."""
    rows: list[dict[str, Any]] = (
        await Report.select(
            *Report.all_columns(),
            Report.person.name.as_alias("by"),
            Report.other.name.as_alias("about"),
            Report.other.email.as_alias("email"),
        )
        .where(Report.conference == conference)
        .order_by(Report.created_at, ascending=False)
        .limit(200)
    )
    return sorted(rows, key=lambda row: row["closed_at"] is not None)


async def close_report(conference: UUID, key: UUID, by: UUID, *, now: datetime) -> None:
    await Report.update({Report.closed_at: now, Report.closed_by: by}).where(
        Report.id == key, Report.conference == conference, Report.closed_at.is_null()
    )


async def busy(conference: Conference, person: UUID) -> list[Span]:
    """What somebody starred, where they speak, and whom they meet. For themselves: it says what."""
    rows = await Meeting.select(Meeting.start, Meeting.minutes).where(
        Meeting.conference == conference.id,
        (Meeting.asker == person) | (Meeting.asked == person),
        Meeting.state == "accepted",
    )
    spans = [
        Span(
            start=row["start"],
            end=row["start"] + timedelta(minutes=row["minutes"]),
            what=_("a meeting"),
        )
        for row in rows
    ]
    released = await releases.latest(conference.id)
    if released is None:
        return spans
    own = await Speaker.select(Speaker.id).where(
        Speaker.conference == conference.id, Speaker.person == person
    )
    speaks = {str(row["id"]) for row in own}
    starred = await stars.of(conference.id, person)
    for slot in released.schedule.slots:
        session = released.sessions[slot.session]
        if slot.session in starred or not speaks.isdisjoint(session.speakers):
            spans.append(Span(start=slot.start, end=slot.end, what=session.title))
    return spans


async def days(conference: Conference) -> list[Span]:
    """The hours of the conference, day by day."""
    released = await releases.latest(conference.id)
    if released is None:
        return []
    from_to: dict[Any, tuple[datetime, datetime]] = {}
    for slot in released.schedule.slots:
        day = released.schedule.conference.date_of(slot.start)
        start, end = from_to.get(day, (slot.start, slot.end))
        from_to[day] = (min(start, slot.start), max(end, slot.end))
    return [Span(start=start, end=end) for _day, (start, end) in sorted(from_to.items())]
