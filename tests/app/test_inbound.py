"""Mail that comes in: answers are noted, addresses that don't exist are paused, all else is harmless."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import dkim
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenda.model import Schedule
from app.accounts.tables import Person
from app.attendees import answers, invites
from app.attendees.tables import Invitation
from app.conferences.tables import Conference
from app.jobs import outbox
from app.jobs.outbox import Undeliverable
from app.jobs.tables import Job, Outbox
from app.notices import inbound, letters, mail, pauses, returned, setup, unsubscribe
from app.notices.inbound import Returned
from app.notices.tables import Letter, Mute, Paused
from app.notices.unsubscribe import Wish
from app.settings import BadSetting, Dkim, Settings
from tests.app.making import (
    T0,
    give_address,
    make_attendee,
    make_conference,
    make_schedule,
    release,
)

EARLY = T0 - timedelta(days=2)


async def invited(settings: Settings) -> tuple[Conference, Schedule, UUID]:
    """A conference with one speaker, Ada, who was invited; the invite's release is the first."""
    conference = await make_conference()
    plan = make_schedule(sessions=1, speakers=1)
    await release(conference, plan)
    person = await give_address(plan.speakers[0].id, "ada@example.org")
    await invites.draft_invites(conference.id, settings=settings, now=EARLY)
    return conference, plan, person


def reply(
    plan: Schedule,
    partstat: str,
    *,
    sequence: int = 0,
    sender: str = "Ada <ada@example.org>",
    attendee: str = "mailto:ada@example.org",
    stamp: str = "20270511T100000Z",
    method: str = "REPLY",
    start: str = "20270512T090000Z",
) -> bytes:
    """As Outlook and Google write it."""
    calendar = "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "PRODID:-//Somebody//Else//EN",
            "VERSION:2.0",
            f"METHOD:{method}",
            "BEGIN:VEVENT",
            f"UID:{plan.slots[0].id}@testserver.local",
            f"SEQUENCE:{sequence}",
            f"DTSTAMP:{stamp}",
            f"DTSTART:{start}",
            f"ATTENDEE;CN=Ada;PARTSTAT={partstat}:{attendee}",
            "ORGANIZER:mailto:plenary@localhost",
            "COMMENT:I am on a plane\\, sorry",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
    )
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "plenary@localhost"
    message["Subject"] = "Declined: Session 0"
    message.set_content("Ada has answered.")
    message.add_alternative(calendar, subtype="calendar", params={"method": method})
    return message.as_bytes()


def bounce(message_id: str, receiver: str, status: str = "5.1.1", action: str = "failed") -> bytes:
    """As Postfix writes it (RFC 3464)."""
    return (
        "From: MAILER-DAEMON@mx.example (Mail Delivery System)\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you.\r\n"
        "--B\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {receiver}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 User unknown in\r\n virtual mailbox table\r\n\r\n"
        "--B\r\nContent-Type: message/rfc822\r\n\r\n"
        f"Message-ID: {message_id}\r\nSubject: Your session\r\n\r\nHello\r\n--B--\r\n"
    ).encode()


async def answer_of(conference: Conference) -> tuple[str, str]:
    (line,) = await answers.of_speakers(conference.id)
    return line.state, line.comment


async def test_an_answer_stands_on_the_organizers_page(database: str, settings: Settings) -> None:
    conference, plan, _ = await invited(settings)
    assert await answer_of(conference) == ("open", "")
    declined = reply(plan, "DECLINED")
    for _ in range(2):
        assert await returned.take_in(declined, now=T0) == "answer"
    assert await answer_of(conference) == ("declined", "I am on a plane, sorry")
    later = reply(plan, "ACCEPTED", stamp="20270511T120000Z")
    assert await returned.take_in(later, now=T0) == "answer"
    assert (await answer_of(conference))[0] == "accepted"
    earlier = reply(plan, "TENTATIVE", stamp="20270511T090000Z")
    assert await returned.take_in(earlier, now=T0) == "other"
    assert (await answer_of(conference))[0] == "accepted"


async def test_an_answer_of_somebody_else_or_to_an_older_version_counts_nothing(
    database: str, settings: Settings
) -> None:
    conference, plan, _ = await invited(settings)
    await Person(id=UUID(int=5), name="Eve", email="eve@example.org", created_at=T0).save()
    forged = reply(plan, "DECLINED", sender="Eve <eve@example.org>")
    stranger = reply(plan, "DECLINED", sender="eve@example.org", attendee="mailto:eve@example.org")
    await Invitation.update({Invitation.sequence: 2}, force=True)
    old = reply(plan, "DECLINED", sequence=1)
    for message in (forged, stranger, old):
        assert await returned.take_in(message, now=T0) == "other"
    assert await answer_of(conference) == ("open", "")


