"""Places at a conference."""

from __future__ import annotations

from piccolo.columns import UUID, ForeignKey, OnDelete, Timestamptz, Varchar
from piccolo.table import Table

from app.accounts.tables import Person
from app.conferences.tables import Conference


class Registration(Table, tablename="registration"):
    """A person's place; (conference, person) is unique. `badge_code` is what the QR code carries."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    ticket_type = Varchar(length=80, default="Attendee")
    organization_name = Varchar(length=200, default="")
    badge_code = Varchar(length=32, unique=True)
    created_at = Timestamptz()
