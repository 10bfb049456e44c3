"""The organizer's page of what registration offers, asks and wants agreed to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any
from uuid import UUID, uuid4

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response

from app.accounts.viewer import OWNER
from app.clock import now
from app.conferences.tables import Conference
from app.html import page
from app.registration import places, pretix, setup, store
from app.registration.places import Desk
from app.registration.routes import desk_of
from app.settings import Settings

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/c/{slug:str}/people/setup", opt={"who": OWNER})
async def setup_page(
    request: Request[Any, Any, Any], slug: FromPath[str], settings: NamedDependency[Settings]
) -> Response[Any]:
    """Ticket types, questions, consent texts, and the shop."""
    return await _setup(request, settings)


async def _setup(
    request: Request[Any, Any, Any],
    settings: Settings,
    *,
    wrong: str = "",
    values: Mapping[str, str] | None = None,
) -> Response[Any]:
    conference: Conference = request.state.conference
    shop = await pretix.shop(conference.id)
    versions = await store.every_version(conference.id)
    return page(
        request,
        "registration/setup.html",
        status=422 if wrong else 200,
        root=f"/c/{conference.slug}",
        kinds=await store.ticket_rows(conference.id),
        counted=await store.counts(conference.id),
        kind_words=setup.kind_words(),
        question_words=setup.question_words(),
        questions=await store.questions(conference.id),
        consents=await store.consents(conference.id),
        versions=versions,
        shop=shop,
        hook=f"{settings.base_url}/c/{conference.slug}/pretix/{shop['hook']}",
        wrong=wrong,
        values=values or {},
        zone=conference.time_zone,
        local=setup.as_local,
    )


@post("/c/{slug:str}/people/setup/{what:str}", opt={"who": OWNER}, status_code=200)
async def change_setup(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    what: FromPath[str],
    data: Form,
    settings: NamedDependency[Settings],
) -> Response[Any] | Redirect:
    """Change or add a ticket type, a question, a consent text, or the shop."""
    desk = desk_of(request, settings)
    if what not in _CHANGES:
        raise NotFoundException
    try:
        await _CHANGES[what](desk, data)
    except setup.Wrong as error:
        return await _setup(request, settings, wrong=str(error), values=data)
    return Redirect(f"/c/{slug}/people/setup#{what}", status_code=303)


def _key(data: Mapping[str, str]) -> UUID | None:
    try:
        return UUID(data["id"]) if data.get("id") else None
    except ValueError:
        raise NotFoundException from None


async def _change_ticket(desk: Desk, data: Mapping[str, str]) -> None:
    values = setup.ticket(data, desk.conference.time_zone)
    key = await store.save_ticket(desk.conference.id, _key(data), values)
    # More places than before: those who wait get them.
    await places.fill(desk, key)


async def _change_question(desk: Desk, data: Mapping[str, str]) -> None:
    await store.save_question(desk.conference.id, _key(data), setup.question(data))


async def _change_consent(desk: Desk, data: Mapping[str, str]) -> None:
    key = data.get("key") or str(uuid4())
    if data.get("retire"):
        await store.retire_consent(desk.conference.id, key)
        return
    title, text = setup.consent(data)
    await store.save_consent(
        desk.conference.id,
        key,
        title=title,
        text=text,
        required=data.get("required") == "1",
        now=now(),
    )


async def _change_shop(desk: Desk, data: Mapping[str, str]) -> None:
    values = setup.shop(data)
    if not values["token"]:
        values.pop("token")
    await pretix.shop(desk.conference.id)
    await pretix.connect(desk.conference.id, values)


_CHANGES: Mapping[str, Callable[[Desk, Mapping[str, str]], Awaitable[None]]] = {
    "tickets": _change_ticket,
    "questions": _change_question,
    "consents": _change_consent,
    "shop": _change_shop,
}

handlers: list[Any] = [setup_page, change_setup]
