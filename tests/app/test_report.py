"""The report: every figure against truth worked out by hand, and against a slow count."""

from __future__ import annotations

import asyncio
import subprocess
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pypdf import PdfReader

from app.clock import now
from app.conferences.tables import Conference
from app.jobs import runner
from app.jobs import store as jobs
from app.jobs.store import Made
from app.reports import charts, figures, store
from app.reports.charts import Span
from app.reports.figures import Live, Punctuality, Stay
from app.reports.view import thinned
from app.settings import Settings
from app.stages.tables import PhaseChange, Presence
from tests.app.builders import same_origin, sign_in
from tests.app.making import T0, make_attendee, make_conference, make_schedule, release
from tests.app.tagged import leaves


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def stay(person: str, room: str, joined: float, left: float) -> Stay:
    return Stay(person=person, room=room, joined=at(joined), left=at(left))


def live(slot: str, room: str, start: float, end: float) -> Live:
    return Live(slot=slot, room=room, start=at(start), end=at(end))


def test_overlapping_stays_of_one_person_are_one_person_and_one_time() -> None:
    (found,) = figures.attendance(
        [
            stay("ada", "hall", -5, 6),
            stay("ada", "hall", 4, 8),
            stay("ada", "hall", 9, 12),
            stay("bo", "hall", 7.5, 30),
            stay("cy", "lock", 0, 10),
            stay("di", "hall", 10, 12),
        ],
        [live("s", "hall", 0, 10)],
    )
    assert (found.unique, found.peak) == (2, 2)
    assert found.seconds == (8 + 1 + 2.5) * 60
    assert found.average_minutes == 5.75
    assert found.average_audience == 1.15
    assert found.curve == (1, 1, 1, 1, 1, 1, 1, 1, 1, 2)


def test_who_leaves_at_an_instant_is_gone_before_who_comes_at_it() -> None:
    (found,) = figures.attendance(
        [stay("ada", "hall", 0, 5), stay("bo", "hall", 5, 10)], [live("s", "hall", 0, 10)]
    )
    assert (found.unique, found.peak, found.curve) == (2, 1, (1,) * 10)


def test_nobody_and_nothing() -> None:
    empty, short = figures.attendance([], [live("a", "hall", 0, 2), live("b", "hall", 2, 2)])
    assert (empty.unique, empty.average_minutes, empty.curve) == (0, 0.0, (0, 0))
    assert (short.unique, short.average_audience, short.curve) == (0, 0.0, ())


def test_the_whole_counts_each_person_once_and_who_came_back() -> None:
    day = 24 * 60
    total = figures.whole(
        [
            stay("ada", "hall", 0, 10),
            stay("ada", "lock", 5, 10),
            stay("ada", "hall", day, day + 5),
            stay("bo", "hall", 0, 10),
            stay("late", "hall", 40, 50),
        ],
        [
            live("a", "hall", 0, 10),
            live("b", "lock", 0, 10),
            live("c", "hall", day, day + 10),
        ],
        days=[at(-60), at(day - 60)],
    )
    assert (total.people, total.returned) == (2, 1)
    assert total.people_by_day == {0: 2, 1: 1}
    assert total.hours == (10 + 5 + 10 + 5) / 60
    assert [s.unique for s in total.sessions] == [2, 1, 1]


def test_people_over_time_are_counted_once_whatever_rooms_they_are_in() -> None:
    stays = [stay("ada", "hall", 0, 12), stay("ada", "lock", 3, 20), stay("bo", "hall", 9, 11)]
    assert figures.over_time(stays, at(0), at(25), timedelta(minutes=5)) == (1, 1, 2, 1, 0)


stays_strategy = st.lists(
    st.builds(
        stay,
        person=st.sampled_from("abcd"),
        room=st.sampled_from(("hall", "lock")),
        joined=st.integers(-30, 130),
        left=st.integers(-30, 130),
    ),
    max_size=20,
)


@given(stays=stays_strategy)
@hypothesis_settings(max_examples=150)
def test_figures_equal_a_slow_count_second_by_second(stays: list[Stay]) -> None:
    lives = [live("a", "hall", 0, 45), live("b", "hall", 45, 100), live("c", "lock", 10, 70)]
    for held in figures.attendance(stays, lives):
        there = [
            {
                s.person
                for s in stays
                if s.room == held.live.room and s.joined <= at(minute) < s.left
            }
            for minute in range(-30, 131)
        ]
        first = round((held.live.start - T0) / timedelta(minutes=1)) + 30
        inside = there[first : first + len(held.curve)]
        assert held.curve == tuple(map(len, inside))
        assert held.peak == max(map(len, inside))
        assert held.unique == len(set().union(*inside))
        assert held.seconds == 60 * sum(map(len, inside))


def test_punctuality_is_by_room_and_early_counts_as_on_time() -> None:
    assert figures.punctuality([("hall", 10), ("hall", 2000), ("hall", -3), ("lock", 1000)]) == (
        Punctuality(room="hall", changes=3, on_time=2, median_ms=10, worst_ms=2000),
        Punctuality(room="lock", changes=1, on_time=1, median_ms=1000, worst_ms=1000),
    )


def test_small_groups_are_not_shown_to_who_may_not_see_people() -> None:
    assert [figures.shown(n, people_seen=False) for n in (0, 1, 4, 5)] == [0, None, None, 5]
    assert figures.shown(1, people_seen=True) == 1


@given(st.integers(0, 10**7))
def test_a_scale_ends_above_the_most_and_not_far_above(most: int) -> None:
    top = charts.top(most)
    assert top >= most
    assert top <= max(4, most * 1.7)


