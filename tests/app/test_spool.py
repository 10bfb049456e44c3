"""Mails as they lie in the spool of a real SMTP server that is not ours (aiosmtpd, a Maildir)."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import dkim
import httpx
import pytest
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, Envelope, Session
from icalendar import Calendar
from PIL import Image

from agenda.model import SessionState
from app.attendees import invites
from app.attendees.tables import CalendarWish
from app.clock import now
from app.conferences import brand
from app.conferences.brand import Brand, Logo
from app.conferences.tables import Conference
from app.jobs.tables import Outbox
from app.notices import letters, setup, unsubscribe
from app.programme import stars
from app.settings import Settings
from tests.app.making import (
    T0,
    give_address,
    make_attendee,
    make_conference,
    make_schedule,
    release,
)
from tests.app.workers import start_worker

EARLY = T0 - timedelta(days=3)
ZOE = "zoë@bücher.example"


class Kept(Mailbox):
    """aiosmtpd's Maildir, with each mail's bytes as they came and who the envelope says sent it."""

    def __init__(self, spool: Path) -> None:
        super().__init__(spool)
        self.senders: list[str | None] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert envelope.original_content is not None
        self.mailbox.add(envelope.original_content)
        self.senders.append(envelope.mail_from)
        return "250 kept"


@contextlib.asynccontextmanager
async def server(handler: Kept) -> AsyncIterator[int]:
    """A server with this handler; its port."""
    loop = asyncio.get_running_loop()
    made = await loop.create_server(
        lambda: SMTP(handler, enable_SMTPUTF8=True, hostname="mx.example", loop=loop),
        "127.0.0.1",
        0,
    )
    try:
        yield made.sockets[0].getsockname()[1]
    finally:
        made.close()
        await made.wait_closed()


async def _drafted(settings: Settings) -> tuple[Conference, UUID]:
    """All that can happen to an invite: sent, moved, and withdrawn because the session fell or the
    star is gone; besides, a message in the organizer's look. Returns who starred."""
    conference = await make_conference()
    folder = settings.files / "looks"
    folder.mkdir(parents=True)
    held = io.BytesIO()
    Image.new("RGB", (200, 80), "#0d7a7a").save(held, format="PNG")
    (folder / "s.png").write_bytes(held.getvalue())
    logo = Logo(stored="looks/s.png", small="looks/s.png", width=200, height=80)
    look = brand.dump(Brand(accent="#0d7a7a", logo=logo))
    await Conference.update({Conference.brand: look}).where(Conference.id == conference.id)
    conference.brand = look
    plan = make_schedule(sessions=2, speakers=2)
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    zoe = await make_attendee(conference, "Zoë", ZOE)
    await release(conference, plan)
    await give_address(plan.speakers[0].id, "one@example.org")
    starred = UUID(plan.sessions[1].id)
    await stars.put(conference.id, ada, starred, starred=True, now=EARLY)
    await CalendarWish(id=uuid4(), conference=conference.id, person=ada, created_at=EARLY).save()

    async def draft(minutes: int) -> None:
        at = EARLY + timedelta(minutes=minutes)
        await invites.draft_invites(conference.id, settings=settings, now=at)

    await draft(1)
    moved = replace(
        plan,
        slots=tuple(replace(one, start=one.start + timedelta(minutes=5)) for one in plan.slots),
    )
    await release(conference, moved)
    await draft(2)
    fallen = replace(moved.sessions[0], state=SessionState.CANCELLED)
    await release(conference, replace(moved, sessions=(fallen, moved.sessions[1])))
    await stars.put(conference.id, ada, starred, starred=False, now=EARLY)
    await draft(4)
    await letters.put(
        conference,
        "message",
        [
            letters.Draft(
                key=f"m:{person}",
                person=person,
                to=to,
                name=name,
                payload={"subject": "Grüße 🌊", "text": "Hello\n\n.a line with a dot\n"},
            )
            for person, to, name in ((ada, "ada@example.org", "Ada"), (zoe, ZOE, "Zoë"))
        ],
        settings=settings,
        now=EARLY,
    )
    # What the releases ask for is not what is mailed here.
    await Outbox.delete().where(Outbox.kind != "mail")
    await Outbox.update({Outbox.due_at: now()}).where(Outbox.kind == "mail")
    return conference, ada


