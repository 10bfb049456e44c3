"""The personal link: what its page says, and where its button leads."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Response

from app.accounts import sessions
from app.accounts.routes import safe_next, session_cookie
from app.accounts.viewer import ANYONE, Viewer
from app.attendees import badges
from app.clock import now
from app.conferences.tables import Conference
from app.html import page
from app.registration import links, places, store
from app.registration.places import Desk
from app.registration.rules import CONFIRMED, INVITED, UNPROVEN, Refused
from app.settings import Settings

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


async def _owner(settings: Settings, token: str) -> tuple[links.Holder, Conference] | None:
    held = await links.holder(settings, token)
    if held is None:
        return None
    conference = await Conference.objects().where(Conference.id == held.conference).first()
    return None if conference is None else (held, conference)


@get("/go/{token:str}", opt={"who": ANYONE})
async def open_link(
    request: Request[Any, Any, Any],
    token: FromPath[str],
    settings: NamedDependency[Settings],
    next: FromQuery[str] = "",
) -> Response[Any] | Redirect:
    """Shows a button and changes nothing: a mail scanner that opens it gets no further."""
    found = await _owner(settings, token)
    if found is None:
        return page(request, "registration/link_ended.html", status=410)
    held, conference = found
    viewer: Viewer | None = request.state.viewer
    row = await store.application(conference.id, held.person)
    state = row["state"] if row else ""
    if viewer is not None and viewer.person == held.person and state == CONFIRMED:
        return Redirect(_inside(conference, next))
    return page(
        request,
        "registration/go.html",
        conference=conference,
        token=token,
        next=safe_next(next) if next else "",
        name=row["name"] if row else "",
        state=state,
        ticket=row["ticket_name"] if row else "",
        dates=badges.dates(conference),
        other=viewer.name if viewer is not None and viewer.person != held.person else "",
        lasting=await links.may_use(held.person),
        headers={"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"},
    )


def _inside(conference: Conference, next_url: str) -> str:
    return safe_next(next_url) if next_url else f"/c/{conference.slug}"


@post("/go/{token:str}", opt={"who": ANYONE})
async def use_link(
    request: Request[Any, Any, Any],
    token: FromPath[str],
    settings: NamedDependency[Settings],
    data: Form,
) -> Response[Any] | Redirect:
    """Sign this browser in, and go on where the person's registration stands."""
    found = await _owner(settings, token)
    if found is None:
        return page(request, "registration/link_ended.html", status=410)
    held, conference = found
    if not await links.may_use(held.person):
        return Redirect(f"/sign-in?next=/c/{conference.slug}", status_code=303)
    desk = Desk(conference=conference, settings=settings, now=now())
    there = await _go_on(desk, held.person, data.get("next", ""))
    old = request.cookies.get(sessions.COOKIE)
    if old:
        await sessions.close_session(old)
    cookie = session_cookie(
        await sessions.open_session(held.person, now=desk.now, link=held.link), settings
    )
    return Redirect(there, status_code=303, cookies=[cookie])


async def _go_on(desk: Desk, person: UUID, next_url: str) -> str:
    """Where the button leads: in, or to what is still missing."""
    root = f"/c/{desk.conference.slug}"
    row = await store.application(desk.conference.id, person)
    if row is None:
        return f"{root}/register"
    state = row["state"]
    try:
        if state == UNPROVEN:
            state = await places.prove(desk, row)
        elif state == INVITED and not await _asks(desk):
            state = await places.accept(desk, row)
    except Refused:
        return f"{root}/register"
    if state == CONFIRMED:
        # Whoever came by a paid order has not yet seen what everybody must agree to.
        missing = row["source"] == "pretix" and await _misses(desk, person)
        return f"{root}/register" if missing else _inside(desk.conference, next_url)
    return f"{root}/registration"


async def _asks(desk: Desk) -> bool:
    asked = await store.questions(desk.conference.id)
    texts = await store.consents(desk.conference.id)
    return any(one.required for one in asked) or any(text.required for text in texts)


async def _misses(desk: Desk, person: UUID) -> bool:
    given = {each["title"] for each in await store.agreements(desk.conference.id, person)}
    return any(
        text.required and text.title not in given
        for text in await store.consents(desk.conference.id)
    )


handlers: list[Any] = [open_link, use_link]
