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
from app.notices import (
    changes,
    compose,
    kinds,
    letters,
    mailings,
    paper,
    preferences,
    reminders,
    unsubscribe,
)
from app.notices.unsubscribe import Wish
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
    (card,) = mail["cards"]
    assert card["lines"] == ["now Wednesday 12 May 19:25–19:55, Room 2"]
    assert card["was"] == "Wednesday 12 May 19:00–19:30, Room 2"
    assert "Tokyo" in mail["closing"]
    text = paper.plain(mail)
    assert "before: Wednesday 12 May 19:00–19:30, Room 2" in text
    assert f"No more of these: {settings.base_url}/unsubscribe/" in text


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
    text = paper.plain(mail)
    assert text.count("no longer takes place") == 2
    assert "Session 1" not in text


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


async def test_speakers_are_reminded_twice_for_each_start(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=3, speakers=3)
    await release(conference, plan)
    await give_address(plan.speakers[1].id, "one@example.org")
    start = plan.slots[1].start
    told = [
        await reminders.remind(settings, now=start - timedelta(minutes=minutes))
        for minutes in (16, 15, 10, 5, 1, 0)
    ]
    assert told == [0, 1, 0, 1, 0, 0]
    first, last = sorted(await mails(), key=lambda mail: mail["subject"], reverse=True)
    assert (first["to"], first["subject"]) == ("one@example.org", "On in 5 minutes: Session 1")
    assert last["subject"] == "On at 11:00: Session 1"
    assert f"/green-room/{plan.slots[1].id}" in last["action"]["url"]
    await release(conference, moved(plan, 1, 30))
    assert await reminders.remind(settings, now=start + timedelta(minutes=20)) == 1
    assert len(await mails()) == 3


async def test_who_starred_is_reminded_once_on_their_own_clock(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=3, rooms=3, speakers=0)
    same = replace(plan.slots[1], start=plan.slots[0].start)
    plan = replace(plan, slots=(plan.slots[0], same, plan.slots[2]))
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    bo = await make_attendee(conference, "Bo", "bo@example.org")
    await Person.update({Person.zone: "Asia/Tokyo"}).where(Person.id == ada)
    for person, number in ((ada, 0), (ada, 1), (bo, 1)):
        await star(conference, person, plan, number)
    await release(conference, plan)
    wish = Wish(conference=conference.id, person=bo, kind="soon")
    start = plan.slots[0].start
    assert await reminders.remind(settings, now=start - timedelta(minutes=14)) == 2
    assert await reminders.remind(settings, now=start - timedelta(minutes=13)) == 0
    assert await reminders.remind(settings, now=start - timedelta(minutes=2)) == 0
    one, two = sorted(await mails(), key=lambda mail: mail["to"])
    assert one["subject"] == "At 18:00: 2 sessions that you starred"
    assert [card["title"] for card in one["cards"]] == ["Session 0", "Session 1"]
    assert two["subject"] == "At 10:00: Session 1"
    await unsubscribe.stop(wish, now=T0)
    await release(conference, moved(plan, 1, 60))
    assert await reminders.remind(settings, now=start + timedelta(minutes=50)) == 1
    assert [mail["to"] for mail in await mails()].count("bo@example.org") == 1


async def test_the_day_ahead_is_told_on_the_readers_evening(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=3, speakers=1)
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    await star(conference, ada, plan, 2)
    await star(conference, ada, plan, 0)
    await release(conference, plan)
    speaker = await give_address(plan.speakers[0].id, "one@example.org")
    await Person.update({Person.zone: "America/New_York"}).where(Person.id == speaker)
    evening = T0.replace(hour=17, minute=30) - timedelta(days=1)  # 18:30 in Lisbon
    assert await reminders.look_ahead(settings, now=evening - timedelta(hours=1)) == 0
    assert await reminders.look_ahead(settings, now=evening) == 1
    assert await reminders.look_ahead(settings, now=evening + timedelta(minutes=1)) == 0
    assert await reminders.look_ahead(settings, now=evening + timedelta(hours=5)) == 1
    one, two = sorted(await mails(), key=lambda mail: mail["to"])
    assert one["subject"] == "Your Wednesday at Tidewater 2027"
    assert [card["lines"] for card in one["cards"]] == [
        ["10:00–10:30, Room 1"],
        ["12:00–12:30, Room 1"],
    ]
    assert [card["lines"][0] for card in two["cards"]] == [
        "05:00–05:30, Room 1",
        "06:00–06:30, Room 2",
        "07:00–07:30, Room 1",
    ]
    assert all("green room" in card["lines"][1] for card in two["cards"])


async def test_thanks_are_a_draft_once_the_last_session_is_over(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=2, speakers=1)
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    await star(conference, ada, plan, 1)
    await release(conference, plan)
    over = plan.slots[1].end + timedelta(hours=2)
    await reminders.look_ahead(settings, now=over - timedelta(minutes=1))
    assert await mailings.of(conference.id, "draft") == []
    for _ in range(2):
        await reminders.look_ahead(settings, now=over)
    (draft,) = await mailings.of(conference.id, "draft")
    assert await mails() == []
    assert await send(conference, draft["id"], settings) == 1
    (mail,) = await mails()
    assert mail["subject"] == "Thank you for coming to Tidewater 2027"
    assert [card["title"] for card in mail["cards"]] == ["Session 1"]
    await reminders.look_ahead(settings, now=over)
    assert await mailings.of(conference.id, "draft") == []


