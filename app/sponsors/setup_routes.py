"""A sponsor sets up its booth: texts, files, hours, webhook, prize draws."""

from __future__ import annotations

import contextlib
import json
import secrets
from datetime import datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response

from app.clock import now
from app.html import gettext as _
from app.html import page
from app.pictures import Refused
from app.programme import draft
from app.settings import Settings
from app.sponsors import draws, files, hooks, meetings, store
from app.sponsors.access import READERS, Form, Upload, own, text, to_booth, web
from app.words import local


@get("/c/{slug:str}/sponsors/{sponsor_slug:str}/setup", opt={"who": READERS})
async def setup(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str]
) -> Response[str]:
    return await _setup(request, await own(request, sponsor_slug))


async def _setup(
    request: Request[Any, Any, Any],
    sponsor: dict[str, Any],
    *,
    error: str = "",
    where: str = "",
    status: int = 200,
) -> Response[str]:
    conference = request.state.conference
    held = await files.of(sponsor["id"])
    windows = json.loads(sponsor["meeting_hours"])
    opens, closes = (
        (local(datetime.fromisoformat(at), conference.time_zone) for at in windows[0])
        if windows
        else (None, None)
    )
    return page(
        request,
        "sponsors/setup.html",
        status=status,
        sponsor=sponsor,
        logo=next((row for row in held if row["kind"] == "logo"), None),
        video=next((row for row in held if row["kind"] == "video"), None),
        files=[row for row in held if row["kind"] == "file"],
        offers=store.offers(sponsor),
        lengths=meetings.LENGTHS,
        opens=f"{opens:%H:%M}" if opens else "10:00",
        closes=f"{closes:%H:%M}" if closes else "16:00",
        draws=await draws.of(sponsor["id"]),
        error=error,
        where=where,
        instant=now(),
    )


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/setup", opt={"who": READERS})
async def save_setup(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str], data: Form
) -> Response[Any]:
    """The booth's texts; a stale form is shown again with what stands now."""
    sponsor = await own(request, sponsor_slug)
    address = text(data, "url", 500)
    if address and not web(address):
        words = _("That is no web address. It should look like https://example.org.")
        return await _setup(request, sponsor, error=words, where="url", status=422)
    version = data.get("version", "")
    values = {
        "tagline": text(data, "tagline", 300),
        "text": text(data, "text", 20_000),
        "url": web(address),
        "live_room": data.get("live_room") == "1",
        "offers": json.dumps(_offers(data), ensure_ascii=False),
    }
    try:
        await store.edit(
            sponsor["id"], values, expected=int(version) if version.isdecimal() else -1
        )
    except store.SponsorMoved:
        words = _("Somebody of your team changed the booth meanwhile. This is how it is now.")
        fresh = await own(request, sponsor_slug)
        return await _setup(request, fresh, error=words, where="top", status=409)
    return to_booth(slug, sponsor_slug, "/setup")


def _offers(data: dict[str, str]) -> list[dict[str, str]]:
    rows = [
        {
            "title": text(data, f"offer_title_{n}", 120),
            "text": text(data, f"offer_text_{n}", 500),
            "url": web(text(data, f"offer_url_{n}", 500)),
        }
        for n in range(6)
    ]
    return [row for row in rows if row["title"]]


@post(
    "/c/{slug:str}/sponsors/{sponsor_slug:str}/setup/files",
    opt={"who": READERS},
    request_max_body_size=210 << 20,
)
async def add_file(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    data: Upload,
) -> Response[Any]:
    """A logo, a video, or a file to take along."""
    sponsor = await own(request, sponsor_slug)
    kind, sent = str(data.get("kind")), data.get("file")
    if kind not in files.MOST_BYTES:
        raise NotFoundException
    try:
        if not isinstance(sent, UploadFile) or not sent.filename:
            raise Refused(_("Choose a file first."))
        await files.keep(settings, sponsor["id"], kind, sent, now=now())
    except Refused as error:
        return await _setup(request, sponsor, error=str(error), where=kind, status=422)
    return to_booth(slug, sponsor_slug, "/setup#files")


