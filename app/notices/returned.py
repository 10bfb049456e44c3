"""What to do with mail that came in: note answers, and pause addresses that don't exist."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import structlog
from redis.asyncio import Redis

from app import db
from app.accounts.tables import Person
from app.attendees.tables import Invitation
from app.clock import now as present
from app.html import gettext as _
from app.jobs import store
from app.notices import inbound, pauses
from app.notices.inbound import Answer, Refresh, Returned
from app.notices.tables import Inbound, Letter
from app.programme import calendar
from app.settings import Settings

logger = structlog.get_logger(__name__)

_LOOK_S = 5.0
_REFRESHED = timedelta(hours=1)
_MOST_AT_ONCE = 200


async def take_in(content: bytes, *, now: datetime) -> str:
    """Read one message and act on it; the same message again changes nothing.

    Returns what it was: answer, refresh, bounce, delayed (a soft bounce), or other.
    """
    digest = hashlib.sha256(content).hexdigest()
    read = await asyncio.to_thread(inbound.read, content)
    async with db.transaction():
        seen = Inbound(id=uuid4(), digest=digest, received_at=now)
        if not await Inbound.insert(seen).on_conflict(action="DO NOTHING").returning(Inbound.id):
            row = await Inbound.select(Inbound.outcome).where(Inbound.digest == digest).first()
            return str(row["outcome"]) if row else "other"
        outcome = "other"
        for one in read:
            if isinstance(one, Answer):
                outcome = "answer" if await note_answer(one) else outcome
            elif isinstance(one, Refresh):
                outcome = "refresh" if await note_refresh(one, now=now) else outcome
            elif await note_return(one, now=now):
                outcome = "bounce" if one.hard else "delayed"
        await Inbound.update({Inbound.outcome: outcome}).where(Inbound.id == seen.id)
    logger.info("mail came in", outcome=outcome)
    return outcome


async def note_answer(answer: Answer) -> bool:
    """Write an answer down. False where it fits no invite of ours, or one that is older than told.

    RFC 6047, 2.3: whom the mail is from must be who answers. A later answer wins, by its stamp.
    """
    slot = _uuid(calendar.slot_of(answer.uid))
    if slot is None or not answer.attendee or answer.sender != answer.attendee:
        return False
    person = await Person.select(Person.id).where(Person.email == answer.attendee).first()
    if person is None:
        return False
    rows = await (
        Invitation.update(
            {
                Invitation.answer: answer.partstat,
                Invitation.answer_words: _words(answer),
                Invitation.answer_stamp: answer.stamp,
            }
        )
        .where(
            Invitation.slot == slot,
            Invitation.person == person["id"],
            Invitation.method == "REQUEST",
            Invitation.sequence <= answer.sequence,
            Invitation.answer_stamp.is_null() | (Invitation.answer_stamp <= answer.stamp),
        )
        .returning(Invitation.id)
    )
    return bool(rows)


def _words(answer: Answer) -> str:
    """What stands beside an answer: its comment, and the time that it proposes instead."""
    if answer.proposes is None:
        return answer.words
    start, end = answer.proposes
    proposal = _("proposes {start} to {end} UTC").format(
        start=f"{start:%Y-%m-%d %H:%M}", end=f"{end:%H:%M}"
    )
    return f"{answer.words} ({proposal})" if answer.words else proposal


async def note_refresh(refresh: Refresh, *, now: datetime) -> bool:
    """Have the latest version of an invite sent once more, to who holds it and asked for that.

    At most once an hour: a mail that is forged must not become many.
    """
    slot = _uuid(calendar.slot_of(refresh.uid))
    if slot is None or not refresh.attendee or refresh.sender != refresh.attendee:
        return False
    row = await (
        Invitation.select(Invitation.id, Invitation.conference, Invitation.facts)
        .where(
            Invitation.slot == slot,
            Invitation.person.email == refresh.attendee,
            Invitation.method == "REQUEST",
            Invitation.told_at < now - _REFRESHED,
        )
        .first()
    )
    if row is None:
        return False
    facts = {**json.loads(row["facts"]), "asked_again": True}
    await Invitation.update({Invitation.facts: json.dumps(facts, ensure_ascii=False)}).where(
        Invitation.id == row["id"]
    )
    await store.ask(
        "invites",
        f"refresh:{row['id']}:{int(now.timestamp())}",
        {},
        conference=row["conference"],
        asked_by=None,
        now=now,
    )
    return True


async def note_return(returned: Returned, *, now: datetime) -> bool:
    """Write down that a letter came back, and pause its address where that is for good.

    Only a report that names the Message-ID of a letter to that very address is believed.
    """
    letter = await (
        Letter.select(Letter.id, Letter.receiver)
        .where(Letter.message_id == returned.message_id)
        .first()
    )
    if letter is None or letter["receiver"].strip().lower() != returned.receiver:
        return False
    words = f"{returned.status} {returned.words}".strip()
    if not returned.hard:
        await Letter.update({Letter.words: words}).where(
            Letter.id == letter["id"], Letter.fate == ""
        )
        return True
    await Letter.update({Letter.fate: "bounced", Letter.words: words}).where(
        Letter.id == letter["id"]
    )
    await pauses.pause(returned.receiver, returned.status, returned.words, now=now)
    return True


async def run(settings: Settings, _redis: Redis) -> None:
    """Look into the folder of incoming mail for ever, where one is set."""
    folder = settings.mail_inbox
    while folder is not None:
        try:
            await look(folder, now=present())
        except Exception as error:
            logger.warning("incoming mail could not be read", error=repr(error))
        await asyncio.sleep(_LOOK_S)


async def look(folder: Path, *, now: datetime) -> int:
    """Read what a mail server laid into the folder, and move it to what was read.

    A Maildir (`new` and `cur`), or a plain folder of messages (then what was read goes to `read`).
    Returns how many there were.
    """
    maildir = (folder / "new").is_dir()
    source, done = (folder / "new", folder / "cur") if maildir else (folder, folder / "read")
    found = await asyncio.to_thread(_waiting, source)
    for path in found:
        content = await asyncio.to_thread(path.read_bytes)
        await take_in(content, now=now)
        await asyncio.to_thread(_move, path, done, ":2,S" if maildir else "")
    return len(found)


def _waiting(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if path.is_file() and path.name[0] != "."]
    return sorted(found)[:_MOST_AT_ONCE]


def _move(path: Path, folder: Path, suffix: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path.replace(folder / f"{path.name}{suffix}")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
