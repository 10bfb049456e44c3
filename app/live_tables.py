"""What open pages are told, in order."""

from __future__ import annotations

from piccolo.columns import UUID, BigSerial, ForeignKey, OnDelete, Text, Timestamptz, Varchar
from piccolo.table import Table

from app.conferences.tables import Conference


class LiveEvent(Table, tablename="live_event"):
    """One numbered message to the open pages of a conference; the number is what a page resumes from.

    `channel` is empty for what every page gets, else what app.live names: a room, its hosts, a person.
    An `audience` is the role whose channel it is; without one, everybody in the channel hears it.
    """

    id = BigSerial(primary_key=True)
    uid = UUID()
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    channel = Varchar(length=40, default="")
    topic = Varchar(length=20)
    audience = Varchar(length=20, default="")
    payload = Text(default="{}")
    at = Timestamptz(index=True)
