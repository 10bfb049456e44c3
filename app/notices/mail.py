"""Mail: built the same at every attempt, sent by SMTP or laid into a folder."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiosmtplib
import structlog
from dkim import sign

from app.html import gettext as _
from app.jobs.outbox import Delivery, Undeliverable
from app.notices import paper
from app.settings import Dkim, Settings, Smtp

logger = structlog.get_logger(__name__)

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_NO_SUCH_ADDRESS = re.compile(r"5\.1\.(?:1|2|3|6|10)\b")
_TIMEOUT_S = 10.0
_LONGEST_LINE = 900
_CID = "logo@plenary"
_SIGNED = (
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "auto-submitted",
    "list-unsubscribe",
    "list-unsubscribe-post",
)


class BadAddress(Undeliverable):
    """Nothing can be sent to this address."""

    def __init__(self, text: str) -> None:
        super().__init__(f"“{text}” is no e-mail address")


class Refused(Undeliverable):
    """The mail server refuses the address. `unknown` where it says that there is no such one."""

    def __init__(self, receiver: str, code: int, words: str) -> None:
        super().__init__(
            _("The mail server refuses the address: {code} {words}").format(code=code, words=words)
        )
        found = _NO_SUCH_ADDRESS.search(words)
        self.receiver = receiver
        self.status = found.group(0) if found else ""
        self.words = words[:500]

    @property
    def unknown(self) -> bool:
        return bool(self.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """An invite that travels in a mail (RFC 6047): the text of a VCALENDAR, and its METHOD."""

    method: str
    ics: str
    name: str = "invite.ics"


def one_line(text: str) -> str:
    """The text without control characters or line ends, fit for a header."""
    return _CONTROL.sub(" ", text).strip()


def address(text: str, name: str = "") -> Address:
    """A mailbox as a header wants it. Raises BadAddress; a name may hold anything."""
    spec = text.strip()
    local, at, domain = spec.rpartition("@")
    if not at or not local or not domain or _CONTROL.search(spec) or " " in spec:
        raise BadAddress(text)
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
        return Address(one_line(name), username=local, domain=ascii_domain)
    except (UnicodeError, ValueError, IndexError) as error:
        raise BadAddress(text) from error


def message_id(key: str, settings: Settings) -> str:
    """The same for the same outbox key, so that a doubled mail is known as one."""
    host = urlsplit(settings.base_url).hostname or "localhost"
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{host}>"


def build(
    facts: Mapping[str, Any], *, key: str, created_at: datetime, settings: Settings
) -> EmailMessage:
    """A whole message from an outbox payload; the same payload and key give the same bytes.

    Payload: `to`, `subject`, and `text` or the parts that app.notices.paper knows; perhaps `name` of
    the receiver, `look` (app.conferences.brand.sender), `html` (its body as it is), `calendar`
    {method, ics, name}, `unsubscribe` (a link), `attachments` [{name, type, base64}].
    Raises BadAddress.
    """
    receiver = address(facts["to"], facts.get("name", ""))
    plain = receiver.addr_spec.isascii()
    message = EmailMessage(policy=SMTP if plain else SMTPUTF8)
    message["Message-ID"] = message_id(key, settings)
    message["Date"] = format_datetime(created_at)
    sender_name, sender = parseaddr(settings.mail_from)
    message["From"] = address(sender, facts.get("from_name") or sender_name or "Plenary")
    message["To"] = receiver
    message["Subject"] = one_line(facts["subject"])
    message["Auto-Submitted"] = "auto-generated"
    if facts.get("unsubscribe"):
        message["List-Unsubscribe"] = f"<{facts['unsubscribe']}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(paper.plain(facts), cte="quoted-printable")
    logo = _logo(facts, settings)
    body = facts.get("html") or paper.rich(
        facts, subject=one_line(facts["subject"]), logo=_CID if logo else ""
    )
    message.add_alternative(body, subtype="html", cte="quoted-printable")
    if logo and not facts.get("html"):
        _add_logo(message, logo)
    if facts.get("calendar"):
        _add_calendar(message, Calendar(**facts["calendar"]))
    for file in facts.get("attachments", ()):
        main, _slash, sub = file["type"].partition("/")
        content = base64.b64decode(file["base64"])
        message.add_attachment(content, maintype=main, subtype=sub, filename=file["name"])
    _fix_boundaries(message, key)
    # Python would fold a long link into encoded words; every line here is within RFC 5322's 998.
    message.policy = message.policy.clone(max_line_length=_LONGEST_LINE)
    return message


def _logo(facts: Mapping[str, Any], settings: Settings) -> bytes:
    """The sender's logo as PNG; empty where there is none, or none any more."""
    held = facts.get("look", {}).get("logo")
    if not held:
        return b""
    try:
        return (settings.files / held["stored"]).read_bytes()
    except FileNotFoundError:
        return b""


