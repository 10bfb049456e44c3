"""The public agenda of a release: days, sessions, speakers, search and stars."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Response

from agenda.formats import frab_write
from agenda.model import Session, SessionId, SlotId
from app.accounts.viewer import ANYONE
from app.afterwards.around import coming_back
from app.clock import now
from app.conferences import brand
from app.html import gettext as _
from app.html import page, wants_block
from app.programme import day_page, kept, releases, share, stars
from app.programme.overlap import hint
from app.programme.query import Query, read, viewer_zone
from app.programme.scene import Scene
from app.programme.share import kept_picture
from app.programme.view import Programme, fold, level_of, state
from app.recordings import watch
from app.settings import Settings
from app.sponsors import store as booths


async def _programme(request: Request[Any, Any, Any]) -> tuple[releases.Released, Programme]:
    """The latest release and its programme. Raises NotFoundException before the first release."""
    released = await releases.latest(request.state.conference.id)
    if released is None:
        raise NotFoundException(_("The agenda has not been released yet."))
    return released, kept.programme(released)


def _base(request: Request[Any, Any, Any]) -> str:
    found: str = request.app.state.settings.base_url
    return found


def _root(slug: str) -> str:
    return f"/c/{slug}"


@get("/c/{slug:str}/agenda", opt={"who": ANYONE})
async def agenda(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """The days of the latest release, as a grid or a list, in the reader's or the conference's zone."""
    released = await releases.latest(request.state.conference.id)
    instant = now()
    programme = kept.programme(released) if released is not None else None
    if released is None or programme is None or not programme.cards:
        return page(request, "agenda/none.html", root=_root(slug))
    query = read(_root(slug), request)
    phases = await kept.phases(request.state.conference.id)
    scene = Scene.of(released, programme, query, phases, request.cookies, now=instant)
    anonymous = request.state.viewer is None
    if anonymous and not query.words and not query.mine:
        return _kept_page(request, scene)
    mine = await _starred(request)
    return _with_choice(
        page(
            request,
            "agenda/day.html",
            block="sheet",
            base_url=_base(request),
            **day_page.context(scene, mine),
        ),
        query,
    )


def _kept_page(request: Request[Any, Any, Any], scene: Scene) -> Response[Any]:
    """The page that every reader without a name gets: made once, and known by its ETag."""
    block = wants_block(request)
    look = brand.load(request.state.conference.brand).version
    tag = scene.tag(block=block, look=look)
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "HX-Request, Accept-Encoding, Cookie",
    }
    if request.headers.get("if-none-match") == tag:
        return Response(b"", status_code=304, headers=headers)
    packed = kept.packed_page(
        tag,
        lambda: str(
            page(
                request,
                "agenda/day.html",
                block="sheet",
                base_url=_base(request),
                **day_page.context(scene, frozenset()),
            ).content
        ),
    )
    return _with_choice(kept.unpacked_for(request, packed, headers), scene.query)


def _with_choice(response: Response[Any], query: Query) -> Response[Any]:
    """Remember in which zone the reader wants to read."""
    if query.zone:
        response.set_cookie(
            Cookie(key="clock", value=query.zone, path="/", max_age=31536000, samesite="lax")
        )
    return response


async def _starred(request: Request[Any, Any, Any]) -> frozenset[SessionId]:
    viewer = request.state.viewer
    if viewer is None:
        return frozenset()
    return await stars.of(request.state.conference.id, viewer.person)


@get("/c/{slug:str}/agenda.css", opt={"who": ANYONE}, include_in_schema=False)
async def places(
    request: Request[Any, Any, Any], slug: FromPath[str], v: FromQuery[str] = ""
) -> Response[str]:
    """Where each slot of the latest release stands in its grid. Kept for ever under its own hash."""
    _released, programme = await _programme(request)
    style, version = kept.places(programme)
    age = "public, max-age=31536000, immutable" if v == version else "no-cache"
    return Response(style, media_type="text/css", headers={"Cache-Control": age})


@get("/c/{slug:str}/schedule.xml", opt={"who": ANYONE}, include_in_schema=False)
async def as_frab(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[bytes]:
    """The latest release as frab XML, for other programs."""
    released, _programme_of = await _programme(request)
    return Response(
        frab_write.write(released.schedule),
        media_type="application/xml",
        headers={"Content-Disposition": f'inline; filename="{slug}.xml"'},
    )


@get("/c/{slug:str}/sessions/{session_id:uuid}", opt={"who": ANYONE})
async def session(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    session_id: FromPath[UUID],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """One session: what, who, when, where, and everything that belongs to it."""
    released, programme = await _programme(request)
    found = programme.sessions.get(SessionId(str(session_id)))
    if found is None:
        raise NotFoundException(_("There is no such session in the present release."))
    instant = now()
    phases = await kept.phases(request.state.conference.id)
    cards = programme.cards_of[found.id]
    home = programme.zone
    own = viewer_zone(request.cookies, home, cards[0].slot.start if cards else instant)
    return page(
        request,
        "agenda/session.html",
        root=_root(slug),
        session=found,
        level=level_of(found),
        recordings=await watch.of_session(
            settings,
            request.state.conference.id,
            found.id,
            request.state.viewer,
            now=instant,
        ),
        mark=programme.marks.get(found.track) if found.track is not None else None,
        track_href=Query(root=_root(slug), tracks=_track_key(programme, found)).href(
            day=cards[0].day.isoformat() if cards else ""
        ),
        calendar_href=f"{_root(slug)}/sessions/{session_id}/invite.ics" if cards else None,
        others=[other for card in cards for other in programme.beside(card)][:6],
        speakers=[programme.speakers[s] for s in dict.fromkeys(found.speakers)],
        sponsored=await booths.sponsors_of(session_id),
        places=[
            {"card": card, "state": state(card.slot, phases.reached, now=instant)} for card in cards
        ],
        home=home,
        own=own,
        starred=found.id in await _starred(request),
        release=released,
        summary=share.summary(programme, found),
        base_url=request.app.state.settings.base_url,
        **await coming_back(request, found, cards, now=instant),
    )


def _track_key(programme: Programme, found: Session) -> tuple[str, ...]:
    return () if found.track is None else (programme.track_keys[found.track],)


@get("/c/{slug:str}/agenda/slots/{slot_id:uuid}", opt={"who": ANYONE})
async def slot_state(
    request: Request[Any, Any, Any], slug: FromPath[str], slot_id: FromPath[UUID]
) -> Response[Any]:
    """How one slot stands now, for a page that shows it and heard that it changed."""
    _released, programme = await _programme(request)
    card = programme.card_of.get(SlotId(str(slot_id)))
    if card is None:
        raise NotFoundException(_("There is no such slot in the present release."))
    phases = await kept.phases(request.state.conference.id)
    return page(
        request,
        "agenda/_place.html",
        root=_root(slug),
        place={"card": card, "state": state(card.slot, phases.reached, now=now())},
    )


@get("/c/{slug:str}/speakers", opt={"who": ANYONE})
async def speakers(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """Everybody on the programme, by the first letter of their name."""
    released, programme = await _programme(request)

    def made() -> Response[str]:
        return page(
            request,
            "agenda/speakers.html",
            root=_root(slug),
            letters=_letters(programme),
            count=len(programme.speakers),
        )

    if request.state.viewer is not None:
        return made()
    packed = kept.packed_page(f"speakers:{released.id}", lambda: str(made().content))
    return kept.unpacked_for(
        request, packed, {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding, Cookie"}
    )


def _letters(programme: Programme) -> list[tuple[str, list[Any]]]:
    people = sorted(
        (speaker for speaker in programme.speakers.values() if programme.sessions_of[speaker.id]),
        key=lambda speaker: fold(speaker.name),
    )
    return [
        (letter, [(speaker, programme.sessions_of[speaker.id]) for speaker in group])
        for letter, group in groupby(people, key=lambda speaker: _initial(speaker.name))
    ]


def _initial(name: str) -> str:
    first = fold(name.strip())[:1].upper()
    return first if first.isalpha() else "#"


@post("/c/{slug:str}/sessions/{session_id:uuid}/star", opt={"who": ANYONE})
async def star(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    session_id: FromPath[UUID],
    want: FromQuery[str] = "",
) -> Response[Any] | Redirect:
    """Turn the reader's star over, or make it as they `want` (1 or 0), which may come twice.

    Without a name, sign in first.
    """
    _released, programme = await _programme(request)
    key = SessionId(str(session_id))
    if key not in programme.sessions:
        raise NotFoundException(_("There is no such session in the present release."))
    address = f"{_root(slug)}/sessions/{session_id}"
    viewer = request.state.viewer
    by_script = wants_block(request)
    if viewer is None:
        sign_in = f"/sign-in?next={quote(address, safe='/')}"
        if by_script:
            return Response(b"", status_code=200, headers={"HX-Redirect": sign_in})
        return Redirect(sign_in, status_code=303)
    conference, starred = request.state.conference.id, want == "1"
    if want in ("0", "1"):
        await stars.put(conference, viewer.person, session_id, starred=starred, now=now())
    else:
        starred = await stars.toggle(conference, viewer.person, session_id, now=now())
    if by_script:
        words = await _overlap(request, programme, key) if starred else ""
        return page(
            request,
            "agenda/_star.html",
            root=_root(slug),
            session=programme.sessions[key],
            starred=starred,
            headers={"HX-Trigger": json.dumps({"plenary-starred": {"words": words}})},
        )
    back = request.headers.get("referer", "")
    return Redirect(address if "/sessions/" in back else f"{_root(slug)}/agenda", status_code=303)


async def _overlap(
    request: Request[Any, Any, Any], programme: Programme, session: SessionId
) -> str:
    """What to say to somebody whose new star overlaps with another one."""
    mine = await _starred(request)
    instant, home = now(), programme.zone
    zone = viewer_zone(request.cookies, home, instant) or home
    said = (
        hint(programme, card, mine, zone=zone, now=instant) for card in programme.cards_of[session]
    )
    return next((words for words in said if words), "")


@get("/c/{slug:str}/sessions/{session_id:uuid}/preview.png", opt={"who": ANYONE})
async def preview_picture(
    request: Request[Any, Any, Any], slug: FromPath[str], session_id: FromPath[UUID]
) -> Response[bytes]:
    """The picture that other sites show where somebody shares a session."""
    released, programme = await _programme(request)
    found = programme.sessions.get(SessionId(str(session_id)))
    if found is None:
        raise NotFoundException(_("There is no such session in the present release."))
    picture = await kept_picture(released.id, programme, found)
    return Response(
        picture, media_type="image/png", headers={"Cache-Control": "public, max-age=3600"}
    )


handlers: list[Any] = [
    preview_picture,
    agenda,
    places,
    as_frab,
    session,
    slot_state,
    speakers,
    star,
]
