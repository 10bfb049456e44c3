"""Meetings at a booth: offered hours, booked once, in both calendars."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from agenda.formats import ical
from agenda.formats.ical import Entry, Party
from app import db
from app.accounts.tables import Person
from app.conferences import brand
from app.conferences.tables import Conference
from app.html import day_words, zone_city
from app.html import gettext as _
from app.jobs import outbox
from app.programme.calendar import ALARMS, organizer
from app.settings import Settings
from app.sponsors import store
from app.sponsors.tables import BoothMeeting, SponsorStaff
from app.words import local

LENGTHS = (10, 15, 20, 30)
_SOON = timedelta(minutes=2)


class Taken(Exception):
    """Somebody else was faster."""


def hours(days: Sequence[date], opens: time, closes: time, zone: str) -> list[list[str]]:
    """The same hours on each day of a conference, as the sponsor's row keeps them."""
    at = ZoneInfo(zone)
    return [
        [
            datetime.combine(day, opens, at).isoformat(),
            datetime.combine(day, closes, at).isoformat(),
        ]
        for day in days
        if opens < closes
    ]


def starts(sponsor: Mapping[str, Any]) -> list[datetime]:
    """Every start that a booth offers, in order."""
    length = timedelta(minutes=sponsor["meeting_minutes"])
    found: list[datetime] = []
    if not length:
        return found
    for first, last in json.loads(sponsor["meeting_hours"]):
        at, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
        while at + length <= end:
            found.append(at)
            at += length
    return sorted(found)


def free(
    sponsor: Mapping[str, Any], taken: Collection[datetime], *, now: datetime
) -> list[datetime]:
    """The starts that can still be booked."""
    gone = set(taken)
    return [at for at in starts(sponsor) if at not in gone and at > now + _SOON]


async def booked(sponsor: UUID) -> list[dict[str, Any]]:
    """The meetings that stand, in order of time."""
    rows: list[dict[str, Any]] = (
        await BoothMeeting.select(
            *BoothMeeting.all_columns(),
            BoothMeeting.person.name.as_alias("name"),
            BoothMeeting.person.email.as_alias("email"),
        )
        .where(BoothMeeting.sponsor == sponsor, BoothMeeting.state == "booked")
        .order_by(BoothMeeting.start)
    )
    return rows


async def find(sponsor: UUID, meeting: UUID) -> dict[str, Any] | None:
    return (
        await BoothMeeting.select()
        .where(BoothMeeting.sponsor == sponsor, BoothMeeting.id == meeting)
        .first()
    )


async def book(
    sponsor: Mapping[str, Any],
    person: UUID,
    start: datetime,
    note: str,
    *,
    conference: Conference,
    settings: Settings,
    now: datetime,
) -> UUID:
    """Book a meeting and send both sides an invite. Raises Taken."""
    async with db.transaction():
        meeting = BoothMeeting(
            id=uuid4(),
            sponsor=sponsor["id"],
            person=person,
            start=start,
            minutes=sponsor["meeting_minutes"],
            note=note,
            created_at=now,
        )
        rows = (
            await BoothMeeting.insert(meeting)
            .on_conflict(action="DO NOTHING")
            .returning(BoothMeeting.id)
        )
        if not rows:
            raise Taken
        row = await find(sponsor["id"], meeting.id)
        assert row is not None
        await _tell(sponsor, row, conference=conference, settings=settings, now=now)
    return meeting.id


async def call_off(
    sponsor: Mapping[str, Any],
    meeting: UUID,
    *,
    conference: Conference,
    settings: Settings,
    now: datetime,
) -> bool:
    """Call a meeting off and take it out of both calendars; False where it does not stand."""
    async with db.transaction():
        rows = (
            await BoothMeeting.update(
                {BoothMeeting.state: "cancelled", BoothMeeting.sequence: BoothMeeting.sequence + 1}
            )
            .where(
                BoothMeeting.id == meeting,
                BoothMeeting.sponsor == sponsor["id"],
                BoothMeeting.state == "booked",
            )
            .returning(*BoothMeeting.all_columns())
        )
        if rows:
            await _tell(sponsor, rows[0], conference=conference, settings=settings, now=now)
    return bool(rows)


