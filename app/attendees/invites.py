"""Invites to speakers: what a release changed for each of them, as mail with a calendar part."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from agenda.formats import ical
from agenda.formats.ical import Entry, Party
from agenda.formats.plain import plain_text
from agenda.model import SessionId, SessionState, Slot, SlotId, SpeakerId
from app.clock import now as present
from app.conferences.tables import Conference
from app.html import day_words, ngettext, zone_city
from app.html import gettext as _
from app.jobs import outbox
from app.jobs.runner import JobFailed, Task
from app.jobs.store import Made
from app.programme import releases
from app.programme import tables as t
from app.programme.releases import Released
from app.settings import Settings
from app.words import local

_CHUNK = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What one speaker must be told of one slot: REQUEST (new or changed) or CANCEL."""

    method: str
    slot: SlotId
    speaker: SpeakerId


def errands(before: Released | None, after: Released) -> list[Errand]:
    """What a release changed for speakers, in order of time; nothing for what stayed the same."""
    old = _told(before) if before is not None else {}
    new = _told(after)
    asked = [
        Errand(method="REQUEST", slot=slot, speaker=speaker)
        for (slot, speaker), facts in sorted(new.items(), key=lambda item: item[1][0])
        if old.get((slot, speaker)) != facts
    ]
    called_off = [
        Errand(method="CANCEL", slot=slot, speaker=speaker)
        for (slot, speaker), _facts in sorted(old.items(), key=lambda item: item[1][0])
        if (slot, speaker) not in new
    ]
    return asked + called_off


def _told(released: Released) -> dict[tuple[SlotId, SpeakerId], tuple[Any, ...]]:
    found: dict[tuple[SlotId, SpeakerId], tuple[Any, ...]] = {}
    for slot in released.schedule.slots:
        session = released.sessions[slot.session]
        if session.state in (SessionState.DRAFT, SessionState.CANCELLED):
            continue
        facts = (slot.start, slot.end, released.rooms[slot.room].name, session.title)
        for speaker in session.speakers:
            found[slot.id, speaker] = facts
    return found


async def make_all(task: Task) -> Made:
    """Write the invites of the release that the arguments name, or else of the latest."""
    named = task.arguments.get("release")
    if named is None:
        latest = await releases.latest(task.conference)
        named = None if latest is None else latest.id
    if named is None:
        raise JobFailed(_("Nothing has been released yet, so there is nothing to invite to."))
    count = await draft_invites(
        UUID(str(named)), settings=task.settings, now=present(), progress=task.progress
    )
    words = ngettext("%(num)d invite", "%(num)d invites", count) % {"num": count}
    return Made(words=words)


async def draft_invites(
    release: UUID,
    *,
    settings: Settings,
    now: datetime,
    progress: Callable[[int, int], Awaitable[None]] | None = None,
) -> int:
    """Put the mails that a release asks for into the outbox; returns how many.

    Each has its key from release, slot and speaker, so that drafting twice sends once. Speakers
    without an address are passed over.
    """
    row = await t.Release.select().where(t.Release.id == release).first()
    if row is None:
        return 0
    conference = await Conference.objects().where(Conference.id == row["conference"]).first()
    assert conference is not None
    after = await releases.by_id(release)
    before = await _release_before(conference.id, row["number"])
    people = await _people(conference.id)
    wanted = [errand for errand in errands(before, after) if errand.speaker in people]
    # The release's own instant, so that a second run writes the same bytes.
    writer = _Writer(conference, after, before, settings, row["created_at"])
    for at in range(0, len(wanted), _CHUNK):
        chunk = wanted[at : at + _CHUNK]
        mails = await asyncio.to_thread(writer.mails, chunk, people)
        await outbox.put_many("mail", mails, now=now)
        if progress is not None:
            await progress(at + len(chunk), len(wanted))
    return len(wanted)


async def _release_before(conference: UUID, number: int) -> Released | None:
    row = (
        await t.Release.select(t.Release.id)
        .where(t.Release.conference == conference, t.Release.number < number)
        .order_by(t.Release.number, ascending=False)
        .first()
    )
    return None if row is None else await releases.by_id(row["id"])


async def _people(conference: UUID) -> dict[SpeakerId, Party]:
    rows = await t.Speaker.select(t.Speaker.id, t.Speaker.name, t.Speaker.person.email).where(
        t.Speaker.conference == conference, t.Speaker.person.email.is_not_null()
    )
    return {
        SpeakerId(str(row["id"])): Party(name=row["name"], email=row["person.email"])
        for row in rows
    }


