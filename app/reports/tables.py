"""What a report keeps: finished parts, and how people's connections were."""

from __future__ import annotations

from piccolo.columns import JSON, UUID, BigInt, ForeignKey, Integer, OnDelete, Timestamptz, Varchar
from piccolo.table import Table

from app.conferences.tables import Conference


class ReportPart(Table, tablename="report_part"):
    """A part of a report that can't change any more; (conference, key) is unique.

    `key` names what it is about and from when to when, so that a part about other times is
    another one.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    key = Varchar(length=160)
    document = JSON(default="{}")
    made_at = Timestamptz()


class Connection(Table, tablename="connection"):
    """How well one person's browser got one room, added up; (conference, person, room) is unique.

    `samples` of about a minute each; `poor` were those with more than 2% lost, a round trip over
    300 ms, or a picture that froze. `lost` and `packets` are counts, `rtt_ms` and `kbps` sums.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade, index=True)
    room = UUID()
    person = Varchar(length=80)
    device = Varchar(length=12, default="")
    browser = Varchar(length=20, default="")
    samples = Integer(default=0)
    poor = Integer(default=0)
    packets = BigInt(default=0)
    lost = BigInt(default=0)
    rtt_ms = BigInt(default=0)
    kbps = BigInt(default=0)
    frozen_ms = BigInt(default=0)
    last_at = Timestamptz()
