"""How people want to be told, and the devices that may ring."""

from __future__ import annotations

from piccolo.columns import (
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


class NoticeWish(Table, tablename="notice_wish"):
    """A person's choice for one kind and way, where it differs or not; the three are unique."""

    id = UUID(primary_key=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    kind = Varchar(length=20)
    way = Varchar(length=10)
    wanted = Boolean(default=True)


class QuietHours(Table, tablename="quiet_hours"):
    """From when to when, in minutes since midnight on the person's clock, nothing rings."""

    id = UUID(primary_key=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade, unique=True)
    starts_min = Integer(default=1320)
    ends_min = Integer(default=420)


class PushSubscription(Table, tablename="push_subscription"):
    """A browser that may be rung (RFC 8030): its endpoint and the keys to encrypt for it (RFC 8291)."""

    id = UUID(primary_key=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade, index=True)
    endpoint = Text(unique=True)
    p256dh = Varchar(length=120)
    auth = Varchar(length=40)
    device = Varchar(length=120, default="")
    created_at = Timestamptz()
    rang_at = Timestamptz(null=True, default=None)
