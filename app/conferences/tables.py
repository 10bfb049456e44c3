"""Conferences, whose they are, and who does what in them."""

from __future__ import annotations

from piccolo.columns import JSON, UUID, ForeignKey, Integer, OnDelete, Text, Timestamptz, Varchar
from piccolo.table import Table

from app.accounts.tables import Person


class Organization(Table, tablename="organization"):
    id = UUID(primary_key=True)
    slug = Varchar(length=80, unique=True)
    name = Varchar(length=200)


class Conference(Table, tablename="conference"):
    """One event. `time_zone` is an IANA name.

    JSON: `programme` is what agenda's Conference holds (days, venue, …), `doors` the door policy,
    `brand` the colours and faces.
    """

    id = UUID(primary_key=True)
    organization = ForeignKey(Organization, null=False, on_delete=OnDelete.cascade)
    slug = Varchar(length=80, unique=True)
    title = Varchar(length=300)
    tagline = Text(default="")
    time_zone = Varchar(length=64, default="UTC")
    day_change_minutes = Integer(default=0)
    programme = JSON(default="{}")
    doors = JSON(default="{}")
    brand = JSON(default="{}")
    draft_version = Integer(default=0)
    created_at = Timestamptz()


class Membership(Table, tablename="membership"):
    """One role of one person in one conference; (conference, person, role) is unique."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade, index=True)
    role = Varchar(length=20)
