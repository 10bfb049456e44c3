"""Coming back: rating a session, notes with their time, what one starred and missed."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response

from agenda.doors import Phase
from agenda.model import SessionId
from app.accounts.viewer import EVERYBODY
from app.afterwards import around, store
from app.clock import now
from app.errors import Refused
from app.html import gettext as _
from app.html import page, wants_block
from app.programme import kept, releases, stars
from app.programme.query import viewer_zone
from app.programme.view import Programme, state
from app.talk import rules

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Asked = Request[Any, Any, Any]


async def _programme(request: Asked) -> Programme:
    released = await releases.latest(request.state.conference.id)
    if released is None:
        raise NotFoundException(_("The agenda has not been released yet."))
    return kept.programme(released)


async def _known(request: Asked, session_id: UUID) -> Programme:
    programme = await _programme(request)
    if SessionId(str(session_id)) not in programme.sessions:
        raise NotFoundException(_("There is no such session in the present release."))
    return programme


@get("/c/{slug:str}/soon", opt={"who": EVERYBODY})
async def soon(request: Asked, slug: FromPath[str]) -> Response[Any]:
    """What I starred and is about to begin, for every page that is open: a page asks now and then."""
    instant = now()
    conference, person = request.state.conference.id, request.state.viewer.person
    released = await releases.latest(conference)
    phases = (await kept.phases(conference)).reached
    mine = await stars.of(conference, person)
    found = [
        {
            "title": card.session.title,
            "room": card.room.name,
            "start": card.slot.start.isoformat(),
            "url": f"/c/{slug}/rooms/{card.room_slug}",
        }
        for card in (kept.programme(released).cards if released is not None else ())
        if card.session.id in mine
        and card.slot.start > instant
        and around.coming(card, phases, instant)
    ]
    return Response(found, headers={"Cache-Control": "no-store"})


@post("/c/{slug:str}/sessions/{session_id:uuid}/rating", opt={"who": EVERYBODY})
async def rate(
    request: Asked, slug: FromPath[str], session_id: FromPath[UUID], data: Form
) -> Response[Any] | Redirect:
    """Rate a session that has begun; again changes it."""
    programme = await _known(request, session_id)
    instant = now()
    phases = (await kept.phases(request.state.conference.id)).reached
    begun = any(
        card.slot.start <= instant or phases.get(card.slot.id) is Phase.LIVE
        for card in programme.cards_of[SessionId(str(session_id))]
    )
    if not begun:
        raise Refused(409, _("This session has not begun yet. Rate it when you have seen it."))
    score = data.get("score", "")
    if score not in ("1", "2", "3", "4", "5"):
        raise Refused(422, _("Choose a number from 1 to 5."))
    await store.rate(
        request.state.conference.id,
        session_id,
        request.state.viewer.person,
        score=int(score),
        words=data.get("words", "").strip(),
        now=instant,
    )
    if wants_block(request):
        return Response(b"", status_code=204)
    return Redirect(f"/c/{slug}/sessions/{session_id}#rating", status_code=303)


@post("/c/{slug:str}/sessions/{session_id:uuid}/notes", opt={"who": EVERYBODY})
async def note(
    request: Asked, slug: FromPath[str], session_id: FromPath[UUID], data: Form
) -> Response[Any] | Redirect:
    """Keep a note, with the instant at which it was written."""
    programme = await _known(request, session_id)
    text = rules.said(data.get("text"), longest=store.LONGEST_NOTE)
    instant = now()
    running = [
        card
        for card in programme.cards_of[SessionId(str(session_id))]
        if card.slot.start <= instant
    ]
    made = await store.note(
        request.state.conference.id,
        session_id,
        UUID(running[-1].slot.id) if running else None,
        request.state.viewer.person,
        text,
        now=instant,
    )
    if wants_block(request) or "json" in request.headers.get("accept", ""):
        return Response(made, status_code=201)
    return Redirect(f"/c/{slug}/sessions/{session_id}#notes", status_code=303)


@post("/c/{slug:str}/notes/{note_id:uuid}", opt={"who": EVERYBODY})
async def change_note(
    request: Asked, slug: FromPath[str], note_id: FromPath[UUID], data: Form
) -> Redirect:
    """Write a note anew; an empty text takes it away."""
    await store.change_note(
        request.state.viewer.person, note_id, data.get("text", "").strip()[: store.LONGEST_NOTE]
    )
    back = data.get("session", "")
    at = f"/c/{slug}/sessions/{UUID(back)}#notes" if _is_uuid(back) else f"/c/{slug}/notes"
    return Redirect(at, status_code=303)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@get("/c/{slug:str}/notes", opt={"who": EVERYBODY})
async def my_notes(request: Asked, slug: FromPath[str]) -> Response[str]:
    """All of one's notes, by session, and what one starred and did not see."""
    conference, viewer = request.state.conference, request.state.viewer
    programme = await _programme(request)
    instant = now()
    by_session: dict[str, list[dict[str, Any]]] = {}
    for row in await store.notes(conference.id, viewer.person):
        by_session.setdefault(str(row["session"]), []).append(row)
    home = programme.zone
    return page(
        request,
        "afterwards/notes.html",
        root=f"/c/{slug}",
        zone=viewer_zone(request.cookies, home, instant) or home,
        noted=[
            (programme.sessions.get(SessionId(session)), rows)
            for session, rows in by_session.items()
        ],
        missed=await _missed(request, programme),
    )


async def _missed(request: Asked, programme: Programme) -> list[Any]:
    """The slots of what one starred that are over and were not attended, newest first."""
    conference, viewer = request.state.conference, request.state.viewer
    mine = await stars.of(conference.id, viewer.person)
    phases = (await kept.phases(conference.id)).reached
    instant = now()
    over = [
        card
        for card in programme.cards
        if card.session.id in mine and state(card.slot, phases, now=instant) == "past"
    ]
    seen = await store.attended(conference.id, viewer.person, [card.slot for card in over])
    return [card for card in reversed(over) if card.session.id not in seen]


handlers: list[Any] = [soon, rate, note, change_note, my_notes]
