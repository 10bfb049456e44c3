"""SIGKILL at bad moments: no mail and no job is lost, and what can't be once is twice at most."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from random import Random
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader

from app import db
from app.clock import now
from app.jobs import outbox, store
from app.jobs.store import Made
from app.jobs.tables import Outbox
from app.settings import Settings
from tests.app.making import make_attendee, make_conference
from tests.app.smtp import Server
from tests.app.workers import start_worker


# A thousand mails on the one, fewer on the other: what differs between them is no matter of numbers.
@pytest.mark.parametrize(
    ("database_url", "mails", "kills"),
    [("sqlite", 1000, 6), ("postgresql", 400, 4)],
    indirect=["database_url"],
)
async def test_mail_survives_kills_with_one_duplicate_each_at_most(
    database: str, settings: Settings, mails: int, kills: int
) -> None:
    chance = Random(6)
    async with db.transaction():
        for n in range(mails):
            facts = {"to": f"p{n}@example.org", "subject": f"Mail {n}", "text": "Hello"}
            await outbox.put("mail", f"m{n}", facts, now=now())
    unanswered = 0
    async with Server(pause_s=0.004) as server:
        smtp = {
            "PLENARY_SMTP_HOST": "127.0.0.1",
            "PLENARY_SMTP_PORT": str(server.port),
            "PLENARY_SMTP_STARTTLS": "0",
        }
        for kill in range(kills):
            worker = start_worker("fast", settings, smtp)
            goal = min(len(server.mails) + chance.randrange(20, 90), mails - 1)
            # Every second one dies when its mail is taken and not yet answered: DATA and before 250.
            between = kill % 2 == 0
            async with asyncio.timeout(90):
                while len(server.mails) < goal or (between and not server.holding):
                    await asyncio.sleep(0.0005)
            worker.kill()
            unanswered += server.holding
            await asyncio.to_thread(worker.wait)
        worker = start_worker("fast", settings, smtp)
        async with asyncio.timeout(120):
            while await waiting():
                await asyncio.sleep(0.1)
        worker.terminate()
        assert await asyncio.to_thread(worker.wait, 10) == 0
    counted = Counter(server.message_ids())
    assert len(counted) == mails, "none is lost"
    assert max(counted.values()) <= 2
    assert unanswered >= kills // 2, "the moment that can't be made safe was hit"
    assert sum(counted.values()) <= mails + kills, "at most one duplicate for each kill"


async def waiting() -> int:
    found: int = await Outbox.count().where(Outbox.delivered_at.is_null())
    return found


# On both engines, with all other kinds, in test_job_kills; here the lease runs out by itself.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_badges_survive_the_kill_of_both_workers(database: str, settings: Settings) -> None:
    conference = await make_conference()
    for n in range(120):
        await make_attendee(conference, f"Guest {n:03d}")
    workers = [start_worker(name, settings) for name in ("fast", "heavy")]
    job = await store.ask("badges", "b", {}, conference=conference.id, asked_by=None, now=now())
    async with asyncio.timeout(60):
        while (await facts(job))["done"] == 0:
            await asyncio.sleep(0.02)
    for worker in workers:
        worker.kill()
        await asyncio.to_thread(worker.wait)
    workers = [start_worker(name, settings) for name in ("fast", "heavy")]
    try:
        async with asyncio.timeout(90):
            while (await facts(job))["state"] != "done":
                await asyncio.sleep(0.1)
    finally:
        for worker in workers:
            worker.terminate()
            await asyncio.to_thread(worker.wait, 10)
    row = await facts(job)
    assert row["attempts"] == 1
    made = Made.read(row["result"])
    assert made is not None
    assert json.loads(row["result"])["words"] == "120 badges"
    assert len(PdfReader(settings.files / made.file).pages) == 120


async def facts(job: UUID) -> dict[str, Any]:
    row = await store.find(job)
    assert row is not None
    return row
