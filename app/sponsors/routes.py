"""Sponsors, their booths, contacts given and taken back, and what a sponsor may read of them."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Response

from app.accounts.viewer import ANYONE, EVERYBODY, OWNER, Viewer
from app.attendees import store as attendees
from app.clock import now
from app.html import gettext as _
from app.html import page
from app.programme import releases
from app.sponsors import store, view

READERS = frozenset({"owner", "sponsor"})
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


async def _sponsor(request: Request[Any, Any, Any], sponsor_slug: str) -> dict[str, Any]:
    found = await store.find(request.state.conference.id, sponsor_slug)
    if found is None:
        raise NotFoundException(_("There is no such sponsor at this conference."))
    return found


async def _readable(request: Request[Any, Any, Any], sponsor_slug: str) -> dict[str, Any]:
    """The sponsor, where the viewer may read its leads: its own people and the owner."""
    sponsor = await _sponsor(request, sponsor_slug)
    viewer: Viewer = request.state.viewer
    if not viewer.has(OWNER) and not await store.works_for(viewer.person, sponsor["id"]):
        raise PermissionDeniedException
    return sponsor


@get("/c/{slug:str}/sponsors", opt={"who": ANYONE})
async def sponsors(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    conference, viewer = request.state.conference, request.state.viewer
    given = await store.given_by(viewer.person, conference.id) if viewer else {}
    return page(request, "sponsors/list.html", sponsors=await store.of(conference.id), given=given)


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}", opt={"who": ANYONE})
async def booth(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str]
) -> Response[str]:
    """A booth. A signed-in person's visit is counted, except that of the sponsor's own people."""
    sponsor = await _sponsor(request, sponsor_slug)
    viewer: Viewer | None = request.state.viewer
    own = viewer is not None and await store.works_for(viewer.person, sponsor["id"])
    place = standing = None
    if viewer is not None:
        if not own:
            await store.visit(sponsor["id"], viewer.person, now=now())
        place = await attendees.registration(request.state.conference.id, viewer.person)
        standing = await store.standing(sponsor["id"], viewer.person)
    return page(
        request,
        "sponsors/booth.html",
        sponsor=sponsor,
        own=own,
        member=viewer is not None and bool(viewer.roles),
        reader=viewer is not None and (own or viewer.has(OWNER)),
        organization=place["organization_name"] if place else "",
        standing=standing,
        wording=view.wording(sponsor["name"], ("name", "email")),
        wording_more=view.wording(sponsor["name"], store.FIELDS),
    )


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/contact", opt={"who": EVERYBODY})
async def share(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str], data: Form
) -> Redirect:
    """Give one's contact, in the words that the form showed."""
    sponsor = await _sponsor(request, sponsor_slug)
    fields = store.FIELDS if data.get("organization") == "1" else store.FIELDS[:2]
    await store.give(
        sponsor["id"],
        request.state.viewer.person,
        fields=fields,
        wording=view.wording(sponsor["name"], fields),
        source="booth",
        now=now(),
    )
    return Redirect(f"/c/{slug}/sponsors/{sponsor_slug}#contact", status_code=303)


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/contact/withdraw", opt={"who": EVERYBODY})
async def withdraw(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str]
) -> Redirect:
    sponsor = await _sponsor(request, sponsor_slug)
    await store.take_back(sponsor["id"], request.state.viewer.person, now=now())
    return Redirect(f"/c/{slug}/sponsors/{sponsor_slug}#contact", status_code=303)


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}/leads", opt={"who": READERS})
async def leads(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    source: FromQuery[str] = "",
    q: FromQuery[str] = "",
) -> Response[str]:
    """Who may be contacted, when and where they said so, and what was shown to them."""
    sponsor = await _readable(request, sponsor_slug)
    conference = request.state.conference
    ledger = await store.ledger(sponsor["id"], conference.id)
    released = await releases.latest(conference.id)
    instant = now()
    wanted = q.strip().casefold()
    found = [
        lead
        for lead in ledger.leads
        if (not source or lead.source == source)
        and wanted in f"{lead.name} {lead.organization} {lead.email}".casefold()
    ]
    return page(
        request,
        "sponsors/leads.html",
        block="leads",
        sponsor=sponsor,
        ledger=ledger,
        leads=found,
        fields_words=view.fields_words,
        source=source,
        q=q,
        source_words=view.sources(),
        headline=view.headline(ledger, conference.time_zone),
        chart=view.over_time(
            ledger, released.release.schedule if released else None, conference.time_zone, instant
        ),
        instant=instant,
        zone=conference.time_zone,
    )


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}/leads.csv", opt={"who": READERS})
async def leads_csv(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str]
) -> Response[bytes]:
    """Those who may be contacted; the file's name says how many took it back."""
    sponsor = await _readable(request, sponsor_slug)
    conference = request.state.conference
    ledger = await store.ledger(sponsor["id"], conference.id)
    name = f"leads-{sponsor_slug}-{len(ledger.leads)}-withdrawn-{ledger.revoked}.csv"
    return Response(
        view.as_csv(ledger.leads, conference.time_zone).encode(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


handlers: list[Any] = [sponsors, booth, share, withdraw, leads, leads_csv]
