"""What happened to rooms, who ordered it, and who is in them."""

from __future__ import annotations

from piccolo.columns import (
    UUID,
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


class PhaseChange(Table, tablename="phase_change"):
    """A slot entered a phase, once: (slot, phase) is unique. `late_ms` is `at` minus `due`."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    slot = UUID(index=True)
    room = UUID()
    phase = Varchar(length=20)
    due = Timestamptz()
    at = Timestamptz()
    late_ms = Integer(default=0)


class Override(Table, tablename="override"):
    """A human's order for one slot: see agenda.doors.Override."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    slot = UUID(index=True)
    kind = Varchar(length=20)
    minutes = Integer(default=0)
    at = Timestamptz()
    by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)


class Presence(Table, tablename="presence"):
    """One stay of one person in one room, from the media node's events.

    `uid` is the node's id of the subscriber with the number of its stay, so that an event
    delivered twice changes nothing. `left_at` is None while the stay lasts.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    uid = Varchar(length=120, unique=True)
    subscriber = Varchar(length=80, index=True)
    node = Varchar(length=80, default="")
    room = UUID(index=True)
    person = Varchar(length=80)
    joined_at = Timestamptz()
    left_at = Timestamptz(null=True, default=None)


class OnStage(Table, tablename="on_stage"):
    """One stay of one publisher on a stage."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    uid = Varchar(length=120, unique=True)
    publisher = Varchar(length=80, index=True)
    node = Varchar(length=80, default="")
    room = UUID()
    slot = Varchar(length=80)
    person = Varchar(length=80)
    name = Text(default="")
    began_at = Timestamptz()
    ended_at = Timestamptz(null=True, default=None)


class Lease(Table, tablename="lease"):
    """Who leads, until when. The stagehand is whoever holds the lease `stagehand`."""

    name = Varchar(length=80, primary_key=True)
    holder = Varchar(length=120)
    expires_at = Timestamptz()


class StageCue(Table, tablename="stage_cue"):
    """A producer's standing order for one person in one slot: `pin` puts them first, `held` keeps
    them off the stage. One of each kind for (slot, person); one pin for a slot."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    slot = UUID(index=True)
    kind = Varchar(length=20)
    person = Varchar(length=80)
    at = Timestamptz()
    by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)


class Hand(Table, tablename="hand"):
    """A hand raised in a session: `raised → invited → lowered`. One that is up for (slot, person)."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    room = UUID()
    slot = UUID(index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    state = Varchar(length=20)
    at = Timestamptz()
    decided_at = Timestamptz(null=True, default=None)
    by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)


class Roundtable(Table, tablename="roundtable"):
    """A room where every attendee may take one of `seats` and publish; one row for a room."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    room = UUID(unique=True)
    seats = Integer(default=0)
