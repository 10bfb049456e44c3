"""What comes in by mail, read: answers to invites (RFC 6047) and mail that came back (RFC 3464).

Pure: bytes in, values out. Everything here was sent by strangers.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from email.utils import parseaddr
from typing import Any

from icalendar import Calendar

from app.notices.mail import one_line
from app.settings import Settings

MOST_BYTES = 2 << 20
"""A message that is larger is neither an answer nor a report of ours."""

_MOST_PARTS = 60
_ANSWERS = {"ACCEPTED", "DECLINED", "TENTATIVE"}
_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
_ADDRESS = re.compile(r"(?i)^\s*(?:mailto:|rfc822;|utf-8;)?\s*<?([^<>\s]+@[^<>\s]+?)>?\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A REPLY, or a COUNTER, which `proposes` another time (aware, from and to). `partstat` is
    ACCEPTED, DECLINED or TENTATIVE; `sender` is who the mail is from."""

    uid: str
    attendee: str
    sender: str
    partstat: str
    sequence: int
    stamp: datetime
    words: str = ""
    proposes: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """Somebody asks for the latest version of an invite (RFC 5546, 3.2.6)."""

    uid: str
    attendee: str
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A delivery report of one receiver. `message_id` is that of the mail of ours that came back."""

    receiver: str
    message_id: str
    status: str
    words: str

    @property
    def hard(self) -> bool:
        """Whether trying this address again can't help (a full mailbox may be emptied)."""
        return self.status.startswith("5.") and self.status not in ("5.2.2", "5.3.4", "5.7.1")


def key_of(settings: Settings) -> str:
    """The secret part of the address to which a mail server may hand incoming mail."""
    return hmac.new(settings.secret.encode(), b"inbound mail", hashlib.sha256).hexdigest()[:40]


def read(content: bytes) -> list[Answer | Refresh | Returned]:
    """What a message says to us; nothing for every other mail, however broken it is."""
    if len(content) > MOST_BYTES:
        return []
    message = message_from_bytes(content, policy=default)
    parts = list(_parts(message))
    if message.get_content_type() == "multipart/report":
        return list(_reports(parts))
    sender = _address(str(message.get("From", "")))
    for part in parts:
        if part.get_content_type() in ("text/calendar", "application/ics"):
            for answer in _answers(_bytes(part), sender):
                return [answer]
    return []


def _parts(message: EmailMessage) -> Iterator[Message[str, str]]:
    for number, part in enumerate(message.walk()):
        if number >= _MOST_PARTS:
            return
        yield part


def _bytes(part: Message[str, str]) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _answers(content: bytes, sender: str) -> Iterator[Answer | Refresh]:
    try:
        held: Any = Calendar.from_ical(content)
        method = str(held.get("METHOD", "")).upper()
        if method not in ("REPLY", "COUNTER", "REFRESH"):
            return
        for event in held.walk("VEVENT"):
            answer = _answer(event, sender, method)
            if answer is not None:
                yield answer
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, UnicodeError):
        # A calendar that can't be read answers nothing.
        return


def _answer(event: Any, sender: str, method: str) -> Answer | Refresh | None:
    attendee = event.get("ATTENDEE")
    attendee = attendee[0] if isinstance(attendee, list) else attendee
    uid = str(event.get("UID", ""))
    if attendee is None or not uid:
        return None
    if method == "REFRESH":
        return Refresh(uid=uid, attendee=_address(str(attendee)), sender=sender)
    partstat = str(attendee.params.get("PARTSTAT", "")).upper()
    if partstat not in _ANSWERS:
        if method == "REPLY":
            return None
        partstat = "TENTATIVE"
    stamp = event.decoded("DTSTAMP") if "DTSTAMP" in event else datetime(1970, 1, 1, tzinfo=UTC)
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=UTC)
    return Answer(
        uid=uid,
        attendee=_address(str(attendee)),
        sender=sender,
        partstat=partstat,
        sequence=int(event.get("SEQUENCE", 0)),
        stamp=stamp.astimezone(UTC),
        words=one_line(str(event.get("COMMENT", "")))[:500],
        proposes=_proposed(event) if method == "COUNTER" else None,
    )


def _proposed(event: Any) -> tuple[datetime, datetime] | None:
    """The times of a COUNTER; None where it names none that can be placed."""
    if "DTSTART" not in event:
        return None
    start = event.decoded("DTSTART")
    end = event.decoded("DTEND") if "DTEND" in event else start
    if not (isinstance(start, datetime) and isinstance(end, datetime)):
        return None
    if start.tzinfo is None or end.tzinfo is None:
        return None
    return start.astimezone(UTC), end.astimezone(UTC)


def _reports(parts: list[Message[str, str]]) -> Iterator[Returned]:
    message_id = _returned_id(parts)
    for part in parts:
        if part.get_content_type() != "message/delivery-status":
            continue
        # Its payload is a list of header blocks: one for the message, one for each receiver.
        blocks = part.get_payload()
        for block in blocks if isinstance(blocks, list) else ():
            found = _report(block, message_id) if isinstance(block, Message) else None
            if found is not None:
                yield found


def _report(block: Message[str, str], message_id: str) -> Returned | None:
    action = str(block.get("Action", "")).strip().lower()
    receiver = _address(str(block.get("Original-Recipient") or block.get("Final-Recipient") or ""))
    if action != "failed" or not receiver:
        return None
    words = one_line(str(block.get("Diagnostic-Code", "")))[:500]
    found = _STATUS.search(str(block.get("Status", ""))) or _STATUS.search(words)
    return Returned(
        receiver=receiver,
        message_id=message_id,
        status=found.group(0) if found else "5.0.0",
        words=words,
    )


def _returned_id(parts: list[Message[str, str]]) -> str:
    """The Message-ID of the mail that came back, from its headers or from what is left of it."""
    for part in parts:
        if part.get_content_type() == "message/rfc822":
            held = part.get_payload()
            inner = held[0] if isinstance(held, list) and held else None
            if isinstance(inner, Message) and inner.get("Message-ID"):
                return str(inner["Message-ID"]).strip()
        elif part.get_content_type() == "text/rfc822-headers":
            inner = message_from_bytes(_bytes(part), policy=default)
            if inner.get("Message-ID"):
                return str(inner["Message-ID"]).strip()
    return ""


def _address(text: str) -> str:
    found = _ADDRESS.match(text) or _ADDRESS.match(parseaddr(text)[1])
    return found.group(1).strip().lower() if found else ""
