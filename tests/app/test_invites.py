"""Invites: valid iTIP, one for each change, the same at every run."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from icalendar import Calendar

from agenda.model import SessionState
from app.attendees import invites
from app.clock import now
from app.jobs import runner, store
from app.jobs.tables import Outbox
from app.notices import mail, mailbox
from app.programme import releases
from app.settings import Settings
from tests.app.making import T0, give_address, make_conference, make_schedule, release


def parsed(text: str) -> Any:
    return Calendar.from_ical(text)


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
    (event,) = parsed(json.loads(entry["payload"])["calendar"]["ics"]).walk("VEVENT")
    assert event["CONFERENCE"].params["FEATURE"] == "AUDIO,VIDEO"
    assert event["CONFERENCE"] == (
        f"{settings.base_url}/c/{conference.slug}/green-room/{schedule.slots[0].id}"
    )
    assert event["ATTENDEE"] == "mailto:one@example.org"
    assert event["ORGANIZER"] == "mailto:plenary@localhost"
    assert event["DTSTART"].params["TZID"] == "Europe/Lisbon"
    assert event.walk("VALARM")
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

    content = invites.for_download(released, conference, UUID(key), settings=settings)
    assert content is not None
    (event,) = parsed(content.decode()).walk("VEVENT")
    assert event["SUMMARY"] == "Session 1"
    assert event["CONFERENCE"].startswith(f"{settings.base_url}/c/{conference.slug}/rooms/")
    assert event["URL"] == f"{settings.base_url}/c/{conference.slug}/sessions/{key}"
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
