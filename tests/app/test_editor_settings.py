"""The settings of a conference: its facts, days with hours, doors; wrong ones are named, none is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import httpx

from agenda.model import Day, make_day
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


async def merge(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    return await client.post("/c/trial/settings/merge-days", data=fields, headers=same_origin())


async def test_two_days_are_merged_and_parted_again_by_undo(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    await sign_in(client, await member(conference, "owner"), now=now())
    schedule = make_schedule(("Hall", "Gate", 0, 45), ("Hall", "Pump", 1440, 30))
    zone = schedule.conference.zone
    first, second = (schedule.conference.date_of(slot.start) for slot in schedule.slots)
    days = tuple(make_day(on, zone, schedule.conference.day_change) for on in (first, second))
    before = replace(schedule, conference=replace(schedule.conference, days=days))
    await draft.write(conference.id, before, expected=0)
    page = await client.get("/c/trial/settings", headers={"accept": "text/html"})
    assert f'<option value="{second}" selected>' in page.text

    # A day on itself, a day without sessions, and what is no day are refused in words.
    for one, two in ((first, first), ("2031-01-01", first), ("", first)):
        refused = await merge(client, day=str(one), into=str(two))
        assert (refused.status_code, "hoose" in refused.text) == (422, True)
    assert (await draft.read(conference.id)).schedule == before

    moved = await merge(client, day=str(second), into=str(first), drop="1")
    assert (moved.status_code, moved.headers["location"]) == (303, "/c/trial/editor")
    held = (await draft.read(conference.id)).schedule
    starts = {slot.start.replace(tzinfo=None) for slot in held.slots}
    gate = schedule.slots[0].start.replace(tzinfo=None)
    assert starts == {gate}
    assert held.conference.days == days[:1]
    await client.post(
        "/c/trial/editor/edits",
        json={"wishes": [{"id": str(uuid4()), "undo": True}]},
        headers=same_origin(),
    )
    held = (await draft.read(conference.id)).schedule
    assert held.slots == before.slots
    assert held.conference.days == days


async def test_what_has_begun_stays_when_days_are_merged(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    await sign_in(client, await member(conference, "owner"), now=now())
    schedule = make_schedule(("Hall", "Gate", 0, 45), ("Hall", "Pump", 1440, 30))
    by = now().replace(microsecond=0) - timedelta(minutes=10) - schedule.slots[0].start
    slots = tuple(replace(slot, start=slot.start + by) for slot in schedule.slots)
    await draft.write(conference.id, replace(schedule, slots=slots), expected=0)
    first, second = (str(schedule.conference.date_of(slot.start)) for slot in slots)
    refused = await merge(client, day=first, into=second)
    assert refused.status_code == 422
    # The other way, its place would be left of the now line.
    refused = await merge(client, day=second, into=first)
    assert "history" in refused.text
    assert (await draft.read(conference.id)).schedule.slots == slots
