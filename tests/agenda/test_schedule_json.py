"""schedule.json: everything survives a round, in itself and with frab; damage is told in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from agenda.errors import Unreadable
from agenda.formats import frab, read, schedule_json
from agenda.model import Schedule
from tests.agenda.strategies import SCHEDULES


def file(event: dict[str, Any], **conference: Any) -> bytes:
    head = {"title": "Harbour Days", "time_zone_name": "Europe/Brussels", **conference}
    whole = {"id": 1, "title": "Knots", "date": "2026-05-04T10:00:00+02:00", "duration": "0:30"}
    day = {"index": 1, "date": "2026-05-04", "rooms": {"Hall": [{**whole, **event}]}}
    return json.dumps({"schedule": {"conference": {**head, "days": [day]}}}).encode()


@settings(max_examples=100)
@given(SCHEDULES)
def test_everything_survives_as_json(schedule: Schedule) -> None:
    assert read("x.json", schedule_json.write(schedule)).schedule == schedule


@settings(max_examples=100)
@given(SCHEDULES)
def test_frab_and_json_hold_the_same(schedule: Schedule) -> None:
    through_frab = frab.read(frab.write(schedule)).schedule
    through_both = read("x.json", schedule_json.write(through_frab)).schedule
    assert through_both == schedule


def test_people_links_and_unknown_things() -> None:
    event = {
        "persons": [
            {"id": 0, "public_name": "Ada", "url": "https://example.org/a"},
            {"id": 0, "name": "Bo", "answers": []},
            {"id": 7, "public_name": "Cy", "code": "X", "biography": None, "avatar": "a.png"},
            "Di",
            {},
            3,
        ],
        "links": ["https://example.org/x", {"url": "https://example.org/y", "title": "Y"}, "notes"],
        "feedback_url": "https://example.org/f",
        "answers": [{"question": "?", "answer": 3}],
        "do_not_record": True,
    }
    schedule = read("x.json", file(event)).schedule
    (session,) = schedule.sessions
    people = [(p.source_id, p.name, p.extra) for p in schedule.speakers]
    assert people == [
        ("0", "Ada", {}),
        ("0", "Bo", {}),
        ("7", "Cy", {"avatar": "a.png"}),
        (None, "Di", {}),
        (None, "3", {}),
    ]
    assert [(link.url, link.title) for link in session.links] == [
        ("https://example.org/x", ""),
        ("https://example.org/y", "Y"),
        ("", "notes"),
    ]
    assert session.extra == {
        "feedback_url": "https://example.org/f",
        "answers": [{"question": "?", "answer": 3}],
    }
    assert session.opt_out_recording is True


HOSTILE = {
    "cut off": (file({})[:-30], "not complete"),
    "damaged": (file({}).replace(b'"title":', b'"title"', 1), "damaged at line 1, column"),
    "deep": (b'{"schedule":' * 200_000, "nested too deeply"),
    "deep lists": (b"[" * 500_000, "nested too deeply"),
    "a huge number": (file({}).replace(b'"id": 1', b'"id": ' + b"9" * 10_000), "too large"),
    "another document": (b'{"name": "x"}', "no schedule"),
    "a list": (b"[1, 2]", "no schedule"),
    "bytes": (b"{" + bytes(range(256)) * 30, "."),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_gets_one_clear_sentence(name: str) -> None:
    content, words = HOSTILE[name]
    with pytest.raises(Unreadable) as refusal:
        read("x.json", content)
    assert words in refusal.value.sentence
    assert "\n" not in refusal.value.sentence


@pytest.mark.parametrize(
    "event",
    [
        {"date": 5, "start": [], "duration": {}, "persons": 3, "links": "x", "room": None},
        {"title": "K\u0000not\ud800s", "id": True, "guid": {}, "state": "gone"},
        {"date": "9999-12-31T23:59:59+00:00", "duration": "9999999:00"},
        {"date": "0001-01-01T00:00:00+14:00", "duration": "x"},
        {"abstract": "x" * 200_000},
        {"track": ["a"], "attachments": [None, [], {"url": 5}]},
    ],
)
def test_values_of_the_wrong_kind_are_read_around(event: dict[str, Any]) -> None:
    imported = read("x.json", file(event))
    assert len(imported.schedule.sessions) == 1
    assert read("y.json", schedule_json.write(imported.schedule)).schedule == imported.schedule


def test_odd_shapes_of_the_whole() -> None:
    for conference in (
        {"days": None},
        {"rooms": [{"name": ""}, 5, {"name": "Hall", "capacity": -1}], "tracks": {}},
        {"time_zone_name": 7, "timeslot_duration": "x", "start": "soon"},
    ):
        assert read("x.json", file({}, **conference)).format == "schedule-json"
