"""What registration mails: each letter has the personal link; the welcome has badge and calendar."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from agenda.formats import ical
from agenda.formats.ical import Entry
from app.attendees import badges
from app.clock import now as present
from app.conferences import brand
from app.conferences.tables import Conference
from app.html import gettext as _
from app.jobs import outbox
from app.jobs import store as jobs
from app.jobs.press import PressStopped, Unprintable
from app.jobs.runner import JobFailed, Task
from app.jobs.store import Made
from app.programme import draft, kept, releases
from app.programme.feed_token import address as feed_address
from app.registration import links, store
from app.registration.rules import (
    CANCELLED,
    CONFIRMED,
    DECLINED,
    INVITED,
    PENDING,
    UNPROVEN,
    WAITING,
)
from app.settings import Settings

logger = structlog.get_logger(__name__)

# Counted from the change of days, at four in the morning.
_MORNING, _EVENING = timedelta(hours=5), timedelta(hours=14)


class Desk(Protocol):
    """As in `places`: where registrations are handled."""

    @property
    def conference(self) -> Conference: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def now(self) -> datetime: ...


async def tell(desk: Desk, row: Mapping[str, Any], state: str, *, freed: bool = False) -> None:
    """Put the letter of a new state into the outbox, in the caller's transaction."""
    if not row.get("email", "?"):
        return
    if state == CONFIRMED:
        await jobs.ask(
            "welcome",
            f"welcome:{row['id']}:{int(desk.now.timestamp())}",
            {"application": str(row["id"]), "freed": freed},
            conference=desk.conference.id,
            asked_by=None,
            now=desk.now,
        )
        return
    subject, text = _WORDS[state]()
    await _put(desk, row, f"{state}:{desk.now.timestamp()}", subject, text)


async def again(desk: Desk, row: Mapping[str, Any]) -> None:
    """The link once more, to somebody who already stands somewhere."""
    subject = _("Your link to {conference}")
    text = _(
        "You, or somebody who knows your address, registered again for {conference}. "
        "You are registered already; this is your link:\n\n{link}\n\n"
        "It is yours alone and works on any device. If you did not ask for it, ignore this mail."
    )
    # At most one in ten minutes, however often the form is sent.
    await _put(desk, row, f"again:{int(desk.now.timestamp()) // 600}", subject, text)


async def link(desk: Desk, row: Mapping[str, Any]) -> None:
    """The personal link, because the organizers sent it."""
    subject = _("Your link to {conference}")
    text = _(
        "This link takes you in, without a password:\n\n{link}\n\n"
        "It is yours alone and works on any device, as often as you like. "
        "An earlier one may have ended."
    )
    await _put(desk, row, f"link:{desk.now.timestamp()}", subject, text)


async def _put(desk: Desk, row: Mapping[str, Any], key: str, subject: str, text: str) -> None:
    full = row if "email" in row else await store.by_id(desk.conference.id, row["id"])
    if full is None or not full["email"]:
        return
    facts = {
        "conference": desk.conference.title,
        "ticket": full["ticket_name"],
        "link": await links.address(
            desk.settings, desk.conference.id, full["person"], now=desk.now
        ),
    }
    await outbox.put(
        "mail",
        f"registration:{full['id']}:{key}",
        {
            "to": full["email"],
            "name": full["name"],
            **brand.sender(desk.conference.title, desk.conference.brand),
            "subject": subject.format(**facts),
            "text": text.format(**facts),
            "secret": True,
        },
        now=desk.now,
    )


def _unproven() -> tuple[str, str]:
    return _("Take your place at {conference}"), _(
        "One more press, and you have your place at {conference} ({ticket}). Open this link and "
        "press the button there:\n\n{link}\n\n"
        "The link is yours alone. It works on any device, as often as you like; keep this mail.\n\n"
        "If you did not register, ignore this mail; nothing happens."
    )


def _invited() -> tuple[str, str]:
    return _("You are invited to {conference}"), _(
        "{conference} would be glad to have you ({ticket}). Open your invitation and press the "
        "button there:\n\n{link}\n\n"
        "The link is yours alone. It works on any device, as often as you like; keep this mail."
    )


def _pending() -> tuple[str, str]:
    return _("{conference} has your registration"), _(
        "Thank you. The organizers of {conference} look at every registration of this kind "
        "({ticket}) and write to you. Where it stands:\n\n{link}"
    )


def _waiting() -> tuple[str, str]:
    return _("You are on the waiting list of {conference}"), _(
        "All places of this kind ({ticket}) are taken. When one becomes free and it is your turn, "
        "you get it at once and a mail says so. Where you stand:\n\n{link}"
    )