def test_hostile_titles_do_not_get_into_a_drawing() -> None:
    bad = '"><script>x</script>'
    drawn = charts.bars([charts.Bar(label=bad, value=3)], label=bad) + charts.spark(
        (1, 2), label=bad
    )
    drawn += charts.timeline(
        [Span(title=bad, start=at(0), end=at(60), step=timedelta(minutes=5), counts=(1, 2))],
        zone="Europe/Lisbon",
        label=bad,
        now=at(30),
    )
    assert "<script" not in drawn
    assert "style=" not in drawn


async def held_conference() -> Conference:
    """Two sessions: the first with Ada (whole) and Bo (half), the second still live with Ada."""
    conference = await make_conference()
    schedule = make_schedule(sessions=2, rooms=1, speakers=1)
    await release(conference, schedule)
    room = UUID(schedule.rooms[0].id)
    first, second = (UUID(slot.id) for slot in schedule.slots)
    for slot, phase, minute, late in (
        (first, "live", 0, 0),
        (first, "ended", 30, 40),
        (second, "live", 60, 1500),
    ):
        await PhaseChange(
            id=uuid4(),
            conference=conference.id,
            slot=slot,
            room=room,
            phase=phase,
            due=at(minute),
            at=at(minute),
            late_ms=late,
        ).save()
    for uid, person, joined, left in (
        ("1", "ada", -1, 30),
        ("2", "bo", 15, 40),
        ("3", "ada", 62, None),
    ):
        await Presence(
            id=uuid4(),
            conference=conference.id,
            uid=f"{conference.id}:{uid}",
            subscriber=uid,
            room=room,
            person=person,
            joined_at=at(joined),
            left_at=None if left is None else at(left),
        ).save()
    return conference


async def test_a_report_is_what_happened(database: str) -> None:
    conference = await held_conference()
    await make_attendee(conference, "Ada")
    report = await store.gather(conference, now=at(72))
    assert report is not None
    assert (report.registered, report.planned) == (1, 2)
    assert [(x.title, x.attendance.unique, x.attendance.seconds) for x in report.lines] == [
        ("Session 0", 2, 45 * 60),
        ("Session 1", 1, 10 * 60),
    ]
    assert (report.changes, report.on_time, report.worst_ms) == (3, 2, 1500)
    assert [x.title for x in report.ranked] == ["Session 0", "Session 1"]
    assert report.whole.people == 2


async def test_before_the_first_release_there_is_no_report(database: str) -> None:
    assert await store.gather(await make_conference(), now=T0) is None


def text_of(pdf: Path) -> str:
    return subprocess.run(
        ["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True, text=True
    ).stdout


async def test_the_job_writes_a_tagged_pdf_with_the_same_figures(
    database: str, settings: Settings
) -> None:
    conference = await held_conference()
    job = await jobs.ask("report", "r", {}, conference=conference.id, asked_by=None, now=now())
    await runner.run(settings, job, 0)
    row = await jobs.find(job)
    assert row is not None
    assert row["state"] == "done"
    made = Made.read(row["result"])
    assert made is not None
    assert made.name == f"report-{conference.slug}.pdf"
    text = await asyncio.to_thread(text_of, settings.files / made.file)
    for words in ("Tidewater 2027", "In figures", "Contents", "under 5", "Session 0", "Room 1"):
        assert words in text
    root: Any = PdfReader(settings.files / made.file).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert "pdfuaid" in root["/Metadata"].get_object().get_data().decode()
    figures = [one for one in leaves(root["/StructTreeRoot"]) if one.get("/S") == "/Figure"]
    assert len(figures) >= 2
    assert all(one.get("/Alt") for one in figures), "a chart says in words what it shows"


async def test_staff_read_the_page_and_others_do_not(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await held_conference()
    owner = await make_attendee(conference, "Olga", role="owner")
    attendee = await make_attendee(conference, "Ada")
    address = f"/c/{conference.slug}/reports"
    headers = {"accept": "text/html"}
    assert (await client.get(address, headers=headers)).status_code == 303
    await sign_in(client, attendee, now=now())
    assert (await client.get(address, headers=headers)).status_code == 403
    await sign_in(client, owner, now=now())
    answer = await client.get(address, headers=headers)
    assert answer.status_code == 200
    assert "Session 0" in answer.text
    assert "style=" not in answer.text
    table = (await client.get(f"{address}.csv")).text
    assert "Session 0,Room 1,Speaker 0,2027-05-12T09:00:00+00:00" in table
    document = (await client.get(f"{address}.json")).json()
    assert document["people"] == 2
    assert document["sessions"][0]["people"] == 2
    assert len(document["sessions"][0]["minute_by_minute"]) == 30
    answer = await client.post(address, headers=same_origin())
    assert answer.status_code == 303
    page = (await client.get(address, headers=headers)).text
    assert "The report is waiting for its turn" in page


def test_curves_are_thinned_with_both_ends() -> None:
    curve = tuple(range(500))
    thin = thinned(curve)
    assert (len(thin), thin[0], thin[-1]) == (48, 0, 499)
    assert all(a < b for a, b in pairwise(thin))


def test_lives_run_until_now_and_never_backwards() -> None:
    slot, room = uuid4(), uuid4()
    row = {"slot": slot, "room": room, "phase": "live", "at": at(0), "late_ms": 0}
    assert [x.end for x in store.lives([row], now=at(5))] == [at(5)]
    ended = {**row, "phase": "ended", "at": at(-1)}
    assert [x.end for x in store.lives([row, ended], now=at(5))] == [at(0)]