@post(
    "/c/{slug:str}/sponsors/{sponsor_slug:str}/setup/files/{file_id:uuid}/remove",
    opt={"who": READERS},
)
async def remove_file(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    file_id: FromPath[UUID],
) -> Redirect:
    sponsor = await own(request, sponsor_slug)
    await files.remove(settings, sponsor["id"], file_id)
    return to_booth(slug, sponsor_slug, "/setup#files")


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/setup/hours", opt={"who": READERS})
async def save_hours(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str], data: Form
) -> Response[Any]:
    """When the staff can be met, the same on each day of the conference."""
    sponsor = await own(request, sponsor_slug)
    conference = request.state.conference
    minutes = int(data["minutes"]) if data.get("minutes", "").isdecimal() else 0
    if minutes not in meetings.LENGTHS:
        await meetings.hours_edited(sponsor["id"], 0, [])
        return to_booth(slug, sponsor_slug, "/setup#hours")
    try:
        opens, closes = time.fromisoformat(data["opens"]), time.fromisoformat(data["closes"])
    except (KeyError, ValueError):
        opens = closes = time(0)
    days = [day.date for day in draft.as_agenda(conference).days]
    windows = meetings.hours(days, opens, closes, conference.time_zone)
    if not windows:
        words = (
            _("The end must be after the start.")
            if days
            else _("The conference has no days yet; ask the organizer.")
        )
        return await _setup(request, sponsor, error=words, where="hours", status=422)
    await meetings.hours_edited(sponsor["id"], minutes, windows)
    return to_booth(slug, sponsor_slug, "/setup#hours")


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/setup/hook", opt={"who": READERS})
async def save_hook(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str], data: Form
) -> Response[Any]:
    """Where new leads are told at once; tried with an example before it is kept."""
    sponsor = await own(request, sponsor_slug)
    wanted = {"hook_url": text(data, "hook_url", 1000), "hook_format": data.get("hook_format", "")}
    if wanted["hook_format"] not in hooks.FORMATS:
        wanted["hook_format"] = "json"
    wanted["hook_secret"] = sponsor["hook_secret"] or secrets.token_hex(24)
    if wanted["hook_url"]:
        try:
            await hooks.resolved(wanted["hook_url"])
            if data.get("try") == "1":
                await hooks.send(
                    {**sponsor, **wanted}, "lead.trial", hooks.example(), key="trial", at=now()
                )
        except Exception as error:
            words = _("It did not work: {why}.").format(why=str(error) or type(error).__name__)
            shown = {**sponsor, **wanted}
            return await _setup(request, shown, error=words, where="hook", status=422)
    await store.edit(sponsor["id"], {**wanted, "hook_error": ""})
    return to_booth(slug, sponsor_slug, "/setup#hook")


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/draws", opt={"who": READERS})
async def open_draw(
    request: Request[Any, Any, Any], slug: FromPath[str], sponsor_slug: FromPath[str], data: Form
) -> Response[Any]:
    """Begin a prize draw that closes at a moment on the conference's clock."""
    sponsor = await own(request, sponsor_slug)
    title, closes = text(data, "title", 200), None
    with contextlib.suppress(ValueError):
        typed = datetime.fromisoformat(data.get("closes", ""))
        closes = typed.replace(tzinfo=ZoneInfo(request.state.conference.time_zone))
    if not title or closes is None or closes <= now():
        words = _("A draw needs a title, and a moment in the future at which it closes.")
        return await _setup(request, sponsor, error=words, where="draw", status=422)
    await draws.open_draw(
        sponsor["id"], title=title, prize=text(data, "prize", 500), closes_at=closes
    )
    return to_booth(slug, sponsor_slug, "/setup#draws")


@post("/c/{slug:str}/sponsors/{sponsor_slug:str}/draws/{draw:uuid}", opt={"who": READERS})
async def pull_draw(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    sponsor_slug: FromPath[str],
    draw: FromPath[UUID],
) -> Redirect:
    """Draw the winner, once."""
    sponsor = await own(request, sponsor_slug)
    await draws.pull(sponsor["id"], draw, now=now())
    return to_booth(slug, sponsor_slug, "/setup#draws")


handlers: list[Any] = [
    setup,
    save_setup,
    add_file,
    remove_file,
    save_hours,
    save_hook,
    open_draw,
    pull_draw,
]
