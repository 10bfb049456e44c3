"""Notices: who starred a session hears once of what really changed, and speakers when they are on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from agenda.model import Schedule, SessionState
from app.accounts.tables import Person
from app.conferences.tables import Conference
from app.jobs.outbox import Delivery
from app.jobs.tables import Job, Outbox
from app.notices import changes, reminders
from app.programme import releases, stars
from app.settings import Settings
from tests.app.making import (
    T0,
    give_address,
    make_attendee,
    make_conference,
    make_schedule,
    release,
)


async def mails() -> list[dict[str, Any]]:
    rows = await Outbox.select().where(Outbox.kind == "mail").order_by(Outbox.key)
    return [json.loads(row["payload"]) for row in rows]


async def planned() -> list[tuple[int, datetime]]:
    """(since which release, when) of every mailing of changes that waits."""
    rows = await Outbox.select().where(Outbox.kind == "changes", Outbox.delivered_at.is_null())
    return [(json.loads(row["payload"])["since"], row["due_at"]) for row in rows]


def moved(schedule: Schedule, number: int, minutes: int) -> Schedule:
    slots = list(schedule.slots)
    slots[number] = replace(slots[number], start=slots[number].start + timedelta(minutes=minutes))
    return replace(schedule, slots=tuple(slots))


async def star(conference: Conference, person: UUID, schedule: Schedule, number: int) -> None:
    session = UUID(schedule.sessions[number].id)
    await stars.put(conference.id, person, session, starred=True, now=T0)


async def test_five_moves_are_one_mail_with_the_net_difference(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=4)
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    bo = await make_attendee(conference, "Bo", "bo@example.org")
    await Person.update({Person.zone: "Asia/Tokyo"}).where(Person.id == ada)
    await star(conference, ada, plan, 1)
    await star(conference, ada, plan, 3)
    await star(conference, bo, plan, 0)
    await release(conference, plan)
    early = T0 - timedelta(days=3)
    for n in range(1, 6):
        plan = moved(plan, 1, 5)
        await release(conference, plan)
        await changes.schedule(conference.id, n + 1, now=early + timedelta(minutes=n))
    assert await planned() == [(1, early + timedelta(minutes=11))]
    assert await changes.draft(conference.id, 1, settings=settings, now=T0) == 1
    assert await changes.draft(conference.id, 1, settings=settings, now=T0) == 1
    (mail,) = await mails()
    assert (mail["to"], mail["subject"]) == ("ada@example.org", "Changed: Session 1")
    assert "now Wednesday 12 May 19:25–19:55, Room 2" in mail["text"]
    assert "before Wednesday 12 May 19:00–19:30, Room 2" in mail["text"]
    assert "Tokyo" in mail["text"]


async def test_moved_and_moved_back_is_no_mail(database: str, settings: Settings) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=2)
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    await star(conference, ada, plan, 1)
    await release(conference, plan)
    await release(conference, moved(plan, 1, 5))
    await release(conference, plan)
    assert await changes.draft(conference.id, 1, settings=settings, now=T0) == 0


async def test_a_change_that_is_close_is_told_soon(database: str) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=4)
    await release(conference, plan)
    await release(conference, moved(plan, 3, 5))
    await changes.schedule(conference.id, 2, now=T0 - timedelta(hours=1))
    assert await planned() == [(1, T0 - timedelta(hours=1) + changes.PATIENCE)]
    await release(conference, moved(moved(plan, 3, 5), 0, 5))
    await changes.schedule(conference.id, 3, now=T0 - timedelta(hours=1))
    assert await planned() == [(1, T0 - timedelta(hours=1) + changes.HURRY)]


async def test_what_falls_is_told_in_words(database: str, settings: Settings) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=3)
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    for n in range(3):
        await star(conference, ada, plan, n)
    await release(conference, plan)
    first, second, third = plan.sessions
    await release(
        conference,
        replace(
            plan,
            sessions=(replace(first, state=SessionState.CANCELLED), second, third),
            slots=plan.slots[:2],
        ),
    )
    assert await changes.draft(conference.id, 1, settings=settings, now=T0) == 1
    (mail,) = await mails()
    assert mail["subject"] == "2 sessions that you starred have changed"
    assert mail["text"].count("no longer takes place") == 2
    assert "Session 1" not in mail["text"]


async def test_a_release_asks_for_invites_and_plans_the_mail(database: str) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=2)
    for schedule in (plan, moved(plan, 1, 5)):
        key = await release(conference, schedule)
        delivery = Delivery(
            id=uuid4(),
            kind="released",
            key="r",
            payload={"release": str(key)},
            attempt=1,
            created_at=T0,
        )
        await changes.on_release(delivery)
    assert await Job.count().where(Job.kind == "invites") == 2
    assert [since for since, _ in await planned()] == [1]


async def test_speakers_are_reminded_once_for_each_start(database: str, settings: Settings) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=3, speakers=3)
    await release(conference, plan)
    await give_address(plan.speakers[1].id, "one@example.org")
    start = plan.slots[1].start
    assert await reminders.remind(settings, now=start - timedelta(minutes=16)) == 0
    for minutes in (15, 10, 1):
        assert await reminders.remind(settings, now=start - timedelta(minutes=minutes)) == 1
    assert await reminders.remind(settings, now=start) == 0
    (mail,) = await mails()
    assert (mail["to"], mail["subject"]) == ("one@example.org", "On at 11:00: Session 1")
    assert f"/green-room/{plan.slots[1].id}" in mail["text"]
    await release(conference, moved(plan, 1, 30))
    assert await reminders.remind(settings, now=start + timedelta(minutes=20)) == 1
    assert len(await mails()) == 2


async def test_nothing_is_due_before_a_release(database: str, settings: Settings) -> None:
    conference = await make_conference()
    assert await releases.latest(conference.id) is None
    assert await reminders.remind(settings, now=T0) == 0
