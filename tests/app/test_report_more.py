"""Forecasts, comparisons, connections, a speaker's own figures, and the report's files."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.afterwards.tables import Rating
from app.clock import now
from app.conferences.store import grant_role
from app.programme import releases
from app.reports import connections, figures, flow, forecast, store
from app.reports.connections import Sample
from app.reports.flow import Move
from app.reports.forecast import Held
from app.reports.tables import Connection, ReportPart
from app.reports.taking import Taking
from app.reports.view import view
from app.settings import Settings
from app.stages.tables import Presence
from app.talk.tables import ChatMessage, Poll, PollAnswer, ReactionCount, StageQuestion
from tests.app.builders import sign_in
from tests.app.making import T0, give_address, make_attendee, make_conference
from tests.app.test_report import at, held_conference, live, stay

HTML = {"accept": "text/html"}


def present(*stays: Any) -> Any:
    lives = [
        live("a", "hall", 0, 60),
        live("b", "lock", 0, 60),
        live("c", "hall", 70, 100),
        live("d", "quay", 30, 50),
    ]
    return figures.present(stays, lives)


@pytest.mark.parametrize(
    ("stays", "moves"),
    [
        # Into a parallel one within five minutes.
        ([stay("ada", "hall", 0, 20), stay("ada", "lock", 24.9, 60)], [("a", "b", 1)]),
        # Too late: had been away.
        ([stay("ada", "hall", 0, 20), stay("ada", "lock", 25.1, 60)], []),
        # Stayed to the end: the next session is no move.
        ([stay("ada", "hall", 0, 60), stay("ada", "lock", 60, 65)], []),
        # The other one did not run yet when this one was left.
        ([stay("ada", "hall", 0, 27), stay("ada", "quay", 30, 40)], []),
        # There and back is two moves; twice the same way is one.
        (
            [
                stay("ada", "hall", 0, 10),
                stay("ada", "lock", 10, 20),
                stay("ada", "hall", 20, 30),
                stay("ada", "lock", 31, 60),
            ],
            [("a", "b", 1), ("b", "a", 1)],
        ),
        # Back into the same one is none.
        ([stay("ada", "hall", 0, 10), stay("ada", "hall", 12, 20)], []),
    ],
)
def test_moves_between_parallel_sessions(
    stays: list[Any], moves: list[tuple[str, str, int]]
) -> None:
    assert flow.moves(present(*stays)) == tuple(
        Move(before=before, after=after, people=people) for before, after, people in moves
    )


def test_moves_add_up_by_group_and_half_left_is_after_the_fullest_minute() -> None:
    found = (Move(before="a", after="b", people=3), Move(before="a", after="d", people=2))
    assert flow.grouped(found, {"a": "x", "b": "y", "d": "y"}) == (
        Move(before="x", after="y", people=5),
    )
    assert flow.half_left((1, 8, 6, 4, 3)) == 2
    assert flow.half_left((1, 8, 6, 5)) is None
    assert flow.half_left(()) is None


def test_returns_are_by_pairs_of_days() -> None:
    day = 24 * 60
    found = flow.returns(
        present(stay("ada", "hall", 0, 5), stay("bo", "lock", 0, 5)), [at(-60), at(day)]
    )
    assert [(r.first, r.later, r.came, r.returned) for r in found] == [(0, 1, 2, 0)]


def test_a_forecast_finds_the_line_and_says_how_sure_it_is() -> None:
    held = [Held(session=str(n), stars=n, came=10 + 2 * n) for n in range(0, 80, 2)]
    model = forecast.fit(held)
    assert model.people(40) == pytest.approx(90, rel=0.06)
    checked = forecast.check(held)
    assert checked is not None
    assert checked.mean_error < checked.mean_error_flat / 5
    assert checked.within >= 0.8 * checked.sessions
    low, high = forecast.between(model, checked, 40) or (0, 0)
    assert low <= 90 <= high
    alone = forecast.fit([])
    assert (alone.base, alone.rate) == (0, 1)
    assert forecast.check(held[:3]) is None
    assert forecast.between(alone, None, 9) is None


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=30))
def test_a_forecast_is_never_negative_and_never_falls_with_stars(
    pairs: list[tuple[int, int]],
) -> None:
    model = forecast.fit([Held(session="", stars=s, came=c) for s, c in pairs])
    expected = [model.people(stars) for stars in range(0, 600, 50)]
    assert expected == sorted(expected)
    assert expected[0] >= 0


@pytest.mark.parametrize(
    ("agent", "device", "browser"),
    [
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18 Mobile/15E Safari/604",
            "phone",
            "Safari",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537 Chrome/140 Mobile Safari/537",
            "phone",
            "Chromium",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537 Chrome/140 Safari/537",
            "tablet",
            "Chromium",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "computer",
            "Firefox",
        ),
        ("curl/8", "computer", "other"),
    ],
)
def test_devices_by_their_own_words(agent: str, device: str, browser: str) -> None:
    assert (connections.device_of(agent), connections.browser_of(agent)) == (device, browser)


def test_a_minute_is_poor_by_any_of_three_signs() -> None:
    fine = {"packets": 980, "lost": 20, "rtt_ms": 300, "kbps": 900, "frozen_ms": 2000}
    assert not connections.sample(fine).poor
    for name, worse in (("lost", 21), ("rtt_ms", 301), ("frozen_ms", 2001)):
        assert connections.sample({**fine, name: worse}).poor
    assert connections.sample({"packets": 10**12, "lost": -4}) == Sample(
        packets=10_000_000, lost=0, rtt_ms=0, kbps=0, frozen_ms=0
    )
    for nonsense in ("9", True, float("nan"), [1]):
        with pytest.raises(ValueError, match="packets"):
            connections.sample({"packets": nonsense})


async def test_connections_are_added_up_for_each_person_and_room(database: str) -> None:
    conference = await make_conference()
    room = uuid4()
    good = Sample(packets=1000, lost=0, rtt_ms=40, kbps=800, frozen_ms=0)
    bad = Sample(packets=900, lost=100, rtt_ms=40, kbps=400, frozen_ms=0)
    for person, told, agent in (
        ("ada", good, "Firefox/140.0"),
        ("ada", bad, "Firefox/140.0"),
        ("bo", good, "Chrome/140 Mobile"),
    ):
        await connections.add(conference.id, room, person, agent, told, now=T0)
    assert await Connection.count() == 2
    found = await connections.gather(conference.id)
    assert (found.people, found.minutes, found.rtt_ms) == (2, 3, 40)
    assert found.poor_share == pytest.approx(1 / 3)
    assert found.loss_share == pytest.approx(100 / 3000)
    assert [(k.name, k.people, k.poor_share) for k in found.devices] == [
        ("computer", 1, 0.5),
        ("phone", 1, 0.0),
    ]


async def test_pages_and_files_of_the_report(client: httpx.AsyncClient, settings: Settings) -> None:
    conference = await held_conference()
    owner = await make_attendee(conference, "Olga", role="owner")
    earlier = await held_conference()
    await grant_role(earlier.id, owner, "owner")
    foreign = await held_conference()
    await sign_in(client, owner, now=now())
    root = f"/c/{conference.slug}/reports"
    page = (await client.get(root, headers=HTML)).text
    assert "of them came" in page
    report = await store.gather(conference, now=at(72))
    assert report is not None
    assert view(report, conference, live=True)["scatter"].count("<circle") == 1
    block = (await client.get(root, headers={**HTML, "hx-request": "true"})).text
    assert block.strip().startswith('<div id="live_figures"')
    for table in ("curves", "flow", "days", "taking_part", "forecast", "rooms", "connections"):
        answer = await client.get(f"{root}.csv?table={table}")
        assert f"-{table}.csv" in answer.headers["content-disposition"]
        assert answer.text.startswith("\ufeff")
    assert (await client.get(f"{root}.csv?table=no")).status_code == 404
    book = await client.get(f"{root}.xlsx")
    with zipfile.ZipFile(io.BytesIO(book.content)) as held:
        assert "Session 0" in held.read("xl/sharedStrings.xml").decode()
        assert sum(name.startswith("xl/worksheets/sheet") for name in held.namelist()) == 10
    document = (await client.get(f"{root}.json")).json()
    slots = [row["session"] for row in document["sessions"]]
    assert len(slots) == 2
    compared = (await client.get(f"{root}/compare?other={earlier.slug}", headers=HTML)).text
    assert "People who came" in compared
    assert (
        await client.get(f"{root}/compare?other={foreign.slug}", headers=HTML)
    ).status_code == 404
    bare = (await client.get(f"{root}/compare", headers=HTML)).text
    chosen = [part.split('"')[0] for part in bare.split('name="s" value="')[1:]]
    assert len(chosen) == 2
    drawn = (await client.get(f"{root}/compare?s={chosen[0]}&s={chosen[1]}", headers=HTML)).text
    assert "minute by minute from their beginning" in drawn
    # The second one is live, and has not a whole minute yet.
    assert drawn.count('class="leads"') == 1


async def test_a_speaker_reads_their_own_sessions_from_five_people_on(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await held_conference()
    released = await releases.latest(conference.id)
    assert released is not None
    (speaker,) = released.schedule.speakers
    person = await give_address(speaker.id, "sam@example.org")
    await grant_role(conference.id, person, "speaker")
    stranger = await make_attendee(conference, "Ada")
    address = f"/c/{conference.slug}/reports/mine"
    await sign_in(client, stranger, now=now())
    assert (await client.get(address, headers=HTML)).status_code == 404
    await sign_in(client, person, now=now())
    page = (await client.get(address, headers=HTML)).text
    assert page.count("Fewer than five people were there") == 2
    room = UUID(released.schedule.rooms[0].id)
    for number in range(5):
        await Presence(
            id=uuid4(),
            conference=conference.id,
            uid=f"more{number}",
            subscriber="s",
            room=room,
            person=f"more{number}",
            joined_at=T0,
            left_at=T0 + timedelta(minutes=30),
        ).save()
    await ReportPart.delete().where(ReportPart.conference == conference.id)
    page = (await client.get(address, headers=HTML)).text
    assert page.count("Fewer than five people were there") == 1
    assert "at most 7 at once" in page


async def test_a_rooms_page_tells_its_connection(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await held_conference()
    released = await releases.latest(conference.id)
    assert released is not None
    ada = await make_attendee(conference, "Ada")
    await sign_in(client, ada, now=now())
    room = released.schedule.rooms[0].id
    told = {"packets": 100, "lost": 1, "rtt_ms": 20, "kbps": 800, "frozen_ms": 0}
    headers = {"sec-fetch-site": "same-origin"}
    for address, body, status in (
        (f"/c/{conference.slug}/rooms/{room}/quality", told, 204),
        (f"/c/{conference.slug}/rooms/{room}/quality", {"packets": "many"}, 404),
        (f"/c/{conference.slug}/rooms/{uuid4()}/quality", told, 404),
    ):
        answer = await client.post(address, json=body, headers=headers)
        assert answer.status_code == status
    (row,) = await Connection.select()
    assert (row["person"], row["samples"], row["poor"]) == (str(ada), 1, 0)


async def test_what_people_did_is_counted_by_session(database: str) -> None:
    conference = await held_conference()
    released = await releases.latest(conference.id)
    assert released is not None
    first, second = released.schedule.slots
    room = UUID(first.room)
    people = [await make_attendee(conference, f"P{n}") for n in range(5)]
    for minute, state, person in (
        (1, "shown", 0),
        (2, "shown", 0),
        (3, "hidden", 1),
        (31, "shown", 1),
    ):
        await ChatMessage(
            id=uuid4(),
            conference=conference.id,
            room=room,
            person=people[person],
            text="Hello",
            state=state,
            created_at=at(minute),
        ).save()
    for state, votes in (("answered", 3), ("open", 1), ("hidden", 9)):
        await StageQuestion(
            id=uuid4(),
            conference=conference.id,
            room=room,
            slot=UUID(first.id),
            person=people[0],
            text="Why?",
            state=state,
            votes=votes,
            created_at=at(5),
        ).save()
    for state in ("draft", "closed"):
        poll = Poll(
            id=uuid4(),
            conference=conference.id,
            room=room,
            slot=UUID(first.id),
            kind="single",
            title="?",
            state=state,
            created_at=at(5),
        )
        await poll.save()
        for voter in people[:3]:
            await PollAnswer(id=uuid4(), poll=poll.id, person=voter, created_at=at(6)).save()
    for sign, times in (("heart", 4), ("clap", 2)):
        await ReactionCount(
            id=uuid4(), conference=conference.id, place=UUID(first.id), sign=sign, times=times
        ).save()
    for session, scores in ((first.session, (5, 4, 4, 5, 3)), (second.session, (1, 1, 1, 1))):
        for voter, score in zip(people, scores, strict=False):
            await Rating(
                id=uuid4(),
                conference=conference.id,
                session=UUID(session),
                person=voter,
                score=score,
                created_at=at(40),
            ).save()
    report = await store.gather(conference, now=at(72))
    assert report is not None
    assert [line.taking for line in report.lines] == [
        Taking(
            messages=2,
            writers=1,
            questions=2,
            answered=1,
            votes=4,
            polls=1,
            poll_answers=3,
            reactions=6,
            ratings=5,
            rating=4.2,
        ),
        Taking(ratings=4),
    ]
    assert len(view(report, conference, live=True)["took_part"]) == 2
