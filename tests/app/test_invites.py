"""Invites: valid iTIP, one for each change, the same at every run."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from icalendar import Calendar

from agenda.model import SessionState
from app.attendees import calendar, invites
from app.attendees.calendar import Invite, Mailbox
from app.clock import now
from app.jobs import runner, store
from app.jobs.tables import Outbox
from app.notices import mail, mailbox
from app.programme import releases
from app.settings import Settings
from tests.app.making import T0, give_address, make_conference, make_schedule, release

INVITE = Invite(
    uid="slot@plenary.example",
    sequence=3,
    stamp=T0,
    start=datetime(2027, 5, 12, 13, 0, tzinfo=UTC),
    end=datetime(2027, 5, 12, 13, 45, tzinfo=UTC),
    zone="Europe/Lisbon",
    title="Salt; tides, and 潮 🎈",
    description="Line one\nline two, with; signs\\ and " + "words " * 40,
    location="Harbour Hall",
    url="https://plenary.example/c/t/rooms/harbour-hall",
    organizer=Mailbox(name='Tidewater "2027"', address="show@plenary.example"),
    attendee=Mailbox(name="大谷 真理子", address="mariko@example.org"),
)


def parsed(text: str) -> Any:
    return Calendar.from_ical(text)


def test_a_request_holds_all_that_a_calendar_needs() -> None:
    text = calendar.write(INVITE, "REQUEST")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")
    held = parsed(text)
    assert (held["METHOD"], held["VERSION"]) == ("REQUEST", "2.0")
    (event,) = held.walk("VEVENT")
    assert (event["UID"], event["SEQUENCE"]) == (INVITE.uid, 3)
    assert event["SUMMARY"] == INVITE.title
    assert event["DESCRIPTION"] == INVITE.description
    assert event["LOCATION"] == "Harbour Hall"
    assert event["URL"] == INVITE.url
    assert event["STATUS"] == "CONFIRMED"
    assert event["ORGANIZER"] == "mailto:show@plenary.example"
    assert event["ATTENDEE"] == "mailto:mariko@example.org"
    assert event["ATTENDEE"].params["CN"] == "大谷 真理子"
    assert event["ATTENDEE"].params["PARTSTAT"] == "NEEDS-ACTION"
    assert event["ATTENDEE"].params["RSVP"] == "TRUE"
    assert event["CONFERENCE"] == INVITE.url
    assert event["DTSTART"].params["TZID"] == "Europe/Lisbon"
    assert event["DTSTART"].dt == datetime(2027, 5, 12, 14, 0, tzinfo=ZoneInfo("Europe/Lisbon"))
    (alarm,) = event.walk("VALARM")
    assert alarm["TRIGGER"].dt == timedelta(minutes=-15)
    assert [z["TZID"] for z in held.walk("VTIMEZONE")] == ["Europe/Lisbon"]


def test_a_cancel_takes_away_and_rings_no_alarm() -> None:
    (event,) = parsed(calendar.write(INVITE, "CANCEL")).walk("VEVENT")
    assert event["STATUS"] == "CANCELLED"
    assert not event.walk("VALARM")
    assert "PARTSTAT" not in event["ATTENDEE"].params


def test_an_entry_to_keep_asks_nobody() -> None:
    held = parsed(calendar.write(replace(INVITE, attendee=None, zone="UTC"), "PUBLISH"))
    (event,) = held.walk("VEVENT")
    assert "ATTENDEE" not in event
    assert not held.walk("VTIMEZONE")


ZONES = [
    "Europe/Lisbon",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Tokyo",
    "America/Sao_Paulo",
]


@given(
    zone=st.sampled_from(ZONES),
    at=st.datetimes(datetime(2008, 1, 1), datetime(2036, 1, 1)),  # noqa: DTZ001
)
@hypothesis_settings(max_examples=150, deadline=None)
def test_a_written_zone_tells_the_same_offset_as_the_real_one(zone: str, at: datetime) -> None:
    instant = at.replace(tzinfo=UTC)
    (held,) = parsed(
        f"BEGIN:VCALENDAR\r\n{calendar.time_zone(zone, instant.year)}END:VCALENDAR\r\n"
    ).walk("VTIMEZONE")
    offset = None
    onsets = sorted(
        (part["DTSTART"].dt - part["TZOFFSETFROM"].td, part["TZOFFSETTO"].td)
        for part in held.subcomponents
    )
    for onset, offset_to in onsets:
        if onset <= instant.replace(tzinfo=None):
            offset = offset_to
    assert offset == instant.astimezone(ZoneInfo(zone)).utcoffset()


async def mails() -> list[tuple[str, str, int, str]]:
    """(receiver, method, sequence, title) of every drafted mail."""
    found = []
    for row in await Outbox.select().where(Outbox.kind == "mail").order_by(Outbox.created_at):
        payload = json.loads(row["payload"])
        held = parsed(payload["calendar"]["ics"])
        (event,) = held.walk("VEVENT")
        found.append(
            (payload["to"], str(held["METHOD"]), int(event["SEQUENCE"]), str(event["SUMMARY"]))
        )
    return found


async def test_a_release_invites_the_speakers_who_have_an_address_once(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    schedule = make_schedule(sessions=3, speakers=3)
    first = await release(conference, schedule)
    await give_address(schedule.speakers[0].id, "one@example.org")
    await give_address(schedule.speakers[1].id, "two@example.org")
    for _ in range(2):
        assert await invites.draft_invites(first, settings=settings, now=T0) == 2
    assert await mails() == [
        ("one@example.org", "REQUEST", 1, "Session 0"),
        ("two@example.org", "REQUEST", 1, "Session 1"),
    ]


async def test_the_next_release_tells_only_whom_it_changed_something_for(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    schedule = make_schedule(sessions=4, speakers=4)
    first = await release(conference, schedule)
    for n in range(4):
        await give_address(schedule.speakers[n].id, f"s{n}@example.org")
    await invites.draft_invites(first, settings=settings, now=T0)
    await Outbox.delete(force=True)
    slots, sessions = schedule.slots, schedule.sessions
    changed = replace(
        schedule,
        sessions=(sessions[0], replace(sessions[1], state=SessionState.CANCELLED), *sessions[2:]),
        slots=(slots[0], slots[1], replace(slots[2], start=slots[2].start + timedelta(minutes=5))),
    )
    second = await release(conference, changed, now=T0 + timedelta(hours=1))
    await invites.draft_invites(second, settings=settings, now=T0)
    assert sorted(await mails()) == [
        ("s1@example.org", "CANCEL", 2, "Session 1"),
        ("s2@example.org", "REQUEST", 2, "Session 2"),
        ("s3@example.org", "CANCEL", 2, "Session 3"),
    ]


async def test_the_job_drafts_and_the_mail_is_what_clients_expect(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    schedule = make_schedule(sessions=1, speakers=1)
    await release(conference, schedule)
    await give_address(schedule.speakers[0].id, "one@example.org")
    job = await store.ask("invites", "i", {}, conference=conference.id, asked_by=None, now=now())
    await runner.run(settings, job, 0)
    row = await store.find(job)
    assert row is not None
    assert (row["state"], row["done"], row["total"]) == ("done", 1, 1)
    (entry,) = await Outbox.select().where(Outbox.kind == "mail")
    message = mail.build(
        json.loads(entry["payload"]), key=entry["key"], created_at=T0, settings=settings
    )
    types = [part.get_content_type() for part in message.walk()]
    assert types == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    part = next(p for p in message.walk() if p.get_content_type() == "text/calendar")
    assert part.get_param("method") == "REQUEST"
    assert part.get_param("charset") == "utf-8"
    path = await asyncio.to_thread(mail.lay_down, message, settings.mail_folder)
    shown = mailbox.find(settings.mail_folder, path.stem)
    assert shown is not None
    assert shown.attachments == ("invite.ics",)
    found = mailbox.attachment(settings.mail_folder, path.stem, 0)
    assert found is not None
    assert parsed(found[2].decode())["METHOD"] == "REQUEST"


async def test_a_session_can_be_saved_from_its_page(database: str, settings: Settings) -> None:

    conference = await make_conference()
    schedule = make_schedule(sessions=2)
    await release(conference, schedule)
    released = await releases.latest(conference.id)
    assert released is not None
    key = schedule.sessions[1].id

    text = invites.for_download(released, conference, UUID(key), settings=settings)
    assert text is not None
    (event,) = parsed(text).walk("VEVENT")
    assert event["SUMMARY"] == "Session 1"
    assert event["URL"].startswith(f"{settings.base_url}/c/{conference.slug}/rooms/")
    assert "About tides; & more, at length" in event["DESCRIPTION"]
    assert invites.for_download(released, conference, uuid4(), settings=settings) is None


@pytest.mark.parametrize("state", [SessionState.DRAFT, SessionState.CANCELLED])
async def test_what_is_not_accepted_invites_nobody(
    database: str, settings: Settings, state: SessionState
) -> None:
    conference = await make_conference()
    schedule = make_schedule(sessions=1, speakers=1)
    schedule = replace(schedule, sessions=(replace(schedule.sessions[0], state=state),))
    first = await release(conference, schedule)
    await give_address(schedule.speakers[0].id, "one@example.org")
    assert await invites.draft_invites(first, settings=settings, now=T0) == 0