async def _tell(
    sponsor: Mapping[str, Any],
    meeting: Mapping[str, Any],
    *,
    conference: Conference,
    settings: Settings,
    now: datetime,
) -> None:
    visitor = await Person.select().where(Person.id == meeting["person"]).first()
    staff = await SponsorStaff.select(
        SponsorStaff.person.name, SponsorStaff.person.email, SponsorStaff.person.zone
    ).where(SponsorStaff.sponsor == sponsor["id"])
    assert visitor is not None
    sides = [(visitor["name"], visitor["email"], visitor["zone"], sponsor["name"])]
    sides += [
        (row["person.name"], row["person.email"], row["person.zone"], visitor["name"])
        for row in staff
    ]
    mails = [
        _mail(
            sponsor, meeting, Party(name=name, email=email), other, zone, conference, settings, now
        )
        for name, email, zone, other in sides
        if email
    ]
    await outbox.put_many("mail", mails, now=now)


def _mail(
    sponsor: Mapping[str, Any],
    meeting: Mapping[str, Any],
    to: Party,
    other: str,
    zone: str,
    conference: Conference,
    settings: Settings,
    now: datetime,
) -> tuple[str, dict[str, Any]]:
    off = meeting["state"] != "booked"
    root = f"{settings.base_url}/c/{conference.slug}/sponsors/{sponsor['slug']}"
    entry = Entry(
        uid=f"meeting-{meeting['id']}@{urlsplit(settings.base_url).hostname or 'localhost'}",
        start=meeting["start"],
        end=meeting["start"] + timedelta(minutes=meeting["minutes"]),
        summary=_("Meeting: {other}").format(other=other),
        revised=now,
        sequence=meeting["sequence"],
        location=_("{sponsor}'s booth").format(sponsor=sponsor["name"]),
        description=f"{meeting['note']}\n\n{root}".strip(),
        url=root,
        join=f"{root}/room",
        cancelled=off,
        alarms=ALARMS,
    )
    clock = zone or conference.time_zone
    facts = {
        "other": other,
        "conference": conference.title,
        "when": when(meeting["start"], clock),
        "link": f"{root}/room",
    }
    text = (
        _("Your meeting with {other} at {conference} is called off. It was:\n\n{when}")
        if off
        else _(
            "You meet {other} at {conference}:\n\n{when}\n\nThe place is the booth's room:\n\n{link}"
        )
    )
    written = ical.invite(
        entry,
        zone=conference.time_zone,
        organizer=organizer(conference, settings),
        attendee=to,
    )
    subject = _("Called off: {other}") if off else _("Meeting with {other}")
    return (
        f"meeting:{meeting['id']}:{meeting['sequence']}:{to.email}",
        {
            "to": to.email,
            "name": to.name,
            **brand.sender(conference.title, conference.brand),
            "subject": subject.format(**facts),
            "text": text.format(**facts),
            "calendar": {"method": "CANCEL" if off else "REQUEST", "ics": written.decode()},
        },
    )


def when(start: datetime, zone: str) -> str:
    """An instant in words, with the place whose clock it is on."""
    at = local(start, zone)
    return f"{day_words(at.date(), 'EEEE d MMMM')}, {at:%H:%M} ({zone_city(zone)})"


async def of_person(sponsor: UUID, person: UUID) -> list[dict[str, Any]]:
    """The meetings of one visitor that stand."""
    return [row for row in await booked(sponsor) if row["person"] == person]


async def hours_edited(sponsor: UUID, minutes: int, windows: list[list[str]]) -> None:
    """Offer these hours; what is booked already stays."""
    await store.edit(sponsor, {"meeting_minutes": minutes, "meeting_hours": json.dumps(windows)})
