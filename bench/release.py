"""A release in which every session has moved: until all notices, to speakers and starrers, are stored."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from random import Random
from uuid import uuid4

from app.accounts.tables import Person
from app.attendees import invites
from app.clock import now
from app.jobs.tables import Outbox
from app.notices import changes
from app.programme import draft, releases
from app.programme.tables import Speaker, Star
from bench import people
from bench.report import Report

SESSIONS = 780
_SPEAKERS = 780
_ATTENDEES = 400
_STARS_EACH = 12


def run() -> Report:
    mails, seconds = asyncio.run(_release())
    return Report(
        bench="release",
        figures={
            "sessions": SESSIONS,
            "moved": SESSIONS,
            "mails": mails,
            "seconds": round(seconds, 2),
        },
        most={"seconds": 3.0},
        least={"mails": _SPEAKERS + _ATTENDEES},
    )


async def _release() -> tuple[int, float]:
    async with people.deployment() as settings:
        held = await people.conference()
        plan = people.schedule(sessions=SESSIONS, rooms=35, days=2, speakers=_SPEAKERS)
        await draft.write(held.id, plan, expected=0)
        await _seat(held.id, [session.id for session in plan.sessions])
        await releases.publish(held.id, by=None, now=now())
        first = await releases.latest(held.id)
        assert first is not None
        await invites.draft_invites(first.id, settings=settings, now=now())
        before = await Outbox.count().where(Outbox.kind == "mail")
        later = timedelta(minutes=5)
        slots = tuple(replace(slot, start=slot.start + later) for slot in plan.slots)
        await draft.write(held.id, replace(plan, slots=slots), expected=1)
        began = time.perf_counter()
        await releases.publish(held.id, by=None, now=now())
        second = await releases.latest(held.id)
        assert second is not None
        await invites.draft_invites(second.id, settings=settings, now=now())
        await changes.draft(held.id, 1, settings=settings, now=now())
        seconds = time.perf_counter() - began
        mails: int = await Outbox.count().where(Outbox.kind == "mail") - before
    return mails, seconds


async def _seat(conference: object, sessions: list[str]) -> None:
    """Speakers who can be written to, and attendees who starred a dozen sessions each."""
    for n in range(_SPEAKERS):
        person = people.identity("speaking", n)
        await Person(
            id=person, email=f"s{n}@bench.example", name=f"Speaker {n}", created_at=now()
        ).save()
        await Speaker.update({Speaker.person: person}).where(
            Speaker.id == people.identity("speaker", n)
        )
    chance = Random(7)
    for n in range(_ATTENDEES):
        person = people.identity("starring", n)
        await Person(
            id=person, email=f"a{n}@bench.example", name=f"Attendee {n}", created_at=now()
        ).save()
        await Star.insert(
            *(
                Star(
                    id=uuid4(),
                    conference=conference,
                    person=person,
                    session=session,
                    created_at=now(),
                )
                for session in chance.sample(sessions, _STARS_EACH)
            )
        )
