"""Frab XML: every dialect is read, everything survives a round, nothing hostile gets through."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings

from agenda.errors import UnknownZone, Unreadable
from agenda.formats import frab, read
from agenda.formats.imported import Imported
from agenda.model import (
    Attachment,
    Link,
    Room,
    RoomId,
    Schedule,
    Speaker,
    SpeakerId,
    Track,
    TrackId,
)
from tests.agenda.strategies import SCHEDULES


def file(
    events: str,
    *,
    conference: str = "<title>Harbour Days</title><day_change>09:00:00</day_change>",
    zone: str = "Europe/Brussels",
) -> bytes:
    named = f"<time_zone_name>{zone}</time_zone_name>" if zone else ""
    return (
        f"<schedule><conference>{conference}{named}</conference>"
        f'<day index="1" date="2026-05-04"><room name="Hall">{events}</room></day></schedule>'
    ).encode()


def event(inner: str = "", *, start: str = "10:00", marks: str = 'id="1"') -> str:
    return (
        f"<event {marks}><start>{start}</start><duration>00:30</duration>"
        f"<title>Knots</title><persons><person id='1'>Ada Quay</person></persons>{inner}</event>"
    )


def codes(imported: Imported) -> list[str]:
    return [warning.code for warning in imported.warnings]


def test_local_times_are_read_in_the_zone_that_is_given() -> None:
    content = file(event(), zone="")
    imported = frab.read(content, zone="America/New_York")
    assert imported.schedule.slots[0].start == datetime(2026, 5, 4, 14, tzinfo=UTC)
    with pytest.raises(UnknownZone, match="--zone"):
        frab.read(content)


def test_a_zone_that_is_not_known_is_never_taken_as_utc() -> None:
    with pytest.raises(UnknownZone, match="--zone"):
        frab.read(file(event(), zone="Mars/Olympus"))
    with pytest.raises(UnknownZone, match="Mars/Olympus"):
        frab.read(file(event()), zone="Mars/Olympus")


def test_an_offset_wins_over_every_zone_name() -> None:
    content = file(event("<date>2026-05-04T10:00:00+05:00</date>"), zone="UTC")
    for zone in (None, "Europe/Brussels"):
        schedule = frab.read(content, zone=zone).schedule
        assert schedule.slots[0].start == datetime(2026, 5, 4, 5, tzinfo=UTC)


def test_offsets_without_a_zone_are_shown_as_they_are() -> None:
    imported = frab.read(file(event("<date>2026-05-04T10:00:00+05:00</date>"), zone=""))
    assert imported.schedule.conference.zone == "Etc/GMT-5"
    assert "zone_from_offset" in codes(imported)
    with pytest.raises(UnknownZone):
        frab.read(file(event("<date>2026-05-04T10:00:00+05:30</date>"), zone=""))


def test_a_night_belongs_to_the_day_before() -> None:
    imported = frab.read(file(event(start="01:30")))
    (slot,) = imported.schedule.slots
    conference = imported.schedule.conference
    assert conference.local(slot.start).isoformat() == "2026-05-05T01:30:00+02:00"
    assert conference.date_of(slot.start) == date(2026, 5, 4)
    assert codes(imported) == ["after_midnight"]


@pytest.mark.parametrize(
    ("day", "start", "code", "instant"),
    [
        ("2026-03-29", "02:30", "clock_gap", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-10-25", "02:30", "clock_fold", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_doubtful_local_time_is_named(day: str, start: str, code: str, instant: datetime) -> None:
    content = file(event(f"<date>{day}T{start}:00</date>", start=start))
    imported = frab.read(content)
    assert imported.schedule.slots[0].start == instant
    assert code in codes(imported)


def test_the_old_dialect_has_events_under_the_day() -> None:
    content = (
        b'<schedule><conference><title>Old</title></conference><day date="2006-12-27">'
        b'<event id="1"><start>11:30</start><duration>01:00</duration><room>Saal 1</room>'
        b"<title>Opening</title></event></day></schedule>"
    )
    schedule = frab.read(content, zone="Europe/Berlin").schedule
    assert [room.name for room in schedule.rooms] == ["Saal 1"]
    assert schedule.slots[0].start == datetime(2006, 12, 27, 10, 30, tzinfo=UTC)


def test_the_newest_dialect_keeps_everything() -> None:
    content = b"""<?xml version='1.0' encoding='utf-8'?>
