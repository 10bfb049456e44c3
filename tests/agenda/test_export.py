"""Every format from every format: what both can hold survives, whole or in part."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from agenda.__main__ import main
from agenda.formats import export, frab_write, read
from agenda.formats.export import NothingSelected, part_of, slots_of, write
from agenda.model import Schedule, SessionState, SlotId
from tests.agenda.solver.builders import make_schedule
from tests.agenda.strategies import SCHEDULES

ZONE = "Europe/Brussels"
REVISED = datetime(2026, 5, 1, tzinfo=UTC)
REPOSITORY = Path(__file__).resolve().parents[2]
MADE = make_schedule(
    ("t/a:Ada", "A", 0, 60),
    ("t/b:Bo+Ada", "B", 60, 30),
    ("u/c:Cy", "A", 90, 45),
    ("d", "B", 200, 30),
)


def through(kind: str, schedule: Schedule) -> Schedule:
    return read(f"x.{kind}", write(schedule, kind, revised=REVISED), zone=ZONE).schedule


def tidy(schedule: Schedule) -> Schedule:
    """What every format can hold: no negative lengths, no cancelled or unplaced sessions, and texts
    in which white space does not matter."""
    slots = tuple(replace(s, duration=max(s.duration, timedelta(0))) for s in schedule.slots)
    placed = {slot.session for slot in slots}
    return replace(
        schedule,
        slots=slots,
        sessions=tuple(
            replace(s, state=SessionState.CONFIRMED) for s in schedule.sessions if s.id in placed
        ),
    )


def core(schedule: Schedule) -> list[tuple[object, ...]]:
    """Time, length, room, title and track of every slot."""
    rooms = {room.id: " ".join(room.name.split()) for room in schedule.rooms}
    tracks = {track.id: track.name for track in schedule.tracks}
    sessions = {session.id: session for session in schedule.sessions}
    return sorted(
        (
            slot.start,
            slot.duration,
            rooms[slot.room],
            " ".join(sessions[slot.session].title.split()),
            tracks[track] if (track := sessions[slot.session].track) else "",
        )
        for slot in schedule.slots
    )


@pytest.mark.parametrize(("first", "second"), list(permutations(export.FORMATS, 2)))
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEDULES)
def test_what_two_formats_hold_survives_both_ways(
    first: str, second: str, schedule: Schedule
) -> None:
    there = through(first, tidy(schedule))
    assert core(there) == core(tidy(schedule))
    assert core(through(first, through(second, there))) == core(there)


@pytest.mark.parametrize("kind", export.FORMATS)
def test_writing_twice_gives_the_same_bytes(kind: str) -> None:
    assert write(MADE, kind, revised=REVISED) == write(MADE, kind, revised=REVISED)


def test_a_track_a_room_a_person_and_all_of_them() -> None:
    def keys(**names: str) -> set[SlotId]:
        return set(slots_of(MADE, **names))

    assert keys() == {"slot0", "slot1", "slot2", "slot3"}
    assert keys(track="t") == {"slot0", "slot1"}
    assert keys(room="A") == {"slot0", "slot2"}
    assert keys(person="Ada") == {"slot0", "slot1"}
    assert keys(person="Ada", room="B", track="t") == {"slot1"}
    for names in ({"track": "x"}, {"room": "x"}, {"person": "x"}):
        with pytest.raises(NothingSelected, match="in this schedule"):
            slots_of(MADE, **names)


@pytest.mark.parametrize("kind", export.FORMATS)
def test_a_part_holds_what_it_names_and_nothing_else(kind: str) -> None:
    part = part_of(MADE, slots_of(MADE, person="Ada"))
    assert {person.name for person in part.speakers} == {"Ada", "Bo"}
    assert [track.name for track in part.tracks] == ["t"]
    again = through(kind, part)
    assert [session.title for session in again.sessions] == ["t/a", "t/b"]


def test_the_command_line_converts(tmp_path: Path, capsysbinary: Capture) -> None:
    file = tmp_path / "s.xml"
    file.write_bytes(frab_write.write(MADE))
    assert main(["convert", str(file), "--to", "ics", "--room", "A"]) == 0
    content = capsysbinary.readouterr().out
    assert content.count(b"BEGIN:VEVENT") == 2
    assert b"CATEGORIES:t" in content
    assert main(["convert", str(file), "--to", "csv", "--person", "nobody"]) == 2
    assert "no person “nobody”" in capsysbinary.readouterr().err.decode()
    done = subprocess.run(
        [sys.executable, "-m", "agenda", "convert", str(file), "--to", "json"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert core(read("x.json", done.stdout).schedule) == core(MADE)


Capture = pytest.CaptureFixture[bytes]
