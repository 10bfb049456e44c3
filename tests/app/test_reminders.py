"""Reminders in every way, digests, days that an organizer looks at first, recordings in the thanks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.conferences.tables import Conference
from app.jobs import outbox
from app.live import of_person
from app.live_tables import LiveEvent
from app.notices import compose, kinds, mailings, notify, preferences, push, reminders
from app.notices.preferences import Chosen
from app.programme import stars
from app.programme import tables as t
from app.recordings import store as recordings
from app.settings import Settings
from tests.app.making import T0, make_attendee, make_conference, make_schedule, release
from tests.app.push_service import Endpoint
from tests.app.test_notices import mails, moved


async def wish(person: UUID, *wanted: str) -> None:
    """Choose only these, each `kind-way`."""
    pairs = frozenset((kind, way) for kind, _, way in (one.rpartition("-") for one in wanted))
    await preferences.choose(person, Chosen(wanted=pairs, quiet=None, zone=""))


async def deliver(settings: Settings, now: datetime) -> None:
    """Let the workers' handlers bring what is due to pages and devices."""
    trusting = replace(settings, trusted_hosts=("127.0.0.1",))
    handlers = {"page": notify.on_page, "push": push.deliverer(trusting)}
    while await outbox.deliver_due(handlers, now=lambda: now):
        pass


async def shown(person: UUID) -> list[dict[str, Any]]:
    rows = await LiveEvent.select().where(LiveEvent.channel == of_person(person))
    return [json.loads(row["payload"]) for row in rows if row["topic"] == "notice"]


async def test_a_star_is_told_of_by_mail_on_the_page_and_on_the_device(
    database: str, settings: Settings, endpoint: Endpoint
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=2, speakers=0)
    people = {}
    for name in ("ada", "bo", "cy"):
        people[name] = await make_attendee(conference, name.title(), f"{name}@example.org")
        await stars.put(
            conference.id, people[name], UUID(plan.sessions[0].id), starred=True, now=T0
        )
    await push.subscribe(people["ada"], endpoint.subscription(), device="", now=T0)
    await wish(people["bo"], "last_call-mail")
    await wish(people["cy"])
    await release(conference, plan)
    start = plan.slots[0].start
    for minutes in (16, 15, 14, 6, 5, 4, 1, 0):
        at = start - timedelta(minutes=minutes)
        await reminders.remind(settings, now=at)
        await deliver(settings, at)
    room = f"/c/{conference.slug}/rooms/room-1"
    said = [
        {"kind": "soon", "text": "At 10:00: Session 0", "url": room, "over": start.isoformat()},
        {
            "kind": "last_call",
            "text": "In 5 minutes: Session 0",
            "url": room,
            "over": start.isoformat(),
        },
    ]
    assert await shown(people["ada"]) == said
    assert [endpoint.read(body) for _line, _headers, body in endpoint.got] == [
        {"title": one["text"], "body": "Session 0", "url": room, "tag": tag}
        for one, tag in zip(
            said,
            (
                f"{name}:{conference.id}:{people['ada']}:{int(start.timestamp())}"
                for name in ("soon", "last")
            ),
            strict=True,
        )
    ]
    # By mail: Ada the first alone, as nobody said otherwise; Bo the last call alone; Cy nothing.
    assert sorted((mail["to"], mail["subject"]) for mail in await mails()) == [
        ("ada@example.org", "At 10:00: Session 0"),
        ("bo@example.org", "In 5 minutes: Session 0"),
    ]
    assert await shown(people["bo"]) == await shown(people["cy"]) == []


async def test_a_digest_is_what_changed_since_the_last_and_what_is_on_today(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=4, speakers=0)
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    await make_attendee(conference, "Bo", "bo@example.org")
    await wish(ada, "digest-mail")
    await stars.put(conference.id, ada, UUID(plan.sessions[1].id), starred=True, now=T0)
    first = T0.replace(hour=6, minute=30) - timedelta(days=2)  # 7:30 in Lisbon
    await released_at(conference, plan, first - timedelta(days=5))
    assert await reminders.look_ahead(settings, now=first) == 0, "nothing changed"
    await released_at(conference, moved(moved(plan, 1, 5), 2, 5), first + timedelta(hours=3))
    second = first + timedelta(days=1)
    assert await reminders.look_ahead(settings, now=second - timedelta(hours=1)) == 0, "6:30"
    for minutes in (0, 1, 60):
        await reminders.look_ahead(settings, now=second + timedelta(minutes=minutes))
    (mail,) = await mails()
    assert mail["subject"] == "Tidewater 2027: your digest of Tuesday 11 May"
    assert mail["opening"] == "1 session that you starred has changed since the last digest."
    (card,) = mail["cards"]
    assert (card["lines"], card["was"]) == (
        ["now Wednesday 12 May 11:05–11:35, Room 2"],
        "Wednesday 12 May 11:00–11:30, Room 2",
    )
    assert "1 other session is new, was moved" in mail["closing"]
    assert "/unsubscribe/" in mail["unsubscribe"]
    # On the day itself: what was told is not told again, what is on today is.
    assert await reminders.look_ahead(settings, now=first + timedelta(days=2)) == 1
    _, today = sorted(await mails(), key=lambda mail: mail["subject"])
    assert today["opening"] == "You starred 1 session for today."
    assert [card["lines"] for card in today["cards"]] == [["11:05–11:35, Room 2"]]
    await kinds.choose(conference.id, "digest", kinds.OFF)
    assert await reminders.look_ahead(settings, now=first + timedelta(days=2, hours=1)) == 0


