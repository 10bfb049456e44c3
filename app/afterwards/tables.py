"""What stays of a session for its audience: ratings and one's own notes."""

from __future__ import annotations

from piccolo.columns import UUID, ForeignKey, Integer, OnDelete, Text, Timestamptz
from piccolo.table import Table

from app.accounts.tables import Person
from app.conferences.tables import Conference


class Rating(Table, tablename="rating"):
    """How somebody found a session, 1 to 5; (session, person) is unique."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    session = UUID(index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    score = Integer()
    words = Text(default="")
    created_at = Timestamptz()


class Note(Table, tablename="note"):
    """A person's own note. `at` is when it was written: where it stands in the recording."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade, index=True)
    session = UUID()
    slot = UUID(null=True, default=None)
    text = Text()
    at = Timestamptz()
