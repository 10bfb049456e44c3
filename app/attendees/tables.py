"""Places at a conference, what people were invited to, and how badges look."""

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


class Registration(Table, tablename="registration"):
    """A person's place; (conference, person) is unique. `badge_code` is what the QR code carries."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    ticket_type = Varchar(length=80, default="Attendee")
    organization_name = Varchar(length=200, default="")
    badge_code = Varchar(length=32, unique=True)
    created_at = Timestamptz()


class RevokedBadge(Table, tablename="revoked_badge"):
    """A badge whose place was given back, so that a door knows it for one; the code is unique."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    badge_code = Varchar(length=32)
    revoked_at = Timestamptz()


class Invitation(Table, tablename="invitation"):
    """What a person was last told of one slot by iTIP; (slot, person) is unique.

    `method`: REQUEST or CANCEL. `facts` are what was told (an Entry's title, room and instants), so
    that a withdrawal can be written when the slot is gone. `answer` is the PARTSTAT of their last
    REPLY: ACCEPTED, DECLINED, TENTATIVE, or empty.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    slot = UUID(index=True)
    session = UUID()
    speaking = Boolean(default=True)
    method = Varchar(length=10, default="REQUEST")
    sequence = Integer(default=0)
    facts = JSON(default="{}")
    told_at = Timestamptz()
    answer = Varchar(length=20, default="")
    answer_words = Text(default="")
    answer_stamp = Timestamptz(null=True, default=None)


class CalendarWish(Table, tablename="calendar_wish"):
    """Who asked that each session they star comes as an invite; (conference, person) is unique."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    created_at = Timestamptz()


class BadgeDesign(Table, tablename="badge_design"):
    """How the badges of one ticket type look; (conference, ticket_type) is unique.

    The empty ticket type is for all that have none of their own. `design` is what
    app.attendees.designs writes.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    ticket_type = Varchar(length=80, default="")
    design = JSON(default="{}")
    version = Integer(default=0)
    changed_at = Timestamptz()
