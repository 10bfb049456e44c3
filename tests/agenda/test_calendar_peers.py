"""Calendars read by programs that share no code with the one that wrote them: libical and khal."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agenda.formats.ical import Entry, Party, calendar, invite

ENTRY = Entry(
    uid="5e0a@plenary.example",
    start=datetime(2027, 5, 12, 8, tzinfo=UTC),
    end=datetime(2027, 5, 12, 8, 30, tzinfo=UTC),
    summary="Knots, and why they hold: 结, عقدة 🪢",
    revised=datetime(2027, 4, 1, 12, tzinfo=UTC),
    sequence=3,
    location="Hall; east",
    description="Ada Quay\n\n" + "A long text, with commas; semicolons \\ and more. " * 12,
    url="https://plenary.example/c/harbour/sessions/a?b=1,2",
    join="https://plenary.example/c/harbour/rooms/hall",
    alarms=(timedelta(minutes=15),),
)
TEAM = Party(name='Harbour, "Days"; 2027', email="team@plenary.example")
ADA = Party(name="Ada Quay", email="ada@plenary.example")
WRITTEN = {
    "REQUEST": invite(ENTRY, zone="Europe/Lisbon", organizer=TEAM, attendee=ADA),
    "update": invite(
        replace(ENTRY, sequence=4),
        zone="America/New_York",
        organizer=TEAM,
        attendee=ADA,
        answer="ACCEPTED",
    ),
    "CANCEL": invite(
        replace(ENTRY, sequence=5, cancelled=True),
        zone="Asia/Kolkata",
        organizer=TEAM,
        attendee=ADA,
    ),
    "uninvite": invite(
        replace(ENTRY, sequence=5), zone="UTC", organizer=TEAM, attendee=ADA, uninvite=True
    ),
    "PUBLISH": calendar([ENTRY], zone="Europe/Lisbon", name="Harbour Days", organizer=TEAM),
}


class Libical:
    """As much of libical's C interface as these tests need."""

    def __init__(self) -> None:
        name = ctypes.util.find_library("ical")
        assert name is not None, "libical3 is missing: ./plenary test installs it"
        self._lib = ctypes.CDLL(name)
        for function in ("icalparser_parse_string", "icalcomponent_get_first_component"):
            getattr(self._lib, function).restype = ctypes.c_void_p
        for function in ("icalcomponent_as_ical_string", "icalcomponent_get_summary"):
            getattr(self._lib, function).restype = ctypes.c_char_p

    def parse(self, content: bytes) -> ctypes.c_void_p:
        found = ctypes.c_void_p(self._lib.icalparser_parse_string(content))
        assert found, "libical can't read it"
        return found

    def errors(self, component: ctypes.c_void_p) -> int:
        return int(self._lib.icalcomponent_count_errors(component))

    def keeps_the_rules(self, component: ctypes.c_void_p) -> bool:
        """What RFC 5546 asks of its METHOD: which properties must, may and may not be there."""
        return bool(self._lib.icalrestriction_check(component))

    def text(self, component: ctypes.c_void_p) -> str:
        return bytes(self._lib.icalcomponent_as_ical_string(component)).decode()

    def summary(self, component: ctypes.c_void_p) -> str:
        return bytes(self._lib.icalcomponent_get_summary(component)).decode()


@pytest.fixture(scope="module")
def libical() -> Libical:
    return Libical()


@pytest.mark.parametrize("name", WRITTEN)
def test_libical_reads_it_and_finds_no_rule_of_itip_broken(name: str, libical: Libical) -> None:
    component = libical.parse(WRITTEN[name])
    libical.keeps_the_rules(component)
    wrong = [line for line in libical.text(component).splitlines() if "X-LIC-ERROR" in line]
    assert (libical.errors(component), wrong) == (0, [])
    assert libical.summary(component) == ENTRY.summary


def test_libical_does_find_what_is_wrong(libical: Libical) -> None:
    """The check above can fail: a REQUEST without an attendee breaks RFC 5546."""
    lines = WRITTEN["REQUEST"].replace(b"\r\n ", b"").split(b"\r\n")
    broken = b"\r\n".join(line for line in lines if not line.startswith(b"ATTENDEE"))
    component = libical.parse(broken)
    assert not libical.keeps_the_rules(component)
    assert libical.errors(component) > 0


@pytest.fixture
def khal(tmp_path: Path) -> list[str]:
    """khal with an empty calendar of its own, as a command that takes more arguments."""
    found = shutil.which("khal")
    assert found is not None, "khal is missing: ./plenary test installs it"
    (tmp_path / "mine").mkdir()
    settings = tmp_path / "config"
    settings.write_text(
        f"[calendars]\n[[mine]]\npath = {tmp_path}/mine\n"
        "[locale]\ntimeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
        "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"
        "local_timezone = Europe/Lisbon\ndefault_timezone = Europe/Lisbon\n"
        f"[sqlite]\npath = {tmp_path}/khal.db\n",
        encoding="utf-8",
    )
    return [found, "-c", str(settings)]


def said_by(command: list[str], *arguments: str) -> str:
    env = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": ""}
    done = subprocess.run(
        [*command, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_khal_shows_an_invite_at_its_time_and_follows_its_move(
    khal: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "invite.ics"
    moved = replace(ENTRY, sequence=4, start=ENTRY.start + timedelta(hours=2))
    moved = replace(moved, end=ENTRY.end + timedelta(hours=2))
    shown = []
    for entry in (ENTRY, moved):
        path.write_bytes(invite(entry, zone="Europe/Lisbon", organizer=TEAM, attendee=ADA))
        said_by(khal, "import", "--batch", "-a", "mine", str(path))
        shown.append(
            said_by(
                khal, "list", "--format", "{start-time}|{title}|{location}", "2027-05-12", "1d"
            ).splitlines()[1:]
        )
    # 08:00 UTC in May is 09:00 on Lisbon's clock.
    assert shown == [
        [f"09:00|{ENTRY.summary}|Hall; east"],
        [f"11:00|{ENTRY.summary}|Hall; east"],
    ]
