"""How well people's browsers got the rooms: told by the room's page, added up for each person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app import db
from app.reports.tables import Connection

POOR_LOSS = 0.02
POOR_RTT_MS = 300
POOR_FROZEN_MS = 2000

DEVICES = ("phone", "tablet", "computer")
BROWSERS = ("Chromium", "Firefox", "Safari", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """About a minute of one browser in one room. Lengths in milliseconds; `rtt_ms` 0: unknown."""

    packets: int
    lost: int
    rtt_ms: int
    kbps: int
    frozen_ms: int

    @property
    def poor(self) -> bool:
        sent = self.packets + self.lost
        return (
            (sent > 0 and self.lost / sent > POOR_LOSS)
            or self.rtt_ms > POOR_RTT_MS
            or self.frozen_ms > POOR_FROZEN_MS
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """People of one device or browser, and the share of their minutes that were poor."""

    name: str
    people: int
    poor_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """All of a conference. Shares are 0–1, the mean round trip in milliseconds."""

    people: int
    minutes: int
    poor_share: float
    loss_share: float
    rtt_ms: int
    kbps: int
    devices: tuple[Kind, ...]
    browsers: tuple[Kind, ...]


def sample(told: Mapping[str, Any]) -> Sample:
    """What a page told, with every number in its bounds. Raises ValueError for nonsense."""
    bounds = {
        "packets": 10_000_000,
        "lost": 10_000_000,
        "rtt_ms": 60_000,
        "kbps": 1_000_000,
        "frozen_ms": 120_000,
    }
    values = {}
    for name, most in bounds.items():
        value = told.get(name, 0)
        if not isinstance(value, int | float) or isinstance(value, bool) or value != value:
            raise ValueError(f"{name} must be a number")
        values[name] = int(min(max(value, 0), most))
    return Sample(**values)


def device_of(agent: str) -> str:
    """The kind of device that a User-Agent names."""
    if "iPad" in agent or ("Android" in agent and "Mobile" not in agent):
        return "tablet"
    return "phone" if "Mobi" in agent or "iPhone" in agent else "computer"


def browser_of(agent: str) -> str:
    """The family of a browser; iPhones' are all Safari inside."""
    if "Firefox/" in agent:
        return "Firefox"
    if "Chrome/" in agent or "Chromium/" in agent:
        return "Chromium"
    return "Safari" if "Safari/" in agent or "AppleWebKit/" in agent else "other"


async def add(
    conference: UUID, room: UUID, person: str, agent: str, told: Sample, *, now: datetime
) -> None:
    """Add a sample to what is known of this person in this room."""
    async with db.transaction():
        await Connection.insert(
            Connection(id=uuid4(), conference=conference, room=room, person=person, last_at=now)
        ).on_conflict(action="DO NOTHING")
        await Connection.update(
            {
                Connection.device: device_of(agent),
                Connection.browser: browser_of(agent),
                Connection.samples: Connection.samples + 1,
                Connection.poor: Connection.poor + int(told.poor),
                Connection.packets: Connection.packets + told.packets,
                Connection.lost: Connection.lost + told.lost,
                Connection.rtt_ms: Connection.rtt_ms + told.rtt_ms,
                Connection.kbps: Connection.kbps + told.kbps,
                Connection.frozen_ms: Connection.frozen_ms + told.frozen_ms,
                Connection.last_at: now,
            }
        ).where(
            Connection.conference == conference,
            Connection.person == person,
            Connection.room == room,
        )


async def gather(conference: UUID) -> Connections:
    rows = await Connection.select().where(Connection.conference == conference)
    minutes = sum(row["samples"] for row in rows)
    packets = sum(row["packets"] + row["lost"] for row in rows)
    return Connections(
        people=len({row["person"] for row in rows}),
        minutes=minutes,
        poor_share=_share(sum(row["poor"] for row in rows), minutes),
        loss_share=_share(sum(row["lost"] for row in rows), packets),
        rtt_ms=round(_share(sum(row["rtt_ms"] for row in rows), minutes)),
        kbps=round(_share(sum(row["kbps"] for row in rows), minutes)),
        devices=_kinds(rows, "device"),
        browsers=_kinds(rows, "browser"),
    )


def _kinds(rows: list[dict[str, Any]], column: str) -> tuple[Kind, ...]:
    people: dict[str, set[str]] = {}
    minutes: Counter[str] = Counter()
    poor: Counter[str] = Counter()
    for row in rows:
        people.setdefault(row[column], set()).add(row["person"])
        minutes[row[column]] += row["samples"]
        poor[row[column]] += row["poor"]
    return tuple(
        Kind(name=name, people=len(held), poor_share=_share(poor[name], minutes[name]))
        for name, held in sorted(people.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