def _declined() -> tuple[str, str]:
    return _("About your registration for {conference}"), _(
        "The organizers of {conference} could not give you a place ({ticket}). "
        "If you think that this is a mistake, answer them."
    )


def _cancelled() -> tuple[str, str]:
    return _("Your place at {conference} was given back"), _(
        "You have no place at {conference} ({ticket}) any more, and your badge is no longer good. "
        "If this is a mistake, register again:\n\n{link}"
    )


_WORDS = {
    UNPROVEN: _unproven,
    INVITED: _invited,
    PENDING: _pending,
    WAITING: _waiting,
    DECLINED: _declined,
    CANCELLED: _cancelled,
}


async def welcome(task: Task) -> Made:
    """The job that mails a confirmation, with the badge as PDF and the days as a calendar file.

    A badge that can't be set does not hold up the mail, which then says where to get it.
    """
    application = UUID(task.arguments["application"])
    conference = await Conference.objects().where(Conference.id == task.conference).first()
    row = await store.by_id(task.conference, application)
    if conference is None or row is None or row["state"] != CONFIRMED:
        raise JobFailed(_("This person has no place any more."))
    if not row["email"]:
        return Made(words=_("No address to write to"))
    days = await calendar(conference, task.settings)
    attached = [_file("conference.ics", "text/calendar", days)]
    try:
        own = dataclasses.replace(task, arguments={"person": str(row["person"])})
        pdf = task.settings.files / (await badges.make_one(own)).file
        attached.append(_file("badge.pdf", "application/pdf", pdf.read_bytes()))
        pdf.unlink()
    except (PressStopped, Unprintable, JobFailed) as error:
        logger.warning("mailed without its badge", error=repr(error))
    instant = present()
    link = await links.address(task.settings, conference.id, row["person"], now=instant)
    await outbox.put(
        "mail",
        f"welcome:{application}:{row['since'].timestamp()}",
        {
            "to": row["email"],
            "name": row["name"],
            **brand.sender(conference.title, conference.brand),
            "subject": _("You are registered for {conference}").format(conference=conference.title),
            "text": _welcome_words(conference, row, link, task),
            "attachments": attached,
            "secret": True,
        },
        now=instant,
    )
    return Made(words=_("Confirmation mailed"))


def _welcome_words(conference: Conference, row: Mapping[str, Any], link: str, task: Task) -> str:
    opening = (
        _("A place has become free, and it is yours: {ticket}, {conference}, {dates}.")
        if task.arguments.get("freed")
        else _("You have a place: {ticket}, {conference}, {dates}.")
    )
    facts = {
        "ticket": row["ticket_name"],
        "conference": conference.title,
        "dates": badges.dates(conference) or _("dates to follow"),
        "link": link,
        "page": f"{task.settings.base_url}/c/{conference.slug}/registration",
        "feed": feed_address(task.settings, conference.id, row["person"]),
    }
    return "\n\n".join(
        part.format(**facts)
        for part in (
            opening,
            _("This link takes you in, without a password:\n\n{link}"),
            _("It is yours alone and works on any device, as often as you like; keep this mail."),
            _(
                "Your badge and a calendar file come with this mail. The sessions that you star "
                "also appear in this calendar feed, which follows every change:\n\n{feed}"
            ),
            _("Can’t come? Give your place to the next here:\n\n{page}"),
        )
    )


def _file(name: str, media_type: str, content: bytes) -> dict[str, str]:
    return {"name": name, "type": media_type, "base64": base64.b64encode(content).decode()}


async def calendar(conference: Conference, settings: Settings) -> bytes:
    """The days of a conference: as released, else from nine to six on its clock."""
    host = urlsplit(settings.base_url).hostname or "localhost"
    page = f"{settings.base_url}/c/{conference.slug}"
    spans = {
        day.date: (day.start + _MORNING, day.start + _EVENING)
        for day in draft.as_agenda(conference).days
    }
    released = await releases.latest(conference.id)
    if released is not None:
        spans |= {
            day: (min(card.slot.start for card in cards), max(card.slot.end for card in cards))
            for day, cards in kept.programme(released).by_day.items()
        }
    entries = [
        Entry(
            uid=f"{conference.id}-{day.isoformat()}@{host}",
            start=start,
            end=end,
            summary=conference.title,
            revised=released.release.created_at if released else conference.created_at,
            sequence=released.number if released else 0,
            description=page,
            url=page,
            location=_("Online"),
        )
        for day, (start, end) in sorted(spans.items())
    ]
    return ical.calendar(entries, zone=conference.time_zone, name=conference.title)
