"""What is recorded, who asked for it or against it, and where rooms are also sent to."""

from __future__ import annotations

from piccolo.columns import (
    JSON,
    UUID,
    BigInt,
    Boolean,
    ForeignKey,
    Integer,
    OnDelete,
    Real,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

from app.accounts.tables import Person
from app.conferences.tables import Conference


class RecordingPolicy(Table, tablename="recording_policy"):
    """How a conference records: `mode` is `asked` (a producer says so), `always` or `never`;
    `open_to` is who may watch what was recorded: `attendees` or `anyone`. One for each."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    mode = Varchar(length=20, default="asked")
    open_to = Varchar(length=20, default="attendees")
    at = Timestamptz()
    by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)


class RecordingSwitch(Table, tablename="recording_switch"):
    """A producer's “record” (`on`) or “stop recording” for one slot, at an instant."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    slot = UUID(index=True)
    on = Boolean(default=True)
    at = Timestamptz()
    by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)


class RecordingRefusal(Table, tablename="recording_refusal"):
    """Somebody does not want to be in any recording of a conference. One for each."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    at = Timestamptz()


class RecordingMark(Table, tablename="recording_mark"):
    """A moment of a slot that becomes a chapter, such as a question that is being answered."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    slot = UUID(index=True)
    kind = Varchar(length=20)
    title = Text(default="")
    at = Timestamptz()


class Recording(Table, tablename="recording"):
    """What was made of one slot; one for each. `state`: made, gone. `place` is where the files lie
    in the storage, `chapters` a list of {at (s), title}; loudness in LUFS, peak in dBTP.
    `spans` are what was recorded without a gap: [start, end, place], the first two in seconds since
    1970, the last in seconds of the film."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    slot = UUID()
    session = UUID(index=True)
    title = Text(default="")
    state = Varchar(length=20, default="made")
    place = Text(default="")
    size = BigInt(default=0)
    seconds = Real(default=0.0)
    withheld = Real(default=0.0)
    width = Integer(default=0)
    height = Integer(default=0)
    loudness = Real(default=0.0)
    peak = Real(default=0.0)
    chapters = JSON(default="[]")
    spans = JSON(default="[]")
    began_at = Timestamptz()
    made_at = Timestamptz()
    published = Boolean(default=True)


class RecordingCaptions(Table, tablename="recording_captions"):
    """Captions (WebVTT) of a slot's recording in one language (BCP 47). One for each; they outlive
    a recording that is made again."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    slot = UUID()
    language = Varchar(length=20)
    text = Text(default="")
    cues = Integer(default=0)
    at = Timestamptz()
    by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)


class Outgoing(Table, tablename="outgoing"):
    """An outside platform that a room is also sent to while `active`; the address holds its key."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    room = UUID()
    name = Text(default="")
    address = Text(default="", secret=True)
    active = Boolean(default=True)
    at = Timestamptz()
    by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)
