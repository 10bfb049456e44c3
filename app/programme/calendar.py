"""A slot as calendars show it: one writer for the feed, for invites, and for what is saved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from agenda.formats import ical
from agenda.formats.ical import Entry, Party
from agenda.formats.plain import plain_text
from agenda.model import SessionState, Slot, SlotId
from app.conferences.tables import Conference
from app.html import gettext as _
from app.programme.releases import Released, Withdrawn
from app.settings import Settings

ALARMS = (timedelta(minutes=15),)
_LONGEST = 1500


def uid(slot: SlotId, settings: Settings) -> str:
    """The name of a slot in every calendar."""
    return ical.uid(slot, urlsplit(settings.base_url).hostname or "localhost")


def slot_of(name: str) -> str:
    """The slot that a UID of ours names; whatever stands before the last @ of any other."""
    return name.rpartition("@")[0]


def organizer(conference: Conference, settings: Settings) -> Party:
    """Who invites: the conference, under the address that mail comes from."""
    address = parseaddr(settings.mail_from)[1] or settings.mail_from
    return Party(name=conference.title, email=address)


def entry_of(
    released: Released,
    conference: Conference,
    slot: Slot,
    *,
    settings: Settings,
    speaking: bool,
    sequence: int = 0,
) -> Entry:
    """One slot for a calendar: a speaker joins by the green room, everybody else by the room.

    `sequence` is the highest that its reader was told; the entry's is never below it.
    """
    session = released.sessions[slot.session]
    room = released.rooms[slot.room]
    root = f"{settings.base_url}/c/{conference.slug}"
    page = f"{root}/sessions/{session.id}"
    place = f"green-room/{slot.id}" if speaking else f"rooms/{released.room_slugs[room.id]}"
    join = f"{root}/{place}"
    names = ", ".join(released.speakers[key].name for key in session.speakers)
    about = _short(plain_text(session.abstract or session.description))
    words = _("Your green room: {link}") if speaking else _("Join: {link}")
    return Entry(
        uid=uid(slot.id, settings),
        sequence=max(released.sequences.get(slot.id, 0), sequence),
        revised=released.release.created_at,
        start=slot.start,
        end=max(slot.end, slot.start),
        summary=session.title,
        description="\n\n".join(
            part for part in (names, about, words.format(link=join), page) if part
        ),
        location=room.name or conference.title,
        url=page,
        join=join,
        cancelled=session.state is SessionState.CANCELLED,
        alarms=ALARMS,
    )


def withdrawn_entry(
    one: Withdrawn, released: Released, *, settings: Settings, sequence: int = 0
) -> Entry:
    """What a calendar that still shows a slot which is gone must be told."""
    return Entry(
        uid=uid(one.slot, settings),
        start=one.start,
        end=one.start + one.duration,
        summary=one.title,
        revised=released.release.created_at,
        sequence=max(released.sequences[one.slot], sequence),
        location=one.room,
        cancelled=True,
    )


def write(entries: Iterable[Entry], conference: Conference, settings: Settings) -> bytes:
    """Entries as a calendar that is followed or saved."""
    return ical.calendar(
        entries,
        zone=conference.time_zone,
        name=conference.title,
        organizer=organizer(conference, settings),
    )


def _short(text: str) -> str:
    """A text cut at a word where it is long."""
    return text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(" ", 1)[0] + " …"
