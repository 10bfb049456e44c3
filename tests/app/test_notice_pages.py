"""The organizer's pages of notices and invites, and one's own calendar page."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import httpx

from app.attendees import invites
from app.attendees.tables import CalendarWish
from app.clock import now
from app.jobs import outbox
from app.jobs.tables import Job, Outbox
from app.notices import compose, kinds, letters, mailings
from app.notices.tables import Letter, Notice, Paused
from app.settings import Settings
from tests.app.builders import same_origin, sign_in
from tests.app.making import (
    T0,
    give_address,
    make_attendee,
    make_conference,
    make_schedule,
    release,
)

HTML = {"accept": "text/html"}


async def test_a_message_is_looked_at_changed_and_sent_once(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    owner = await make_attendee(conference, "Olga", "olga@example.org", role="owner")
    await make_attendee(conference, "Bo <b>", "bo@example.org")
    await sign_in(client, owner, now=now())
    at = f"/c/{conference.slug}/notices"
    empty = await client.post(at, data={"subject": " ", "text": "x"}, headers=same_origin())
    assert empty.status_code == 422
    assert "Write a subject" in empty.text
    assert "Choose who gets it" in empty.text
    sent = await client.post(
        at,
        data={"subject": "Doors at nine", "text": "Come early.", "audience": "everybody"},
        headers=same_origin(),
    )
    assert sent.status_code == 303
    page = (await client.get(sent.headers["location"], headers=HTML)).text
    assert "Send 2 mails" in page
    assert await Letter.count() == 0
    place = sent.headers["location"]
    await client.post(place, data={"subject": "Doors at eight", "text": "x"}, headers=same_origin())
    second = (await client.get(f"{place}?n=2", headers=HTML)).text
    assert "Doors at eight" in second
    for _ in range(2):
        done = await client.post(f"{place}/send", headers=same_origin())
        assert done.status_code == 303
    await client.post(f"{place}/discard", headers=same_origin())
    assert await Outbox.count().where(Outbox.kind == "mailing") == 1
    (row,) = await mailings.of(conference.id, "sent")
    await letters.put(
        conference,
        "message",
        await compose.compose(conference, row, settings, now=now()),
        settings=settings,
        notice=row["id"],
        now=now(),
    )
    shown = (await client.get(place, headers=HTML)).text
    assert "bo@example.org" in shown
    assert "Bo &lt;b&gt;" in shown
    assert shown.count("Waiting") == 2


async def test_what_failed_is_tried_again_and_paused_addresses_resume(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    owner = await make_attendee(conference, "Olga", "olga@example.org", role="owner")
    bo = await make_attendee(conference, "Bo", "bo@example.org")
    draft = letters.Draft(
        key="m:1", person=bo, to="bo@example.org", name="Bo", payload={"subject": "S", "text": "T"}
    )
    await letters.put(conference, "message", [draft], settings=settings, now=T0)
    await Outbox.update(
        {Outbox.due_at: outbox.GIVEN_UP, Outbox.error: "554 go away", Outbox.attempts: 14}
    ).where(Outbox.key == "m:1")
    await Paused(
        id=UUID(int=7), address="bo@example.org", status="5.1.1", words="unknown", since=T0
    ).save()
    await sign_in(client, owner, now=now())
    at = f"/c/{conference.slug}/notices"
    page = (await client.get(f"{at}?fate=failed", headers=HTML)).text
    assert "554 go away" in page
    assert await letters.tally(conference.id) == {
        "waiting": 0,
        "sent": 0,
        "failed": 1,
        "bounced": 0,
    }
    retry = re.search(r'action="([^"]+/letters/[^"]+/retry)"', page)
    assert retry is not None
    await client.post(retry.group(1), headers=same_origin())
    row = await Outbox.select().where(Outbox.key == "m:1").first()
    assert row is not None
    assert (row["attempts"], row["error"], row["due_at"] < outbox.GIVEN_UP) == (0, "", True)
    await client.post(f"{at}/paused/{UUID(int=7)}/resume", headers=same_origin())
    assert await Paused.count() == 0


async def test_modes_are_kept_and_nonsense_is_not(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    owner = await make_attendee(conference, "Olga", "olga@example.org", role="owner")
    await sign_in(client, owner, now=now())
    at = f"/c/{conference.slug}/notices/modes"
    for mode in ("draft", "off", "whatever"):
        wish = {"changes": mode, "message": "send", "digest": "draft"}
        await client.post(at, data=wish, headers=same_origin())
    modes = await kinds.modes(conference.id)
    assert (modes["changes"], modes["digest"], modes["message"]) == ("off", "draft", "draft")


async def test_a_mailing_of_another_conference_is_not_there(client: httpx.AsyncClient) -> None:
    here, other = await make_conference(), await make_conference()
    owner = await make_attendee(here, "Olga", "olga@example.org", role="owner")
    facts = {"subject": "S", "text": "T", "audience": "everybody"}
    notice = await mailings.stand(other.id, "message", facts, now=T0)
    await sign_in(client, owner, now=now())
    for path in ("", "/send", "/discard"):
        answer = await client.post(f"/c/{here.slug}/notices/{notice}{path}", headers=same_origin())
        assert answer.status_code == 404
    assert await Notice.count().where(Notice.state == "draft") == 1


async def test_the_calendar_page_gives_the_feed_and_turns_invites_on_and_off(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    await sign_in(client, ada, now=now())
    at = f"/c/{conference.slug}/calendar"
    page = (await client.get(at, headers=HTML)).text
    feed = re.search(r"http://[^\"< ]+/calendar/[^\"< ]+\.ics", page)
    assert feed is not None
    assert (await client.get(feed.group(0))).status_code == 200
    assert f'href="webcal://{feed.group(0).removeprefix("http://")}"' in page
    for wish, count in (("1", 1), ("1", 1), ("", 0)):
        await client.post(at, data={"invites": wish}, headers=same_origin())
        assert await CalendarWish.count() == count


async def test_the_organizer_sees_who_was_invited_and_sends_what_is_missing(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    owner = await make_attendee(conference, "Olga", "olga@example.org", role="owner")
    plan = make_schedule(sessions=2, speakers=2)
    await release(conference, plan)
    await give_address(plan.speakers[0].id, "one@example.org")
    await invites.draft_invites(conference.id, settings=settings, now=T0 - timedelta(days=1))
    await sign_in(client, owner, now=now())
    at = f"/c/{conference.slug}/invites"
    page = (await client.get(at, headers=HTML)).text
    assert "one@example.org" in page
    assert page.count("No answer yet") >= 2
    assert "one@example.org" not in (await client.get(f"{at}?answer=declined", headers=HTML)).text
    await client.post(at, headers=same_origin())
    assert await Job.count().where(Job.kind == "invites") == 1