async def test_another_time_that_is_proposed_stands_beside_the_answer(
    database: str, settings: Settings
) -> None:
    conference, plan, _ = await invited(settings)
    counter = reply(plan, "NEEDS-ACTION", method="COUNTER", start="20270513T140000Z")
    assert await returned.take_in(counter, now=T0) == "answer"
    assert await answer_of(conference) == (
        "maybe",
        "I am on a plane, sorry (proposes 2027-05-13 14:00 to 14:00 UTC)",
    )
    vague = reply(
        plan, "DECLINED", method="COUNTER", start="20270513T140000", stamp="20270511T110000Z"
    )
    assert await returned.take_in(vague, now=T0) == "answer"
    assert await answer_of(conference) == ("declined", "I am on a plane, sorry")


async def test_who_lost_an_invite_gets_its_latest_version_once_an_hour(
    database: str, settings: Settings
) -> None:
    conference, plan, _ = await invited(settings)
    lost = [reply(plan, "", method="REFRESH", stamp=f"20270510T1{n}0000Z") for n in range(3)]
    forged = reply(plan, "", method="REFRESH", sender="Eve <eve@example.org>")
    assert await returned.take_in(forged, now=EARLY + timedelta(hours=2)) == "other"
    assert await returned.take_in(lost[0], now=EARLY + timedelta(minutes=5)) == "other", "just told"
    assert await returned.take_in(lost[1], now=EARLY + timedelta(hours=2)) == "refresh"
    assert await Job.count().where(Job.kind == "invites") == 1
    await Outbox.delete(force=True)
    later = EARLY + timedelta(hours=2, minutes=1)
    assert await invites.draft_invites(conference.id, settings=settings, now=later) == 1
    (row,) = await Outbox.select().where(Outbox.kind == "mail")
    assert "SEQUENCE:1" in json.loads(row["payload"])["calendar"]["ics"]
    assert await returned.take_in(lost[2], now=later) == "other"


async def test_a_hard_bounce_pauses_the_address_until_it_is_resumed(
    database: str, settings: Settings
) -> None:
    conference, _plan, _ = await invited(settings)
    (letter,) = await Letter.select()
    assert await returned.take_in(bounce("<other@x>", "ada@example.org"), now=T0) == "other"
    foreign = bounce(letter["message_id"], "eve@example.org")
    assert await returned.take_in(foreign, now=T0) == "other"
    full = bounce(letter["message_id"], "ada@example.org", status="5.2.2")
    assert await returned.take_in(full, now=T0) == "delayed"
    assert await Paused.count() == 0
    hard = bounce(letter["message_id"], "ADA@example.org")
    assert await returned.take_in(hard, now=T0) == "bounce"
    (shown,) = await letters.newest(conference.id)
    assert (shown.state, shown.words) == (
        "bounced",
        "5.1.1 smtp; 550 5.1.1 User unknown in virtual mailbox table",
    )
    sent: list[str] = []

    async def deliver(delivery: outbox.Delivery) -> None:
        sent.append(delivery.key)

    handle = pauses.guarded(deliver)
    delivery = outbox.Delivery(
        id=UUID(int=1),
        kind="mail",
        key="k",
        payload={"to": "Ada@example.org"},
        attempt=1,
        created_at=T0,
    )
    with pytest.raises(Undeliverable, match=r"came back: 5\.1\.1"):
        await handle(delivery)
    (paused,) = await pauses.of(conference.id)
    other = await make_conference()
    assert not await pauses.resume(other.id, paused["id"]), "it wrote nothing to it"
    assert await pauses.resume(conference.id, paused["id"])
    await handle(delivery)
    assert sent == ["k"]


async def test_an_address_that_the_server_calls_unknown_is_paused_too(
    database: str, settings: Settings
) -> None:
    async def refuse(delivery: outbox.Delivery) -> None:
        code = int(delivery.payload["code"])
        raise mail.Refused(delivery.payload["to"], code, delivery.payload["words"])

    handle = pauses.guarded(refuse)
    for words, count in (("5.7.1 not today", 0), ("5.1.1 no such user here", 1)):
        delivery = outbox.Delivery(
            id=UUID(int=1),
            kind="mail",
            key="k",
            payload={"to": "no@example.org", "code": 550, "words": words},
            attempt=1,
            created_at=T0,
        )
        with pytest.raises(Undeliverable, match="refuses the address"):
            await handle(delivery)
        assert await Paused.count() == count


@pytest.mark.parametrize("maildir", [True, False])
async def test_a_folder_is_read_once(
    database: str, settings: Settings, tmp_path: Path, maildir: bool
) -> None:
    conference, plan, _ = await invited(settings)
    folder = tmp_path / "inbox"
    new = folder / "new" if maildir else folder
    new.mkdir(parents=True)
    (new / "1.host").write_bytes(reply(plan, "ACCEPTED"))
    (new / "2.host").write_bytes(b"\xff\x00 not a mail")
    (new / ".hidden").write_bytes(b"half written")
    assert await returned.look(folder, now=T0) == 2
    assert (await answer_of(conference))[0] == "accepted"
    assert await returned.look(folder, now=T0) == 0
    kept = folder / ("cur" if maildir else "read")
    assert len(list(kept.iterdir())) == 2


