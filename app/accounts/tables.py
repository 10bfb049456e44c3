"""People and how they prove who they are."""

from __future__ import annotations

from piccolo.columns import UUID, ForeignKey, OnDelete, Text, Timestamptz, Varchar
from piccolo.table import Table


class Person(Table, tablename="person"):
    """Somebody known to this deployment. `email` is lower case, None for people without an address."""

    id = UUID(primary_key=True)
    email = Varchar(length=320, null=True, default=None, unique=True)
    name = Varchar(length=200, default="")
    zone = Varchar(length=64, default="")
    created_at = Timestamptz()


class SignInLink(Table, tablename="sign_in_link"):
    """A magic link: single use, short-lived; only the SHA-256 of its token is kept."""

    id = UUID(primary_key=True)
    token_hash = Varchar(length=64, unique=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    next_url = Text(default="/")
    expires_at = Timestamptz()
    used_at = Timestamptz(null=True, default=None)


class WebSession(Table, tablename="web_session"):
    """A signed-in browser; only the SHA-256 of its cookie is kept.

    `link` is the personal link that opened it; none where somebody signed in by mail.
    """

    id = UUID(primary_key=True)
    token_hash = Varchar(length=64, unique=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    created_at = Timestamptz()
    expires_at = Timestamptz()
    link = UUID(null=True, default=None, index=True)
