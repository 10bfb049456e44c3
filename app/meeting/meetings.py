"""Asking somebody to meet, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from agenda.formats.ical import Entry
from app import db, live
from app.accounts.tables import Person
from app.conferences.tables import Conference
from app.errors import Refused
from app.html import day_words
from app.html import gettext as _
from app.meeting import rules, store
from app.meeting.tables import Meeting
from app.notices import notify
from app.notices.notify import News
from app.settings import Settings
from app.words import local

OPENS = timedelta(minutes=5)
MOST_OPEN = 20
"""How many requests of one person may wait for an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Where people are brought together: conference, deployment, instant."""

    conference: Conference
    settings: Settings
    now: datetime


async def of(conference: UUID, person: UUID, *, since: datetime) -> list[dict[str, Any]]:
    """A person's meetings that end after `since`, by time, each with the `other` and their `name`."""
    rows = (
        await Meeting.select(
            *Meeting.all_columns(),
            Meeting.asker.name.as_alias("asker_name"),
            Meeting.asked.name.as_alias("asked_name"),
        )
        .where(
            Meeting.conference == conference,
            (Meeting.asker == person) | (Meeting.asked == person),
            Meeting.start > since - timedelta(minutes=max(rules.LENGTHS)),
        )
        .order_by(Meeting.start)
    )
    return [_seen_by(row, person) for row in rows]


def _seen_by(row: Mapping[str, Any], person: UUID) -> dict[str, Any]:
    mine = row["asker"] == person
    return {
        **row,
        "end": row["start"] + timedelta(minutes=row["minutes"]),
        "other": row["asked"] if mine else row["asker"],
        "name": row["asked_name"] if mine else row["asker_name"],
        "my_turn": row["state"] == "asked" and row["waits_for"] == person,
    }


async def find(conference: UUID, meeting: UUID, person: UUID) -> dict[str, Any] | None:
    """A meeting as one of its two sees it; None for anybody else."""
    row = (
        await Meeting.select(
            *Meeting.all_columns(),
            Meeting.asker.name.as_alias("asker_name"),
            Meeting.asked.name.as_alias("asked_name"),
        )
        .where(Meeting.id == meeting, Meeting.conference == conference)
        .first()
    )
    if row is None or person not in (row["asker"], row["asked"]):
        return None
    return _seen_by(row, person)


async def free(
    conference: Conference, one: UUID, two: UUID, minutes: int, *, now: datetime
) -> list[datetime]:
    """When both can, as stars, own sessions and accepted meetings leave it."""
    taken = await store.busy(conference, one) + await store.busy(conference, two)
    return rules.free(taken, await store.days(conference), minutes, now=now)


async def ask(
    table: Table, person: UUID, other: UUID, *, start: datetime, minutes: int, note: str
) -> UUID:
    """Ask somebody to meet. Raises Refused, in words, where that can't be."""
    if await store.may_meet(table.conference.id, person, other) is None:
        raise Refused(404, _("This person can't be asked."))
    async with db.transaction():
        await _take_turns()
        waiting = await Meeting.count().where(
            Meeting.asker == person, Meeting.state == "asked", Meeting.start > table.now
        )
        if waiting >= MOST_OPEN:
            raise Refused(429, _("Twenty of your requests wait for an answer. Wait for some."))
        await _possible(table, person, other, start, minutes)
        if await Meeting.exists().where(
            Meeting.conference == table.conference.id,
            Meeting.asker.is_in([person, other]),
            Meeting.asked.is_in([person, other]),
            Meeting.state == "asked",
            Meeting.start > table.now,
        ):
            raise Refused(409, _("You have an open request with this person. Answer that first."))
        made = uuid4()
        await Meeting(
            id=made,
            conference=table.conference.id,
            asker=person,
            asked=other,
            waits_for=other,
            start=start,
            minutes=minutes,
            note=note.strip()[:500],
            created_at=table.now,
            changed_at=table.now,
        ).save()
        row = await find(table.conference.id, made, other)
        assert row is not None
        await _tell(table, row, other, _("{name} would like to meet you"), note.strip()[:300])
    return made


async def _take_turns() -> None:
    """Whoever writes meetings does so one at a time, or two could take one time of a third."""
    if db.on_postgres():
        await Meeting.raw("SELECT pg_advisory_xact_lock(7970)")


async def _possible(table: Table, one: UUID, two: UUID, start: datetime, minutes: int) -> None:
    if minutes not in rules.LENGTHS:
        raise Refused(422, _("A meeting takes 15 or 30 minutes."))
    if start not in await free(table.conference, one, two, minutes, now=table.now):
        raise Refused(409, _("That time is no longer free for both of you. Choose another."))