async def _sent_by_a_worker(settings: Settings, port: int, key: Path) -> None:
    mails = await Outbox.count().where(Outbox.kind == "mail")
    assert mails == 8
    worker = start_worker(
        "fast",
        settings,
        {
            "PLENARY_SMTP_HOST": "127.0.0.1",
            "PLENARY_SMTP_PORT": str(port),
            "PLENARY_SMTP_STARTTLS": "0",
            "PLENARY_BASE_URL": settings.base_url,
            "PLENARY_MAIL_FROM": "Tidewater <show@tidewater.example>",
            "PLENARY_MAIL_BOUNCES": "back@tidewater.example",
            "PLENARY_DKIM_KEY": str(key),
        },
    )
    try:
        async with asyncio.timeout(60):
            while await Outbox.count().where(Outbox.kind == "mail", Outbox.delivered_at.is_null()):
                await asyncio.sleep(0.05)
    finally:
        worker.terminate()
        await asyncio.to_thread(worker.wait, 15)


def _read(spool: Path) -> list[tuple[bytes, EmailMessage]]:
    """The raw mails of a Maildir, and as Python reads them."""
    raws = [path.read_bytes() for path in sorted((spool / "new").iterdir())]
    assert all(len(line) <= 998 for raw in raws for line in raw.split(b"\r\n")), "RFC 5322, 2.1.1"
    return [(raw, message_from_bytes(raw, policy=default)) for raw in raws]


def _types(message: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in message.walk()]


# The database is no part of what is asked here.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_mail_in_the_spool_is_whole_signed_and_can_be_stopped(
    client: httpx.AsyncClient, settings: Settings, tmp_path: Path
) -> None:
    key, spool = tmp_path / "dkim.pem", tmp_path / "spool"
    record = setup.make_dkim_key(key).split('"')[1].encode()
    conference, ada = await _drafted(settings)
    handler = Kept(spool)
    async with server(handler) as port:
        await _sent_by_a_worker(settings, port, key)
    mails = await asyncio.to_thread(_read, spool)
    assert max(Counter(message["Message-ID"] for _raw, message in mails).values()) == 1

    assert handler.senders == ["back@tidewater.example"] * len(mails)

    def lookup(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"plenary._domainkey.tidewater.example."
        return record

    for raw, message in mails:
        assert dkim.verify(raw, dnsfunc=lookup), message["Subject"]
        assert message["From"] == f"{conference.title} <show@tidewater.example>"
        assert message["Auto-Submitted"] == "auto-generated"
        html: Any = message.get_body(("html",))
        assert "solid #0d7a7a" in html.get_content()

    calendars = [(raw, one) for raw, one in mails if "text/calendar" in _types(one)]
    told = []
    for _raw, message in calendars:
        assert _types(message) == [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/png",
            "text/calendar",
            "application/ics",
        ]
        part = next(p for p in message.walk() if p.get_content_type() == "text/calendar")
        file = next(p for p in message.walk() if p.get_content_type() == "application/ics")
        content: Any = part.get_payload(decode=True)
        assert file.get_payload(decode=True) == content
        assert (part.get_param("charset"), part["Content-Disposition"]) == ("utf-8", None)
        read: Any = Calendar.from_ical(content)
        (event,) = read.walk("VEVENT")
        assert part.get_param("method") == str(read["METHOD"])
        to = message["To"].addresses[0].addr_spec
        assert event["ATTENDEE"] == f"mailto:{to}"
        told.append((to, str(read["METHOD"]), int(event["SEQUENCE"]), str(event["UID"])))
    uids = {to: {line[3] for line in told if line[0] == to} for to, *_ in told}
    assert {to: len(found) for to, found in uids.items()} == {
        "ada@example.org": 1,
        "one@example.org": 1,
    }
    assert sorted(line[:3] for line in told) == [
        (to, method, sequence)
        for to in ("ada@example.org", "one@example.org")
        for method, sequence in (("CANCEL", 2), ("REQUEST", 0), ("REQUEST", 1))
    ]
    assert {
        one["To"].addresses[0].addr_spec for _raw, one in calendars if one["List-Unsubscribe"]
    } == {"ada@example.org"}, "a speaker's own invites can't be given up"

    # The name before the @ goes as it is (SMTPUTF8), the domain in ASCII (IDNA).
    (zoes,) = [one for raw, one in mails if "<zoë@xn--bcher-kva.example>".encode() in raw]
    body: Any = zoes.get_body(("plain",))
    assert "\r\n.a line with a dot\r\n" in body.get_content()

    (message,) = [
        one
        for _raw, one in mails
        if one["To"].addresses[0].addr_spec == "ada@example.org" and one["Subject"][0] == "G"
    ]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = str(message["List-Unsubscribe"]).strip("<>")
    # As a mail program does it (RFC 8058): a POST from elsewhere, without a cookie.
    done = await client.post(
        link.removeprefix(settings.base_url),
        content="List-Unsubscribe=One-Click",
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "origin": "https://mail.example",
            "sec-fetch-site": "cross-site",
        },
    )
    assert done.status_code == 200
    assert await unsubscribe.muted(conference.id, "message") == {ada}
