"""The organizer's badges: who gets one, how they look, and the files that jobs made."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Response

from app.accounts.viewer import OWNER
from app.attendees import badges, codes, design_store, designs, store
from app.attendees.badge_preview import preview, samples
from app.attendees.designs import Design
from app.attendees.tables import Registration
from app.clock import now
from app.conferences import brand
from app.conferences.tables import Conference
from app.follow import HOSTS
from app.html import gettext as _
from app.html import page, render
from app.jobs import store as jobs
from app.jobs.routes import shown
from app.jobs.tables import Job
from app.settings import Settings

_SHOWN = 300


async def _tickets(conference: Conference) -> list[tuple[str, int]]:
    """The ticket types that places have, each with how many."""
    rows = await Registration.raw(
        "SELECT ticket_type, count(*) AS places FROM registration WHERE conference = {}"
        " GROUP BY ticket_type ORDER BY ticket_type",
        conference.id,
    )
    return [(row["ticket_type"], row["places"]) for row in rows]


async def _jobs(conference: Conference) -> list[dict[str, Any]]:
    """The newest three files that were asked for."""
    rows = await (
        Job.select()
        .where(Job.conference == conference.id, Job.kind == "badges")
        .order_by(Job.created_at, ascending=False)
        .limit(3)
    )
    return [shown(row) for row in rows]


def _found(rows: Sequence[Mapping[str, Any]], q: str) -> list[Mapping[str, Any]]:
    wanted = q.strip().casefold()
    return [
        row
        for row in rows
        if not wanted
        or wanted in row["person.name"].casefold()
        or wanted in row["organization_name"].casefold()
    ]


@get("/c/{slug:str}/badges", opt={"who": OWNER})
async def desk(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    ticket: FromQuery[str] = "",
    q: FromQuery[str] = "",
) -> Response[str]:
    conference = request.state.conference
    rows = await badges.registrations(conference.id, ticket=ticket or None)
    people = _found(rows, q)
    return page(
        request,
        "badges/desk.html",
        tickets=await _tickets(conference),
        held=await design_store.all_of(conference.id),
        design_of=design_store.choose,
        people=people[:_SHOWN],
        more=max(len(people) - _SHOWN, 0),
        ticket=ticket,
        q=q,
        jobs=await _jobs(conference),
        sizes=_size_words(),
        papers=_paper_words(),
    )


@post("/c/{slug:str}/badges", opt={"who": OWNER})
async def make_badges(request: Request[Any, Any, Any], slug: FromPath[str]) -> Redirect:
    """Ask for the badges of all, of a ticket type, or of those that are ticked."""
    conference, viewer = request.state.conference, request.state.viewer
    form = await request.form()
    arguments: dict[str, Any] = {}
    if form.get("which") == "ticked" and (persons := form.getall("persons", [])):
        arguments["persons"] = [str(one) for one in persons]
    if form.get("ticket"):
        arguments["ticket"] = str(form["ticket"])
    if form.get("as") == "zip":
        arguments["as"] = "zip"
    what = hashlib.sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()[:16]
    await jobs.ask(
        "badges",
        f"badges:{conference.id}:{what}",
        arguments,
        conference=conference.id,
        asked_by=viewer.person,
        now=now(),
    )
    return Redirect(f"/c/{slug}/badges#made", status_code=303)


@get("/c/{slug:str}/badges/check", opt={"who": HOSTS})
async def check(
    request: Request[Any, Any, Any], settings: NamedDependency[Settings], slug: FromPath[str]
) -> Response[str]:
    """A page that checks badges at a door, also without a network: it holds the key and the list."""
    conference, instant = request.state.conference, now()
    rows = await badges.registrations(conference.id)
    taken_back = await store.revoked(conference.id)
    held = {
        "key": base64.b64encode(codes.key_of(conference.id, settings.secret)).decode(),
        "at": instant.isoformat(),
        "valid": {row["badge_code"]: [row["person.name"], row["ticket_type"]] for row in rows},
        "revoked": {code: at.isoformat() for code, at in taken_back.items()},
    }
    return page(request, "badges/check.html", badges=held, instant=instant)


def _size_words() -> dict[str, str]:
    return {"a6": _("A6, 105 × 148 mm"), "cr80": _("Card (CR80), 86 × 54 mm")}


def _paper_words() -> dict[str, str]:
    return {
        "": _("One on each page"),
        "a4": _("A4 sheets with cut marks"),
        "letter": _("Letter sheets with cut marks"),
    }


@get("/c/{slug:str}/badges/design", opt={"who": OWNER})
async def editor(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    ticket: FromQuery[str] = "",
) -> Response[str]:
    conference = request.state.conference
    design = await design_store.of(conference.id, ticket)
    version = await design_store.version(conference.id, ticket)
    return await _editor(request, settings, ticket, design, version=version)


async def _editor(
    request: Request[Any, Any, Any],
    settings: Settings,
    ticket: str,
    design: Design,
    *,
    version: int,
    wrong: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    conference = request.state.conference
    return page(
        request,
        "badges/design.html",
        status=status,
        ticket=ticket,
        tickets=await _tickets(conference),
        design=design,
        version=version,
        wrong=wrong or {},
        sizes=list(_size_words().items()),
        papers=list(_paper_words().items()),
        tones=designs.TONES,
        shown=await _preview(conference, settings, ticket, design),
    )


async def _preview(conference: Conference, settings: Settings, ticket: str, design: Design) -> str:
    rows = await badges.registrations(conference.id, ticket=ticket or None)
    key = codes.key_of(conference.id, settings.secret)
    logo = f"/c/{conference.slug}/logo.png?v={brand.load(conference.brand).version}"
    event = badges.event_of(conference, brand.on_paper(conference.brand, logo))
    return render(
        "badges/_preview.html",
        cards=preview(samples(rows, ticket, key), design, event),
        design=design,
        event=event,
        layout=designs.layout(design),
        wrong={},
    )


@post("/c/{slug:str}/badges/preview", opt={"who": OWNER}, status_code=200)
async def show(
    request: Request[Any, Any, Any], settings: NamedDependency[Settings], slug: FromPath[str]
) -> Response[str]:
    """The preview of what the form says now; nothing is kept."""
    form = await request.form()
    design, _wrong = from_form(form)
    conference = request.state.conference
    text = await _preview(conference, settings, str(form.get("for", "")), design)
    return Response(text, media_type="text/html", headers={"Cache-Control": "no-store"})


@post("/c/{slug:str}/badges/design", opt={"who": OWNER})
async def keep(
    request: Request[Any, Any, Any], settings: NamedDependency[Settings], slug: FromPath[str]
) -> Response[Any]:
    conference = request.state.conference
    form = await request.form()
    ticket = str(form.get("for", ""))[:80]
    back = f"/c/{slug}/badges/design?{urlencode({'ticket': ticket})}"
    if form.get("drop") == "1":
        await design_store.drop(conference.id, ticket)
        return Redirect(back, status_code=303)
    design, wrong = from_form(form)
    text = str(form.get("version", "0"))
    version = int(text) if text.isdecimal() and len(text) < 10 else 0
    if wrong:
        return await _editor(
            request, settings, ticket, design, version=version, wrong=wrong, status=422
        )
    if not await design_store.keep(conference.id, ticket, design, expected=version, now=now()):
        moved = {"design": _("Somebody else changed this design meanwhile. Look at theirs first.")}
        return await _editor(
            request, settings, ticket, design, version=version, wrong=moved, status=409
        )
    return Redirect(back, status_code=303)


def from_form(form: Mapping[str, Any]) -> tuple[Design, dict[str, str]]:
    """What an organizer chose, and what is wrong with it by field, as sentences."""
    wrong = {}
    size, sheet = str(form.get("size", designs.A6)), str(form.get("sheet", ""))
    note, back = str(form.get("note", "")).strip(), str(form.get("back", "")).strip()
    if size not in designs.SIZES:
        wrong["size"], size = _("Choose one of the sizes."), designs.A6
    if sheet and sheet not in designs.PAPERS:
        wrong["sheet"], sheet = _("Choose one of the papers."), ""
    if len(note) > designs.LONGEST_NOTE:
        wrong["note"] = _("Make it shorter than 160 characters, or put it on the back.")
    if len(back) > designs.LONGEST_BACK:
        wrong["back"] = _("Make it shorter than 700 characters, so that it can be read.")
    tone = str(form.get("tone", "ink"))
    made = Design(
        size=size,
        sheet=sheet,
        two_sided=form.get("two_sided") == "1",
        tone=tone if tone in designs.TONES else "ink",
        organization=form.get("organization") == "1",
        ticket=form.get("ticket") == "1",
        dates=form.get("dates") == "1",
        code=form.get("code") == "1",
        note=note[: designs.LONGEST_NOTE],
        back=back[: designs.LONGEST_BACK],
    )
    return made, wrong


handlers: list[Any] = [desk, make_badges, check, editor, show, keep]
