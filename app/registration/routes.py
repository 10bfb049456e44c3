"""Registering, one's own registration, and what a shop tells."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Response

from app.accounts import links as accounts
from app.accounts import sessions
from app.accounts.viewer import ANYONE, SIGNED_IN, Viewer
from app.attendees import badges
from app.attendees import store as attendees
from app.clock import now
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import page
from app.limits import allow
from app.registration import letters, links, places, pretix, rules, store
from app.registration.places import Desk
from app.registration.rules import (
    CONFIRMED,
    INVITED,
    UNPROVEN,
    WAITING,
    Claim,
    Incomplete,
    Refused,
    Ticket,
)
from app.settings import Settings

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
_ADDRESS = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,255}")


def desk_of(request: Request[Any, Any, Any], settings: Settings) -> Desk:
    return Desk(conference=request.state.conference, settings=settings, now=now())


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A kind of place as the form offers it. `words` says what one has to know of it."""

    ticket: Ticket
    description: str
    words: str
    closed: str
    full: bool


async def _choices(conference: UUID, row: Mapping[str, Any] | None) -> list[Choice]:
    """What can be chosen: no paid and no invited kinds, but the one that this person is invited to."""
    counted = await store.counts(conference)
    found = []
    for each in await store.ticket_rows(conference):
        own = row is not None and row["ticket"] == each["id"]
        if each["kind"] in ("invitation", "paid") and not own:
            continue
        ticket = store.ticket_of(each)
        taken = counted.get(ticket.id, {}).get(CONFIRMED, 0)
        full = ticket.capacity is not None and taken >= ticket.capacity
        closed = "" if own else ticket.closed(now())
        if full and not ticket.waiting and not own:
            closed = _("All places of this kind are taken.")
        found.append(
            Choice(
                ticket=ticket,
                description=each["description"],
                words=_about(ticket, taken, full=full),
                closed=closed,
                full=full,
            )
        )
    return found


def _about(ticket: Ticket, taken: int, *, full: bool) -> str:
    if full and ticket.waiting:
        return _("All places are taken; there is a waiting list.")
    if ticket.kind == "code":
        return _("You need a code.")
    if ticket.kind == "approval":
        return _("The organizers look at every registration.")
    if ticket.capacity is not None and not full:
        return _("{count} places left").format(count=ticket.capacity - taken)
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What stands in the form, and what is wrong with it."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""


@get("/c/{slug:str}/register", opt={"who": ANYONE})
async def register_page(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    ticket: FromQuery[str] = "",
    code: FromQuery[str] = "",
) -> Response[Any]:
    """The form: kinds of places, who one is, what is asked, what to agree to."""
    viewer: Viewer | None = request.state.viewer
    row = await store.application(request.state.conference.id, viewer.person) if viewer else None
    values = {"ticket": ticket, "code": code, **(_held(row) if row else {})}
    return await _form(request, row, Filled(values=values))


def _held(row: Mapping[str, Any]) -> dict[str, str]:
    """An application as the form shows it."""
    values = {"organization": row["organization_name"], "ticket": str(row["ticket"])}
    for key, answer in json.loads(row["answers"]).items():
        if isinstance(answer, list):
            values |= {f"q-{key}={option}": "1" for option in answer}
        else:
            values[f"q-{key}"] = "1" if answer is True else str(answer)
    return values


async def _form(
    request: Request[Any, Any, Any],
    row: Mapping[str, Any] | None,
    filled: Filled,
    *,
    status: int = 200,
) -> Response[Any]:
    conference: Conference = request.state.conference
    choices = await _choices(conference.id, row)
    chosen = filled.values.get("ticket") or next(
        (str(each.ticket.id) for each in choices if not each.closed), ""
    )
    return page(
        request,
        "registration/register.html",
        status=status,
        root=f"/c/{conference.slug}",
        choices=choices,
        chosen=chosen,
        questions=await store.questions(conference.id),
        consents=await store.consents(conference.id),
        agreed=await _agreed(request),
        dates=badges.dates(conference),
        values=filled.values,
        errors=filled.errors,
        refused=filled.refused,
        row=row,
        standing=row is not None and row["state"] in places.STANDING,
    )


async def _agreed(request: Request[Any, Any, Any]) -> frozenset[str]:
    """The titles of what the viewer agreed to already, and did not take back."""
    viewer: Viewer | None = request.state.viewer
    if viewer is None:
        return frozenset()
    given = await store.agreements(request.state.conference.id, viewer.person)
    return frozenset(each["title"] for each in given if each["revoked_at"] is None)


