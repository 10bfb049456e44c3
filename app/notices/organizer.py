"""The organizer's page of everything that is mailed: drafts, what was sent, what came back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Response

from app.accounts.viewer import OWNER
from app.clock import now
from app.html import gettext as _
from app.html import page
from app.notices import compose, kinds, letters, mailings, messages, paper, pauses
from app.notices.kinds import KINDS
from app.settings import Settings

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
_FATES = ("", "failed", "bounced")
_SHOWN = 40


@get("/c/{slug:str}/notices", opt={"who": OWNER})
async def notices(
    request: Request[Any, Any, Any], slug: FromPath[str], fate: FromQuery[str] = ""
) -> Response[str]:
    return await _page(request, fate=fate if fate in _FATES else "")


async def _page(
    request: Request[Any, Any, Any],
    *,
    fate: str = "",
    message: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
) -> Response[str]:
    conference = request.state.conference
    return page(
        request,
        "notices/notices.html",
        block="letters",
        status=422 if wrong else 200,
        fate=fate,
        drafts=await mailings.of(conference.id, "draft"),
        past=await mailings.of(conference.id, "sent", "discarded", most=20),
        letters=await letters.newest(conference.id, state=fate, most=_SHOWN),
        tally=await letters.tally(conference.id),
        paused=await pauses.of(conference.id),
        modes=await kinds.modes(conference.id),
        kinds=KINDS,
        label=kinds.label,
        mode_words=kinds.mode_words,
        audiences=[(name, messages.audience_words(name)) for name in messages.AUDIENCES],
        message=message or {},
        wrong=wrong or {},
    )


@post("/c/{slug:str}/notices", opt={"who": OWNER})
async def write_message(
    request: Request[Any, Any, Any], slug: FromPath[str], data: Form
) -> Response[Any]:
    """Keep a message as a draft, and show it as it would go out."""
    facts = {name: data.get(name, "") for name in ("subject", "text", "audience")}
    wrong = messages.wrong(facts["subject"], facts["text"], facts["audience"])
    if wrong:
        return await _page(request, message=facts, wrong=wrong)
    notice = await mailings.stand(request.state.conference.id, "message", facts, now=now())
    return Redirect(f"/c/{slug}/notices/{notice}", status_code=303)


@post("/c/{slug:str}/notices/modes", opt={"who": OWNER})
async def choose_modes(
    request: Request[Any, Any, Any], slug: FromPath[str], data: Form
) -> Redirect:
    """Set how each kind goes out; what is not named stays."""
    for kind, held in KINDS.items():
        if data.get(kind) in held.modes:
            await kinds.choose(request.state.conference.id, kind, data[kind])
    return Redirect(f"/c/{slug}/notices#modes", status_code=303)


async def _notice(request: Request[Any, Any, Any], notice: UUID) -> dict[str, Any]:
    found = await mailings.find(request.state.conference.id, notice)
    if found is None:
        raise NotFoundException(_("There is no such mailing."))
    return found


@get("/c/{slug:str}/notices/{notice:uuid}", opt={"who": OWNER})
async def show(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    slug: FromPath[str],
    notice: FromPath[UUID],
    n: FromQuery[int] = 1,
) -> Response[str]:
    """A draft with one of its letters as it would go out now; of a sent one, how its letters fared."""
    found = await _notice(request, notice)
    conference = request.state.conference
    drafts = []
    if found["state"] == "draft":
        drafts = await compose.compose(conference, found, settings, now=now())
    at = min(max(n, 1), max(len(drafts), 1))
    shown = drafts[at - 1] if drafts else None
    payload = (
        letters.addressed(shown, found["kind"], conference, settings) if shown is not None else {}
    )
    sent = [] if found["state"] == "draft" else await letters.newest(conference.id, notice=notice)
    return page(
        request,
        "notices/notice.html",
        notice=found,
        day=date.fromisoformat(found["facts"]["day"]) if "day" in found["facts"] else None,
        label=kinds.label,
        editable=found["kind"] in ("message", "followup"),
        count=len(drafts),
        number=at,
        shown=shown,
        facts=payload,
        text=paper.plain(payload) if payload else "",
        letters=sent,
    )


@post("/c/{slug:str}/notices/{notice:uuid}", opt={"who": OWNER})
async def edit(
    request: Request[Any, Any, Any], slug: FromPath[str], notice: FromPath[UUID], data: Form
) -> Response[Any]:
    """Change the words of a draft."""
    found = await _notice(request, notice)
    conference = request.state.conference
    if found["kind"] in ("message", "followup"):
        facts = {**found["facts"], "subject": data.get("subject", ""), "text": data.get("text", "")}
        audience = facts.get("audience", "everybody")
        if not messages.wrong(facts["subject"], facts["text"], audience):
            await mailings.write(conference.id, notice, facts)
    return Redirect(f"/c/{slug}/notices/{notice}", status_code=303)


@post("/c/{slug:str}/notices/{notice:uuid}/send", opt={"who": OWNER})
async def send(
    request: Request[Any, Any, Any], slug: FromPath[str], notice: FromPath[UUID]
) -> Redirect:
    await _notice(request, notice)
    viewer, conference = request.state.viewer, request.state.conference
    await mailings.send(conference.id, notice, by=viewer.person, now=now())
    return Redirect(f"/c/{slug}/notices/{notice}", status_code=303)


@post("/c/{slug:str}/notices/{notice:uuid}/discard", opt={"who": OWNER})
async def discard(
    request: Request[Any, Any, Any], slug: FromPath[str], notice: FromPath[UUID]
) -> Redirect:
    await _notice(request, notice)
    viewer, conference = request.state.viewer, request.state.conference
    await mailings.discard(conference.id, notice, by=viewer.person, now=now())
    return Redirect(f"/c/{slug}/notices", status_code=303)


@post("/c/{slug:str}/notices/retry", opt={"who": OWNER})
async def retry_all(request: Request[Any, Any, Any], slug: FromPath[str]) -> Redirect:
    """Try every failed letter again."""
    await letters.retry_all(request.state.conference.id, now=now())
    return Redirect(f"/c/{slug}/notices#letters", status_code=303)


@post("/c/{slug:str}/notices/letters/{letter:uuid}/retry", opt={"who": OWNER})
async def retry(
    request: Request[Any, Any, Any], slug: FromPath[str], letter: FromPath[UUID]
) -> Redirect:
    await letters.retry(request.state.conference.id, letter, now=now())
    return Redirect(f"/c/{slug}/notices#letters", status_code=303)


@post("/c/{slug:str}/notices/paused/{paused:uuid}/resume", opt={"who": OWNER})
async def resume(
    request: Request[Any, Any, Any], slug: FromPath[str], paused: FromPath[UUID]
) -> Redirect:
    """Send to an address again that mail came back from."""
    await pauses.resume(request.state.conference.id, paused)
    return Redirect(f"/c/{slug}/notices#paused", status_code=303)


handlers: list[Any] = [
    notices,
    write_message,
    choose_modes,
    show,
    edit,
    send,
    discard,
    retry_all,
    retry,
    resume,
]
