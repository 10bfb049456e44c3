"""Work that is done later: what is asked for (job) and what must be told (outbox)."""

from __future__ import annotations

from piccolo.columns import JSON, UUID, ForeignKey, Integer, OnDelete, Text, Timestamptz, Varchar
from piccolo.table import Table

from app.accounts.tables import Person
from app.conferences.tables import Conference


class Job(Table, tablename="job"):
    """One piece of work; this row is the truth and the queue only carries its id.

    `state`: queued, running, done, failed. `key` makes asking twice harmless: it is unique among
    jobs that are not finished. A running job renews `lease_until`; an expired lease is taken up
    as a new attempt.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=True, default=None, on_delete=OnDelete.cascade)
    kind = Varchar(length=40)
    key = Varchar(length=200, index=True)
    queue = Varchar(length=20, default="fast")
    state = Varchar(length=20, default="queued", index=True)
    arguments = JSON(default="{}")
    done = Integer(default=0)
    total = Integer(default=0)
    result = Text(default="")
    error = Text(default="")
    attempts = Integer(default=0)
    asked_by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)
    created_at = Timestamptz()
    started_at = Timestamptz(null=True, default=None)
    finished_at = Timestamptz(null=True, default=None)
    lease_until = Timestamptz(null=True, default=None)


class Outbox(Table, tablename="outbox"):
    """Something that must happen after a commit, written in the same transaction.

    Delivered at least once; `key` is the idempotency key that travels with it.
    """

    id = UUID(primary_key=True)
    kind = Varchar(length=40)
    key = Varchar(length=200, unique=True)
    payload = JSON(default="{}")
    created_at = Timestamptz()
    due_at = Timestamptz(index=True)
    delivered_at = Timestamptz(null=True, default=None)
    attempts = Integer(default=0)
    error = Text(default="")