async def released_at(conference: Conference, plan: Any, at: datetime) -> None:
    key = await release(conference, plan)
    await t.Release.update({t.Release.created_at: at}).where(t.Release.id == key)


async def test_a_days_reminders_wait_for_the_organizers_word(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=2, speakers=0)
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    await stars.put(conference.id, ada, UUID(plan.sessions[0].id), starred=True, now=T0)
    await release(conference, plan)
    every = ("day_before", "soon", "last_call", "digest")
    for kind in every:
        await kinds.choose(conference.id, kind, kinds.DRAFT)
    await wish(ada, *(f"{kind}-mail" for kind in every))
    await t.Release.update({t.Release.created_at: T0 - timedelta(days=5)}, force=True)
    noon = T0.replace(hour=11) - timedelta(days=1)
    await reminders.look_ahead(settings, now=noon - timedelta(minutes=1))
    assert await mailings.of(conference.id, "draft") == []
    for minutes in (0, 1):
        await reminders.look_ahead(settings, now=noon + timedelta(minutes=minutes))
    drafts = {
        one["kind"]: one
        for one in await mailings.of(conference.id, "draft")
        if one["facts"] == {"day": "2027-05-12"}
    }
    assert set(drafts) == set(every)
    for kind, subject in (
        ("day_before", "Your Wednesday at Tidewater 2027"),
        ("soon", "At 10:00: Session 0"),
        ("last_call", "In 5 minutes: Session 0"),
        ("digest", "Tidewater 2027: your digest of Wednesday 12 May"),
    ):
        (letter,) = await compose.compose(conference, drafts[kind], settings, now=noon)
        assert (letter.to, letter.payload["subject"]) == ("ada@example.org", subject)
    evening = T0.replace(hour=17, minute=30) - timedelta(days=1)
    assert await reminders.look_ahead(settings, now=evening) == 0, "nobody said a word"
    for one in drafts.values():
        assert await mailings.send(conference.id, one["id"], by=None, now=evening)
    assert await mails() == [], "each goes when it is due"
    assert await reminders.look_ahead(settings, now=evening) == 1
    quarter = plan.slots[0].start - timedelta(minutes=14)
    assert await reminders.look_ahead(settings, now=T0.replace(hour=6, minute=30)) == 1, "digest"
    assert await reminders.remind(settings, now=quarter) == 1
    assert await reminders.remind(settings, now=quarter + timedelta(minutes=10)) == 1
    assert len(await mails()) == 4


async def test_each_kind_waits_for_its_own_word(database: str, settings: Settings) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=1, speakers=0)
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    await wish(ada, "last_call-mail")
    await stars.put(conference.id, ada, UUID(plan.sessions[0].id), starred=True, now=T0)
    await release(conference, plan)
    await kinds.choose(conference.id, "soon", kinds.DRAFT)
    start = plan.slots[0].start
    assert await reminders.remind(settings, now=start - timedelta(minutes=14)) == 0
    assert await reminders.remind(settings, now=start - timedelta(minutes=4)) == 1


async def test_a_draft_that_nobody_looked_at_goes_with_its_day(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=2, speakers=0)
    await release(conference, plan)
    await kinds.choose(conference.id, "soon", kinds.DRAFT)
    await reminders.look_ahead(settings, now=T0 - timedelta(hours=2))
    assert len(await mailings.of(conference.id, "draft")) == 1
    await reminders.look_ahead(settings, now=plan.slots[-1].end)
    assert await mailings.of(conference.id, "draft") == []
    assert len(await mailings.of(conference.id, "discarded")) == 1


async def test_the_thanks_lead_to_the_recordings_that_there_are(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=3, speakers=0)
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    for session in plan.sessions:
        await stars.put(conference.id, ada, UUID(session.id), starred=True, now=T0)
    await release(conference, plan)
    for number, published in ((1, False), (2, True)):
        slot = plan.slots[number]
        key = await recordings.keep(
            {
                "conference": conference.id,
                "slot": UUID(slot.id),
                "session": UUID(slot.session),
                "title": "x",
                "seconds": 1720.0,
                "began_at": slot.start,
                "made_at": slot.end,
            },
            chapters=[],
        )
        await recordings.publish(key, published=published)
    await reminders.look_ahead(settings, now=plan.slots[-1].end + timedelta(hours=2))
    (notice,) = await mailings.of(conference.id, "draft")
    (letter,) = await compose.compose(conference, notice, settings, now=T0)
    root = f"{settings.base_url}/c/{conference.slug}/sessions"
    assert [
        (card["title"], card["lines"][1:], card["link"]) for card in letter.payload["cards"]
    ] == [
        ("Session 2", ["Recording: 29 min"], f"{root}/{plan.sessions[2].id}#recording"),
        ("Session 0", [], f"{root}/{plan.sessions[0].id}"),
        ("Session 1", [], f"{root}/{plan.sessions[1].id}"),
    ]
