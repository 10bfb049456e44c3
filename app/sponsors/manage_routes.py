"""The organizer's side: who sponsors, at which level, and which sessions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response

from app.accounts.viewer import OWNER
from app.clock import now
from app.conferences import brand
from app.html import gettext as _
from app.html import page
from app.jobs import outbox
from app.notices.mail import BadAddress
from app.notices.mail import address as mail_address
from app.programme import releases
from app.settings import Settings
from app.sponsors import store
from app.sponsors.access import Form, sponsor_of, text

_MOST_TIERS = 8


@get("/c/{slug:str}/sponsors/manage", opt={"who": OWNER})
async def manage(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    return await _manage(request)


async def _manage(
    request: Request[Any, Any, Any],
    *,
    error: str = "",
    typed: Form | None = None,
    status: int = 200,
) -> Response[str]:
    conference = request.state.conference
    sponsors = await store.of(conference.id)
    released = await releases.latest(conference.id)
    sessions = [] if released is None else [s for s in released.schedule.sessions if s.speakers]
    return page(
        request,
        "sponsors/manage.html",
        status=status,
        sponsors=sponsors,
        tiers=await store.tiers(conference.id),
        rows=range(_MOST_TIERS),
        sessions=sorted(sessions, key=lambda one: one.title.casefold()),
        chosen={one["id"]: await store.sessions_of(one["id"]) for one in sponsors},
        error=error,
        typed=typed or {},
    )


@post("/c/{slug:str}/sponsors/manage", opt={"who": OWNER})
async def add_sponsor(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    data: Form,
) -> Response[Any]:
    """A new sponsor; its contact gets a mail with the way to the booth, and sets it up."""
    conference, instant = request.state.conference, now()
    name, contact = text(data, "name", 200), text(data, "contact", 320)
    if not name:
        return await _manage(request, error=_("A sponsor needs a name."), typed=data, status=422)
    try:
        if contact:
            mail_address(contact)
    except BadAddress:
        words = _("That is not an e-mail address. It should look like name@example.org.")
        return await _manage(request, error=words, typed=data, status=422)
    sponsor = await store.found(
        conference.id, name=name, tier=text(data, "tier", 40), contact=contact, now=instant
    )
    if contact:
        await outbox.put(
            "mail",
            f"sponsor:{sponsor['id']}",
            {
                "to": contact,
                **brand.sender(conference.title, conference.brand),
                "subject": _("Set up your booth at {conference}").format(
                    conference=conference.title
                ),
                "text": _(
                    "{sponsor} has a booth at {conference}. Sign in with this address and set "
                    "it up: texts, logo, video, files, your team and the hours in which you can "
                    "be met.\n\n{link}"
                ).format(
                    sponsor=name,
                    conference=conference.title,
                    link=f"{settings.base_url}/c/{slug}/sponsors/{sponsor['slug']}/setup",
                ),
            },
            now=instant,
        )
    return Redirect(f"/c/{slug}/sponsors/manage", status_code=303)


@post("/c/{slug:str}/sponsors/manage/tiers", opt={"who": OWNER})
async def save_tiers(request: Request[Any, Any, Any], slug: FromPath[str], data: Form) -> Redirect:
    """The levels of sponsorship in order, and how each is shown in the lobby."""
    wanted = [
        (text(data, f"name_{n}", 40), data.get(f"place_{n}", "row")) for n in range(_MOST_TIERS)
    ]
    await store.set_tiers(
        request.state.conference.id,
        [(name, place if place in store.PLACES else "row") for name, place in wanted if name],
    )
    return Redirect(f"/c/{slug}/sponsors/manage#tiers", status_code=303)


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/manage", opt={"who": OWNER})
async def change_sponsor(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str]
) -> Redirect:
    """Level, place and sponsored sessions of one sponsor; or take it away."""
    sponsor = await sponsor_of(request, sponsor_slug)
    data = await request.form()
    if data.get("remove") == "1":
        if data.get("sure") != sponsor["name"]:
            raise NotFoundException(_("Type the sponsor's name to take it away."))
        await store.remove(sponsor["id"])
        return Redirect(f"/c/{slug}/sponsors/manage", status_code=303)
    position = str(data.get("position", ""))
    released = await releases.latest(request.state.conference.id)
    known = set() if released is None else set(released.sessions)
    wanted = [UUID(one) for one in map(str, data.getall("session", [])) if one in known]
    await store.set_sessions(sponsor["id"], wanted)
    await store.edit(
        sponsor["id"],
        {
            "name": text(dict(data), "name", 200) or sponsor["name"],
            "tier": text(dict(data), "tier", 40),
            "position": int(position) if position.isdecimal() else sponsor["position"],
        },
    )
    return Redirect(f"/c/{slug}/sponsors/manage#{sponsor_slug}", status_code=303)


handlers: list[Any] = [manage, add_sponsor, save_tiers, change_sponsor]