class _Writer:
    """Writes the mails of one release."""

    def __init__(
        self,
        conference: Conference,
        after: Released,
        before: Released | None,
        settings: Settings,
        stamp: datetime,
    ) -> None:
        self._conference = conference
        self._after = after
        self._before = before
        self._settings = settings
        self._stamp = stamp

    def mails(
        self, errands: Sequence[Errand], people: Mapping[SpeakerId, Party]
    ) -> list[tuple[str, dict[str, Any]]]:
        return [self.mail(errand, people[errand.speaker]) for errand in errands]

    def mail(self, errand: Errand, speaker: Party) -> tuple[str, dict[str, Any]]:
        """(key, payload) of one mail."""
        called_off = errand.method == "CANCEL"
        released = self._before if called_off else self._after
        assert released is not None
        entry = replace(
            entry_of(
                released,
                self._conference,
                released.slots[errand.slot],
                base_url=self._settings.base_url,
                revised=self._stamp,
                speaking=True,
            ),
            # Higher at every change that is told, whatever it was.
            sequence=self._after.number,
            cancelled=called_off,
        )
        written = ical.invite(
            entry,
            zone=self._conference.time_zone,
            organizer=organizer(self._conference, self._settings),
            attendee=speaker,
        )
        payload = {
            "to": speaker.email,
            "name": speaker.name,
            "from_name": self._conference.title,
            "subject": _subject(entry),
            "text": _text(entry, self._conference),
            "calendar": {"method": errand.method, "ics": written.decode()},
        }
        return f"invite:{self._after.id}:{errand.slot}:{errand.speaker}", payload


def _subject(entry: Entry) -> str:
    words = _("Called off: {title}") if entry.cancelled else _("Your session: {title}")
    return words.format(title=entry.summary)


def _text(entry: Entry, conference: Conference) -> str:
    zone = conference.time_zone
    start = local(entry.start, zone)
    facts = {
        "title": entry.summary,
        "when": f"{day_words(start.date(), 'EEEE d MMMM y')}, "
        f"{start:%H:%M}–{local(entry.end, zone):%H:%M} ({zone_city(zone)})",
        "room": entry.location,
        "link": entry.join,
        "conference": conference.title,
    }
    if entry.cancelled:
        return _(
            "“{title}” at {conference} no longer takes place as told before:\n\n"
            "{when}\n{room}\n\nThe calendar entry that comes with this mail takes it away."
        ).format(**facts)
    return _(
        "You are on at {conference}:\n\n{title}\n{when}\n{room}\n\n"
        "Your green room, where you check camera and microphone first:\n\n{link}\n\n"
        "The calendar entry that comes with this mail follows every change."
    ).format(**facts)


def organizer(conference: Conference, settings: Settings) -> Party:
    """Who invites: the conference, under the address that mail comes from."""
    address = parseaddr(settings.mail_from)[1] or settings.mail_from
    return Party(name=conference.title, email=address)


def entry_of(
    released: Released,
    conference: Conference,
    slot: Slot,
    *,
    base_url: str,
    revised: datetime,
    speaking: bool,
) -> Entry:
    """One slot for a calendar: a speaker joins by the green room, everybody else by the room."""
    session = released.sessions[slot.session]
    room = released.rooms[slot.room]
    root = f"{base_url}/c/{conference.slug}"
    page = f"{root}/sessions/{session.id}"
    place = f"green-room/{slot.id}" if speaking else f"rooms/{released.room_slugs[room.id]}"
    about = _short(plain_text(session.abstract or session.description))
    return Entry(
        uid=ical.uid(slot.id, urlsplit(base_url).hostname or "localhost"),
        sequence=released.sequences.get(slot.id, 0),
        revised=revised,
        start=slot.start,
        end=max(slot.end, slot.start),
        summary=session.title,
        description=f"{about}\n\n{page}".strip(),
        location=room.name or conference.title,
        url=page,
        join=f"{root}/{place}",
    )


def for_download(
    released: Released, conference: Conference, session: UUID, *, settings: Settings
) -> bytes | None:
    """A session's slots as entries to keep; None where it is not on the agenda."""
    slots = released.slots_of_session.get(SessionId(str(session)), [])
    if not slots:
        return None
    shown = [
        entry_of(
            released,
            conference,
            slot,
            base_url=settings.base_url,
            revised=released.release.created_at,
            speaking=False,
        )
        for slot in slots
    ]
    return ical.calendar(shown, zone=conference.time_zone, name=conference.title)


def _short(text: str, most: int = 1500) -> str:
    """A text cut at a word where it is long."""
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + " …"
