"""Real schedules: every figure that an independent reader counted, and no loss on the way round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agenda.document import dump, load
from agenda.findings import examine, scan
from agenda.formats import frab, json_text, read, schedule_json
from agenda.formats.imported import Imported, Ledger
from agenda.inspect import summary
from agenda.model import Schedule

Real = Callable[[str], bytes]
Truth = dict[str, dict[str, Any]]

FILES: list[tuple[str, str | None, dict[str, str]]] = [
    ("camp-2019.schedule.json", "Europe/Berlin", {}),
    ("camp-2019.schedule.json", None, {}),
    ("pretalx-democon-2020.schedule.json", None, {}),
    ("coscup-2022.session.json", "Asia/Taipei", {}),
    ("pycon-us-2025.conference.json", "America/New_York", {}),
    ("pycon-us-2025.ics", "America/New_York", {}),
    ("gpn11-2011.csv", "Europe/Berlin", {}),
    (
        "neuromatch-2-2020.agenda.csv",
        None,
        {"room": "track", "track": "theme", "speakers": "fullname"},
    ),
]
FRAB = [
    ("fosdem-2023.pentabarf.xml", "Europe/Brussels", "FOSDEM 2023", 4963, 522),
    ("camp-2019.schedule.xml", "Europe/Berlin", "Chaos Communication Camp 2019", 328, 25),
    ("camp-2019.schedule.xml", None, "Chaos Communication Camp 2019", 328, 25),
]
SAME_NAMES = {
    "sessions": "sessions",
    "rooms": "rooms_used",
    "tracks": "tracks_used",
    "persons": "person_names",
    "links": "person_refs",
    "without_speaker": "no_speaker",
    "without_room": "no_room",
    "without_track": "no_track",
    "first_start": "earliest",
    "last_end": "latest_end",
    "room_overlaps": "room_overlap_pairs",
    "speaker_clashes": "speaker_clash_pairs",
}


@pytest.mark.parametrize(("name", "zone", "title", "urls", "attachments"), FRAB)
def test_the_figures_of_a_frab_file(
    name: str,
    zone: str | None,
    title: str,
    urls: int,
    attachments: int,
    real: Real,
    ground_truth: Truth,
) -> None:
    truth = ground_truth[name]
    imported = read(name, real(name), zone=zone)
    found = summary(imported)
    assert {key: found[key] for key in SAME_NAMES} == {
        key: truth[theirs] for key, theirs in SAME_NAMES.items()
    }
    assert (found["format"], found["title"], found["days"]) == (
        "frab",
        title,
        truth["days_declared"],
    )
    assert (found["urls"], found["attachments"]) == (urls, attachments)
    assert _further(imported.schedule) == {
        "rooms_declared": truth["rooms_declared"],
        "local_dates": truth["local_dates"],
        "midnight": truth["midnight"],
        "zero_dur": truth["zero_dur"],
        "longest_dur": truth["longest_dur"],
        "dup_ids": truth["dup_ids"],
        "longest_title": truth["longest_title"],
        "longest_abs": truth["longest_abs"][0],
        "longest_desc": truth["longest_desc"][0],
    }


@pytest.mark.parametrize(("name", "zone", "columns"), FILES)
def test_the_figures_of_every_other_file(
    name: str, zone: str | None, columns: dict[str, str], real: Real, ground_truth: Truth
) -> None:
    truth = ground_truth[name]
    imported = read(name, real(name), zone=zone, columns=columns)
    found = summary(imported)
    assert {key: found[key] for key in SAME_NAMES} == {
        key: truth[theirs] for key, theirs in SAME_NAMES.items()
    }
    assert found["days"] == (truth["days_declared"] or truth["local_dates"])
    further = _further(imported.schedule)
    same = ("local_dates", "midnight", "zero_dur", "longest_dur", "dup_ids", "longest_title")
    assert {key: further[key] for key in same} == {key: truth[key] for key in same}
    assert further["longest_abs"] == truth["longest_abs"][0]
    assert further["longest_desc"] == truth["longest_desc"][0]


def test_the_camp_is_the_same_in_xml_and_json(real: Real) -> None:
    xml = frab.read(real("camp-2019.schedule.xml")).schedule
    other = read("camp.json", real("camp-2019.schedule.json")).schedule
    figures = (
        summary(Imported(format="", schedule=xml)),
        summary(Imported(format="", schedule=other)),
    )
    assert figures[0] == figures[1]
    assert [(s.id, s.start, s.duration, s.room) for s in xml.slots] == [
        (s.id, s.start, s.duration, s.room) for s in other.slots
    ]


@pytest.mark.parametrize(
    "name",
    ["camp-2019.schedule.json", "pretalx-democon-2020.schedule.json", "camp-2019.schedule.xml"],
)
def test_a_real_schedule_survives_as_schedule_json(name: str, real: Real) -> None:
    schedule = read(name, real(name)).schedule
    content = schedule_json.write(schedule)
    document = json_text.parse(content, Ledger())
    assert schedule_json.read(document, zone=None, ledger=Ledger()).schedule == schedule


def test_an_instant_follows_its_offset(real: Real) -> None:
    name = "pretalx-democon-2020.schedule.json"
    imported = read(name, real(name))
    assert [warning.code for warning in imported.warnings] == ["offset_differs"]
    assert imported.schedule.slots[0].start.isoformat() == "2020-12-14T08:00:00+00:00"


def _further(schedule: Schedule) -> dict[str, Any]:
    local = schedule.conference.local
    lasting = [slot for slot in schedule.slots if slot.duration > timedelta(0)]
    instant = timedelta(microseconds=1)
    return {
        "rooms_declared": len(schedule.rooms),
        "local_dates": len({local(slot.start).date() for slot in schedule.slots}),
        "midnight": sum(local(s.start).date() < local(s.end - instant).date() for s in lasting),
        "zero_dur": sum(not slot.duration for slot in schedule.slots),
        "longest_dur": str(max(slot.duration for slot in schedule.slots)),
        "dup_ids": len(schedule.slots) - len(schedule.sessions),
        "longest_title": max(len(session.title) for session in schedule.sessions),
        "longest_abs": max(len(session.abstract) for session in schedule.sessions),
        "longest_desc": max(len(session.description) for session in schedule.sessions),
    }


@pytest.mark.parametrize(("name", "zone"), [row[:2] for row in FRAB])
def test_a_frab_file_survives_export_and_import(name: str, zone: str | None, real: Real) -> None:
    schedule = frab.read(real(name), zone=zone).schedule
    assert frab.read(frab.write(schedule)).schedule == schedule


@pytest.mark.parametrize(("name", "zone"), [row[:2] for row in FRAB])
def test_a_real_schedule_survives_as_a_document(name: str, zone: str | None, real: Real) -> None:
    schedule = frab.read(real(name), zone=zone).schedule
    assert load(dump(schedule)) == schedule


def test_the_oddities_of_the_camp(real: Real) -> None:
    name = "camp-2019.schedule.xml"
    warnings = read(name, real(name), zone="Europe/Berlin").warnings
    count = {code: sum(w.code == code for w in warnings) for code in {w.code for w in warnings}}
    assert count == {
        "past_midnight": 18,
        "after_midnight": 16,
        "shared_person_id": 4,
        "repeated_id": 4,
        "empty_room": 3,
        "outside_days": 1,
    }
    assert {w.where for w in warnings if w.code == "repeated_id"} == {
        f"{name}: day {day}, room “Fireplace (Workshop THM)”, event {event}"
        for day, event in ((2, 140), (3, 140), (4, 140), (5, 155))
    }


def test_a_talk_with_four_times_is_one_session(real: Real) -> None:
    schedule = frab.read(real("camp-2019.schedule.xml")).schedule
    slots = [slot for slot in schedule.slots if slot.session == "140"]
    assert [slot.id for slot in slots] == ["140", "140/2", "140/3", "140/4"]
    assert [slot.start.day for slot in slots] == [21, 22, 23, 24]


def test_one_edit_of_fosdem_is_examined_as_the_whole_would_be(real: Real) -> None:
    name = "fosdem-2023.pentabarf.xml"
    schedule = read(name, real(name), zone="Europe/Brussels").schedule
    moved = _moved(schedule, 17, timedelta(minutes=35))
    assert examine(schedule).after(moved).findings() == scan(moved)


def _moved(schedule: Schedule, index: int, by: timedelta) -> Schedule:
    slots = list(schedule.slots)
    slots[index] = replace(slots[index], start=slots[index].start + by)
    return replace(schedule, slots=tuple(slots))


def test_every_event_of_the_malformed_calendars_is_a_session(real: Real) -> None:
    """Counts as the README of the folder states them."""
    events = {
        "example": 3,
        "timezoned": 1,
        "america_new_york": 1,
        "rfc_7986_conferences": 1,
        "multiple_calendar_components": 3,
        "calendar_with_unicode": 0,
        "bom_calendar": 0,
        "broken_dtstart": 1,
        "broken_ical": 1,
        "invalid_duration": 1,
        "issue_1081_invalid_start_and_end": 1,
        "issue_1081_event_with_rrule": 1,
        "issue_348_exception_parsing_value": 1,
        "issue_237_fail_to_parse_timezone_with_non_ascii_tzid": 1,
        "issue_722_timezone_transition_ambiguity": 4,
        "x_location": 1,
        "rfc_6868": 1,
        "issue_127_categories_with_commas": 1,
        "pr_480_summary_with_colon": 2,
        "issue_104_broken_calendar": 1,
        "issue_1050_multiple_calendars": 2,
    }
    found = {}
    for name in events:
        imported = read(name, real(f"ics-cases/{name}.ics"), zone="Europe/Berlin")
        found[name] = summary(imported)["sessions"]
    assert found == events