<schedule><generator name="maker" version="2026.1"/><version>v3</version>
<conference><title>New</title><acronym>new</acronym><days>1</days><logo>https://example.org/l.png</logo>
<time_zone_name>Europe/Berlin</time_zone_name><url>https://example.org/</url>
<tracks><track name="Tides" slug="1-tides" color="#00aabb"/></tracks></conference>
<day index="1" date="2026-05-04" start="2026-05-04T04:00:00+02:00" end="2026-05-05T03:59:00+02:00">
<room name="Hall" guid="0b5d0e35-5c4b-55a3-8ac4-0ae6d3b5bd1b">
<event guid="11111111-1111-5111-8111-111111111111" id="5" code="ABC">
<room>Hall</room><title>Knots</title><subtitle/><type>talk</type>
<date>2026-05-04T10:00:00+02:00</date><start>10:00</start><duration>00:30</duration>
<abstract>short</abstract><slug>new-5-knots</slug><track>Tides</track>
<logo>https://example.org/5.png</logo>
<persons><person id="9" guid="22222222-2222-5222-8222-222222222222">
<name>Ada Quay</name><public_name>Ada Quay</public_name><biography>Sails.</biography>
<avatar>https://example.org/ada.png</avatar></person></persons>
<language>en</language><description>long</description>
<recording><license>CC BY 4.0</license><optout>true</optout></recording>
<links><link href="https://example.org/a" type="related">A</link></links>
<attachments><attachment href="https://example.org/s.pdf" type="slides">S</attachment></attachments>
<url>https://example.org/5</url><feedback_url>https://example.org/5/feedback</feedback_url>
<origin_url>https://example.org/o</origin_url>
<video_download_url>https://example.org/v.mp4</video_download_url>
</event></room></day></schedule>"""
    imported = frab.read(content)
    schedule = imported.schedule
    assert imported.warnings == ()
    assert schedule.conference.version == "v3"
    assert schedule.conference.extra == {
        "generator": {"@name": "maker", "@version": "2026.1"},
        "logo": "https://example.org/l.png",
    }
    assert schedule.tracks == (
        Track(id=TrackId("Tides"), name="Tides", slug="1-tides", colour="#00aabb"),
    )
    guid = "0b5d0e35-5c4b-55a3-8ac4-0ae6d3b5bd1b"
    assert schedule.rooms == (Room(id=RoomId("Hall"), name="Hall", guid=guid),)
    assert schedule.speakers == (
        Speaker(
            id=SpeakerId("9:Ada Quay"),
            name="Ada Quay",
            source_id="9",
            guid="22222222-2222-5222-8222-222222222222",
            biography="Sails.",
            extra={"avatar": "https://example.org/ada.png"},
        ),
    )
    (session,) = schedule.sessions
    assert (session.licence, session.opt_out_recording) == ("CC BY 4.0", True)
    assert session.links == (Link(url="https://example.org/a", title="A", kind="related"),)
    assert session.attachments == (
        Attachment(url="https://example.org/s.pdf", title="S", kind="slides"),
    )
    assert session.extra == {
        "@code": "ABC",
        "feedback_url": "https://example.org/5/feedback",
        "origin_url": "https://example.org/o",
        "video_download_url": "https://example.org/v.mp4",
    }
    assert frab.read(frab.write(schedule)).schedule == schedule


def test_people_in_every_shape() -> None:
    persons = (
        "<persons><person id='0'>Bo</person><person id='0' href='https://example.org/c'>Cy</person>"
        "<person id='7'><code>XY</code><public_name>Di</public_name><biography/></person>"
        "<person><name>Ed</name></person><person id='8'/><person/></persons>"
    )
    content = file(f"<event id='1'><start>10:00</start><duration>0:30</duration>{persons}</event>")
    imported = frab.read(content)
    people = [(p.id, p.name, p.source_id, p.code, p.url) for p in imported.schedule.speakers]
    assert people == [
        ("0:Bo", "Bo", "0", "", ""),
        ("0:Cy", "Cy", "0", "", "https://example.org/c"),
        ("7:Di", "Di", "7", "XY", ""),
        (":Ed", "Ed", None, "", ""),
        ("8:", "", "8", "", ""),
    ]
    assert codes(imported) == [
        "empty_title",
        "shared_person_id",
        "nameless_person",
        "person_without_id",
    ]


def test_two_versions_of_one_person_are_both_kept() -> None:
    def told(biography: str, number: int) -> str:
        return (
            f"<event id='{number}'><start>1{number}:00</start><duration>0:30</duration>"
            "<title>x</title><persons><person id='1'><name>Ada</name>"
            f"<biography>{biography}</biography></person></persons></event>"
        )

    imported = frab.read(file(told("Sails.", 0) + told("Rows.", 1)))
    (ada,) = imported.schedule.speakers
    assert (ada.biography, ada.extra) == ("Sails.", {"biography": "Rows."})
    assert codes(imported) == ["person_differs"]


def test_the_sessions_own_room_wins() -> None:
    imported = frab.read(file(event("<room>Attic</room>")))
    assert imported.schedule.slots[0].room == "Attic"
    (warning,) = (w for w in imported.warnings if w.code == "other_room")
    assert warning.where == "day 1, room “Hall”, event 1"


def test_a_talk_with_two_slots_and_an_id_that_is_used_twice() -> None:
    again = event(start="12:00")
    other = event("<abstract>other</abstract>", start="14:00")
    imported = frab.read(file(event() + again + other))
    assert [s.id for s in imported.schedule.sessions] == ["1", "1#2"]
    assert [s.id for s in imported.schedule.slots] == ["1", "1/2", "1#2"]
    assert codes(imported) == ["repeated_id", "reused_id"]


@pytest.mark.parametrize(
    ("text", "minutes", "expected"),
    [
        ("0:45", 45, []),
        ("01:00:00", 60, []),
        ("45", 45, []),
        ("PT1H30M", 90, []),
        ("1:02:00:00", 26 * 60, ["past_midnight"]),
        ("-0:30", -30, ["negative_length"]),
        ("0:00", 0, ["zero_length"]),
        ("99999999999999999999:00", 0, ["bad_duration", "no_duration"]),
        ("soon", 0, ["bad_duration", "no_duration"]),
    ],
)
def test_durations(text: str, minutes: int, expected: list[str]) -> None:
    content = file(event().replace("00:30", text))
    imported = frab.read(content)
    assert imported.schedule.slots[0].duration == timedelta(minutes=minutes)
    assert codes(imported) == expected


def test_a_session_whose_time_cannot_be_read_is_kept_without_a_place() -> None:
    imported = frab.read(file(event(start="late")))
    assert (len(imported.schedule.sessions), imported.schedule.slots) == (1, ())
    assert codes(imported) == ["bad_time", "no_start", "empty_room"]


@settings(max_examples=100)
@given(SCHEDULES)
def test_everything_survives_export_and_import(schedule: Schedule) -> None:
    assert frab.read(frab.write(schedule)).schedule == schedule


HOSTILE = {
    "a web page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
    "nothing": (b"", "empty"),
    "white space": (b" \n", "empty"),
    "other XML": (b"<rss><channel/></rss>", "instead of “schedule”"),
    "cut off": (file(event())[:-40], "not complete"),
    "damage": (file(event()).replace(b"</title>", b"</tilte>"), "damaged at line 1"),
    "an entity bomb": (
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><schedule>&b;</schedule>',
        "entities",
    ),
    "an external entity": (
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><schedule>&a;</schedule>',
        "entities",
    ),
    "a parameter entity": (
        b'<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1/x">%a;]><schedule/>',
        "entities",
    ),
    "depth": (b"<schedule>" + b"<a>" * 100_000, "nested too deeply"),
    "an unknown encoding": (
        b'<?xml version="1.0" encoding="zip"?><schedule/>',
        "encoded as “zip”",
    ),
    "bytes": (bytes(range(256)) * 40, "."),
    "an undefined entity": (b"<schedule>&nbsp;</schedule>", "damaged"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_gets_one_clear_sentence(name: str) -> None:
    content, words = HOSTILE[name]
    before = time.process_time()
    with pytest.raises(Unreadable) as refusal:
        read("file.xml", content, zone="Europe/Brussels")
    assert words in refusal.value.sentence
    assert "\n" not in refusal.value.sentence
    assert time.process_time() - before < 2


def test_a_wrong_encoding_is_noted_and_read() -> None:
    content = file(event()).replace(b"Knots", "Nœuds à l’œil".encode("cp1252"))
    imported = frab.read(content)
    assert imported.schedule.sessions[0].title == "Nœuds à l’œil"
    assert codes(imported) == ["wrong_encoding"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso-8859-1"])
def test_other_encodings_that_say_what_they_are(encoding: str) -> None:
    named = encoding.replace("-sig", "")
    text = f'<?xml version="1.0" encoding="{named}"?>' + file(event()).decode().replace(
        "Knots", "Noeuds é"
    )
    assert frab.read(text.encode(encoding)).schedule.sessions[0].title == "Noeuds é"


def test_control_characters_are_taken_out_and_noted() -> None:
    content = file(event()).replace(b"Knots", b"K\x00no\x1bts&#1;&#x1B;!")
    imported = frab.read(content)
    assert imported.schedule.sessions[0].title == "Knots!"
    assert codes(imported) == ["control_characters", "control_characters"]


def test_a_very_long_text_is_kept_and_noted() -> None:
    imported = frab.read(file(event(f"<abstract>{'x' * 200_000}</abstract>")))
    assert len(imported.schedule.sessions[0].abstract) == 200_000
    assert codes(imported) == ["long_text"]


def test_the_warnings_of_a_hostile_file_are_bounded() -> None:
    imported = read("x.xml", file(event(start="late") * 3000))
    late = [w for w in imported.warnings if w.code == "bad_time"]
    assert len(late) == 201
    assert late[-1].message == "2800 more of this kind are not listed."


def test_any_damage_is_answered_in_words() -> None:
    chance = random.Random(7)
    whole = frab.write(frab.read(file(event() + event(start="12:00", marks='id="2"'))).schedule)
    for _ in range(400):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        cut = bytes(content[: chance.randint(1, len(content))])
        with suppress(Unreadable):
            assert read("x.xml", cut, zone="Europe/Brussels").format == "frab"
