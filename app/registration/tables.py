"""Registration: what one may choose, what is asked, what was agreed to, and who stands where."""

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


class TicketType(Table, tablename="ticket_type"):
    """A kind of place. `kind` is open, code, approval, invitation or paid; `capacity` None: no limit."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    position = Integer(default=0)
    name = Varchar(length=80)
    description = Text(default="")
    kind = Varchar(length=20, default="open")
    code = Varchar(length=80, default="")
    capacity = Integer(null=True, default=None)
    waiting = Boolean(default=True)
    opens_at = Timestamptz(null=True, default=None)
    closes_at = Timestamptz(null=True, default=None)
    retired = Boolean(default=False)


class Question(Table, tablename="question"):
    """What an organizer asks. `kind` is text, long, choice, several or tick; options: a JSON list."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    position = Integer(default=0)
    label = Text()
    hint = Text(default="")
    kind = Varchar(length=20, default="text")
    options = JSON(default="[]")
    required = Boolean(default=False)
    retired = Boolean(default=False)


class ConsentText(Table, tablename="consent_text"):
    """One version of a text to agree to; it never changes. (conference, key, version) is unique."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    key = Varchar(length=36)
    version = Integer(default=1)
    title = Varchar(length=200)
    text = Text()
    required = Boolean(default=True)
    retired = Boolean(default=False)
    created_at = Timestamptz()


class Agreement(Table, tablename="agreement"):
    """A person agreed to exactly this version, then."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade, index=True)
    text = ForeignKey(ConsentText, null=False, on_delete=OnDelete.cascade)
    given_at = Timestamptz()
    revoked_at = Timestamptz(null=True, default=None)


class Application(Table, tablename="application"):
    """Where a person stands on the way to a place; (conference, person) is unique.

    `state`: unproven (the address is not yet proven), invited, pending, waiting, confirmed,
    declined, cancelled. `since` is when that began. `external` names an order elsewhere.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    ticket = ForeignKey(TicketType, null=False, on_delete=OnDelete.cascade, index=True)
    state = Varchar(length=20)
    organization_name = Varchar(length=200, default="")
    answers = JSON(default="{}")
    agreed = JSON(default="[]")
    source = Varchar(length=20, default="form")
    external = Varchar(length=120, default="")
    created_at = Timestamptz()
    since = Timestamptz()


class PersonalLink(Table, tablename="personal_link"):
    """The one link of a person to a conference. Renewing it raises `serial`, which ends the old one."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    serial = Integer(default=1)
    revoked = Boolean(default=False)
    made_at = Timestamptz()


class Shop(Table, tablename="shop"):
    """A pretix event whose paid orders are places here. `hook` is the secret part of our address.

    `items` maps pretix items (as text) to ticket types; `ticket` is for all others.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, unique=True)
    base_url = Text(default="")
    organizer = Varchar(length=80, default="")
    event = Varchar(length=80, default="")
    token = Text(default="")
    hook = Varchar(length=64)
    ticket = ForeignKey(TicketType, null=True, default=None, on_delete=OnDelete.set_null)
    items = JSON(default="{}")
    heard_at = Timestamptz(null=True, default=None)
    trouble = Text(default="")
