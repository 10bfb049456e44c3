"""Meeting people: who is seen, free times of both, requests and their lives, chance, block, report."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import now
from app.conferences.tables import Conference
from app.errors import Refused
from app.jobs.tables import Outbox
from app.live_tables import LiveEvent
from app.meeting import meetings, roulette, rules, store
from app.meeting.meetings import Table
from app.meeting.rules import Span
from app.meeting.tables import Waiter
from app.programme import stars
from app.programme.feed_token import address
from app.settings import Settings
from media.grant import verify
from tests.app.builders import NOW, make_conference, make_schedule, member, same_origin, sign_in
from tests.app.making import release

HTML = same_origin()
AT = datetime(2027, 5, 12, 13, 0, tzinfo=UTC)


def span(first: int, last: int) -> Span:
    return Span(start=AT + timedelta(minutes=first), end=AT + timedelta(minutes=last))


def test_free_times_leave_out_what_is_busy_and_what_is_too_soon() -> None:
    found = rules.free([span(15, 40)], [span(0, 75)], 15, now=AT - timedelta(hours=1))
    assert [(at - AT) // timedelta(minutes=1) for at in found] == [0, 45, 60]
    later = rules.free([], [span(0, 60)], 30, now=AT + timedelta(minutes=11))
    assert [(at - AT) // timedelta(minutes=1) for at in later] == [30]


_SPANS = st.lists(
    st.tuples(st.integers(0, 600), st.integers(1, 120)).map(lambda p: span(p[0], p[0] + p[1])),
    max_size=12,
)


@given(busy=_SPANS, minutes=st.sampled_from(rules.LENGTHS))
def test_no_free_time_touches_anything(busy: list[Span], minutes: int) -> None:
    for at in rules.free(busy, [span(0, 720)], minutes, now=AT):
        assert rules.clash(busy, at, minutes) is None
        assert at.minute % 15 == 0


@given(
    count=st.integers(0, 9),
    apart=st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=20),
)
def test_chance_brings_nobody_to_whom_they_blocked(count: int, apart: set[tuple[int, int]]) -> None:
    people = [UUID(int=n + 1) for n in range(count)]
    parted = {
        frozenset((people[a], people[b])) for a, b in apart if a != b and a < count and b < count
    }
    pairs = rules.match(people, parted, set())
    seen = [person for pair in pairs for person in pair]
    assert len(seen) == len(set(seen))
    assert all(frozenset(pair) not in parted for pair in pairs)
    if not parted:
        assert len(pairs) == count // 2


def test_who_met_already_meets_again_only_where_nobody_else_is() -> None:
    a, b, c = (uuid4() for _ in range(3))
    assert rules.match([a, b, c], set(), {frozenset((a, b))}) == [(a, c)]
    assert rules.match([a, b], set(), {frozenset((a, b))}) == [(a, b)]


@pytest.fixture
async def trial(client: httpx.AsyncClient) -> Conference:
    return await make_conference()


@pytest.fixture
def table(trial: Conference, settings: Settings) -> Table:
    return Table(conference=trial, settings=settings, now=NOW)


async def seen(table: Table, name: str, *, shown: bool = True) -> UUID:
    person = await member(table.conference, "attendee", f"{name}@example.org")
    values = {"does": f"{name} does tides", "seeks": "dunes"}
    await store.write(table.conference.id, person, values, shown=shown, now=now())
    return person


async def test_only_who_agreed_is_seen_and_only_by_those(
    client: httpx.AsyncClient, table: Table
) -> None:
    ada = await seen(table, "ada")
    await seen(table, "bo")
    hidden = await seen(table, "cy", shown=False)
    await sign_in(client, ada, now=now())
    page = await client.get("/c/trial/meeting", headers=HTML)
    assert "bo does tides" in page.text
    assert "cy does tides" not in page.text
    assert (await client.get(f"/c/trial/meeting/people/{hidden}", headers=HTML)).status_code == 404
    found = await client.get("/c/trial/meeting?q=zzz", headers=HTML)
    assert "bo does tides" not in found.text
    await sign_in(client, hidden, now=now())
    assert "bo does tides" not in (await client.get("/c/trial/meeting", headers=HTML)).text


async def test_a_meeting_lives_from_request_to_calendar(
    client: httpx.AsyncClient, table: Table
) -> None:
    schedule = make_schedule(("Quay", "Tides", 0, 60), ("Pier", "Dunes", 60, 120))
    await release(table.conference, schedule)
    ada, bo = await seen(table, "ada"), await seen(table, "bo")
    first = schedule.sessions[0]
    await stars.put(table.conference.id, ada, UUID(first.id), starred=True, now=NOW)
    free = await meetings.free(table.conference, ada, bo, 30, now=NOW)
    # Ada is in “Tides” for the first hour; the raster then has six starts in the two that follow.
    assert [at.strftime("%H:%M") for at in free][:2] == ["14:30", "14:45"]
    assert len(free) == 6

    made = await meetings.ask(table, ada, bo, start=free[0], minutes=30, note="Dunes?")
    (mine,) = await meetings.of(table.conference.id, bo, since=NOW)
    assert (mine["name"], mine["my_turn"], mine["note"]) == ("Attendee", True, "Dunes?")
    with pytest.raises(Refused, match="open request"):
        await meetings.ask(table, bo, ada, start=free[3], minutes=15, note="")

    await meetings.propose(table, mine, bo, free[2])
    (theirs,) = await meetings.of(table.conference.id, ada, since=NOW)
    assert (theirs["start"], theirs["my_turn"]) == (free[2], True)
    with pytest.raises(Refused):
        await meetings.accept(table, mine, bo)
    await meetings.accept(table, theirs, ada)
    after = await meetings.free(table.conference, bo, ada, 30, now=NOW)
    assert free[2] not in after

    feed = await client.get(address(table.settings, table.conference.id, bo))
    assert f"UID:meeting-{made}" in feed.text
    assert "STATUS:CANCELLED" not in feed.text
    (agreed,) = await meetings.of(table.conference.id, bo, since=NOW)
    later = replace(table, now=NOW + timedelta(minutes=1))
    await meetings.decline(later, agreed, bo)
    feed = await client.get(address(table.settings, table.conference.id, ada))
    assert "STATUS:CANCELLED" in feed.text
    told = await Outbox.select(Outbox.payload).where(Outbox.kind == "mail")
    assert len(told) == 4
    events = await LiveEvent.select(LiveEvent.channel).where(LiveEvent.topic == "meeting")
    assert {row["channel"] for row in events} == {f"p:{ada}", f"p:{bo}"}


async def test_two_cannot_take_one_time_of_a_third(client: httpx.AsyncClient, table: Table) -> None:
    await release(table.conference, make_schedule(("Quay", "Tides", 0, 120)))
    people = [await seen(table, f"p{n}") for n in range(4)]
    host = people[0]
    (at, *_rest) = await meetings.free(table.conference, host, people[1], 15, now=NOW)
    rows = []
    for guest in people[1:]:
        made = await meetings.ask(table, guest, host, start=at, minutes=15, note="")
        row = await meetings.find(table.conference.id, made, host)
        assert row is not None
        rows.append(row)

    async def accept(row: dict[str, Any]) -> bool:
        try:
            await meetings.accept(table, row, host)
        except Refused:
            return False
        return True

    taken = await asyncio.gather(*(accept(row) for row in rows))
    assert sorted(taken) == [False, False, True]


async def test_the_room_is_open_to_the_two_and_only_around_their_time(
    client: httpx.AsyncClient, table: Table
) -> None:
    instant = now()
    ada, bo = await seen(table, "ada"), await seen(table, "bo")
    row = await agreed_now(table, ada, bo, instant)
    at = f"/c/trial/meeting/{row['id']}"
    grants = []
    for person in (ada, bo):
        await sign_in(client, person, now=now())
        answer = await client.get(f"{at}/grant", headers=HTML)
        assert answer.status_code == 200
        grants.append(verify(answer.json()["grant"], table.settings.media_secret, now=instant))
    assert {(g.rooms, g.publish, g.backstage, g.seats) for g in grants} == {
        ((str(row["id"]),), str(row["id"]), (str(row["id"]),), 2)
    }
    assert {g.person for g in grants} == {str(ada), str(bo)}
    eve = await seen(table, "eve")
    await sign_in(client, eve, now=now())
    assert (await client.get(f"{at}/grant", headers=HTML)).status_code == 404
    assert (await client.get(f"{at}/room", headers=HTML)).status_code == 404
    assert not meetings.open_at(row, instant - timedelta(minutes=30))
    assert not meetings.open_at(row, instant + timedelta(hours=1))


async def agreed_now(table: Table, one: UUID, two: UUID, instant: datetime) -> dict[str, Any]:
    from app.meeting.tables import Meeting

    made = uuid4()
    await Meeting(
        id=made,
        conference=table.conference.id,
        asker=one,
        asked=two,
        waits_for=two,
        state="accepted",
        start=instant,
        minutes=15,
        created_at=instant,
        changed_at=instant,
    ).save()
    row = await meetings.find(table.conference.id, made, one)
    assert row is not None
    return row


async def test_chance_brings_two_together_once_and_lets_them_go(
    client: httpx.AsyncClient, table: Table
) -> None:
    conference = table.conference.id
    people = [await seen(table, f"p{n}") for n in range(5)]
    await asyncio.gather(*(roulette.wait(conference, p, now=NOW) for p in people))
    pairs = [await roulette.present(conference, p, now=NOW) for p in people]
    together = [pair for pair in pairs if pair is not None]
    assert len(together) == 4
    assert len({pair["id"] for pair in together}) == 2
    assert await Waiter.count() == 1
    for person, pair in zip(people, pairs, strict=True):
        if pair is not None:
            back = await roulette.present(conference, pair["other"], now=NOW)
            assert back is not None
            assert back["other"] == person
    # Whose page is closed waits no more; a talk ends by itself.
    assert await roulette.bring_together(conference, now=NOW + timedelta(minutes=1)) == 0
    assert await Waiter.count() == 0
    assert await roulette.present(conference, people[0], now=NOW + rules.TALK) is None


async def test_chance_through_the_pages(client: httpx.AsyncClient, table: Table) -> None:
    ada, bo = await seen(table, "ada"), await seen(table, "bo")
    for person in (ada, bo):
        await sign_in(client, person, now=now())
        await client.post("/c/trial/meeting/roulette/join", headers=HTML)
    page = await client.get("/c/trial/meeting/roulette", headers=HTML)
    assert "Only the two of you see and hear each other" in page.text
    grant = await client.get("/c/trial/meeting/roulette/grant", headers=HTML)
    assert verify(grant.json()["grant"], table.settings.media_secret, now=now()).seats == 2
    await client.post("/c/trial/meeting/roulette/leave", headers=HTML)
    over = await client.get("/c/trial/meeting/roulette/grant", headers=HTML)
    assert over.status_code == 409
    nobody = await member(table.conference, "attendee", "unseen@example.org")
    await sign_in(client, nobody, now=now())
    sent = await client.post("/c/trial/meeting/roulette/join", headers=HTML)
    assert sent.headers["location"] == "/c/trial/meeting"


async def test_who_blocks_or_reports_is_rid_of_them(
    client: httpx.AsyncClient, table: Table
) -> None:
    conference = table.conference.id
    ada, bo = await seen(table, "ada"), await seen(table, "bo")
    row = await agreed_now(table, ada, bo, now() + timedelta(hours=2))
    await sign_in(client, ada, now=now())
    answer = await client.post(
        f"/c/trial/meeting/people/{bo}/report", data={"words": "Would not stop."}, headers=HTML
    )
    assert answer.status_code == 303
    for viewer, other in ((ada, bo), (bo, ada)):
        assert await store.may_meet(conference, viewer, other) is None
        assert await store.people(conference, viewer, "", now=now()) == []
    ended = await meetings.find(conference, row["id"], bo)
    assert ended is not None
    assert ended["state"] == "cancelled"
    await roulette.wait(conference, ada, now=NOW)
    await roulette.wait(conference, bo, now=NOW)
    assert await roulette.present(conference, ada, now=NOW) is None

    assert (await client.get("/c/trial/meeting/reports", headers=HTML)).status_code == 403
    await sign_in(client, await member(table.conference, "moderator"), now=now())
    page = await client.get("/c/trial/meeting/reports", headers=HTML)
    assert "Would not stop." in page.text
    (reported,) = await store.reports(conference)
    await client.post(f"/c/trial/meeting/reports/{reported['id']}", headers=HTML)
    (closed,) = await store.reports(conference)
    assert closed["closed_at"] is not None
    await store.unblock(ada, bo)
    assert await store.may_meet(conference, ada, bo) is not None
