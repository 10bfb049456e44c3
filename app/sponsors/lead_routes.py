"""The lead report as its sponsor reads it: the page, one lead, and the files."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Response

from app.clock import now
from app.html import gettext as _
from app.html import page
from app.jobs import store as jobs
from app.jobs.routes import shown
from app.programme import releases
from app.sponsors import consent, exports, leads, store, view
from app.sponsors.access import READERS, Form, own, text, to_booth
from app.sponsors.leads import LeadMoved
from app.sponsors.ledger import Lead, Ledger

_SORTS = {"time": "given_at", "score": "score", "rating": "rating"}


async def _owners(sponsor: UUID) -> dict[UUID, str]:
    return {one.person: one.name for one in await store.staff(sponsor, now=now())}


def chosen(ledger: Ledger, *, source: str, q: str, show: str, sort: str) -> list[Lead]:
    """The leads that the page's filters leave, in the wanted order."""
    wanted = q.strip().casefold()
    found = [
        lead
        for lead in ledger.leads
        if (not source or lead.source == source)
        and (show != "calls" or lead.wants_call)
        and wanted in _searched(lead)
    ]
    key = _SORTS.get(sort, "given_at")
    return sorted(found, key=lambda lead: getattr(lead, key), reverse=True)


def _searched(lead: Lead) -> str:
    held = [lead.name, lead.organization, lead.email, lead.message, *lead.tags]
    return " ".join([*held, *(note.text for note in lead.notes)]).casefold()


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}/leads", opt={"who": READERS})
async def lead_report(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    source: FromQuery[str] = "",
    q: FromQuery[str] = "",
    show: FromQuery[str] = "",
    sort: FromQuery[str] = "time",
) -> Response[str]:
    """Who may be contacted, when and where they said so, and how warm they are."""
    sponsor = await own(request, sponsor_slug)
    conference, instant = request.state.conference, now()
    ledger = await leads.gather(sponsor, conference, now=instant)
    released = await releases.latest(conference.id)
    job = await jobs.latest(consent.report_key(sponsor["id"]))
    zone = conference.time_zone
    return page(
        request,
        "sponsors/leads.html",
        block="leads",
        sponsor=sponsor,
        ledger=ledger,
        leads=chosen(ledger, source=source, q=q, show=show, sort=sort),
        owners=await _owners(sponsor["id"]),
        view=view,
        source=source,
        q=q,
        show=show,
        sort=sort if sort in _SORTS else "time",
        source_words=view.sources(),
        headline=view.headline(ledger, zone),
        chart=view.over_time(
            ledger, released.release.schedule if released else None, zone, instant
        ),
        job=shown(job) if job else None,
        instant=instant,
        zone=zone,
    )


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/leads", opt={"who": READERS})
async def make_paper(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str]
) -> Redirect:
    """Ask for the lead report as a PDF."""
    sponsor = await own(request, sponsor_slug)
    await jobs.ask(
        "leads",
        consent.report_key(sponsor["id"]),
        {"sponsor": str(sponsor["id"])},
        conference=request.state.conference.id,
        asked_by=request.state.viewer.person,
        now=now(),
    )
    return to_booth(slug, sponsor_slug, "/leads")


def _file(content: bytes, media_type: str, name: str) -> Response[bytes]:
    return Response(
        content,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


def _name(sponsor_slug: str, ledger: Ledger, suffix: str) -> str:
    return f"leads-{sponsor_slug}-{len(ledger.leads)}-withdrawn-{ledger.revoked}{suffix}"


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}/leads.csv", opt={"who": READERS})
async def leads_csv(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    shape: FromQuery[str] = "plain",
) -> Response[bytes]:
    """Those who may be contacted; the file's name says how many took it back."""
    sponsor = await own(request, sponsor_slug)
    if shape not in exports.COLUMNS:
        raise NotFoundException(_("There is no such kind of file."))
    conference = request.state.conference
    ledger = await leads.gather(sponsor, conference, now=now())
    content = exports.as_csv(
        ledger.leads, conference.time_zone, await _owners(sponsor["id"]), shape
    )
    suffix = ".csv" if shape == "plain" else f"-{shape}.csv"
    return _file(content.encode(), "text/csv; charset=utf-8", _name(sponsor_slug, ledger, suffix))


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}/leads.xlsx", opt={"who": READERS})
async def leads_xlsx(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str]
) -> Response[bytes]:
    sponsor = await own(request, sponsor_slug)
    conference = request.state.conference
    ledger = await leads.gather(sponsor, conference, now=now())
    title = _("Leads of {sponsor} at {conference}").format(
        sponsor=sponsor["name"], conference=conference.title
    )
    content = exports.as_xlsx(ledger, conference.time_zone, await _owners(sponsor["id"]), title)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _file(content, kind, _name(sponsor_slug, ledger, ".xlsx"))


async def _one(
    request: Request[Any, Any, Any], sponsor: dict[str, Any], lead: UUID
) -> tuple[Lead, UUID]:
    person = await leads.person_of(sponsor["id"], lead)
    if person is None:
        raise NotFoundException(_("This contact is not shared with you, or not any more."))
    ledger = await leads.gather(sponsor, request.state.conference, now=now())
    return next(one for one in ledger.leads if one.id == lead), person


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}/leads/{lead:uuid}", opt={"who": READERS})
async def lead_card(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    lead: FromPath[UUID],
) -> Response[str]:
    """One lead: what they gave, what they did, and what the team noted."""
    sponsor = await own(request, sponsor_slug)
    found, _person = await _one(request, sponsor, lead)
    return page(
        request,
        "sponsors/lead.html",
        sponsor=sponsor,
        lead=found,
        owners=await _owners(sponsor["id"]),
        view=view,
        rules=view.rules(),
        source_words=view.sources(),
        zone=request.state.conference.time_zone,
        error="",
    )


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/leads/{lead:uuid}", opt={"who": READERS})
async def mark_lead(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    lead: FromPath[UUID],
    data: Form,
) -> Response[Any]:
    """Rating, tags, owner and whether it is answered; a note goes beside them."""
    sponsor = await own(request, sponsor_slug)
    found, person = await _one(request, sponsor, lead)
    owners = await _owners(sponsor["id"])
    rating, version = data.get("rating", ""), data.get("version", "")
    values = {
        "rating": int(rating) if rating in "012345" and rating else 0,
        "tags": ",".join(view.tags_of(text(data, "tags", 500))),
        "owner": next((key for key in owners if str(key) == data.get("owner")), None),
        "answered": data.get("answered") == "1",
    }
    try:
        await leads.mark(
            sponsor["id"],
            person,
            values,
            expected=int(version) if version.isdecimal() else -1,
            now=now(),
        )
    except LeadMoved:
        return page(
            request,
            "sponsors/lead.html",
            status=409,
            sponsor=sponsor,
            lead=found,
            owners=owners,
            view=view,
            rules=view.rules(),
            source_words=view.sources(),
            zone=request.state.conference.time_zone,
            error=_("Somebody of your team changed this lead meanwhile. This is how it is now."),
        )
    if note := text(data, "note", 2000):
        await leads.note(sponsor["id"], person, note, by=request.state.viewer.name, now=now())
    return to_booth(slug, sponsor_slug, f"/leads/{lead}")


handlers: list[Any] = [
    lead_report,
    make_paper,
    leads_csv,
    leads_xlsx,
    lead_card,
    mark_lead,
]
