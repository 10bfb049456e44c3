"""The folder that mail goes into where no server is set, read as a mailbox."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path

import nh3

MOST = 60
_NAME = re.compile(r"[0-9a-f]{8,64}")
_TAGS = {"a", "b", "blockquote", "br", "code", "em", "h2", "h3", "hr", "i", "li", "ol", "p"}
_TAGS |= {"pre", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul", "span", "div"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message, as the list and its page show it. `html` is harmless; `sent` is aware."""

    id: str
    sent: datetime
    receiver: str
    receiver_name: str = ""
    subject: str
    text: str = ""
    html: str = ""
    attachments: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


def newest(folder: Path, most: int = MOST) -> list[Mail]:
    """The newest messages, newest first."""
    files = sorted(((path.stat().st_mtime_ns, path) for path in folder.glob("*.eml")), reverse=True)
    return [_summary(path) for _, path in files[:most]]


def find(folder: Path, mail: str) -> Mail | None:
    """One whole message, or None."""
    message = _message(folder, mail)
    if message is None:
        return None
    return Mail(
        id=mail,
        sent=_sent(message),
        receiver=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        text=_body(message, "plain"),
        html=harmless(_body(message, "html")),
        attachments=tuple(name for name, _, _ in _attachments(message)),
        headers=tuple(
            (name, str(message[name]))
            for name in ("From", "To", "Date", "Message-ID", "Auto-Submitted")
            if message[name]
        ),
    )


def attachment(folder: Path, mail: str, number: int) -> tuple[str, str, bytes] | None:
    """(name, media type, content) of the attachment of this number, from 0."""
    message = _message(folder, mail)
    parts = list(_attachments(message)) if message else []
    return parts[number] if 0 <= number < len(parts) else None


def harmless(text: str) -> str:
    """The body of an HTML part without scripts, styles, images and forms, and without its title,
    which the page says already."""
    return nh3.clean(
        text,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        clean_content_tags={"script", "style", "title", "head", "h1"},
        link_rel="noopener",
    )


def _message(folder: Path, mail: str) -> EmailMessage | None:
    if not _NAME.fullmatch(mail):
        return None
    try:
        content = (folder / f"{mail}.eml").read_bytes()
    except FileNotFoundError:
        return None
    return message_from_bytes(content, policy=default)


def _summary(path: Path) -> Mail:
    message: EmailMessage = message_from_bytes(path.read_bytes(), policy=default)
    text = " ".join(_body(message, "plain").split())
    return Mail(
        id=path.stem,
        sent=_sent(message),
        receiver=str(message["To"] or ""),
        receiver_name=parseaddr(str(message["To"] or ""))[0] or str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        text=text[:200],
    )


def _sent(message: EmailMessage) -> datetime:
    return parsedate_to_datetime(str(message["Date"])).astimezone(UTC)


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def _attachments(message: EmailMessage) -> Iterator[tuple[str, str, bytes]]:
    for part in message.iter_attachments():
        content = part.get_payload(decode=True)
        held = content if isinstance(content, bytes) else b""
        yield part.get_filename() or "attachment", part.get_content_type(), held
