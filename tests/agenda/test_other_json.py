"""OPass and PyCon JSON: references resolved, languages kept, wrong kinds read around."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agenda.errors import Unreadable
from agenda.formats import read
from agenda.formats.imported import Imported
from agenda.model import Link, SessionState


def codes(imported: Imported) -> list[str]:
    return [warning.code for warning in imported.warnings]


def opass(**session: Any) -> bytes:
    whole = {
        "id": "A1",
        "type": "t1",
        "room": "R0",
        "start": "2026-05-04T10:00:00+08:00",
        "end": "2026-05-04T10:30:00+08:00",
        "language": "中文",
        "zh": {"title": "繩結", "description": "為什麼"},
        "en": {"title": "Knots", "description": "Why"},
        "speakers": ["p1"],
        "tags": ["x"],
        "record": "https://example.org/v",
        "uri": "https://example.org/A1",
    }
    return json.dumps(
        {
            "sessions": [whole | session],
            "speakers": [
                {"id": "p1", "avatar": "a.png", "zh": {"name": "林海", "bio": "水手"}, "en": {}}
            ],
            "session_types": [{"id": "t1", "zh": {"name": "潮汐"}, "en": {"name": "Tides"}}],
            "rooms": [{"id": "R0", "zh": {"name": "大廳"}, "en": {"name": "大廳"}}],
            "tags": [],
        }
    ).encode()


def test_opass_refers_to_lists_and_has_two_languages() -> None:
    imported = read("session.json", opass(), zone="Asia/Taipei")
    schedule = imported.schedule
    (session,), (slot,), (track,) = schedule.sessions, schedule.slots, schedule.tracks
    assert (imported.format, imported.warnings) == ("opass", ())
    assert (session.title, session.abstract, session.track) == ("繩結", "為什麼", "潮汐")
    assert session.extra == {"tags": ["x"], "en": {"title": "Knots", "description": "Why"}}
    assert session.links == (Link(url="https://example.org/v", title="Recording"),)
    assert (slot.room, slot.start) == ("大廳", datetime(2026, 5, 4, 2, tzinfo=UTC))
    assert (track.slug, track.extra) == ("t1", {"en": {"name": "Tides"}})
    (speaker,) = schedule.speakers
    assert (speaker.name, speaker.biography, speaker.extra) == ("林海", "水手", {"avatar": "a.png"})


def test_opass_references_that_lead_nowhere_are_named() -> None:
    imported = read("session.json", opass(room="R9", speakers=["p9", None, {}]), zone="Asia/Taipei")
    assert codes(imported) == ["unknown_reference", "unknown_reference", "empty_room"]
    assert imported.schedule.slots[0].room == "R9"
    assert [speaker.name for speaker in imported.schedule.speakers] == ["p9"]


@pytest.mark.parametrize(
    "session",
    [
        {"start": "soon", "end": 5},
        {"start": None, "end": None},
        {"zh": None, "en": "x", "speakers": 7, "type": []},
        {"start": "2026-05-04T10:00:00", "end": "2026-05-04T10:00:00+08:00"},
    ],
)
def test_opass_values_of_the_wrong_kind(session: dict[str, Any]) -> None:
    imported = read("session.json", opass(**session), zone="Asia/Taipei")
    assert len(imported.schedule.sessions) == 1


def pycon(**session: Any) -> bytes:
    whole = {
        "room": "Hall",
        "rooms": ["Hall"],
        "start": "2026-05-04T10:00:00-04:00",
        "end": "2026-05-04T10:30:00-04:00",
        "duration": 30,
        "kind": "talk",
        "section": "talks",
        "conf_key": 7,
        "name": "Knots",
        "description": "<p>Why</p>",
        "license": "CC BY",
        "speakers": [{"id": 1, "name": "Ada Quay", "bio": "<p>Sails.</p>", "photo": "a.png"}],
    }
    return json.dumps({"conference": {"sponsors": {}}, "schedule": [whole | session]}).encode()


def test_pycon() -> None:
    imported = read("conference.json", pycon(), zone="America/New_York")
    schedule = imported.schedule
    (session,), (slot,), (speaker,) = schedule.sessions, schedule.slots, schedule.speakers
    assert (imported.format, imported.warnings) == ("pycon", ())
    assert (session.source_id, session.title, session.kind) == ("7", "Knots", "talk")
    assert (session.track, session.licence, session.abstract) == ("talks", "CC BY", "<p>Why</p>")
    assert (slot.room, slot.duration) == ("Hall", timedelta(minutes=30))
    assert (speaker.id, speaker.extra) == ("1:Ada Quay", {"photo": "a.png"})


def test_pycon_sessions_in_several_rooms_take_one_place() -> None:
    content = pycon(room="Hall, Attic", rooms=["Hall", "Attic"], cancelled=True)
    imported = read("conference.json", content, zone="America/New_York")
    (session,) = imported.schedule.sessions
    assert [room.name for room in imported.schedule.rooms] == ["Hall, Attic"]
    assert (session.extra, session.state) == ({"rooms": ["Hall", "Attic"]}, SessionState.CANCELLED)
    assert codes(imported) == ["several_rooms"]


@pytest.mark.parametrize(
    "session",
    [
        {"start": "soon", "end": [], "duration": 45},
        {"speakers": None, "authors": ["Ada", "", 3], "room": None, "rooms": ["Attic"]},
        {"duration": 10**30, "end": None},
    ],
)
def test_pycon_values_of_the_wrong_kind(session: dict[str, Any]) -> None:
    imported = read("conference.json", pycon(**session), zone="America/New_York")
    assert len(imported.schedule.sessions) == 1


def test_json_of_no_known_kind() -> None:
    with pytest.raises(Unreadable, match="no schedule of a kind that is known"):
        read("x.json", b'{"sessions": 3}')
