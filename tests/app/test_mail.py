"""Mail: right for every name and client, the same at every attempt, nothing smuggled in."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiosmtplib import SMTPRecipientsRefused

from app import db
from app.jobs.outbox import Delivery, Undeliverable
from app.main import create_app
from app.notices import mail, mailbox
from app.notices.mail import BadAddress, Mailer
from app.settings import Settings, Smtp, from_environment
from tests.app.smtp import Server

T0 = datetime(2027, 5, 12, 12, 0, tzinfo=UTC)
PLAIN = {"to": "ada@example.org", "subject": "Hello", "text": "Dear Ada,\n\nhttps://x.example/a"}


@pytest.fixture
def plain(tmp_path: Path) -> Settings:
    """Settings that need no database."""
    return from_environment(
        {
            "PLENARY_VAR": str(tmp_path),
            "PLENARY_SECRET": "s" * 40,
            "PLENARY_SECRET_MEDIA": "m" * 40,
            "PLENARY_BASE_URL": "https://plenary.example",
            "PLENARY_MAIL_FROM": "Plenary <show@plenary.example>",
        }
    )


def built(plain: Settings, **changes: Any) -> Any:
    message = mail.build({**PLAIN, **changes}, key="k1", created_at=T0, settings=plain)
    return message_from_bytes(message.as_bytes(), policy=default)


def delivery(key: str = "k1", **changes: Any) -> Delivery:
    return Delivery(
        id=uuid4(), kind="mail", key=key, payload={**PLAIN, **changes}, attempt=1, created_at=T0
    )


def test_a_mail_has_text_and_html_and_says_that_a_machine_sent_it(plain: Settings) -> None:
    message = built(plain)
    assert message.get_content_type() == "multipart/alternative"
    assert [p.get_content_type() for p in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["From"] == "Plenary <show@plenary.example>"
    assert message["Message-ID"].endswith("@plenary.example>")
    assert 'href="https://x.example/a"' in message.get_body(("html",)).get_content()
    assert "https://x.example/a" in message.get_body(("plain",)).get_content()


def test_the_same_key_gives_the_same_bytes(plain: Settings) -> None:
    first, second = (
        mail.build(PLAIN, key="k1", created_at=T0, settings=plain).as_bytes() for _ in range(2)
    )
    assert first == second
    other = mail.build(PLAIN, key="k2", created_at=T0, settings=plain)
    assert other["Message-ID"] not in first.decode()


@pytest.mark.parametrize(
    "name", ["大谷 真理子", "هدى العمري", "Þorgerður", "Zoë 🎈", 'O\'Neil, "Bo" <x@y>', "a" * 300]
)
def test_names_of_any_script_arrive_as_they_are(plain: Settings, name: str) -> None:
    message = built(plain, name=name, subject=f"For {name}")
    assert message["To"].addresses[0].display_name == name
    assert message["To"].addresses[0].addr_spec == "ada@example.org"
    assert message["Subject"] == f"For {name}"


@pytest.mark.parametrize("bad", ["\r\n", "\n", "\r", "\x00", "\u2028", "\x85"])
def test_nothing_can_be_smuggled_into_a_header(plain: Settings, bad: str) -> None:
    smuggled = f"Ada{bad}Bcc: everybody@example.org"
    message = built(plain, name=smuggled, subject=smuggled, from_name=smuggled)
    assert message["Bcc"] is None
    assert sorted(message.keys()) == [
        "Auto-Submitted",
        "Content-Type",
        "Date",
        "From",
        "MIME-Version",
        "Message-ID",
        "Subject",
        "To",
    ]


@pytest.mark.parametrize(
    "address", ["", "ada", "ada@", "@x", "a b@x.org", "a@x.org\r\nBcc: b@x.org", "a@" + "x" * 300]
)
def test_what_is_no_address_is_given_up_in_words(plain: Settings, address: str) -> None:
    with pytest.raises(BadAddress, match="is no e-mail address"):
        built(plain, to=address)
    assert issubclass(BadAddress, Undeliverable)


def test_a_domain_in_another_script_is_written_in_ascii(plain: Settings) -> None:
    assert built(plain, to="ada@bücher.example")["To"].addresses[0].domain == (
        "xn--bcher-kva.example"
    )


async def test_without_a_server_mail_is_laid_into_a_folder_once(plain: Settings) -> None:
    mailer = Mailer(plain)
    await mailer.deliver(delivery())
    await mailer.deliver(delivery())
    await mailer.deliver(delivery("k2"))
    mails = await asyncio.to_thread(mailbox.newest, plain.mail_folder)
    assert [m.subject for m in mails] == ["Hello", "Hello"]
    assert len({m.id for m in mails}) == 2


def by_smtp(plain: Settings, server: Server) -> Mailer:
    smtp = Smtp(host="127.0.0.1", port=server.port, user=None, password=None, starttls=False)
    return Mailer(replace(plain, smtp=smtp))


async def test_mail_goes_out_by_smtp_over_one_connection(plain: Settings) -> None:
    async with Server() as server:
        mailer = by_smtp(plain, server)
        for n in range(3):
            await mailer.deliver(delivery(f"k{n}", text=".a line that begins with a dot\n"))
        await mailer.close()
    assert server.connections == 1
    assert len(server.mails) == 3
    assert b"..a line" in server.mails[0]


async def test_an_address_that_is_refused_for_good_is_given_up(plain: Settings) -> None:
    async with Server() as server:
        mailer = by_smtp(plain, server)
        server.refuse = b"550 nobody here"
        with pytest.raises(Undeliverable):
            await mailer.deliver(delivery())
        server.refuse = b"451 later"
        with pytest.raises(SMTPRecipientsRefused):
            await mailer.deliver(delivery())
        server.refuse = b""
        await mailer.deliver(delivery())
        await mailer.close()
    assert len(server.mails) == 1


async def test_a_server_that_went_away_is_found_again(plain: Settings) -> None:
    async with Server() as server:
        mailer = by_smtp(plain, server)
        await mailer.deliver(delivery())
        assert mailer._server is not None
        mailer._server.close()
        await mailer.deliver(delivery("k2"))
        await mailer.close()
    assert server.connections == 2


def test_a_hostile_html_part_is_harmless_in_the_mailbox(plain: Settings) -> None:
    hostile = (
        '<script>alert(1)</script><img src=x onerror=alert(1)><p onclick="x()">hi</p>'
        '<a href="javascript:x()">a</a><form action="/sign-out"><input></form>'
        "<style>p{}</style>"
    )
    message = mail.build({**PLAIN, "html": hostile}, key="abcdef", created_at=T0, settings=plain)
    path = mail.lay_down(message, plain.mail_folder)
    found = mailbox.find(plain.mail_folder, path.stem)
    assert found is not None
    assert found.html == '<p>hi</p><a rel="noopener">a</a>\n'


def test_a_mailbox_shows_no_other_files(plain: Settings) -> None:
    plain.mail_folder.mkdir()
    (plain.var / "deadbeef99.eml").write_text("Subject: outside\n\nx")
    assert mailbox.find(plain.mail_folder, "../deadbeef99") is None
    assert mailbox.find(plain.mail_folder, "deadbeef99") is None
    assert mailbox.attachment(plain.mail_folder, "deadbeef99", 0) is None


async def demo_answers(settings: Settings, host: str, *, demo: bool = True) -> list[int]:
    """What a client from `host` gets: the list, one mail, its attachment."""
    app: Any = create_app(replace(settings, demo=demo))
    path = await asyncio.to_thread(
        mail.lay_down,
        mail.build(
            {
                **PLAIN,
                "text": "Hello\n\nhttps://x.example/sign-in/abc",
                "calendar": {"method": "REQUEST", "ics": "BEGIN:VCALENDAR\r\n", "name": "a.ics"},
            },
            key="k",
            created_at=T0,
            settings=settings,
        ),
        settings.mail_folder,
    )
    transport = httpx.ASGITransport(app=app, client=(host, 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver.local") as client:
        answers = [
            await client.get(address, headers={"accept": "text/html"})
            for address in ("/mail", f"/mail/{path.stem}", f"/mail/{path.stem}/attachments/0")
        ]
    await db.close_pool()
    if answers[1].status_code == 200:
        assert 'href="https://x.example/sign-in/abc"' in answers[1].text
        assert "a.ics" in answers[1].text
        assert answers[2].headers["content-disposition"] == 'attachment; filename="a.ics"'
    return [answer.status_code for answer in answers]


async def test_the_mailbox_is_for_who_sits_at_the_demo(settings: Settings) -> None:
    assert await demo_answers(settings, "127.0.0.1") == [200, 200, 200]
    assert await demo_answers(settings, "192.0.2.7") == [404, 404, 404]
    assert await demo_answers(settings, "127.0.0.1", demo=False) == [404, 404, 404]