async def send(conference: Conference, notice: UUID, settings: Settings) -> int:
    """Send a draft and let the worker's handler write its letters; returns how many there are."""
    assert await mailings.send(conference.id, notice, by=None, now=T0)
    assert not await mailings.send(conference.id, notice, by=None, now=T0), "twice is once"
    rows = await Outbox.select().where(Outbox.kind == "mailing", Outbox.delivered_at.is_null())
    handle = compose.deliverer(settings)
    for row in rows:
        for _ in range(2):
            await handle(
                Delivery(
                    id=row["id"],
                    kind=row["kind"],
                    key=row["key"],
                    payload=json.loads(row["payload"]),
                    attempt=1,
                    created_at=T0,
                )
            )
    return len(await letters.newest(conference.id, notice=notice))


async def test_changes_wait_as_one_draft_where_the_organizer_wants_to_see_them(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=2)
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    await star(conference, ada, plan, 1)
    await kinds.choose(conference.id, "changes", kinds.DRAFT)
    await release(conference, plan)
    handle = changes.deliverer(settings)
    for since in (1, 2):
        await release(conference, moved(plan, 1, 5 * since))
        facts = {"conference": str(conference.id), "since": since}
        await handle(
            Delivery(id=uuid4(), kind="changes", key="c", payload=facts, attempt=1, created_at=T0)
        )
    (draft,) = await mailings.of(conference.id, "draft")
    assert draft["facts"] == {"since": 1}, "the first keeps the net difference"
    (shown,) = await compose.compose(conference, draft, settings, now=T0)
    assert shown.payload["cards"][0]["lines"] == ["now Wednesday 12 May 11:10–11:40, Room 2"]
    assert await mails() == []
    assert await send(conference, draft["id"], settings) == 1
    assert len(await mails()) == 1


async def test_invites_wait_as_a_draft_and_a_kind_can_be_off(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=1, speakers=1)
    await give_address_after(conference, plan)
    release_id = UUID(int=0)
    for mode, jobs, drafts in ((kinds.OFF, 0, 0), (kinds.DRAFT, 0, 1), (kinds.SEND, 1, 1)):
        await kinds.choose(conference.id, "invites", mode)
        release_id = await release(conference, plan)
        await changes.on_release(
            Delivery(
                id=uuid4(),
                kind="released",
                key="r",
                payload={"release": str(release_id)},
                attempt=1,
                created_at=T0,
            )
        )
        assert await Job.count().where(Job.kind == "invites") == jobs
        assert len(await mailings.of(conference.id, "draft")) == drafts
    (draft,) = await mailings.of(conference.id, "draft")
    shown = await compose.compose(conference, draft, settings, now=T0 - timedelta(days=1))
    assert [one.to for one in shown] == ["one@example.org"]
    assert await mails() == []


async def give_address_after(conference: Conference, plan: Schedule) -> None:
    await release(conference, plan)
    await give_address(plan.speakers[0].id, "one@example.org")


async def test_a_message_goes_to_its_audience_once_each(database: str, settings: Settings) -> None:
    conference = await make_conference()
    await make_attendee(conference, "Ada", "ada@example.org", role="speaker")
    await make_attendee(conference, "Bo", "bo@example.org")
    await make_attendee(conference, "Nobody")
    for audience, count in (("everybody", 2), ("speakers", 1), ("sponsors", 0)):
        facts = {"subject": "Doors at nine", "text": "Come early.", "audience": audience}
        notice = await mailings.stand(conference.id, "message", facts, now=T0)
        assert await send(conference, notice, settings) == count
    assert len(await mails()) == 3


async def test_nothing_is_due_before_a_release(database: str, settings: Settings) -> None:
    conference = await make_conference()
    assert await releases.latest(conference.id) is None
    assert await reminders.remind(settings, now=T0) == 0


async def test_preferences_decide_the_way_and_quiet_hours_the_time(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=2, rooms=2, speakers=0)
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    bo = await make_attendee(conference, "Bo", "bo@example.org")
    cy = await make_attendee(conference, "Cy", "cy@example.org")
    for person in (ada, bo, cy):
        await star(conference, person, plan, 0)
    await release(conference, plan)
    await release(conference, moved(plan, 0, 5))
    quiet = preferences.Chosen(
        wanted=frozenset({("changes", "mail"), ("soon", "mail")}), quiet=(0, 480), zone=""
    )
    await preferences.choose(ada, quiet)
    await preferences.choose(bo, preferences.Chosen(wanted=frozenset(), quiet=None, zone=""))
    night = T0.replace(hour=2)  # 3:00 in Lisbon
    assert await changes.draft(conference.id, 1, settings=settings, now=night) == 2
    rows = await Outbox.select(Outbox.payload, Outbox.due_at).where(Outbox.kind == "mail")
    due = {json.loads(row["payload"])["to"]: row["due_at"] for row in rows}
    assert due == {"ada@example.org": T0.replace(hour=7), "cy@example.org": night}
    # A quarter of an hour ahead can't wait for the end of a quiet night.
    await preferences.choose(ada, replace(quiet, quiet=(0, 1439)))
    soon = plan.slots[0].start - timedelta(minutes=5)
    assert await reminders.remind(settings, now=soon) == 1
