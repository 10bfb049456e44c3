"""The editor's page, and what it asks of the server: the draft, edits, who else is here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID, uuid4

from litestar import Request, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response

from agenda.edit_document import MalformedEdit
from app import live
from app.accounts.viewer import OWNER
from app.clock import now
from app.editor import presence, remedies, steps, store, view
from app.editor.bodies import json_body
from app.editor.store import Outcome, Wish
from app.editor.undo import EDIT, REDO, UNDO
from app.editor.words import refusal
from app.html import page
from app.programme import releases
from app.programme.draft import read_version

_MOST_WISHES = 500
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/c/{slug:str}/editor", opt={"who": OWNER})
async def editor(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """The draft as a grid that can be edited. What it shows is in the page itself."""
    conference = request.state.conference
    instant = now()
    desk = await store.refreshed(conference.id)
    last = await releases.latest(conference.id)
    done = (
        await store.after(conference.id, last.release.created_at)
        if last
        else await store.since(conference.id, 0)
    )
    stacks = await store.stacks_of(conference.id, request.state.viewer.person)
    return page(
        request,
        "editor/editor.html",
        at=f"/c/{slug}",
        state=view.state(desk, now=instant),
        undo=len(stacks.undo),
        redo=len(stacks.redo),
        last=last,
        done=done,
    )


@get("/c/{slug:str}/editor/state", opt={"who": OWNER})
async def state(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """The draft as data, for a page that lost the thread."""
    desk = await store.present(request.state.conference.id)
    return Response(view.state(desk, now=now()), headers={"Cache-Control": "no-store"})


@post("/c/{slug:str}/editor/edits", opt={"who": OWNER}, status_code=200)
async def edit(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """Do what a page asks for: `{"wishes": [{"id", "edit"} | {"id", "undo"} | {"id", "redo"}]}`.

    The answer says for each what became of it, and what the page has to change.
    """
    conference, viewer = request.state.conference, request.state.viewer
    wishes, malformed = _wishes(await json_body(request))
    done = await store.apply(
        conference.id, wishes, author=viewer.person, name=viewer.name, now=now()
    )
    if done.patch is not None:
        await live.nudge(request.app.state.redis)
    return Response(
        {
            "version": done.desk.version,
            "results": [*malformed, *(_result(one) for one in done.outcomes)],
            "patch": done.patch,
            "undo": len(done.stacks.undo),
            "redo": len(done.stacks.redo),
            "findings": len(done.desk.examination.findings()),
        },
        headers={"Cache-Control": "no-store"},
    )


def _wishes(held: Mapping[str, Any]) -> tuple[list[Wish], list[dict[str, Any]]]:
    """The wishes that can be read, and the answers to those that can't."""
    asked = held.get("wishes")
    if not isinstance(asked, list) or len(asked) > _MOST_WISHES:
        raise ClientException("“wishes” is a list")
    found: list[Wish] = []
    malformed: list[dict[str, Any]] = []
    for one in asked:
        key = _uuid(one.get("id")) if isinstance(one, dict) else None
        if key is None:
            raise ClientException("a wish has an id")
        try:
            found.append(_wish(key, one))
        except MalformedEdit as error:
            code, words = refusal(error)
            malformed.append({"id": str(key), "ok": False, "code": code, "words": words})
    return found, malformed


def _wish(key: UUID, held: Mapping[str, Any]) -> Wish:
    if held.get("undo"):
        return Wish(id=key, kind=UNDO)
    if held.get("redo"):
        return Wish(id=key, kind=REDO)
    return Wish(id=key, kind=EDIT, step=steps.load(held.get("edit")))


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _result(outcome: Outcome) -> dict[str, Any]:
    if outcome.refused is None:
        return {"id": str(outcome.id), "ok": True, "number": outcome.number}
    code, words = refusal(outcome.refused)
    slot = getattr(outcome.refused, "slot", None)
    return {"id": str(outcome.id), "ok": False, "code": code, "words": words, "slot": slot}


@post("/c/{slug:str}/editor/here", opt={"who": OWNER}, status_code=200)
async def here(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """Say that one is here, with which day; hear who else is."""
    conference, viewer = request.state.conference, request.state.viewer
    redis = request.app.state.redis
    held = await json_body(request)
    day = str(held.get("day") or "")[:10]
    instant = now()
    if held.get("leaving"):
        await presence.gone(redis, conference.id, viewer.person)
        news = True
    else:
        news = await presence.here(
            redis, conference.id, viewer.person, viewer.name, day, now=instant
        )
    if news:
        await live.announce(
            conference.id,
            "editors",
            {"by": str(viewer.person)},
            now=instant,
            audience=store.AUDIENCE,
        )
        await live.nudge(redis)
    return Response(
        {
            "others": await presence.others(redis, conference.id, viewer.person, now=instant),
            "version": await read_version(conference.id),
        }
    )


@post("/c/{slug:str}/editor/cure", opt={"who": OWNER})
async def cure(request: Request[Any, Any, Any], slug: FromPath[str], data: Form) -> Redirect:
    """Do what would cure a finding, and go back; where only a person can, go to where they can."""
    conference, viewer = request.state.conference, request.state.viewer
    instant = now()
    desk = await store.present(conference.id)
    table = f"/c/{slug}/tables/sessions"
    asked = (data.get("code", ""), data.get("slots", ""), data.get("session", ""))
    found = next(
        (
            one
            for one in desk.examination.findings()
            if (one.code, " ".join(one.slots), one.session or "") == asked
        ),
        None,
    )
    if found is None:
        return Redirect(f"/c/{slug}/releases", status_code=303)
    step = remedies.remedy(found, desk, now=instant)
    if step is None:
        to = f"{table}#{found.session}" if found.session else f"/c/{slug}/editor"
        return Redirect(to, status_code=303)
    wish = Wish(id=uuid4(), step=step)
    await store.apply(conference.id, [wish], author=viewer.person, name=viewer.name, now=instant)
    await live.nudge(request.app.state.redis)
    return Redirect(f"/c/{slug}/releases", status_code=303)


handlers: list[Any] = [editor, state, edit, here, cure]
