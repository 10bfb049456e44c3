"""The agenda to take along: a release or the draft, whole or in part, in each format."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from agenda.finding import person_key
from agenda.formats import export
from agenda.formats.export import NothingSelected
from agenda.model import Schedule, SlotId
from app.accounts.viewer import ANYONE, OWNER
from app.clock import now
from app.editor import store as editor
from app.html import gettext as _
from app.html import page
from app.programme import calendar, releases
from app.programme.view import fold
from app.settings import Settings

_MEDIA = {
    "ics": "text/calendar; charset=utf-8",
    "frab": "application/xml",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_ENDING = {"frab": "xml"}

Write = Callable[[Schedule, frozenset[SlotId] | None], bytes]


def formats() -> tuple[tuple[str, str], ...]:
    """Each format's key, and what it is called."""
    return (
        ("ics", _("Calendar (iCalendar)")),
        ("frab", _("frab XML")),
        ("json", _("schedule.json")),
        ("csv", _("Table (CSV)")),
        ("xlsx", _("Spreadsheet (XLSX)")),
    )


async def _file(
    schedule: Schedule, slug: str, kind: str, part: dict[str, str], write: Write
) -> Response[bytes]:
    """A schedule's part as a file. Raises NotFoundException, with words, for what there isn't."""
    if kind not in _MEDIA:
        raise NotFoundException(_("There is no format “{kind}”.").format(kind=kind))
    slots = None
    if any(part.values()):
        try:
            slots = export.slots_of(schedule, **part)
        except NothingSelected as error:
            raise NotFoundException(str(error)) from error
    body = await asyncio.to_thread(write, schedule, slots)
    name = "-".join(word for word in (slug, *part.values()) if word)
    ending = _ENDING.get(kind, kind)
    return Response(
        body,
        media_type=_MEDIA[kind],
        headers={
            "Content-Disposition": f'attachment; filename="{slug}.{ending}"; '
            f"filename*=UTF-8''{quote(f'{name}.{ending}', safe='')}"
        },
    )


def _table(kind: str, revised: datetime) -> Write:
    def write(schedule: Schedule, slots: frozenset[SlotId] | None) -> bytes:
        part = schedule if slots is None else export.part_of(schedule, slots)
        return export.write(part, kind, revised=revised)

    return write


def _choices(schedule: Schedule) -> dict[str, Any]:
    whole = ("", _("All"))
    on_it = {person for session in schedule.sessions for person in session.speakers}
    people = sorted((p for p in schedule.speakers if p.id in on_it), key=lambda p: fold(p.name))
    return {
        "tracks": [whole, *((track.name, track.name) for track in schedule.tracks)],
        "rooms": [whole, *((room.name, room.name) for room in schedule.rooms if room.name)],
        "people": [whole, *((person_key(person), person.name) for person in people)],
    }


@get("/c/{slug:str}/export", opt={"who": ANYONE})
async def export_page(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """What may be taken along of the present release: a format, a track, a room, a person."""
    released = await releases.latest(request.state.conference.id)
    if released is None:
        raise NotFoundException(_("The agenda has not been released yet."))
    viewer = request.state.viewer
    return page(
        request,
        "agenda/export.html",
        root=f"/c/{slug}",
        formats=formats(),
        number=released.number,
        may_draft=viewer is not None and "owner" in viewer.roles,
        **_choices(released.schedule),
    )


@get("/c/{slug:str}/export/file", opt={"who": ANYONE}, include_in_schema=False)
async def export_file(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    kind: FromQuery[str] = "ics",
    track: FromQuery[str] = "",
    room: FromQuery[str] = "",
    person: FromQuery[str] = "",
) -> Response[bytes]:
    """The present release, or its part of a track, a room or a person, as a file."""
    conference = request.state.conference
    released = await releases.latest(conference.id)
    if released is None:
        raise NotFoundException(_("The agenda has not been released yet."))

    def as_calendar(schedule: Schedule, slots: frozenset[SlotId] | None) -> bytes:
        entries = (
            calendar.entry_of(released, conference, slot, settings=settings, speaking=False)
            for slot in schedule.slots
            if slots is None or slot.id in slots
        )
        return calendar.write(entries, conference, settings)

    write = as_calendar if kind == "ics" else _table(kind, released.release.created_at)
    part = {"track": track, "room": room, "person": person}
    return await _file(released.schedule, slug, kind, part, write)


@get("/c/{slug:str}/editor/file", opt={"who": OWNER}, include_in_schema=False)
async def draft_file(
    request: Request[Any, Any, Any], slug: FromPath[str], kind: FromQuery[str] = "xlsx"
) -> Response[bytes]:
    """The draft as it stands, as a file."""
    desk = await editor.present(request.state.conference.id)
    return await _file(desk.schedule, f"{slug}-draft", kind, {}, _table(kind, now()))


handlers: list[Any] = [export_page, export_file, draft_file]
