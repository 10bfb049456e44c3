"""The mails that carry invites, and the ledger's lines of what they tell."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from agenda.formats import ical
from agenda.formats.ical import Entry
from agenda.model import SessionId, SessionState, SlotId
from app.attendees.errands import Errand, Guest, Key, Told, facts_of
from app.attendees.tables import Invitation
from app.conferences.tables import Conference
from app.html import day_words, zone_city
from app.html import gettext as _
from app.notices.letters import Draft
from app.programme import calendar
from app.programme.releases import Released
from app.settings import Settings
from app.words import local


class Writer:
    """Writes the mails of a conference's errands."""

    def __init__(
        self,
        conference: Conference,
        released: Released,
        settings: Settings,
        *,
        guests: Mapping[Key, Guest],
        told: Mapping[Key, Told],
    ) -> None:
        self._conference = conference
        self._released = released
        self._settings = settings
        self._guests = guests
        self._told = told

    def drafts(self, errands: Sequence[Errand]) -> list[Draft]:
        return [self.draft(errand) for errand in errands]

    def draft(self, errand: Errand) -> Draft:
        """One mail. Its key names slot, person and sequence."""
        key = (errand.slot, errand.person)
        entry = self._entry(errand)
        guest = self._guests.get(key)
        party = guest.party if guest is not None else self._told[key].party
        written = ical.invite(
            entry,
            zone=self._conference.time_zone,
            organizer=calendar.organizer(self._conference, self._settings),
            attendee=party,
            answer=self._answer(errand) or "NEEDS-ACTION",
            uninvite=errand.method == "CANCEL" and self._stands(errand.slot),
        )
        speaking = guest.speaking if guest is not None else self._told[key].speaking
        return Draft(
            key=f"invite:{errand.slot}:{errand.person}:{errand.sequence}",
            person=errand.person,
            to=party.email,
            name=party.name,
            payload={
                "speaking": speaking,
                "withdraws": errand.method == "CANCEL",
                **_words(entry, self._conference, errand, speaking, key in self._told),
                "calendar": {"method": errand.method, "ics": written.decode()},
            },
        )

    def line(self, conference: UUID, errand: Errand, *, now: datetime) -> Invitation:
        """The ledger's line of what this errand tells."""
        key = (errand.slot, errand.person)
        guest, told = self._guests.get(key), self._told.get(key)
        if guest is not None:
            slot = self._released.slots[errand.slot]
            facts = facts_of(self._released, slot, guest.speaking)
            session, speaking = str(slot.session), guest.speaking
        else:
            assert told is not None
            facts, session, speaking = told.facts or {}, told.session, told.speaking
        return Invitation(
            id=uuid4(),
            conference=conference,
            person=errand.person,
            slot=UUID(errand.slot),
            session=UUID(session),
            speaking=speaking,
            method=errand.method,
            sequence=errand.sequence,
            facts=json.dumps(facts, ensure_ascii=False),
            told_at=now,
            answer=self._answer(errand),
            answer_words="",
        )

    def _answer(self, errand: Errand) -> str:
        """The answer that still holds: another room or title keeps it, another time does not."""
        told = self._told.get((errand.slot, errand.person))
        if errand.method == "CANCEL" or told is None or told.facts is None:
            return ""
        slot = self._released.slots[errand.slot]
        same = (told.facts["start"], told.facts["end"]) == (
            slot.start.isoformat(),
            slot.end.isoformat(),
        )
        return told.answer if same else ""

    def _stands(self, slot: SlotId) -> bool:
        """Whether the slot takes place for others."""
        standing = self._released.slots.get(slot)
        return (
            standing is not None
            and self._released.sessions[standing.session].state is not SessionState.CANCELLED
        )

    def _entry(self, errand: Errand) -> Entry:
        slot = self._released.slots.get(errand.slot)
        guest = self._guests.get((errand.slot, errand.person))
        if errand.method == "REQUEST":
            assert slot is not None
            assert guest is not None
            return replace(
                calendar.entry_of(
                    self._released,
                    self._conference,
                    slot,
                    settings=self._settings,
                    speaking=guest.speaking,
                ),
                sequence=errand.sequence,
            )
        facts = self._told[errand.slot, errand.person].facts
        assert facts is not None
        return Entry(
            uid=calendar.uid(errand.slot, self._settings),
            sequence=errand.sequence,
            revised=self._released.release.created_at,
            start=datetime.fromisoformat(facts["start"]),
            end=datetime.fromisoformat(facts["end"]),
            summary=facts["title"],
            location=facts["room"] or self._conference.title,
            cancelled=True,
        )


def _words(
    entry: Entry, conference: Conference, errand: Errand, speaking: bool, known: bool
) -> dict[str, Any]:
    zone = conference.time_zone
    start = local(entry.start, zone)
    when = (
        f"{day_words(start.date(), 'EEEE d MMMM y')}, "
        f"{start:%H:%M}–{local(entry.end, zone):%H:%M} ({zone_city(zone)})"
    )
    card = {"title": entry.summary, "lines": [when, entry.location]}
    if errand.method == "CANCEL":
        return {
            "subject": _("Called off: {title}").format(title=entry.summary),
            "opening": _("At {conference}, this is no longer on your agenda:").format(
                conference=conference.title
            ),
            "cards": [{**card, "gone": True}],
            "closing": _("The calendar entry that comes with this mail takes it away."),
        }
    closing = _("The calendar entry that comes with this mail follows every change.")
    if not speaking:
        return {
            "subject": (_("Changed: {title}") if known else _("On your agenda: {title}")).format(
                title=entry.summary
            ),
            "opening": _("You starred this at {conference}:").format(conference=conference.title),
            "cards": [card],
            "action": {"words": _("Open the room"), "url": entry.join},
            "closing": closing,
        }
    subject = _("Changed: {title}") if known else _("Your session: {title}")
    return {
        "subject": subject.format(title=entry.summary),
        "opening": _("You are on at {conference}:").format(conference=conference.title),
        "cards": [card],
        "action": {"words": _("Open your green room"), "url": entry.join},
        "closing": _("Check camera and microphone there first.") + " " + closing,
    }


def for_download(
    released: Released, conference: Conference, session: UUID, *, settings: Settings
) -> bytes | None:
    """A session's slots as entries to keep; None where it is not on the agenda."""
    slots = released.slots_of_session.get(SessionId(str(session)), [])
    if not slots:
        return None
    return calendar.write(
        (
            calendar.entry_of(released, conference, slot, settings=settings, speaking=False)
            for slot in slots
        ),
        conference,
        settings,
    )
