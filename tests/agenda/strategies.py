"""Schedules that hypothesis makes up, for round trips."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from agenda.formats.assembly import assemble
from agenda.formats.imported import Ledger
from agenda.formats.rows import DeclaredDay, Head, PersonRow, Row
from agenda.model import Attachment, Link, Room, RoomId, Schedule, SessionState, Track, TrackId

LETTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
LONG = st.text(LETTERS | st.sampled_from("\r\n\t&<>]'\""), max_size=30).map(
    lambda text: text if text.strip() else ""
)
SHORT = st.text(LETTERS | st.sampled_from("&<>'\""), max_size=12).map(str.strip)
NAME = st.text(LETTERS, min_size=1, max_size=8).map(str.strip).filter(bool)
KEY = st.sampled_from(["feedback_url", "answers", "title", "person", "@code", "@id", "a b", "name"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | LONG,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["@href", "#text", "item", "extra", "a b", ""]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
EXTRA = st.dictionaries(KEY, JSON.filter(lambda value: value not in ("", {}, [])), max_size=2)
PERSON = st.builds(
    PersonRow,
    name=st.sampled_from(["Ada Quay", "Bo Fen", "林 海"]) | NAME,
    source_id=st.none() | st.sampled_from(["0", "7", "71"]),
    guid=st.none() | st.uuids().map(str),
    code=st.sampled_from(["", "NQTF8Y"]),
    biography=LONG,
    url=st.sampled_from(["", "https://example.org/ada?a=1&b=2"]),
    extra=EXTRA,
)
OFFSETS = st.sampled_from([timezone(timedelta(hours=h)) for h in (0, 1, 2)])
ROW = st.builds(
    Row,
    where=st.just(""),
    title=SHORT,
    source_id=st.none() | st.sampled_from(["1", "2", "12"]),
    guid=st.none() | st.sampled_from(["g-1", "g-2"]),
    subtitle=SHORT,
    abstract=LONG,
    description=LONG,
    kind=SHORT,
    language=st.sampled_from(["", "en", "日本語"]),
    track=st.sampled_from(["", "Tides", "Sails & Ropes"]),
    room=st.sampled_from(["", "Hall", "Attic <2>"]),
    persons=st.lists(PERSON, max_size=3).map(tuple),
    start=st.none()
    | st.builds(
        lambda minute, zone: datetime(2026, 10, 24, 8, tzinfo=zone) + timedelta(minutes=minute),
        st.integers(0, 60 * 60),
        OFFSETS,
    ),
    duration=st.none() | st.integers(-30, 2000).map(lambda count: timedelta(minutes=count)),
    state=st.sampled_from(SessionState),
    links=st.lists(st.builds(Link, url=SHORT, title=SHORT, kind=SHORT), max_size=2).map(tuple),
    attachments=st.lists(st.builds(Attachment, url=SHORT, title=SHORT, kind=SHORT), max_size=2).map(
        tuple
    ),
    url=SHORT,
    slug=SHORT,
    logo=SHORT,
    licence=SHORT,
    opt_out_recording=st.sampled_from([None, True, False]),
    extra=EXTRA,
)
ROOMS = st.sampled_from(
    [
        (),
        (Room(id=RoomId("Empty"), name="Empty"),),
        (
            Room(id=RoomId("Hall"), name="Hall", capacity=80, guid="r", extra={"@slug": "hall"}),
            Room(id=RoomId("Pier"), name="Pier", description="by the sea", extra={"x": [1]}),
        ),
    ]
)
TRACKS = st.sampled_from(
    [
        (),
        (
            Track(id=TrackId("Unused"), name="Unused", extra={"@icon": "x", "kept": "y"}),
            Track(id=TrackId("Tides"), name="Tides", colour="#123456", slug="tides"),
        ),
    ]
)
HEADS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "title": SHORT,
        "acronym": SHORT,
        "venue": SHORT,
        "version": SHORT,
        "url": SHORT,
        "day_change": st.sampled_from([None, timedelta(0), timedelta(hours=6, minutes=30)]),
        "timeslot": st.sampled_from([None, timedelta(minutes=5)]),
        "first_date": st.sampled_from([None, date(2026, 10, 24)]),
        "days": st.sampled_from(
            [[], [date(2026, 10, 24)], [date(2026, 10, 24), date(2026, 10, 25)]]
        ),
        "extra": st.dictionaries(
            st.sampled_from(["generator", "logo", "a b", "@x"]),
            JSON.filter(lambda value: value not in ("", {}, [])),
            max_size=2,
        ),
    }
)


def make_schedule(
    head: dict[str, Any], rows: list[Row], rooms: tuple[Room, ...], tracks: tuple[Track, ...]
) -> Schedule:
    """The schedule that an import of these rows would give."""
    days = [DeclaredDay(date=on) for on in head["days"]]
    return assemble(
        Head(**{**head, "days": days}),
        rows,
        format="made up",
        rooms=rooms,
        tracks=tracks,
        zone="Europe/Brussels",
        ledger=Ledger(),
    ).schedule


SCHEDULES = st.builds(make_schedule, HEADS, st.lists(ROW, max_size=5), ROOMS, TRACKS)
