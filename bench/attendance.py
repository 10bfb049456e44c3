"""The report of 1,000 people over 3 days and 120 sessions, from rows to the finished PDF."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from piccolo.table import Table

from app import db
from app.clock import now
from app.conferences.tables import Conference
from app.jobs import runner
from app.jobs import store as jobs
from app.programme import draft, releases
from app.reports import store
from app.stages.tables import PhaseChange, Presence
from bench import people
from bench.report import Report

NAME = "report"
PEOPLE = 1000
SESSIONS = 120
_CHUNK = 80


def run() -> Report:
    stays, figures, whole = asyncio.run(_measure())
    return Report(
        bench=NAME,
        figures={
            "people": PEOPLE,
            "sessions": SESSIONS,
            "seconds": round(whole, 2),
            "stays": stays,
            "figures_seconds": round(figures, 2),
        },
        most={"seconds": 5},
    )


async def _measure() -> tuple[int, float, float]:
    async with people.deployment() as settings:
        held = await people.conference()
        plan = people.schedule(sessions=SESSIONS, rooms=5, days=3, speakers=90)
        await draft.write(held.id, plan, expected=0)
        await releases.publish(held.id, by=None, now=now())
        stays = await _history(held, [(s.id, s.room, s.start, s.end) for s in plan.slots])
        after = people.START + timedelta(days=4)
        began = time.perf_counter()
        await store.gather(held, now=after)
        figures = time.perf_counter() - began
        job = await jobs.ask("report", "r", {}, conference=held.id, asked_by=None, now=now())
        began = time.perf_counter()
        await runner.run(settings, job, 0)
        whole = time.perf_counter() - began
        row = await jobs.find(job)
        assert row is not None
        if row["state"] != "done":
            raise RuntimeError(row["error"])
    return stays, figures, whole


async def _history(held: Conference, slots: list[tuple[str, str, datetime, datetime]]) -> int:
    """Everybody walks through the sessions of every hour; returns how many stays that makes."""
    chance = Random(3)
    changes: list[Table] = []
    for slot, room, start, end in slots:
        for phase, at in (("green_room", start), ("doors", start), ("live", start), ("ended", end)):
            changes.append(
                PhaseChange(
                    id=people.identity(f"phase {phase} {slot}", 0),
                    conference=held.id,
                    slot=UUID(slot),
                    room=UUID(room),
                    phase=phase,
                    due=at,
                    at=at,
                    late_ms=chance.randrange(5, 90),
                )
            )
    hours: dict[datetime, list[tuple[str, datetime]]] = {}
    for _, room, start, end in slots:
        hours.setdefault(start, []).append((room, end))
    stays: list[Table] = []
    for person in range(PEOPLE):
        for start, rooms in hours.items():
            room, end = chance.choice(rooms)
            joined = start + timedelta(minutes=chance.uniform(-5, 10))
            for _ in range(1 + (chance.random() < 0.3)):
                left = joined + timedelta(minutes=chance.uniform(2, 50))
                number = len(stays)
                stays.append(
                    Presence(
                        id=people.identity("stay", number),
                        conference=held.id,
                        uid=f"bench:{number}",
                        subscriber=f"s{number}",
                        room=UUID(room),
                        person=f"person-{person}",
                        joined_at=joined,
                        left_at=min(left, end + timedelta(minutes=3)),
                    )
                )
                joined = left
    async with db.transaction():
        await _insert(PhaseChange, changes)
        await _insert(Presence, stays)
    return len(stays)


async def _insert(table: type[Table], rows: list[Any]) -> None:
    for first in range(0, len(rows), _CHUNK):
        await table.insert(*rows[first : first + _CHUNK])