async def test_a_mail_server_hands_over_by_a_secret_address(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference, plan, _ = await invited(settings)
    path = f"/inbound/{inbound.key_of(settings)}"
    raw = {"content-type": "message/rfc822"}
    assert (await client.post("/inbound/guessed", content=b"x", headers=raw)).status_code == 404
    sent = await client.post(path, content=reply(plan, "TENTATIVE"), headers=raw)
    assert (sent.status_code, sent.json()) == (200, {"outcome": "answer"})
    assert (await answer_of(conference))[0] == "maybe"
    accepted = reply(plan, "ACCEPTED", stamp="20270511T120000Z")
    sent = await client.post(path, data={"body-mime": accepted.decode()})
    assert sent.json() == {"outcome": "answer"}
    sent = await client.post(path, files={"email": ("m", b"Subject: hello\r\n\r\nhello")})
    assert sent.json() == {"outcome": "other"}
    assert (await answer_of(conference))[0] == "accepted"
    assert path.rsplit("/", 1)[1] in setup.words(settings)


async def test_one_click_stops_a_kind_and_nothing_else(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    wish = Wish(conference=conference.id, person=ada, kind="changes")
    path = unsubscribe.address(wish, settings).removeprefix(settings.base_url)
    shown = await client.get(path, headers={"accept": "text/html"})
    assert "Send no more of these" in shown.text
    assert not await unsubscribe.is_stopped(wish), "a look changes nothing"
    # As Gmail's servers send it: from elsewhere, without a cookie, as RFC 8058 says.
    done = await client.post(
        path,
        data={"List-Unsubscribe": "One-Click"},
        headers={"origin": "https://mail.example", "sec-fetch-site": "cross-site"},
    )
    assert done.status_code == 200
    assert await unsubscribe.muted(conference.id, "changes") == {ada}
    assert await unsubscribe.muted(conference.id, "soon") == frozenset()
    forged = path[:-1] + ("A" if path[-1] != "A" else "B")
    for wrong in (forged, "/unsubscribe/x", "/unsubscribe/" + "A" * 90, "/unsubscribe/é"):
        assert (await client.post(wrong)).status_code == 404
    again = await client.post(path, data={"again": "1"})
    assert "Send no more of these" in again.text
    assert await Mute.count() == 0


def test_whatever_comes_in_is_read_without_harm() -> None:
    assert inbound.read(b"x" * (inbound.MOST_BYTES + 1)) == []
    assert inbound.read(b"") == []
    broken = b'Content-Type: multipart/report; boundary="B"\r\n\r\n--B\r\n'
    assert inbound.read(broken + b"Content-Type: message/delivery-status\r\n\r\nx\r\n--B--") == []
    calendar = b"Content-Type: text/calendar; method=REPLY\r\n\r\n"
    for body in (b"BEGIN:VCALENDAR\r\nMETHOD:REPLY", b"END:VEVENT", b"\xff\xfe"):
        assert inbound.read(calendar + body) == []


@given(st.binary(max_size=400))
def test_random_bytes_are_no_answer(noise: bytes) -> None:
    assert inbound.read(noise) == []


@given(st.integers(0, 900), st.integers(0, 255))
def test_a_report_with_one_changed_byte_is_read_or_not_but_never_raises(
    at: int, value: int
) -> None:
    content = bytearray(bounce("<a@b>", "ada@example.org"))
    content[at % len(content)] = value
    assert all(isinstance(one, Returned) for one in inbound.read(bytes(content)))


async def test_mail_is_signed_with_both_headers_of_one_click(
    database: str, settings: Settings, tmp_path: Path
) -> None:
    key = tmp_path / "dkim.pem"
    record = setup.make_dkim_key(key)
    assert key.stat().st_mode & 0o077 == 0
    with pytest.raises(BadSetting, match="there already"):
        setup.make_dkim_key(key)
    conference = await make_conference()
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    await letters.put(
        conference,
        "message",
        [
            letters.Draft(
                key="m:1",
                person=ada,
                to="ada@example.org",
                name="Ada",
                payload={"subject": "Grüße", "text": "Hello\n\n.dot"},
            )
        ],
        settings=settings,
        now=T0,
    )
    (row,) = await Outbox.select().where(Outbox.kind == "mail")
    payload = json.loads(row["payload"])
    message = mail.build(payload, key=row["key"], created_at=T0, settings=settings)
    held = Dkim(key=key, selector="plenary", domain="example.org")
    content = await asyncio.to_thread(mail.signed, message, held)
    text = record.split('"')[1].encode()

    def lookup(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"plenary._domainkey.example.org."
        return text

    assert dkim.verify(content, dnsfunc=lookup)
    assert not dkim.verify(content.replace(b"Hello", b"Hullo"), dnsfunc=lookup)
    assert not dkim.verify(
        content.replace(b"List-Unsubscribe=One-Click", b"List-Unsubscribe=One-Clack"),
        dnsfunc=lookup,
    )
    assert b"List-Unsubscribe: <http://testserver.local/unsubscribe/" in content
