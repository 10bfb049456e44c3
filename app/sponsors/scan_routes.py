"""Badges are scanned at a booth: nothing is kept before their owner has agreed."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from app.accounts.tables import Person
from app.attendees import codes
from app.attendees import store as attendees
from app.clock import now
from app.conferences import brand
from app.html import gettext as _
from app.html import page
from app.jobs import outbox
from app.limits import allow
from app.settings import Settings
from app.sponsors import consent, view
from app.sponsors.access import READERS, Form, own, text


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}/scan", opt={"who": READERS})
async def scan(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str]
) -> Response[str]:
    """The phone's camera, and a field for who types the code."""
    sponsor = await own(request, sponsor_slug)
    return page(request, "sponsors/scan.html", sponsor=sponsor, found=None, error="", done="")


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/scan", opt={"who": READERS}, status_code=200)
async def scanned(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    data: Form,
) -> Response[str]:
    """A badge was read. Nothing is kept before its owner has agreed to the words shown."""
    sponsor = await own(request, sponsor_slug)
    conference, viewer = request.state.conference, request.state.viewer
    error = done = ""
    found: dict[str, Any] | None = None
    if await allow(
        request.app.state.redis, f"scan:{sponsor['id']}:{viewer.person}", most=120, seconds=60
    ):
        code = codes.verify(text(data, "code", 200), codes.key_of(conference.id, settings.secret))
        found = await attendees.by_badge_code(conference.id, code) if code else None
        if found is None:
            error = _("This is no badge of {conference}.").format(conference=conference.title)
    else:
        error = _("Too many badges at once. Wait a minute.")
    if found is not None:
        place = await attendees.registration(conference.id, found["person"])
        organization = place["organization_name"] if place else ""
        fields = consent.FIELDS if organization else consent.FIELDS[:2]
        found = {
            **found,
            "organization": organization,
            "wording": view.wording(sponsor["name"], fields),
            "standing": await consent.standing(sponsor["id"], found["person"]),
        }
        if data.get("agreed") == "1":
            await _agreed(request, settings, sponsor, found, fields)
            done, found = found["name"], None
    return page(
        request,
        "sponsors/scan.html",
        block="scanned",
        sponsor=sponsor,
        found=found,
        code=text(data, "code", 200),
        error=error,
        done=done,
    )


async def _agreed(
    request: Request[Any, Any, Any],
    settings: Settings,
    sponsor: dict[str, Any],
    found: dict[str, Any],
    fields: tuple[str, ...],
) -> None:
    """Keep the consent, and tell its giver by mail how to take it back."""
    instant, conference = now(), request.state.conference
    fresh = await consent.give(
        sponsor["id"],
        found["person"],
        fields=fields,
        wording=found["wording"],
        source="scan",
        recorded_by=request.state.viewer.person,
        now=instant,
    )
    row = await Person.select(Person.email).where(Person.id == found["person"]).first()
    if not fresh or row is None or not row["email"]:
        return
    root = f"{settings.base_url}/c/{conference.slug}/sponsors/{sponsor['slug']}"
    await outbox.put(
        "mail",
        f"scanned:{sponsor['id']}:{found['person']}:{int(instant.timestamp())}",
        {
            "to": row["email"],
            "name": found["name"],
            **brand.sender(conference.title, conference.brand),
            "subject": _("You shared your contact with {sponsor}").format(sponsor=sponsor["name"]),
            "text": _(
                "Your badge was scanned at the booth of {sponsor}, and these words were agreed "
                "to:\n\n{wording}\n\nIf that was not so, or you think better of it, take it back "
                "here:\n\n{link}"
            ).format(sponsor=sponsor["name"], wording=found["wording"], link=f"{root}#contact"),
        },
        now=instant,
    )


handlers: list[Any] = [scan, scanned]
