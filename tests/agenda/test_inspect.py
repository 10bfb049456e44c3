"""The command line: figures as JSON or table, one sentence where a file cannot be read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agenda.__main__ import main

REPOSITORY = Path(__file__).resolve().parents[2]
FILE = """<schedule><conference><title>Harbour Days</title></conference>
<day index="1" date="2026-05-04"><room name="Hall"><event id="1"><start>10:00</start>
<duration>00:30</duration><title>Knots</title><track>Tides</track><persons><person id="1">Ada Quay</person>
</persons><links><link href="https://example.org">x</link></links></event><event id="2">
<start>10:15</start><duration>00:30</duration><title>Ropes</title></event></room></day></schedule>"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "harbour.xml"
    path.write_text(FILE, "utf-8")
    return path


def test_the_keys_and_figures_are_those_that_were_promised(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(file), "--zone", "Europe/Brussels", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "format": "frab",
        "title": "Harbour Days",
        "time_zone": "Europe/Brussels",
        "days": 1,
        "sessions": 2,
        "rooms": 1,
        "tracks": 1,
        "persons": 1,
        "links": 1,
        "urls": 1,
        "attachments": 0,
        "without_speaker": 1,
        "without_room": 0,
        "without_track": 1,
        "first_start": "2026-05-04T10:00:00+02:00",
        "last_end": "2026-05-04T10:45:00+02:00",
        "room_overlaps": 1,
        "speaker_clashes": 0,
        "warnings": [],
    }


def test_a_table_for_people(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(FILE.replace("00:30", "soon"), "utf-8")
    assert main(["inspect", str(file), "--zone", "Europe/Brussels"]) == 0
    shown = capsys.readouterr().out
    assert "sessions         2" in shown
    assert "2 × bad_duration, first: harbour.xml: day 1, room “Hall”, event 1: “soon”" in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--zone Europe/Brussels"),
        (["--zone", "Nowhere"], "“Nowhere” is not a time zone"),
    ],
)
def test_a_missing_or_unknown_zone_is_asked_for(
    file: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(file), *arguments]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert words in shown.err


def test_a_file_that_is_not_there_or_not_a_schedule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(tmp_path / "none.xml"), "--json"]) == 2
    assert "no such file" in capsys.readouterr().err
    page = tmp_path / "page.xml"
    page.write_text("<html></html>")
    assert main(["inspect", str(page), "--json"]) == 2
    assert capsys.readouterr().err == (
        "page.xml: This is a web page (HTML), not a schedule: download the export itself.\n"
    )


def test_it_runs_as_a_program(file: Path) -> None:
    command = [sys.executable, "-m", "agenda", "inspect", str(file), "--zone", "UTC", "--json"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["sessions"] == 2