@post("/c/{slug:str}/register", opt={"who": ANYONE}, status_code=200)
async def register(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    data: Form,
    settings: NamedDependency[Settings],
) -> Response[Any] | Redirect:
    """Take the form: a signed-in person's at once, a stranger's by a mail to the address."""
    viewer: Viewer | None = request.state.viewer
    desk = desk_of(request, settings)
    row = await store.application(desk.conference.id, viewer.person) if viewer else None
    who = request.client.host if request.client else ""
    if not await allow(request.app.state.redis, f"register:{who}", most=60, seconds=900):
        words = _("Too many forms came from here. Try again in a quarter of an hour.")
        return await _form(request, row, Filled(values=data, refused=words), status=429)
    try:
        ticket = _chosen(data)
        sent, name, email = await _read(desk, data, stranger=viewer is None)
        person = viewer.person if viewer else None
        if person is None:
            person = await accounts.find_or_create(email, name=name, now=desk.now)
        claim = Claim(code=data.get("code", ""))
        state = await places.apply(desk, person, ticket, sent, claim, proven=viewer is not None)
    except Incomplete as error:
        return await _form(request, row, Filled(values=data, errors=error.errors), status=422)
    except Refused as error:
        return await _form(request, row, Filled(values=data, refused=str(error)), status=422)
    if viewer is None:
        return page(
            request, "registration/check_mail.html", email=email, demo=settings.demo, state=state
        )
    return Redirect(f"/c/{slug}/registration", status_code=303)


def _chosen(data: Mapping[str, str]) -> UUID:
    try:
        return UUID(data.get("ticket", ""))
    except ValueError:
        raise Refused(_("Choose a kind of place first.")) from None


async def _read(
    desk: Desk, data: Mapping[str, str], *, stranger: bool
) -> tuple[rules.Sent, str, str]:
    """Answers, name and address of a form. Raises Incomplete with all that is wrong at once."""
    errors: dict[str, str] = {}
    name = " ".join(data.get("name", "").split())[:200]
    email = data.get("email", "").strip()
    if stranger and not name:
        errors["name"] = _("Please write your name: it stands on your badge.")
    if stranger and not _ADDRESS.fullmatch(email):
        errors["email"] = _("That is not an e-mail address. It should look like name@example.org.")
    try:
        sent = rules.read_form(
            data,
            await store.questions(desk.conference.id),
            await store.consents(desk.conference.id),
        )
    except Incomplete as error:
        raise Incomplete(errors | error.errors) from None
    if errors:
        raise Incomplete(errors)
    return sent, name, email


@get("/c/{slug:str}/registration", opt={"who": SIGNED_IN})
async def registration_page(
    request: Request[Any, Any, Any], slug: FromPath[str], settings: NamedDependency[Settings]
) -> Response[Any] | Redirect:
    """Where one stands: the confirmation with badge and calendar, the waiting list, the link."""
    desk = desk_of(request, settings)
    viewer: Viewer = request.state.viewer
    if await attendees.registration(desk.conference.id, viewer.person) is not None:
        await store.adopt(desk.conference.id)
    row = await store.application(desk.conference.id, viewer.person)
    if row is None or row["state"] in (UNPROVEN, INVITED):
        return Redirect(f"/c/{slug}/register")
    lasting = await links.may_use(viewer.person)
    return page(
        request,
        "registration/mine.html",
        root=f"/c/{slug}",
        row=row,
        turn=await places.place_in_queue(row) if row["state"] == WAITING else 0,
        dates=badges.dates(desk.conference),
        link=await links.address(settings, desk.conference.id, viewer.person, now=desk.now)
        if lasting
        else None,
        agreements=await store.agreements(desk.conference.id, viewer.person),
    )


@post("/c/{slug:str}/registration/{verb:str}", opt={"who": SIGNED_IN})
async def change_registration(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    verb: FromPath[str],
    data: Form,
    settings: NamedDependency[Settings],
) -> Redirect:
    """Give one's place back, have a new link, or take an agreement back."""
    desk = desk_of(request, settings)
    viewer: Viewer = request.state.viewer
    row = await store.application(desk.conference.id, viewer.person)
    if row is None:
        raise NotFoundException(_("You are not registered here."))
    if verb == "leave":
        if row["state"] in places.STANDING:
            await places.leave(desk, row)
    elif verb == "link":
        here = request.cookies.get(sessions.COOKIE, "")
        await links.renew(desk.conference.id, viewer.person, now=desk.now, here=here)
    elif verb == "withdraw":
        await store.withdraw(viewer.person, _agreement(data), now=desk.now)
    else:
        raise NotFoundException
    return Redirect(f"/c/{slug}/registration", status_code=303)


def _agreement(data: Mapping[str, str]) -> UUID:
    try:
        return UUID(data.get("agreement", ""))
    except ValueError:
        raise NotFoundException(_("There is no such agreement.")) from None


@get("/c/{slug:str}/conference.ics", opt={"who": ANYONE})
async def conference_calendar(
    request: Request[Any, Any, Any], slug: FromPath[str], settings: NamedDependency[Settings]
) -> Response[bytes]:
    """The days of the conference as a calendar file to keep."""
    return Response(
        await letters.calendar(request.state.conference, settings),
        media_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{slug}.ics"'},
    )


Notice = Annotated[dict[str, Any], Body()]


@post("/c/{slug:str}/pretix/{hook:str}", opt={"who": ANYONE}, status_code=204)
async def pretix_hook(
    request: Request[Any, Any, Any], slug: FromPath[str], hook: FromPath[str], data: Notice
) -> None:
    """A notice of pretix's; what it says is looked up there before anything changes."""
    if not await pretix.told(request.state.conference.id, hook, data, now=now()):
        raise NotFoundException(_("There is no such address."))


handlers: list[Any] = [
    register_page,
    register,
    registration_page,
    change_registration,
    conference_calendar,
    pretix_hook,
]
