"""Five thousand invites drafted by a release: until each stands in the outbox, once."""

from __future__ import annotations

import asyncio
import time

from app.accounts.tables import Person
from app.attendees import invites
from app.clock import now
from app.jobs.tables import Outbox
from app.programme import draft, releases
from app.programme.tables import Speaker
from bench import people
from bench.report import Report

COUNT = 5000
_SPEAKERS = 1000


def run() -> Report:
    drafted, seconds = asyncio.run(_draft())
    return Report(
        bench="invites",
        figures={
            "count": drafted,
            "seconds": round(seconds, 2),
            "ms_each": round(1000 * seconds / drafted, 3),
        },
        most={"ms_each": 5},
        least={"count": COUNT},
    )


async def _draft() -> tuple[int, float]:
    async with people.deployment() as settings:
        held = await people.conference()
        plan = people.schedule(sessions=COUNT, rooms=100, days=5, speakers=_SPEAKERS)
        await draft.write(held.id, plan, expected=0)
        for n in range(_SPEAKERS):
            person = people.identity("speaking", n)
            await Person(
                id=person, email=f"s{n}@bench.example", name=f"Speaker {n}", created_at=now()
            ).save()
            await Speaker.update({Speaker.person: person}).where(
                Speaker.id == people.identity("speaker", n)
            )
        await releases.publish(held.id, by=None, now=now())
        began = time.perf_counter()
        await invites.draft_invites(held.id, settings=settings, now=now())
        seconds = time.perf_counter() - began
        await invites.draft_invites(held.id, settings=settings, now=now())
        drafted: int = await Outbox.count().where(Outbox.kind == "mail")
    return drafted, seconds
