"""The settings of a conference: its facts, days with hours, doors; wrong ones are named, none is kept."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from uuid import uuid4

import httpx

from agenda.model import Day
from app.clock import now
from app.conferences.tables import Conference
from app.programme import draft
from tests.app.builders import make_conference, make_schedule, member, same_origin, sign_in

FORM = {
    "title": "Tides",
    "tagline": "On water",
    "zone": "Europe/Brussels",
    "change": "05:00",
    "day-0-date": "2027-05-13",
    "day-0-opens": "09:00",
    "day-0-closes": "01:00",
    "day-1-date": "2027-05-12",
    "day-1-opens": "",
    "day-1-closes": "",
    "green_room_lead": "30",
    "doors_lead": "10",
    "overrun": "5",
    "archive_after": "60",
}


async def post(client: httpx.AsyncClient, **changes: str) -> httpx.Response:
    return await client.post("/c/trial/settings", data={**FORM, **changes}, headers=same_origin())


async def test_days_zone_and_doors_are_kept_and_days_can_be_taken_back(
    client: httpx.AsyncClient,
) -> None:
    conference = await make_conference()
    await sign_in(client, await member(conference, "owner"), now=now())
    await draft.write(conference.id, make_schedule(("Hall", "Gate", 0, 45)), expected=0)
    assert (await post(client)).status_code == 303
    held = (await draft.read(conference.id)).schedule.conference
    assert (held.title, held.zone) == ("Tides", "Europe/Brussels")
    assert held.days == (
        Day(
            date=date(2027, 5, 12),
            start=datetime(2027, 5, 12, 3, tzinfo=UTC),
            end=datetime(2027, 5, 13, 3, tzinfo=UTC),
        ),
        Day(
            date=date(2027, 5, 13),
            start=datetime(2027, 5, 13, 7, tzinfo=UTC),
            end=datetime(2027, 5, 13, 23, tzinfo=UTC),
        ),
    )
    row = await Conference.objects().get(Conference.id == conference.id)
    assert row is not None
    assert (row.title, row.tagline, row.time_zone) == ("Tides", "On water", "Europe/Brussels")
    assert json.loads(row.doors)["auto_live"] is False
    page = await client.get("/c/trial/settings", headers={"accept": "text/html"})
    assert 'value="2027-05-13"' in page.text
    assert 'name="day-1-closes" value="01:00"' in page.text
    await client.post(
        "/c/trial/editor/edits",
        json={"wishes": [{"id": str(uuid4()), "undo": True}]},
        headers=same_origin(),
    )
    held = (await draft.read(conference.id)).schedule.conference
    assert (held.title, held.days) == ("Trial 2027", ())


async def test_a_field_that_makes_no_sense_is_named(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    await sign_in(client, await member(conference, "owner"), now=now())
    for changes, words in (
        ({"zone": "Mars/North"}, "Write a zone like"),
        ({"title": " "}, "A conference has a title"),
        ({"day-1-date": "2027-05-13"}, "twice"),
        ({"day-0-opens": "9 o'clock"}, "Write a time like"),
        ({"doors_lead": "45"}, "green room opens before the doors"),
    ):
        answer = await post(client, **changes)
        assert answer.status_code == 422
        assert words in answer.text
    assert (await draft.read(conference.id)).version == 0
