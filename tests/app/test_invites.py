"""Invites: each told once and again when it changed, withdrawn when it falls, whoever asks how often."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import icalendar
import pytest
from icalendar import Calendar

from agenda.model import Schedule, SessionState
from app.accounts.tables import Person
from app.attendees import invite_mails, invites
from app.attendees.tables import CalendarWish, Invitation
from app.clock import now
from app.conferences.tables import Conference
from app.jobs import runner, store
from app.jobs.tables import Outbox
from app.notices import mail, mailbox, unsubscribe
from app.notices.tables import Letter
from app.notices.unsubscribe import Wish
from app.programme import feed, releases, stars
from app.settings import Settings
from tests.app.making import (
    T0,
    give_address,
    make_attendee,
    make_conference,
    make_schedule,
    release,
)

EARLY = T0 - timedelta(days=3)


def parsed(text: str) -> Any:
    return Calendar.from_ical(text)


async def mails() -> list[tuple[str, str, int, str]]:
    """(receiver, method, sequence, title) of every mail that was drafted since the last look."""
    found = []
    rows = await Outbox.select().where(Outbox.kind == "mail").order_by(Outbox.created_at)
    for row in rows:
        payload = json.loads(row["payload"])
        held = parsed(payload["calendar"]["ics"])
        (event,) = held.walk("VEVENT")
        found.append(
            (payload["to"], str(held["METHOD"]), int(event["SEQUENCE"]), str(event["SUMMARY"]))
        )
    await Outbox.delete(force=True)
    return sorted(found)


async def draft(conference: Conference, settings: Settings, *, minutes: int = 0) -> int:
    at = EARLY + timedelta(minutes=minutes)
    return await invites.draft_invites(conference.id, settings=settings, now=at)


def without(schedule: Schedule, number: int) -> Schedule:
    slots = tuple(slot for n, slot in enumerate(schedule.slots) if n != number)
    return replace(schedule, slots=slots)


def later(schedule: Schedule, number: int, minutes: int) -> Schedule:
    slots = list(schedule.slots)
    slots[number] = replace(slots[number], start=slots[number].start + timedelta(minutes=minutes))
    return replace(schedule, slots=tuple(slots))


def with_session(schedule: Schedule, number: int, **changes: Any) -> Schedule:
    sessions = list(schedule.sessions)
    sessions[number] = replace(sessions[number], **changes)
    return replace(schedule, sessions=tuple(sessions))


async def test_a_release_invites_the_speakers_who_have_an_address_once(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    schedule = make_schedule(sessions=3, speakers=3)
    await release(conference, schedule)
    await give_address(schedule.speakers[0].id, "one@example.org")
    await give_address(schedule.speakers[1].id, "two@example.org")
    assert await draft(conference, settings) == 2
    assert await draft(conference, settings) == 0
    assert await mails() == [
        ("one@example.org", "REQUEST", 0, "Session 0"),
        ("two@example.org", "REQUEST", 0, "Session 1"),
    ]
    await give_address(schedule.speakers[2].id, "three@example.org")
    assert await draft(conference, settings) == 1
    assert await mails() == [("three@example.org", "REQUEST", 0, "Session 2")]
    assert await Letter.count() == 3


async def test_the_next_release_tells_only_whom_it_changed_something_for(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=5, speakers=5)
    await release(conference, plan)
    for n in range(5):
        await give_address(plan.speakers[n].id, f"s{n}@example.org")
    await draft(conference, settings)
    await mails()
    changed = with_session(plan, 1, state=SessionState.CANCELLED)
    changed = with_session(changed, 4, speakers=())
    await release(conference, without(later(changed, 2, 5), 3))
    assert await draft(conference, settings) == 4
    assert await mails() == [
        ("s1@example.org", "CANCEL", 1, "Session 1"),
        ("s2@example.org", "REQUEST", 1, "Session 2"),
        ("s3@example.org", "CANCEL", 1, "Session 3"),
        ("s4@example.org", "CANCEL", 1, "Session 4"),
    ]
    await release(conference, later(plan, 2, 5))
    await draft(conference, settings)
    assert await mails() == [
        ("s1@example.org", "REQUEST", 2, "Session 1"),
        ("s3@example.org", "REQUEST", 2, "Session 3"),
        ("s4@example.org", "REQUEST", 2, "Session 4"),
    ]


async def test_who_is_taken_off_is_uninvited_and_the_session_keeps_its_status(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=1, speakers=1)
    await release(conference, plan)
    await give_address(plan.speakers[0].id, "one@example.org")
    await draft(conference, settings)
    await Outbox.delete(force=True)
    await release(conference, with_session(plan, 0, speakers=()))
    await draft(conference, settings)
    (row,) = await Outbox.select().where(Outbox.kind == "mail")
    (event,) = parsed(json.loads(row["payload"])["calendar"]["ics"]).walk("VEVENT")
    assert "STATUS" not in event
    assert event["ATTENDEE"] == "mailto:one@example.org"


async def test_what_is_over_is_neither_told_nor_withdrawn(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=2, speakers=2)
    await release(conference, plan)
    for n in range(2):
        await give_address(plan.speakers[n].id, f"s{n}@example.org")
    first = plan.slots[0]
    late = first.end + timedelta(minutes=1)
    assert await invites.draft_invites(conference.id, settings=settings, now=late) == 1
    assert [mail[3] for mail in await mails()] == ["Session 1"]


async def test_a_star_is_an_invite_for_who_asked_for_that(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=2, speakers=0)
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    bo = await make_attendee(conference, "Bo", "bo@example.org")
    session = UUID(plan.sessions[0].id)
    await release(conference, plan)
    for person in (ada, bo):
        await stars.put(conference.id, person, session, starred=True, now=EARLY)
    await CalendarWish(id=uuid4(), conference=conference.id, person=ada, created_at=EARLY).save()
    assert await draft(conference, settings) == 0, "it may be a mistake"
    assert await draft(conference, settings, minutes=1) == 1
    assert await mails() == [("ada@example.org", "REQUEST", 0, "Session 0")]
    await stars.put(conference.id, ada, session, starred=False, now=EARLY)
    assert await draft(conference, settings, minutes=2) == 1
    assert await mails() == [("ada@example.org", "CANCEL", 1, "Session 0")]
    await stars.put(conference.id, ada, session, starred=True, now=EARLY)
    await draft(conference, settings, minutes=5)
    assert await mails() == [("ada@example.org", "REQUEST", 2, "Session 0")]
    await CalendarWish.delete(force=True)
    await draft(conference, settings, minutes=6)
    assert await mails() == [("ada@example.org", "CANCEL", 3, "Session 0")]


async def test_who_unsubscribes_is_left_with_nothing_that_goes_stale(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=3, speakers=1)
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    await release(conference, plan)
    # Ada speaks in none and starred two; the third is hers as a speaker and stays.
    await give_address(plan.speakers[0].id, "one@example.org")
    for session in plan.sessions[:2]:
        await stars.put(conference.id, ada, UUID(session.id), starred=True, now=EARLY)
    await CalendarWish(id=uuid4(), conference=conference.id, person=ada, created_at=EARLY).save()
    await draft(conference, settings, minutes=1)
    assert [mail[0] for mail in await mails()].count("ada@example.org") == 2
    wish = Wish(conference=conference.id, person=ada, kind="invites")
    await unsubscribe.stop(wish, now=EARLY)
    await draft(conference, settings, minutes=2)
    assert await mails() == [
        ("ada@example.org", "CANCEL", 1, "Session 0"),
        ("ada@example.org", "CANCEL", 1, "Session 1"),
    ]
    # Then silence, whatever is starred or moves; speakers hear as before.
    await stars.put(conference.id, ada, UUID(plan.sessions[2].id), starred=True, now=EARLY)
    await release(conference, later(plan, 0, 5))
    await draft(conference, settings, minutes=4)
    assert await mails() == [("one@example.org", "REQUEST", 1, "Session 0")]
    # Who comes back holds again what they starred, at a number above the CANCEL's.
    await unsubscribe.resume(wish, now=EARLY)
    await draft(conference, settings, minutes=5)
    assert await mails() == [
        ("ada@example.org", "REQUEST", 0, "Session 2"),
        ("ada@example.org", "REQUEST", 2, "Session 0"),
        ("ada@example.org", "REQUEST", 2, "Session 1"),
    ]


async def test_the_feed_is_never_behind_the_invites(database: str, settings: Settings) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=1, speakers=1)
    await release(conference, plan)
    person = await give_address(plan.speakers[0].id, "one@example.org")
    for step in range(4):
        await release(conference, with_session(plan, 0, speakers=()))
        await release(conference, later(plan, 0, step))
        await draft(conference, settings)
        sent = await mails()
        released = await releases.latest(conference.id)
        assert released is not None
        written = await feed._calendar(settings, conference, released, person)
        (event,) = icalendar.Calendar.from_ical(written).walk("VEVENT")
        (line,) = await Invitation.select().where(Invitation.person == person)
        assert event["SEQUENCE"] >= line["sequence"]
        assert sent == [] or sent[-1][2] == line["sequence"]
        assert event["UID"] == f"{plan.slots[0].id}@testserver.local"
        assert "/green-room/" in str(event["CONFERENCE"])


async def test_an_answer_holds_until_the_time_changes(database: str, settings: Settings) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=1, speakers=1)
    await release(conference, plan)
    await give_address(plan.speakers[0].id, "one@example.org")
    await draft(conference, settings)
    await Invitation.update({Invitation.answer: "ACCEPTED"}, force=True)
    await release(conference, with_session(plan, 0, title="Another title"))
    await draft(conference, settings)
    assert await answers() == ["ACCEPTED"]
    await release(conference, later(with_session(plan, 0, title="Another title"), 0, 5))
    await draft(conference, settings)
    assert await answers() == [""]
    payloads = [json.loads(row["payload"]) for row in await Outbox.select(Outbox.payload)]
    told = [
        str(parsed(one["calendar"]["ics"]).walk("VEVENT")[0]["ATTENDEE"].params["PARTSTAT"])
        for one in payloads
        if "calendar" in one
    ]
    assert sorted(told) == ["ACCEPTED", "NEEDS-ACTION", "NEEDS-ACTION"]


async def answers() -> list[str]:
    return [row["answer"] for row in await Invitation.select(Invitation.answer)]


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
    door = f"{settings.base_url}/c/{conference.slug}/green-room/{schedule.slots[0].id}"
    assert event["CONFERENCE"].params["FEATURE"] == "AUDIO,VIDEO"
    assert event["CONFERENCE"] == door
    assert door in event["DESCRIPTION"]
    assert event["ATTENDEE"] == "mailto:one@example.org"
    assert event["ORGANIZER"] == "mailto:plenary@localhost"
    assert event["DTSTART"].params["TZID"] == "Europe/Lisbon"
    assert event.walk("VALARM")
    part = next(p for p in message.walk() if p.get_content_type() == "text/calendar")
    assert part.get_param("method") == "REQUEST"
    assert part.get_param("charset") == "utf-8"
    assert message["List-Unsubscribe"] is None, "a speaker's own invites can't be given up"
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

    content = invite_mails.for_download(released, conference, UUID(key), settings=settings)
    assert content is not None
    (event,) = parsed(content.decode()).walk("VEVENT")
    assert event["SUMMARY"] == "Session 1"
    assert event["CONFERENCE"].startswith(f"{settings.base_url}/c/{conference.slug}/rooms/")
    assert event["URL"] == f"{settings.base_url}/c/{conference.slug}/sessions/{key}"
    assert "About tides; & more, at length" in event["DESCRIPTION"]
    unknown = invite_mails.for_download(released, conference, uuid4(), settings=settings)
    assert unknown is None


@pytest.mark.parametrize("state", [SessionState.DRAFT, SessionState.CANCELLED])
async def test_what_is_not_accepted_invites_nobody(
    database: str, settings: Settings, state: SessionState
) -> None:
    conference = await make_conference()
    schedule = make_schedule(sessions=1, speakers=1)
    await release(conference, with_session(schedule, 0, state=state))
    await give_address(schedule.speakers[0].id, "one@example.org")
    assert await draft(conference, settings) == 0


async def test_two_who_draft_at_once_send_each_once(database: str, settings: Settings) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=12, speakers=6)
    await release(conference, plan)
    for n in range(6):
        await give_address(plan.speakers[n].id, f"s{n}@example.org")
    await asyncio.gather(*(draft(conference, settings) for _ in range(3)))
    assert len(await mails()) == 12
    assert await Invitation.count() == 12
    assert await Person.count() == 6
