"""What the editor keeps: every edit of a draft, numbered; times that are blocked; the planner's rules."""

from __future__ import annotations

from piccolo.columns import (
    JSON,
    UUID,
    ForeignKey,
    Integer,
    OnDelete,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

from app.accounts.tables import Person
from app.conferences.tables import Conference


class DraftEdit(Table, tablename="draft_edit"):
    """One edit of the working draft. `id` comes from the page, so that sending it twice does it once.

    `number` is the draft's version after it; (conference, number) is unique. `kind` is edit, undo or
    redo; the latter two name what they take back or do again in `of`. `body` is what was done, as
    `app.editor.steps` writes it.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    number = Integer()
    author = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)
    kind = Varchar(length=10, default="edit")
    of = UUID(null=True, default=None)
    body = JSON(default="{}")
    at = Timestamptz()


class Blocker(Table, tablename="blocker"):
    """A time in which nothing may be placed; `details` is what `app.editor.blockers` reads.

    Whom it concerns is no foreign key: an import writes the rows of rooms and speakers anew.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    position = Integer(default=0)
    details = JSON(default="{}")


class Planning(Table, tablename="planning"):
    """What an organizer asks of a schedule, one row of a conference's own id for each.

    `details` is what `app.editor.planning` reads.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    position = Integer(default=0)
    details = JSON(default="{}")
