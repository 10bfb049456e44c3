"""Certificates: hours as the rooms recorded them, in a code that can't be made up."""

from __future__ import annotations

import asyncio
import re
import subprocess
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx

from app.attendees import certificates, codes
from app.attendees.certificates import Earned
from app.clock import now
from app.jobs import runner, store
from app.jobs.store import Made
from app.programme.tables import Speaker
from app.settings import Settings
from app.stages.tables import PhaseChange, Presence
from tests.app.making import T0, make_attendee, make_conference, make_schedule, release


def text_of(pdf: Path) -> str:
    return subprocess.run(
        ["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True, text=True
    ).stdout


def test_a_code_says_what_was_earned_and_nothing_else_can() -> None:
    key = codes.key_of(uuid4(), "secret")
    earned = Earned(attended=95, spoken=30)
    code = certificates.sign("0123456789abcdef", earned, key)
    assert certificates.verify(code, key) == ("0123456789abcdef", earned)
    assert certificates.verify(code.replace("-95-", "-96-"), key) is None
    assert certificates.verify(code, codes.key_of(uuid4(), "secret")) is None
    assert certificates.verify(codes.sign("0123456789abcdef", key), key) is None
    assert certificates.verify("C1-" + "9" * 4000, key) is None


async def test_hours_are_from_the_rooms_and_the_page_confirms_them(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    plan = make_schedule(sessions=2, rooms=1, speakers=2)
    await release(conference, plan)
    ada = await make_attendee(conference, "Ada Ng")
    await Speaker.update({Speaker.person: ada}).where(Speaker.id == UUID(plan.speakers[1].id))
    room = UUID(plan.rooms[0].id)
    for slot in plan.slots:
        for phase, at in (("live", slot.start), ("ended", slot.end)):
            await PhaseChange(
                id=uuid4(),
                conference=conference.id,
                slot=UUID(slot.id),
                room=room,
                phase=phase,
                due=at,
                at=at,
            ).save()
    for uid, joined, left in (("1", -5, 20), ("2", 10, 25)):
        await Presence(
            id=uuid4(),
            conference=conference.id,
            uid=uid,
            subscriber=uid,
            room=room,
            person=str(ada),
            joined_at=T0 + timedelta(minutes=joined),
            left_at=T0 + timedelta(minutes=left),
        ).save()
    job = await store.ask(
        "certificate",
        "c",
        {"person": str(ada)},
        conference=conference.id,
        asked_by=ada,
        now=now(),
    )
    await runner.run(settings, job, 0)
    row = await store.find(job)
    assert row is not None
    assert row["error"] == ""
    made = Made.read(row["result"])
    assert made is not None
    text = await asyncio.to_thread(text_of, settings.files / made.file)
    for words in ("Ada Ng", "Certificate of speaking", "took part in 25 min", "spoke for 30 min"):
        assert words in text
    assert "Session 1" in text
    found = re.search(r"C1-[0-9A-F]+-25-30-[A-Z2-7]{16}", "".join(text.split()))
    assert found is not None
    address = f"/c/{conference.slug}/certificates/"
    genuine = await client.get(address + found.group(), headers={"accept": "text/html"})
    assert genuine.status_code == 200
    assert "Ada Ng" in genuine.text
    assert "This certificate is genuine." in genuine.text
    forged = found.group().replace("-25-", "-250-")
    answer = await client.get(address + forged, headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "Ada Ng" not in answer.text


async def test_without_a_live_session_there_is_nothing_to_certify(
    database: str, settings: Settings
) -> None:
    conference = await make_conference()
    ada = await make_attendee(conference, "Ada Ng")
    job = await store.ask(
        "certificate",
        "c",
        {"person": str(ada)},
        conference=conference.id,
        asked_by=ada,
        now=now(),
    )
    await runner.run(settings, job, 0)
    row = await store.find(job)
    assert row is not None
    assert row["error"] == "There is nothing to certify before you were in a live session."
