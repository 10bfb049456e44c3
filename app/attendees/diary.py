"""One's calendar: the feed to follow, invites of what one stars; and, for organizers, who answered."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID, uuid4

from litestar import Request, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Response

from app import db
from app.accounts.viewer import EVERYBODY, OWNER
from app.attendees import answers
from app.attendees.tables import CalendarWish
from app.clock import now
from app.html import page
from app.jobs import store as jobs
from app.jobs.routes import shown
from app.notices import unsubscribe
from app.notices.unsubscribe import Wish

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/c/{slug:str}/calendar", opt={"who": EVERYBODY})
async def calendar(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    conference, viewer = request.state.conference, request.state.viewer
    address = viewer.calendar_url or ""
    webcal = "webcal://" + address.partition("://")[2]
    return page(
        request,
        "notices/calendar.html",
        address=address,
        webcal=webcal,
        google="https://calendar.google.com/calendar/render?cid=" + quote(webcal, safe=""),
        outlook="https://outlook.live.com/calendar/0/addfromweb?url=" + quote(address, safe=""),
        wished=await _wishes(conference.id, viewer.person),
        own=await answers.of_person(conference.id, viewer.person),
    )


async def _wishes(conference: UUID, person: UUID) -> bool:
    found: bool = await CalendarWish.exists().where(
        CalendarWish.conference == conference, CalendarWish.person == person
    )
    return found


@post("/c/{slug:str}/calendar", opt={"who": EVERYBODY})
async def choose(request: Request[Any, Any, Any], slug: FromPath[str], data: Form) -> Redirect:
    """Ask for an invite of each session that one stars, or take that back."""
    conference, person = request.state.conference.id, request.state.viewer.person
    async with db.transaction():
        if data.get("invites") == "1":
            await CalendarWish.insert(
                CalendarWish(id=uuid4(), conference=conference, person=person, created_at=now())
            ).on_conflict(action="DO NOTHING")
            wish = Wish(conference=conference, person=person, kind="invites")
            await unsubscribe.resume(wish, now=now())
        else:
            await CalendarWish.delete().where(
                CalendarWish.conference == conference, CalendarWish.person == person
            )
    return Redirect(f"/c/{slug}/calendar", status_code=303)


@get("/c/{slug:str}/invites", opt={"who": OWNER})
async def invites(
    request: Request[Any, Any, Any], slug: FromPath[str], answer: FromQuery[str] = ""
) -> Response[str]:
    """Who was invited to what, and what they answered."""
    conference = request.state.conference
    lines = await answers.of_speakers(conference.id)
    job = await jobs.latest(f"invites:{conference.id}")
    return page(
        request,
        "notices/invites.html",
        lines=[line for line in lines if not answer or line.state == answer],
        tally=answers.tally(lines),
        words=answers.words,
        answer=answer,
        job=shown(job) if job else None,
    )


@post("/c/{slug:str}/invites", opt={"who": OWNER})
async def send_invites(request: Request[Any, Any, Any], slug: FromPath[str]) -> Redirect:
    """Tell everybody what they were not told yet, such as who got an address since."""
    conference, viewer = request.state.conference, request.state.viewer
    await jobs.ask(
        "invites",
        f"invites:{conference.id}",
        {},
        conference=conference.id,
        asked_by=viewer.person,
        now=now(),
    )
    return Redirect(f"/c/{slug}/invites", status_code=303)


handlers: list[Any] = [calendar, choose, invites, send_invites]
