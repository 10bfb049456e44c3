"""The jobs that make badges: one person's, a selection, or all, as one PDF or a ZIP."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from babel.dates import format_interval

from app.attendees import codes, design_store, designs, faces
from app.attendees.designs import Design
from app.attendees.tables import Registration
from app.conferences import brand
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import language, ngettext
from app.jobs.press import Press, spread
from app.jobs.runner import JobFailed, Task
from app.jobs.store import Made
from app.programme import draft
from app.settings import Settings

CHUNK = 24
"""How many badges a press sets at once; sheets are never parted."""

_SHEET = "app.attendees.badge_sheet"
_BINDING = "app.jobs.binding"
_UNSAFE = re.compile(r"[^\w .-]+")


async def make_one(task: Task) -> Made:
    """The badge of the person that the arguments name, alone on its page."""
    person = UUID(task.arguments["person"])
    conference = await _conference(task.conference)
    rows = await registrations(task.conference, persons=[person])
    if not rows:
        raise JobFailed(_("This person has no place at the conference, so there is no badge."))
    out = task.file(".pdf")
    design = replace(await design_store.of(conference.id, rows[0]["ticket_type"]), sheet="")
    order = _order(conference, design, rows, task.settings, _letters(rows))
    await task.progress(0, 1)
    async with Press() as press:
        await press.order(f"{_SHEET}:render", {**order, "out": str(out)})
    await task.progress(1, 1)
    return task.made(out, name=f"badge-{conference.slug}.pdf")


async def make_all(task: Task) -> Made:
    """The badges of everybody, or of those that the arguments choose, by ticket type and name.

    `ticket` is a ticket type, `persons` a list of ids; `as` is pdf (one tagged PDF) or zip (a
    tagged PDF for each person).
    """
    conference = await _conference(task.conference)
    chosen = task.arguments.get("persons")
    rows = await registrations(
        task.conference,
        ticket=task.arguments.get("ticket") or None,
        persons=[UUID(key) for key in chosen] if chosen else None,
    )
    if not rows:
        raise JobFailed(
            _("Nobody of those that you chose has a place any more.")
            if chosen
            else _("Nobody has a place at the conference yet.")
        )
    held = await design_store.all_of(conference.id)
    chunks = list(_chunks(rows, held))
    if task.arguments.get("as") == "zip":
        return await _zip(task, conference, chunks, len(rows))
    return await _pdf(task, conference, chunks, len(rows))


Chunk = tuple[Design, list[dict[str, Any]]]


def _chunks(rows: Sequence[dict[str, Any]], held: Mapping[str, Design]) -> Iterator[Chunk]:
    """The rows in portions of one design each, as many as whole sheets take."""
    for ticket, group in groupby(rows, key=lambda row: row["ticket_type"]):
        design = design_store.choose(held, ticket)
        count = len(designs.layout(design).cells)
        most = max(count, CHUNK // count * count)
        people = list(group)
        for at in range(0, len(people), most):
            yield design, people[at : at + most]


async def _pdf(task: Task, conference: Conference, chunks: Sequence[Chunk], count: int) -> Made:
    out = task.file(".pdf")
    parts = [str(out.with_suffix(f".part-{number:04d}.pdf")) for number in range(len(chunks))]
    orders = [
        {**order, "out": part}
        for order, part in zip(_orders(task, conference, chunks), parts, strict=True)
    ]
    await _spread(task, f"{_SHEET}:render", orders, chunks, count)
    title = _("Badges of {conference}").format(conference=conference.title)
    binding = {"parts": parts, "out": str(out), "title": title, "language": language.get()}
    async with Press() as press:
        await press.order(f"{_BINDING}:join", binding)
    words = ngettext("%(num)d badge", "%(num)d badges", count) % {"num": count}
    return task.made(out, name=f"badges-{conference.slug}.pdf", words=words)


async def _zip(task: Task, conference: Conference, chunks: Sequence[Chunk], count: int) -> Made:
    out = task.file(".zip")
    files: list[tuple[str, str]] = []
    orders = []
    for order, (_design, people) in zip(_orders(task, conference, chunks), chunks, strict=True):
        own = [
            (
                str(out.with_suffix(f".part-{len(files) + n:05d}.pdf")),
                _file_name(row, len(files) + n),
            )
            for n, row in enumerate(people, 1)
        ]
        files += own
        orders.append({**order, "outs": [path for path, _name in own]})
    await _spread(task, f"{_SHEET}:render_each", orders, chunks, count)
    async with Press() as press:
        await press.order(f"{_BINDING}:pack", {"files": files, "out": str(out)})
    words = ngettext("%(num)d badge", "%(num)d badges", count) % {"num": count}
    name = f"badges-{conference.slug}.zip"
    return task.made(out, name=name, words=words, media_type="application/zip")


def _file_name(row: Mapping[str, Any], number: int) -> str:
    """A name for the file in the ZIP that every system can unpack, by the order of the list."""
    plain = " ".join(_UNSAFE.sub(" ", row["person.name"]).split())[:80].strip(" .")
    return f"{number:04d} {plain or 'badge'}.pdf"


async def _spread(
    task: Task, work: str, orders: list[dict[str, Any]], chunks: Sequence[Chunk], count: int
) -> None:
    size = max(len(people) for _design, people in chunks)

    async def done(finished: int) -> None:
        await task.progress(min(finished * size, count), count)

    await task.progress(0, count)
    await spread(work, orders, done=done)
    await task.progress(count, count)


def _orders(
    task: Task, conference: Conference, chunks: Sequence[Chunk]
) -> Iterator[dict[str, Any]]:
    letters = _letters([row for _design, people in chunks for row in people])
    for design, people in chunks:
        yield _order(conference, design, people, task.settings, letters)


async def _conference(conference: UUID) -> Conference:
    found = await Conference.objects().where(Conference.id == conference).first()
    if found is None:
        raise JobFailed(_("The conference is gone."))
    return found


async def registrations(
    conference: UUID, *, ticket: str | None = None, persons: Sequence[UUID] | None = None
) -> list[dict[str, Any]]:
    """Places by ticket type and name, all or those of a type or of some people."""
    where = [Registration.conference == conference]
    if ticket is not None:
        where.append(Registration.ticket_type == ticket)
    rows: list[dict[str, Any]] = await (
        Registration.select(
            Registration.person,
            Registration.person.name,
            Registration.organization_name,
            Registration.ticket_type,
            Registration.badge_code,
        )
        .where(*where)
        .order_by(Registration.ticket_type, Registration.person.name, Registration.badge_code)
    )
    if persons is None:
        return rows
    wanted = set(persons)
    return [row for row in rows if row["person"] in wanted]


def _order(
    conference: Conference,
    design: Design,
    rows: Sequence[Mapping[str, Any]],
    settings: Settings,
    letters: str,
) -> dict[str, Any]:
    key = codes.key_of(conference.id, settings.secret)
    return {
        "badges": [badge_of(row, key) for row in rows],
        "design": asdict(design),
        "event": event_of(conference, brand.printed(conference.brand, settings.files)),
        "language": language.get(),
        "letters": letters,
    }


def event_of(conference: Conference, look: Mapping[str, str]) -> dict[str, str]:
    """What every badge of a conference says, in its look (app.conferences.brand.on_paper)."""
    return {
        "title": conference.title,
        "dates": dates(conference),
        "line": _("Everything happens online. Show this code where you want to be known."),
        **look,
    }


def _letters(rows: Sequence[Mapping[str, Any]]) -> str:
    return faces.large(
        "".join(row["person.name"] + row["organization_name"] + row["ticket_type"] for row in rows)
    )


def badge_of(row: Mapping[str, Any], key: bytes) -> dict[str, str]:
    """What one person's badge says, with the signed code."""
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
