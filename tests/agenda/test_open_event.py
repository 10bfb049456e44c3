"""Open Event: the files of one export belong together, and only accepted sessions are confirmed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agenda.__main__ import main
from agenda.errors import Unreadable
from agenda.formats import read, read_all
from agenda.model import Link, SessionState

SESSIONS: list[dict[str, Any]] = [
    {
        "id": 2,
        "title": "Knots",
        "short_abstract": "short",
        "long_abstract": "long",
        "state": "accepted",
        "start_time": "2026-05-04T09:00:00-07:00",
        "end_time": "2026-05-04T10:00:00-07:00",
        "session_type": {"id": 1, "name": "Talk"},
        "track": {"id": 1, "name": "Tides", "color": "#123456"},
        "microlocation": {"id": 1, "name": "Hall"},
        "speakers": [{"id": 5, "name": "Ada Quay"}],
        "slides": "https://example.org/s.pdf",
    },
    {
        "id": 3,
        "title": "Ropes",
        "state": "pending",
        "start-time": "2026-05-04T18:00:00",
        "end-time": "2026-05-04T18:30:00",
        "timezone": "UTC",
        "microlocation": {"id": 2},
        "speakers": [{"id": 9}],
    },
]
SPEAKERS = [
    {
        "id": 5,
        "name": "Ada Quay",
        "short-biography": "Sails.",
        "website": "https://example.org/ada",
        "organisation": "Harbour School",
    }
]
TRACKS = [{"id": 1, "name": "Tides", "color": "#123456", "font_color": "#fff", "sessions": []}]
PLACES = [{"id": 1, "name": "Hall", "floor": 2}, {"id": 2, "name": "Attic", "floor": 3}]
EVENT = {"name": "Harbour Days", "timezone": "US / Pacific", "location_name": "Pier 3"}


def export(**changed: Any) -> list[tuple[str, bytes]]:
    files = {
        "sessions": SESSIONS,
        "speakers": SPEAKERS,
        "tracks": TRACKS,
        "microlocations": PLACES,
        "event": EVENT,
    }
    return [(name, json.dumps(held).encode()) for name, held in (files | changed).items()]


def test_the_files_of_an_export_are_read_together() -> None:
    imported = read_all(export())
    schedule = imported.schedule
    knots, ropes = schedule.sessions
    assert (imported.format, schedule.conference.zone) == ("open-event", "US/Pacific")
    assert (schedule.conference.title, schedule.conference.venue) == ("Harbour Days", "Pier 3")
    assert (knots.state, ropes.state) == (SessionState.CONFIRMED, SessionState.DRAFT)
    assert ropes.extra == {"state": "pending"}
    assert knots.links == (Link(url="https://example.org/s.pdf", title="Slides"),)
    assert [(slot.start, slot.duration, slot.room) for slot in schedule.slots] == [
        (datetime(2026, 5, 4, 16, tzinfo=UTC), timedelta(hours=1), "Hall"),
        (datetime(2026, 5, 4, 18, tzinfo=UTC), timedelta(minutes=30), "Attic"),
    ]
    ada, unknown = schedule.speakers
    assert (ada.biography, ada.url) == ("Sails.", "https://example.org/ada")
    assert ada.extra == {"organisation": "Harbour School"}
    assert (unknown.name, unknown.source_id) == ("", "9")
    assert (schedule.tracks[0].colour, schedule.rooms[0].extra) == ("#123456", {"floor": 2})


def test_names_of_files_may_be_anything_that_their_content_tells() -> None:
    files = [(f"{n}.json", content) for n, (_, content) in enumerate(export())]
    assert read_all(files).schedule == read_all(export()).schedule


def test_the_sessions_alone_are_enough() -> None:
    (sessions, *_) = export()
    imported = read("sessions.json", sessions[1], zone="US/Pacific")
    assert len(imported.schedule.sessions) == 2


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (export()[1:], "needs its sessions"),
        ([*export(), ("notes", b"{}")], "notes is no part"),
        ([*export(), ("x.csv", b"title,start")], "x.csv is not JSON"),
    ],
)
def test_files_that_do_not_belong_together(files: list[tuple[str, bytes]], words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read_all(files)


def test_values_of_the_wrong_kind() -> None:
    odd = [{"title": 3, "start_time": [], "track": "x", "speakers": {}, "microlocation": None}]
    imported = read_all(export(sessions=odd, speakers=[5], tracks=[{}], microlocations=[{"id": 1}]))
    assert len(imported.schedule.sessions) == 1


def test_several_files_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in export():
        (tmp_path / name).write_bytes(content)
    paths = [str(tmp_path / name) for name, _ in export()]
    assert main(["inspect", *paths, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sessions"] == 2
