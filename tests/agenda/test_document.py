"""A schedule as a document, and under other ids."""

from __future__ import annotations

import json
import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from agenda.document import dump, load
from agenda.errors import Unreadable
from agenda.model import (
    Attachment,
    Conference,
    Link,
    Room,
    RoomId,
    Schedule,
    Session,
    SessionId,
    SessionState,
    Speaker,
    SpeakerId,
    Track,
    TrackId,
    make_day,
    scoped,
)
from tests.agenda.builders import make_slot

FULL = Schedule(
    conference=Conference(
        title="Harbour Days",
        zone="Europe/Brussels",
        days=(make_day(date(2026, 5, 4), "Europe/Brussels", timedelta(hours=4)),),
        timeslot=timedelta(minutes=5),
        first_date=date(2026, 5, 4),
        extra={"logo": {"@width": "3", "#text": "x"}},
    ),
    tracks=(Track(id=TrackId("t"), name="Tides"),),
    rooms=(
        Room(id=RoomId("Hall"), name="Hall", capacity=200),
        Room(id=RoomId("Attic"), name="Attic"),
    ),
    speakers=(Speaker(id=SpeakerId("p"), name="Ada Quay", source_id="0"),),
    sessions=(
        Session(
            id=SessionId("session-a"),
            title="Knots",
            track=TrackId("t"),
            speakers=(SpeakerId("p"),),
            duration=timedelta(minutes=30, microseconds=1),
            state=SessionState.CANCELLED,
            links=(Link(url="https://example.org"),),
            attachments=(Attachment(url="https://example.org/a.pdf", kind="slides"),),
            opt_out_recording=False,
            extra={"answers": [{"q": 1}, None]},
        ),
    ),
    slots=(make_slot("a", 60, 30),),
)


def test_a_document_is_json_and_loses_nothing() -> None:
    document = json.loads(json.dumps(dump(FULL)))
    assert load(document) == FULL


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"version": 2},
        {"version": 1},
        {"version": 1, "conference": 3},
        {**dump(FULL), "slots": [{"id": "a", "start": "soon"}]},
        {**dump(FULL), "rooms": {"id": 1}},
    ],
)
def test_a_damaged_document_is_named(document: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match="stored schedule"):
        load(document)


def test_scoped_ids_are_uuids_that_come_again() -> None:
    namespace = uuid.UUID(int=7)
    once, again = scoped(FULL, namespace), scoped(FULL, namespace)
    assert once == again
    assert once != scoped(FULL, uuid.UUID(int=8))
    (session,), (slot,) = once.sessions, once.slots
    assert uuid.UUID(session.id).version == 5
    assert (slot.session, slot.room) == (session.id, once.rooms[0].id)
    assert (session.track, session.speakers) == (once.tracks[0].id, (once.speakers[0].id,))


def test_the_conference_day_holds_the_night() -> None:
    conference = FULL.conference
    assert conference.date_of(make_slot(start=-480).start) == date(2026, 5, 3)
    assert conference.date_of(make_slot(start=0).start) == date(2026, 5, 4)
    assert conference.date_of(make_slot(start=17 * 60).start) == date(2026, 5, 4)
    assert conference.date_of(make_slot(start=19 * 60).start) == date(2026, 5, 5)
