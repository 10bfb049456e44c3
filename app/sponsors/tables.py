"""Sponsors, their booths, and the contacts that people knowingly gave them."""

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


class Sponsor(Table, tablename="sponsor"):
    """A sponsor and its booth; (conference, slug) is unique.

    JSON: `offers` are [{title, text, url}], `meeting_hours` are [[start, end]] in ISO 8601.
    `meeting_minutes` is 0 where no meetings can be booked. `version` counts edits of the booth.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    slug = Varchar(length=80)
    position = Integer(default=0)
    name = Varchar(length=200)
    tier = Varchar(length=40, default="")
    tagline = Text(default="")
    text = Text(default="")
    url = Text(default="")
    offers = JSON(default="[]")
    live_room = Boolean(default=False)
    meeting_minutes = Integer(default=0)
    meeting_hours = JSON(default="[]")
    hook_url = Text(default="")
    hook_format = Varchar(length=20, default="json")
    hook_secret = Varchar(length=80, default="")
    hook_error = Text(default="")
    hook_at = Timestamptz(null=True, default=None)
    version = Integer(default=0)


class SponsorTier(Table, tablename="sponsor_tier"):
    """A level of sponsorship; (conference, name) is unique.

    `place` says how its sponsors are shown in the lobby: large, row, or line.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    position = Integer(default=0)
    name = Varchar(length=40)
    place = Varchar(length=20, default="row")


class SponsorStaff(Table, tablename="sponsor_staff"):
    """Who may read a sponsor's leads; (sponsor, person) is unique.

    At the booth until `on_duty_until`; `title` is what the booth says of them.
    """

    id = UUID(primary_key=True)
    sponsor = ForeignKey(Sponsor, null=False, on_delete=OnDelete.cascade)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    title = Varchar(length=120, default="")
    on_duty_until = Timestamptz(null=True, default=None)


class SponsorSession(Table, tablename="sponsor_session"):
    """A session that a sponsor made possible; (sponsor, session) is unique."""

    id = UUID(primary_key=True)
    sponsor = ForeignKey(Sponsor, null=False, on_delete=OnDelete.cascade, index=True)
    session = UUID(index=True)


class SponsorFile(Table, tablename="sponsor_file"):
    """A file of a booth, below settings.files. `kind`: logo, video, or file to take along."""

    id = UUID(primary_key=True)
    sponsor = ForeignKey(Sponsor, null=False, on_delete=OnDelete.cascade, index=True)
    kind = Varchar(length=20)
    name = Varchar(length=200)
    media_type = Varchar(length=120)
    size = Integer(default=0)
    stored = Varchar(length=200)
    created_at = Timestamptz()


class Consent(Table, tablename="consent"):
    """A contact given to a sponsor: what was shown, when, and when it was taken back.

    A lead is a consent that was not revoked; (sponsor, person) is unique while it stands.
    `fields` are the parts of the contact that were given, separated by commas. `phone` and
    `message` were typed for this sponsor alone and are emptied when it is taken back.
    `recorded_by` is who of the booth's staff scanned the badge.
    """

    id = UUID(primary_key=True)
    sponsor = ForeignKey(Sponsor, null=False, on_delete=OnDelete.cascade, index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    source = Varchar(length=20, default="booth")
    fields = Varchar(length=120, default="name,email,organization")
    wording = Text()
    phone = Varchar(length=40, default="")
    message = Text(default="")
    wants_call = Boolean(default=False)
    recorded_by = UUID(null=True, default=None)
    given_at = Timestamptz()
    revoked_at = Timestamptz(null=True, default=None)


class LeadCard(Table, tablename="lead_card"):
    """What the booth's staff think of a lead; (sponsor, person) is unique.

    `rating` is 0 (none) to 5; `tags` are separated by commas; `owner` is a person of the staff.
    `answered` once somebody called or wrote.
    """

    id = UUID(primary_key=True)
    sponsor = ForeignKey(Sponsor, null=False, on_delete=OnDelete.cascade, index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    rating = Integer(default=0)
    tags = Text(default="")
    owner = UUID(null=True, default=None)
    answered = Boolean(default=False)
    version = Integer(default=0)
    updated_at = Timestamptz()


class LeadNote(Table, tablename="lead_note"):
    """A note of the staff about a lead."""

    id = UUID(primary_key=True)
    sponsor = ForeignKey(Sponsor, null=False, on_delete=OnDelete.cascade, index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    text = Text()
    by_name = Varchar(length=200, default="")
    at = Timestamptz()


class BoothVisit(Table, tablename="booth_visit"):
    """Somebody opened a booth page; counted, never named. Seen there until `seen_until`."""

    id = UUID(primary_key=True)
    sponsor = ForeignKey(Sponsor, null=False, on_delete=OnDelete.cascade, index=True)
    person = UUID(null=True, default=None)
    at = Timestamptz()
    seen_until = Timestamptz(null=True, default=None)


class BoothSignal(Table, tablename="booth_signal"):
    """A file taken along or an offer opened; named only to those who were given the contact."""

    id = UUID(primary_key=True)
    sponsor = ForeignKey(Sponsor, null=False, on_delete=OnDelete.cascade, index=True)
    person = UUID(null=True, default=None)
    kind = Varchar(length=20)
    subject = UUID(null=True, default=None)
    at = Timestamptz()


class BoothMeeting(Table, tablename="booth_meeting"):
    """A talk with the booth's staff; (sponsor, start) is unique while it is booked."""

    id = UUID(primary_key=True)
    sponsor = ForeignKey(Sponsor, null=False, on_delete=OnDelete.cascade, index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    start = Timestamptz()
    minutes = Integer()
    note = Text(default="")
    state = Varchar(length=20, default="booked")
    sequence = Integer(default=0)
    created_at = Timestamptz()


class PrizeDraw(Table, tablename="prize_draw"):
    """A prize among those who gave their contact. `entries` is how many were in the drum."""

    id = UUID(primary_key=True)
    sponsor = ForeignKey(Sponsor, null=False, on_delete=OnDelete.cascade, index=True)
    title = Varchar(length=200)
    prize = Text(default="")
    closes_at = Timestamptz()
    winner = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)
    entries = Integer(default=0)
    drawn_at = Timestamptz(null=True, default=None)


class DrawEntry(Table, tablename="draw_entry"):
    """One place in a draw; (draw, person) is unique."""

    id = UUID(primary_key=True)
    draw = ForeignKey(PrizeDraw, null=False, on_delete=OnDelete.cascade, index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    at = Timestamptz()
