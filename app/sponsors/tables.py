"""Sponsors and the contacts that people knowingly gave them."""

from __future__ import annotations

from piccolo.columns import UUID, ForeignKey, Integer, OnDelete, Text, Timestamptz, Varchar
from piccolo.table import Table

from app.accounts.tables import Person
from app.conferences.tables import Conference


class Sponsor(Table, tablename="sponsor"):
    """A sponsor and its booth; (conference, slug) is unique."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    slug = Varchar(length=80)
    position = Integer(default=0)
    name = Varchar(length=200)
    tier = Varchar(length=40, default="")
    tagline = Text(default="")
    text = Text(default="")
    url = Text(default="")


class SponsorStaff(Table, tablename="sponsor_staff"):
    """Who may read a sponsor's leads; (sponsor, person) is unique."""

    id = UUID(primary_key=True)
    sponsor = ForeignKey(Sponsor, null=False, on_delete=OnDelete.cascade)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)


class Consent(Table, tablename="consent"):
    """A contact given to a sponsor: what was shown, when, and when it was taken back.

    A lead is a consent that was not revoked; (sponsor, person) is unique while it stands.
    `fields` are the parts of the contact that were given, separated by commas.
    """

    id = UUID(primary_key=True)
    sponsor = ForeignKey(Sponsor, null=False, on_delete=OnDelete.cascade, index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    source = Varchar(length=20, default="booth")
    fields = Varchar(length=120, default="name,email,organization")
    wording = Text()
    given_at = Timestamptz()
    revoked_at = Timestamptz(null=True, default=None)


class BoothVisit(Table, tablename="booth_visit"):
    """Somebody opened a booth page; counted, never named."""

    id = UUID(primary_key=True)
    sponsor = ForeignKey(Sponsor, null=False, on_delete=OnDelete.cascade, index=True)
    person = UUID(null=True, default=None)
    at = Timestamptz()
