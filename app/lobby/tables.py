"""The lobby: what organizers announce, and who agreed to be seen."""

from __future__ import annotations

from piccolo.columns import UUID, Boolean, ForeignKey, OnDelete, Text, Timestamptz, Varchar
from piccolo.table import Table

from app.accounts.tables import Person
from app.conferences.tables import Conference


class Announcement(Table, tablename="announcement"):
    """What an organizer tells everybody, until it is taken back or `until` has passed."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    text = Text()
    link = Text(default="")
    until = Timestamptz(null=True, default=None)
    created_by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)
    created_at = Timestamptz()


class Guest(Table, tablename="lobby_guest"):
    """Whether somebody agreed to be seen in the lobby, and when they were there last.

    (conference, person) is unique. `line` is what they say of themselves there.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    shown = Boolean(default=False)
    line = Varchar(length=120, default="")
    seen_at = Timestamptz()
