"""The jobs that make badges: one person's, or all of a conference in one file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from babel.dates import format_interval

from app.attendees import codes, faces
from app.attendees.tables import Registration
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import language, ngettext
from app.jobs.press import Press, spread
from app.jobs.runner import JobFailed, Task
from app.jobs.store import Made
from app.programme import draft

CHUNK = 25
_RENDER = "app.attendees.badge_sheet:render"


async def make_one(task: Task) -> Made:
    """The badge of the person that the arguments name."""
    person = UUID(task.arguments["person"])
    conference = await _conference(task.conference)
    rows = await _registrations(task.conference, person)
    if not rows:
        raise JobFailed(_("This person has no place at the conference, so there is no badge."))
    out = task.file(".pdf")
    order = _order(conference, rows, out, task.settings.secret, _letters(rows))
    await task.progress(0, 1)
    async with Press() as press:
        await press.order(_RENDER, order)
    await task.progress(1, 1)
    return task.made(out, name=f"badge-{conference.slug}.pdf")


async def make_all(task: Task) -> Made:
    """The badges of everybody, by name, set in chunks by two presses and bound into one PDF."""
    conference = await _conference(task.conference)
    rows = await _registrations(task.conference)
    if not rows:
        raise JobFailed(_("Nobody has a place at the conference yet."))
    out = task.file(".pdf")
    chunks = [rows[at : at + CHUNK] for at in range(0, len(rows), CHUNK)]
    parts = [out.with_suffix(f".part-{number:04d}.pdf") for number in range(len(chunks))]
    letters = _letters(rows)
    orders = [
        _order(conference, chunk, part, task.settings.secret, letters)
        for chunk, part in zip(chunks, parts, strict=True)
    ]

    async def done(count: int) -> None:
        await task.progress(min(count * CHUNK, len(rows)), len(rows))

    await task.progress(0, len(rows))
    await spread(_RENDER, orders, done=done)
    title = _("Badges of {conference}").format(conference=conference.title)
    async with Press() as press:
        pages = await press.order(
            "app.jobs.binding:join",
            {"parts": [str(part) for part in parts], "out": str(out), "title": title},
        )
    words = ngettext("%(num)d badge", "%(num)d badges", pages) % {"num": pages}
    return task.made(out, name=f"badges-{conference.slug}.pdf", words=words)


async def _conference(conference: UUID) -> Conference:
    found = await Conference.objects().where(Conference.id == conference).first()
    if found is None:
        raise JobFailed(_("The conference is gone."))
    return found


async def _registrations(conference: UUID, person: UUID | None = None) -> list[dict[str, Any]]:
    query = Registration.select(
        Registration.person.name,
        Registration.organization_name,
        Registration.ticket_type,
        Registration.badge_code,
    ).where(Registration.conference == conference)
    if person is not None:
        query = query.where(Registration.person == person)
    rows: list[dict[str, Any]] = await query.order_by(
        Registration.person.name, Registration.badge_code
    )
    return rows


def _order(
    conference: Conference, rows: list[dict[str, Any]], out: Path, secret: str, letters: str
) -> dict[str, Any]:
    key = codes.key_of(conference.id, secret)
    return {
        "badges": [_badge(row, key) for row in rows],
        "conference": {
            "title": conference.title,
            "dates": dates(conference),
            "line": _("Everything happens online. Show this code where you want to be known."),
        },
        "language": language.get(),
        "out": str(out),
        "letters": letters,
    }


def _letters(rows: list[dict[str, Any]]) -> str:
    return faces.large(
        "".join(row["person.name"] + row["organization_name"] + row["ticket_type"] for row in rows)
    )


def _badge(row: Mapping[str, Any], key: bytes) -> dict[str, str]:
    return {
        "name": row["person.name"],
        "organization": row["organization_name"],
        "ticket": row["ticket_type"],
        "code": codes.sign(row["badge_code"], key),
    }


def dates(conference: Conference) -> str:
    """The days of a conference in words, such as 11–13 May 2027; empty before it has any."""
    days: list[date] = [day.date for day in draft.as_agenda(conference).days]
    if not days:
        return ""
    # The house writes the day first; plain "en" would be American.
    tag = "en_GB" if language.get() == "en" else language.get()
    return str(format_interval(min(days), max(days), "yMMMMd", locale=tag))
