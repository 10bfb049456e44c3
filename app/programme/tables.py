"""The programme: the working draft as rows, releases as immutable documents, stars."""

from __future__ import annotations

from piccolo.columns import (
    JSON,
    UUID,
    Boolean,
    ForeignKey,
    Integer,
    OnDelete,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

from app.accounts.tables import Person
from app.conferences.tables import Conference


class Track(Table, tablename="track"):
    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    position = Integer(default=0)
    name = Text()
    details = JSON(default="{}")


class Room(Table, tablename="room"):
    """A room of the agenda. `slug` is unique in its conference and stays when the name changes."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    position = Integer(default=0)
    slug = Varchar(length=80)
    name = Text()
    details = JSON(default="{}")


class Speaker(Table, tablename="speaker"):
    """A name on the programme; `person` once somebody has signed in as them."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    position = Integer(default=0)
    person = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)
    name = Text()
    details = JSON(default="{}")


class Session(Table, tablename="session"):
    """An item of the programme. `details` is agenda's Session as `agenda.document` writes it."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    position = Integer(default=0)
    title = Text()
    state = Varchar(length=20, default="confirmed")
    details = JSON(default="{}")


class Slot(Table, tablename="slot"):
    """A session placed in a room, in the draft. Its id stays the same through moves and releases."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    session = ForeignKey(Session, null=False, on_delete=OnDelete.cascade)
    room = ForeignKey(Room, null=False, on_delete=OnDelete.cascade)
    start = Timestamptz()
    duration_s = Integer(default=0)
    locked = Boolean(default=False)


class Release(Table, tablename="release"):
    """An immutable, numbered copy of the schedule; (conference, number) is unique."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    number = Integer()
    name = Varchar(length=200, default="")
    comment = Text(default="")
    created_at = Timestamptz()
    created_by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)
    document = JSON(default="{}")


class Star(Table, tablename="star"):
    """A person's wish to see a session; (person, session) is unique.

    `session` is no foreign key: a star outlives the draft row, as the release does.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    session = UUID(index=True)
    created_at = Timestamptz()
