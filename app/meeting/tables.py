"""Meeting people: who may be asked, who asked whom, who talks with whom by chance, and trouble."""

from __future__ import annotations

from piccolo.columns import UUID, Boolean, ForeignKey, Integer, OnDelete, Text, Timestamptz, Varchar
from piccolo.table import Table

from app.accounts.tables import Person
from app.conferences.tables import Conference


class Profile(Table, tablename="meet_profile"):
    """What somebody shows to the other participants; nothing unless `shown`. One each conference."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    shown = Boolean(default=False)
    does = Varchar(length=300, default="")
    seeks = Varchar(length=300, default="")
    links = Text(default="")
    seen_at = Timestamptz()


class Meeting(Table, tablename="meeting"):
    """A talk of two at a time. `waits_for` must answer while `state` is asked.

    `state`: asked, accepted, declined, cancelled. `sequence` counts what calendars must hear of.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    asker = ForeignKey(Person, null=False, on_delete=OnDelete.cascade, index=True)
    asked = ForeignKey(Person, null=False, on_delete=OnDelete.cascade, index=True)
    waits_for = UUID()
    state = Varchar(length=12, default="asked")
    start = Timestamptz()
    minutes = Integer(default=15)
    note = Varchar(length=500, default="")
    sequence = Integer(default=0)
    created_at = Timestamptz()
    changed_at = Timestamptz()


class Block(Table, tablename="meet_block"):
    """`person` wants nothing to do with `other`; (person, other) is unique."""

    id = UUID(primary_key=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    other = ForeignKey(Person, null=False, on_delete=OnDelete.cascade, index=True)
    created_at = Timestamptz()


class Report(Table, tablename="meet_report"):
    """Somebody tells the moderators of another person."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    other = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    words = Text(default="")
    created_at = Timestamptz()
    closed_at = Timestamptz(null=True, default=None)
    closed_by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)


class Waiter(Table, tablename="roulette_waiter"):
    """Somebody who wants to meet anybody now; gone when their page is not heard for a while."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    since = Timestamptz()
    heard_at = Timestamptz()


class Pair(Table, tablename="roulette_pair"):
    """Two who were brought together by chance, for a while."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    one = ForeignKey(Person, null=False, on_delete=OnDelete.cascade, index=True)
    two = ForeignKey(Person, null=False, on_delete=OnDelete.cascade, index=True)
    began_at = Timestamptz()
    ends_at = Timestamptz()
