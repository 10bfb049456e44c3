"""What was told to whom: mailings, their letters, and what came back."""

from __future__ import annotations

from piccolo.columns import JSON, UUID, Boolean, ForeignKey, OnDelete, Text, Timestamptz, Varchar
from piccolo.table import Table

from app.accounts.tables import Person
from app.conferences.tables import Conference


class Notice(Table, tablename="notice"):
    """One mailing of a conference, as a recipe: `kind` and `facts` say how its letters are written.

    `state`: draft, sent, discarded. While it is a draft its letters are written anew at each look,
    so that it can't be stale. At most one draft of a kind stands, except for messages.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    kind = Varchar(length=20)
    state = Varchar(length=20, default="draft")
    facts = JSON(default="{}")
    created_at = Timestamptz()
    sent_at = Timestamptz(null=True, default=None)
    sent_by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)


class Letter(Table, tablename="letter"):
    """One mail to one person. `key` is its outbox key: how it fares stands in the outbox.

    `fate` is written where the outbox can't know it: bounced, or empty; `words` say why.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    notice = ForeignKey(Notice, null=True, default=None, on_delete=OnDelete.cascade, index=True)
    person = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.cascade, index=True)
    kind = Varchar(length=20)
    key = Varchar(length=200, unique=True)
    message_id = Varchar(length=120, index=True)
    receiver = Varchar(length=320)
    name = Varchar(length=200, default="")
    subject = Text(default="")
    fate = Varchar(length=20, default="")
    words = Text(default="")
    created_at = Timestamptz()


class Paused(Table, tablename="paused_address"):
    """An address that mail came back from for good; nothing is sent to it until somebody resumes."""

    id = UUID(primary_key=True)
    address = Varchar(length=320, unique=True)
    status = Varchar(length=20, default="")
    words = Text(default="")
    since = Timestamptz()


class Mute(Table, tablename="mute"):
    """A kind of mail that a person does not want of a conference; the three together are unique."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    kind = Varchar(length=20)
    created_at = Timestamptz()


class NoticeMode(Table, tablename="notice_mode"):
    """How a conference handles one kind: send, draft or off; (conference, kind) is unique."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    kind = Varchar(length=20)
    mode = Varchar(length=10, default="send")


class Inbound(Table, tablename="inbound"):
    """A message that came in (an answer to an invite, or mail that came back), seen once.

    `digest` is the SHA-256 of its bytes. `outcome` says in a word what it was.
    """

    id = UUID(primary_key=True)
    digest = Varchar(length=64, unique=True)
    outcome = Varchar(length=20, default="")
    hard = Boolean(default=False)
    received_at = Timestamptz()
