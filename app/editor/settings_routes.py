"""A conference's own facts: title, zone, days with their hours, and when doors open."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from litestar import Request, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response

from agenda.edits import line
from agenda.model import Conference as AgendaConference
from agenda.model import Day, make_day
from agenda.rearrange import NothingThere, merge_days
from app import live
from app.accounts.viewer import OWNER
from app.clock import now
from app.conferences.tables import Conference
from app.editor import desk as desks
from app.editor import steps, store
from app.editor.facts import Facts, changed
from app.editor.view import days as days_of
from app.editor.words import refusal
from app.html import gettext as _
from app.html import page
from app.stages.store import policy_from

_MOST_DAYS = 31
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")
_LEADS = ("green_room_lead", "doors_lead", "overrun", "archive_after")
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


class BadField(Exception):
    """A field that can't be taken; says what it wants."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


@get("/c/{slug:str}/settings", opt={"who": OWNER})
async def settings_page(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """Everything of a conference that is no session."""
    desk = await store.present(request.state.conference.id)
    return await _page(request, slug, _shown(request.state.conference, desk.schedule.conference))


async def _page(
    request: Request[Any, Any, Any],
    slug: str,
    fields: dict[str, str],
    *,
    error: BadField | None = None,
) -> Response[Any]:
    rows = sum(1 for key in fields if re.fullmatch(r"day-\d+-date", key))
    lived = await _lived(request.state.conference.id)
    return page(
        request,
        "editor/settings.html",
        status=422 if error else 200,
        at=f"/c/{slug}",
        f=fields,
        days=max(rows + 1, 2),
        lived=lived,
        wrong=error.field if error else "",
        words=str(error) if error else "",
        zones=[*sorted(zone for zone in available_timezones() if "/" in zone), "UTC"],
    )


async def _lived(conference: UUID) -> list[tuple[str, str]]:
    """The days that are declared or have sessions: their dates, and their names."""
    return [(day["date"], day["long"]) for day in days_of(await store.present(conference))]


def _shown(row: Conference, held: AgendaConference) -> dict[str, str]:
    """The conference as the fields of its form."""
    policy = policy_from(json.loads(row.doors))
    fields = {
        "title": held.title,
        "tagline": row.tagline,
        "zone": held.zone,
        "change": f"{int(held.day_change.total_seconds()) // 3600:02}:00",
        "auto_live": "1" if policy.auto_live else "",
    }
    for name in _LEADS:
        fields[name] = f"{getattr(policy, name).total_seconds() / 60:g}"
    for at, day in enumerate(held.days):
        opens, closes = held.local(day.start), held.local(day.end)
        natural = make_day(day.date, held.zone, held.day_change)
        fields[f"day-{at}-date"] = day.date.isoformat()
        whole = (day.start, day.end) == (natural.start, natural.end)
        fields[f"day-{at}-opens"] = "" if whole else f"{opens:%H:%M}"
        fields[f"day-{at}-closes"] = "" if whole else f"{closes:%H:%M}"
    return fields


@post("/c/{slug:str}/settings", opt={"who": OWNER}, status_code=200)
async def save(
    request: Request[Any, Any, Any], slug: FromPath[str], data: Form
) -> Response[Any] | Redirect:
    """Keep what the form says, if all of it makes sense."""
    conference: Conference = request.state.conference
    desk = await store.present(conference.id)
    try:
        wanted = _read(desk.schedule.conference, data)
        doors = _doors(conference, data)
    except BadField as error:
        return await _page(request, slug, _typed(data), error=error)
    old = desks.conference_details(desk.schedule)
    new = desks.conference_details(replace(desk.schedule, conference=wanted))
    row = changed("conference", "conference", old, {**dict.fromkeys(old), **new})
    if row is not None:
        viewer = request.state.viewer
        wish = store.Wish(id=uuid4(), step=steps.of(Facts(rows=(row,))))
        done = await store.apply(
            conference.id, [wish], author=viewer.person, name=viewer.name, now=now()
        )
        if (refused := done.outcomes[0].refused) is not None:
            return await _page(request, slug, _typed(data), error=BadField("", refusal(refused)[1]))
    await Conference.update(
        {Conference.tagline: data.get("tagline", "")[:300], Conference.doors: doors}
    ).where(Conference.id == conference.id)
    return Redirect(f"/c/{slug}/settings", status_code=303)


@post("/c/{slug:str}/settings/merge-days", opt={"who": OWNER}, status_code=200)
async def merge(
    request: Request[Any, Any, Any], slug: FromPath[str], data: Form
) -> Response[Any] | Redirect:
    """Take what is on one day to another, as one edit that the editor's Undo takes back."""
    conference: Conference = request.state.conference
    viewer, instant = request.state.viewer, now()
    desk = await store.present(conference.id)
    try:
        step = _merging(desk, data, instant)
        wish = store.Wish(id=uuid4(), step=step)
        done = await store.apply(
            conference.id, [wish], author=viewer.person, name=viewer.name, now=instant
        )
        if (refused := done.outcomes[0].refused) is not None:
            raise BadField("merge", refusal(refused)[1])
    except BadField as error:
        fields = _shown(conference, desk.schedule.conference)
        return await _page(request, slug, {**fields, **data}, error=error)
    await live.nudge(request.app.state.redis)
    return Redirect(f"/c/{slug}/editor", status_code=303)


def _merging(desk: desks.Desk, data: dict[str, str], instant: datetime) -> steps.Step:
    """What takes a day to another, and the day itself away where that is wished."""
    try:
        day, into = (date.fromisoformat(data.get(name, "")) for name in ("day", "into"))
    except ValueError:
        raise BadField("merge", _("Choose the two days.")) from None
    begun = line(desk.schedule, now=instant)
    history = {slot.id for slot in desk.schedule.slots if begun is not None and slot.start < begun}
    try:
        moves = merge_days(desk.schedule, day, into, locked=desk.locked | history)
    except NothingThere:
        words = _(
            "Nothing on that day can be taken to another: choose two days, and one with sessions."
        )
        raise BadField("merge", words) from None
    if not data.get("drop"):
        return steps.of(moves)
    held = desk.schedule.conference
    kept = tuple(one for one in held.days if one.date != day)
    wanted = replace(
        held,
        days=kept,
        first_date=kept[0].date if kept else None,
        last_date=kept[-1].date if kept else None,
    )
    old = desks.conference_details(desk.schedule)
    new = desks.conference_details(replace(desk.schedule, conference=wanted))
    row = changed("conference", "conference", old, {**dict.fromkeys(old), **new})
    return steps.of(moves) if row is None else steps.of(moves, Facts(rows=(row,)))


def _typed(data: dict[str, str]) -> dict[str, str]:
    """The form as it was sent; what it left out is empty."""
    names = ("title", "tagline", "zone", "change", "auto_live", *_LEADS)
    return {**dict.fromkeys(names, ""), **data}


def _read(present: AgendaConference, data: dict[str, str]) -> AgendaConference:
    title = data.get("title", "").strip()
    if not title:
        raise BadField("title", _("A conference has a title."))
    zone = data.get("zone", "").strip()
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadField("zone", _("Write a zone like Europe/Lisbon.")) from None
    change = _clock(data.get("change", ""), "change") if data.get("change") else timedelta(hours=4)
    days = _days(data, zone, change)
    return replace(
        present,
        title=title[:300],
        zone=zone,
        day_change=change,
        days=days,
        first_date=days[0].date if days else None,
        last_date=days[-1].date if days else None,
    )


def _days(data: dict[str, str], zone: str, change: timedelta) -> tuple[Day, ...]:
    found: dict[date, Day] = {}
    for at in range(_MOST_DAYS):
        text = data.get(f"day-{at}-date", "").strip()
        if not text:
            continue
        try:
            on = date.fromisoformat(text)
        except ValueError:
            raise BadField(f"day-{at}-date", _("Write a date like 2027-05-12.")) from None
        if on in found:
            raise BadField(f"day-{at}-date", _("This day stands here twice."))
        opens, closes = data.get(f"day-{at}-opens", ""), data.get(f"day-{at}-closes", "")
        if not opens and not closes:
            found[on] = make_day(on, zone, change)
            continue
        start = _at(on, _clock(opens, f"day-{at}-opens"), zone)
        end = _at(on, _clock(closes, f"day-{at}-closes"), zone)
        if end <= start:
            end = _at(on, _clock(closes, f"day-{at}-closes") + timedelta(days=1), zone)
        found[on] = Day(date=on, start=start, end=end)
    return tuple(found[on] for on in sorted(found))


def _clock(text: str, field: str) -> timedelta:
    match = _CLOCK.fullmatch(text.strip())
    if not match:
        raise BadField(field, _("Write a time like 09:30."))
    return timedelta(hours=int(match[1]), minutes=int(match[2]))


def _at(on: date, clock: timedelta, zone: str) -> datetime:
    local = datetime.combine(on, time(), ZoneInfo(zone)) + clock
    return local.astimezone(ZoneInfo("UTC"))


def _doors(conference: Conference, data: dict[str, str]) -> str:
    """The door policy as it is stored; what rooms and slots say otherwise stays."""
    held = json.loads(conference.doors)
    for name in _LEADS:
        text = data.get(name, "").strip()
        if not re.fullmatch(r"\d{1,4}(\.\d)?", text):
            raise BadField(name, _("Write minutes as a number, such as 15."))
        minutes = float(text)
        held[name] = int(minutes) if minutes.is_integer() else minutes
    held["auto_live"] = data.get("auto_live") == "1"
    try:
        policy_from(held)
    except ValueError:
        words = _("The green room opens before the doors, and a session is archived after its end.")
        raise BadField("doors_lead", words) from None
    return json.dumps(held)


handlers: list[Any] = [settings_page, save, merge]