def _add_logo(message: EmailMessage, logo: bytes) -> None:
    """Within the mail, so that opening it asks nobody for a picture (RFC 2387, RFC 2392)."""
    part = list(message.iter_parts())[-1]
    part.add_related(
        logo, "image", "png", cid=f"<{_CID}>", filename="logo.png", disposition="inline"
    )


def _add_calendar(message: EmailMessage, calendar: Calendar) -> None:
    """As clients expect it: an alternative with its method, and the same as a file."""
    message.add_alternative(calendar.ics, subtype="calendar", cte="base64")
    part = list(message.iter_parts())[-1]
    part.set_param("method", calendar.method)
    message.add_attachment(
        calendar.ics.encode(),
        maintype="application",
        subtype="ics",
        filename=calendar.name,
    )


def _fix_boundaries(message: EmailMessage, key: str) -> None:
    """Boundaries from the key instead of from chance, so that the bytes stay the same."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:24]
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{digest}_{number}")


def signed(message: EmailMessage, dkim: Dkim | None) -> bytes:
    """The message as it goes over the wire, with a DKIM signature (RFC 6376) where a key is set.

    RFC 8058 wants both List-Unsubscribe headers under the signature.
    """
    content = message.as_bytes()
    if dkim is None:
        return content
    names = {name.lower() for name in message}
    return bytes(
        sign(
            content,
            dkim.selector.encode(),
            dkim.domain.encode("idna"),
            dkim.key.read_bytes(),
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name.encode() for name in _SIGNED if name in names],
        )
        + content
    )


class Mailer:
    """Sends what the outbox holds; one connection, kept while mails follow each other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: aiosmtplib.SMTP | None = None

    async def deliver(self, delivery: Delivery) -> None:
        """The outbox handler for `mail`. Raises Undeliverable where trying again can't help."""
        message = build(
            delivery.payload,
            key=delivery.key,
            created_at=delivery.created_at,
            settings=self._settings,
        )
        receiver = message["To"].addresses[0].addr_spec
        if self._settings.smtp is None:
            await asyncio.to_thread(lay_down, message, self._settings.mail_folder)
        else:
            await self._send(message, receiver, self._settings.smtp)
        logger.debug("mail sent", message_id=message["Message-ID"], attempt=delivery.attempt)

    async def _send(self, message: EmailMessage, receiver: str, smtp: Smtp) -> None:
        content = await asyncio.to_thread(signed, message, self._settings.dkim)
        sender = self._settings.mail_bounces
        options = [] if receiver.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
        try:
            server = await self._connected(smtp)
            await server.sendmail(sender, [receiver], content, mail_options=options)
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = error.recipients[0]
            if 500 <= refused.code < 600:
                raise Refused(receiver, refused.code, one_line(refused.message)) from error
            raise
        except (aiosmtplib.SMTPException, OSError):
            self._drop()
            raise

    async def _connected(self, smtp: Smtp) -> aiosmtplib.SMTP:
        if self._server is not None and self._server.is_connected:
            return self._server
        server = aiosmtplib.SMTP(
            hostname=smtp.host,
            port=smtp.port,
            username=smtp.user,
            password=smtp.password,
            use_tls=smtp.port == 465,
            start_tls=smtp.starttls if smtp.port != 465 else False,
            timeout=_TIMEOUT_S,
        )
        await server.connect()
        self._server = server
        return server

    def _drop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    async def close(self) -> None:
        self._drop()


def lay_down(message: EmailMessage, folder: Path) -> Path:
    """Write the message as one .eml file, whole or not at all. The same message is one file."""
    folder.mkdir(parents=True, exist_ok=True)
    name = str(message["Message-ID"]).strip("<>").partition("@")[0]
    path = folder / f"{name}.eml"
    unfinished = folder / f".{name}.{os.getpid()}"
    unfinished.write_bytes(message.as_bytes())
    unfinished.replace(path)
    return path
