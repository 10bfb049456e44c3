"""SIGKILL of the worker in the middle of each kind of job: another attempt ends in the right result."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from pypdf import PdfReader
from redis.asyncio import Redis

from agenda.model import SpeakerId
from app.clock import now
from app.conferences.tables import Conference
from app.jobs import store
from app.jobs.kinds import KINDS
from app.jobs.store import Made
from app.jobs.tables import Job, Outbox
from app.programme import releases
from app.recordings import policy as recorded
from app.recordings import store as recordings
from app.recordings.tables import Recording
from app.registration import places
from app.registration import store as registrations
from app.registration.rules import Claim, Sent
from app.settings import Settings
from app.sponsors import consent
from app.stages.tables import Presence
from tests.app.making import (
    T0,
    give_address,
    make_attendee,
    make_conference,
    make_person,
    make_schedule,
    release,
)
from tests.app.test_recordings import live_session
from tests.app.test_report import held_conference
from tests.app.test_sponsors import make_sponsor
from tests.app.workers import start_worker

PHASES = (
    (("badge", "certificate", "welcome"), ("badges", "report")),
    (("leads", "invites"), ("solve", "recording")),
)
"""Kinds that are killed together, and those that then end together."""


def test_every_kind_of_job_is_killed_here() -> None:
    assert {kind for phase in PHASES for kinds in phase for kind in kinds} == set(KINDS)


async def ask(kind: str, conference: Conference, arguments: dict[str, Any]) -> UUID:
    return await store.ask(
        kind, f"kill:{kind}", arguments, conference=conference.id, asked_by=None, now=now()
    )


async def prepare(settings: Settings) -> dict[str, tuple[Conference, dict[str, Any]]]:
    """Conference and arguments for a job of each kind, large enough to be killed in its middle."""
    held = await held_conference()
    ada = await make_attendee(held, "Ada Ng", "ada@example.org")
    await Presence.update({Presence.person: str(ada)}).where(Presence.person == "ada")
    crowd = await make_conference()
    for n in range(60):
        await make_attendee(crowd, f"Guest {n:03d}")
    sponsor, _staff = await make_sponsor(held)
    await consent.give(
        sponsor, ada, fields=consent.FIELDS, wording="I agree", source="booth", now=T0
    )
    full = await make_conference()
    schedule = make_schedule(sessions=700, rooms=20, speakers=40)
    await release(full, schedule)
    for n, speaker in enumerate(schedule.speakers):
        await give_address(SpeakerId(speaker.id), f"s{n}@example.org")
    latest = await releases.latest(full.id)
    assert latest is not None
    # What the release itself asked for is not what is counted here.
    await Job.delete().where(Job.conference == full.id)
    await Outbox.delete().where(Outbox.kind == "released")
    joined = await make_conference()
    desk = places.Desk(conference=joined, settings=settings, now=now())
    guest = await make_person("Bo Lind", "bo@example.org")
    ticket = (await registrations.ticket_rows(joined.id))[0]["id"]
    await places.apply(desk, guest, ticket, Sent(organization=""), Claim(), proven=True)
    welcome = await Job.select().where(Job.kind == "welcome").first()
    assert welcome is not None
    await Job.delete().where(Job.id == welcome["id"])
    played, slot, _run = await live_session(settings)
    await recordings.set_policy(
        played.id, recordings.Policy(mode=recorded.ALWAYS), by=None, now=now()
    )
    return {
        "badge": (held, {"person": str(ada)}),
        "certificate": (held, {"person": str(ada)}),
        "welcome": (joined, json.loads(welcome["arguments"])),
        "badges": (crowd, {}),
        "report": (held, {}),
        "leads": (held, {"sponsor": str(sponsor)}),
        "invites": (full, {"release": str(latest.id)}),
        "solve": (held, {"mode": "complete", "seconds": 5}),
        "recording": (played, {"slot": slot.id}),
    }


@contextlib.asynccontextmanager
async def workers(settings: Settings) -> AsyncIterator[list[subprocess.Popen[bytes]]]:
    made = [start_worker(name, settings) for name in ("fast", "heavy")]
    try:
        yield made
    finally:
        for worker in made:
            if worker.poll() is None:
                worker.terminate()
            await asyncio.to_thread(worker.wait, 15)


async def states(jobs: Sequence[UUID]) -> list[tuple[str, int]]:
    rows = {r["id"]: r for r in await Job.select().where(Job.id.is_in(list(jobs)))}
    return [(rows[job]["state"], rows[job]["attempts"]) for job in jobs]


async def kill_in_the_middle(
    settings: Settings, wanted: dict[str, tuple[Conference, dict[str, Any]]], kinds: Sequence[str]
) -> dict[str, UUID]:
    """Ask for these jobs and kill their workers while each is running; one that was too quick is
    asked for again. Returns the jobs that were killed."""
    killed: dict[str, UUID] = {}
    while len(killed) < len(kinds):
        open_kinds = [kind for kind in kinds if kind not in killed]
        jobs = {kind: await ask(kind, *wanted[kind]) for kind in open_kinds}
        async with workers(settings) as running:
            async with asyncio.timeout(60):
                while all(state != "running" for state, _ in await states([*jobs.values()])):
                    await asyncio.sleep(0.001)
            # The heavy queue takes two at once; give the others the moment that they need to begin.
            await asyncio.sleep(0.05)
            for worker in running:
                os.kill(worker.pid, signal.SIGSTOP)
            found = dict(zip(jobs, await states([*jobs.values()]), strict=True))
            killed |= {kind: jobs[kind] for kind, how in found.items() if how == ("running", 0)}
            for worker in running:
                worker.kill()
        # Only now: a worker that stands still may hold the database's one write lock.
        waiting = [jobs[kind] for kind, (state, _) in found.items() if state == "queued"]
        await Job.delete().where(Job.id.is_in(waiting or [uuid4()]))
    return killed


async def finished(jobs: Sequence[UUID]) -> None:
    async with asyncio.timeout(120):
        while any(state not in ("done", "failed") for state, _ in await states(jobs)):
            await asyncio.sleep(0.2)


async def test_each_kind_of_job_survives_a_kill_in_its_middle(
    database: str, settings: Settings
) -> None:
    async with Redis.from_url(settings.redis_url) as redis:
        await redis.flushall()
    wanted = await prepare(settings)
    killed: dict[str, UUID] = {}
    for phase in PHASES:
        for kinds in phase:
            killed |= await kill_in_the_middle(settings, wanted, kinds)
        # As if the killed attempts' leases had run out, which test_kills waits for.
        await Job.update({Job.lease_until: now()}).where(Job.state == "running")
        async with workers(settings):
            await finished([*killed.values()])
    for kind, job in killed.items():
        row = await store.find(job)
        assert row is not None
        assert row["state"] == "done", (kind, row["error"])
        assert row["attempts"] >= 1, kind
        made = Made.read(row["result"])
        assert made is not None
        await right(kind, made, settings)
    # Whatever a killed attempt had begun to write is not beside what the last one made.
    left = {path.name for path in (settings.files / "jobs").iterdir()}
    assert not {name for name in left if ".part-" in name and "-0." not in name}


async def right(kind: str, made: Made, settings: Settings) -> None:
    """Holds a result against what the job should have made."""
    path = settings.files / made.file
    if kind in ("badge", "certificate", "badges", "report", "leads"):
        text = "".join(page.extract_text() for page in PdfReader(path).pages)
        words = {"badges": "Guest 059", "report": "Session 0"}.get(kind, "Ada Ng")
        assert words in text, kind
        if kind == "badges":
            assert len(PdfReader(path).pages) == 60
    elif kind == "invites":
        assert made.words == "700 invites"
        keys = [r["key"] for r in await Outbox.select(Outbox.key).where(Outbox.kind == "mail")]
        invites = [key for key in keys if key.startswith("invite:")]
        assert len(invites) == len(set(invites)) == 700
    elif kind == "welcome":
        rows = await Outbox.select(Outbox.key).where(
            Outbox.kind == "mail", Outbox.key.like("welcome:%")
        )
        assert len(rows) == 1
    elif kind == "recording":
        row = await Recording.select()
        assert [one["seconds"] for one in row] == [pytest.approx(8, abs=1)]
        assert (settings.files / "recordings" / row[0]["place"] / "video.mp4").is_file()
    elif kind == "solve":
        assert json.loads(path.read_text("utf-8"))["kind"] != "error"
    else:
        raise AssertionError(f"nobody says what a {kind} should make")