async def accept(table: Table, row: Mapping[str, Any], person: UUID) -> None:
    """Say yes to what waits for this person. Raises Refused where the time has gone."""
    async with db.transaction():
        await _take_turns()
        fresh = await find(table.conference.id, row["id"], person)
        if fresh is None or not fresh["my_turn"]:
            raise Refused(409, _("This request has been answered meanwhile."))
        await _possible(table, person, fresh["other"], fresh["start"], fresh["minutes"])
        await _change(table, fresh, "accepted")
        await _tell_back(table, fresh, person, _("{name} meets you"))


async def decline(table: Table, row: Mapping[str, Any], person: UUID) -> None:
    """Say no, or call off what was agreed."""
    if row["state"] not in ("asked", "accepted"):
        return
    async with db.transaction():
        await _change(table, row, "declined" if row["my_turn"] else "cancelled")
        words = _("{name} can't meet you") if row["my_turn"] else _("{name} called the meeting off")
        await _tell_back(table, row, person, words)


async def propose(table: Table, row: Mapping[str, Any], person: UUID, start: datetime) -> None:
    """Ask for another time; now the other one must answer. Raises Refused."""
    if row["state"] not in ("asked", "accepted"):
        raise Refused(409, _("This meeting is over."))
    async with db.transaction():
        await _take_turns()
        await _possible(table, person, row["other"], start, row["minutes"])
        await _change(table, {**row, "start": start}, "asked", waits_for=row["other"])
        await _tell_back(table, {**row, "start": start}, person, _("{name} proposes another time"))


async def _change(
    table: Table, row: Mapping[str, Any], state: str, *, waits_for: UUID | None = None
) -> None:
    await Meeting.update(
        {
            Meeting.state: state,
            Meeting.start: row["start"],
            Meeting.waits_for: waits_for or row["waits_for"],
            Meeting.sequence: Meeting.sequence + 1,
            Meeting.changed_at: table.now,
        }
    ).where(Meeting.id == row["id"])


async def _tell_back(table: Table, row: Mapping[str, Any], person: UUID, words: str) -> None:
    """Tell the other one what this person did."""
    seen = await find(table.conference.id, row["id"], row["other"])
    assert seen is not None
    await _tell(table, {**seen, "start": row["start"]}, row["other"], words, "")


async def _tell(table: Table, row: Mapping[str, Any], to: UUID, words: str, note: str) -> None:
    """`row` as `to` sees it."""
    person = await Person.select(Person.zone).where(Person.id == to).first()
    zone = (person or {}).get("zone") or table.conference.time_zone
    at = local(row["start"], zone)
    when = f"{day_words(at.date())}, {at:%H:%M}"
    count = await Meeting.select(Meeting.sequence).where(Meeting.id == row["id"]).first()
    news = News(
        kind="meeting",
        key=f"meeting:{row['id']}:{count['sequence'] if count else 0}",
        title=words.format(name=row["name"]),
        body=_("{when}, {minutes} minutes").format(when=when, minutes=row["minutes"])
        + (f"\n\n{note}" if note else ""),
        url=f"/c/{table.conference.slug}/meeting",
        over=row["start"],
    )
    await notify.tell(table.conference, to, news, settings=table.settings, now=table.now)
    await live.announce(
        table.conference.id,
        "meeting",
        {"what": "changed"},
        channel=live.of_person(to),
        now=table.now,
    )


def open_at(row: Mapping[str, Any], now: datetime) -> bool:
    """Whether the room of a meeting is open."""
    return bool(row["state"] == "accepted" and row["start"] - OPENS <= now < row["end"] + OPENS)


async def entries(conference: Conference, person: UUID, settings: Settings) -> list[Entry]:
    """A person's meetings for their calendar feed: agreed ones, and those called off after that."""
    host = urlsplit(settings.base_url).hostname or "localhost"
    rows = await of(conference.id, person, since=conference.created_at)
    root = f"{settings.base_url}/c/{conference.slug}/meeting"
    return [
        Entry(
            uid=f"meeting-{row['id']}@{host}",
            sequence=row["sequence"],
            revised=row["changed_at"],
            start=row["start"],
            end=row["end"],
            summary=_("Meeting with {name}").format(name=row["name"]),
            description=row["note"],
            location=_("Online"),
            url=root,
            join=f"{root}/{row['id']}/room",
            cancelled=row["state"] != "accepted",
        )
        for row in rows
        if row["state"] == "accepted" or (row["state"] != "asked" and row["sequence"] > 1)
    ]
