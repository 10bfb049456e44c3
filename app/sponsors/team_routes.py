"""Who is at a booth, who is on duty, and who comes to see them when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response

from app.clock import now
from app.conferences import brand
from app.html import gettext as _
from app.html import page
from app.jobs import outbox
from app.notices.mail import BadAddress
from app.notices.mail import address as mail_address
from app.settings import Settings
from app.sponsors import meetings, store
from app.sponsors.access import READERS, Form, own, text, to_booth


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}/team", opt={"who": READERS})
async def team(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str]
) -> Response[str]:
    return await _team(request, await own(request, sponsor_slug))


async def _team(
    request: Request[Any, Any, Any],
    sponsor: dict[str, Any],
    *,
    error: str = "",
    email: str = "",
    status: int = 200,
) -> Response[str]:
    return page(
        request,
        "sponsors/team.html",
        status=status,
        sponsor=sponsor,
        team=await store.staff(sponsor["id"], now=now()),
        error=error,
        email=email,
    )


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/team", opt={"who": READERS})
async def hire(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    data: Form,
) -> Response[Any]:
    """Somebody more for the booth; a mail tells them where it is."""
    sponsor = await own(request, sponsor_slug)
    typed = text(data, "email", 320)
    try:
        mail_address(typed)
    except BadAddress:
        words = _("That is not an e-mail address. It should look like name@example.org.")
        return await _team(request, sponsor, error=words, email=typed, status=422)
    conference, instant = request.state.conference, now()
    person = await store.hire(sponsor["id"], conference.id, typed, now=instant)
    await store.describe(
        sponsor["id"], person, title=text(data, "title", 120), name=text(data, "name", 200)
    )
    root = f"{settings.base_url}/c/{slug}/sponsors/{sponsor_slug}"
    await outbox.put(
        "mail",
        f"hired:{sponsor['id']}:{person}",
        {
            "to": typed,
            **brand.sender(conference.title, conference.brand),
            "subject": _("You are at the booth of {sponsor}").format(sponsor=sponsor["name"]),
            "text": _(
                "{who} put you on the team of {sponsor} at {conference}.\n\nYour booth, its "
                "leads and its calendar are here; sign in with this address:\n\n{link}"
            ).format(
                who=request.state.viewer.name,
                sponsor=sponsor["name"],
                conference=conference.title,
                link=f"{root}/setup",
            ),
        },
        now=instant,
    )
    return to_booth(slug, sponsor_slug, "/team")


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/team/{person:uuid}/remove", opt={"who": READERS})
async def dismiss(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    person: FromPath[UUID],
) -> Redirect:
    sponsor = await own(request, sponsor_slug)
    await store.dismiss(sponsor["id"], request.state.conference.id, person)
    if person == request.state.viewer.person:
        return to_booth(slug, sponsor_slug, "")
    return to_booth(slug, sponsor_slug, "/team")


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/team/duty", opt={"who": READERS})
async def duty(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str], data: Form
) -> Redirect:
    """Say that oneself is at the booth, or not any more."""
    sponsor = await own(request, sponsor_slug)
    await store.duty(
        sponsor["id"], request.state.viewer.person, on=data.get("on") == "1", now=now()
    )
    return to_booth(slug, sponsor_slug, "/team")


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}/meetings", opt={"who": READERS})
async def meeting_list(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str]
) -> Response[str]:
    """Who comes when."""
    sponsor = await own(request, sponsor_slug)
    return page(
        request,
        "sponsors/meetings.html",
        sponsor=sponsor,
        meetings=await meetings.booked(sponsor["id"]),
        offered=len(meetings.starts(sponsor)),
        zone=request.state.conference.time_zone,
        instant=now(),
    )


handlers: list[Any] = [team, hire, dismiss, duty, meeting_list]
