"""The page on which somebody says how they want to be told, and lets their devices ring."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID
from zoneinfo import available_timezones

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response

from app.accounts.viewer import SIGNED_IN, Viewer
from app.clock import now
from app.html import gettext as _
from app.html import page
from app.limits import allow
from app.notices import kinds, preferences, push, unsubscribe, vapid
from app.notices.kinds import KINDS
from app.notices.preferences import OFFERED, Chosen
from app.notices.push import NoDevice, Ring
from app.notices.unsubscribe import Wish
from app.settings import Settings

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Told = Annotated[dict[str, Any], Body()]


@get("/c/{slug:str}/preferences", opt={"who": SIGNED_IN})
async def preferences_page(
    request: Request[Any, Any, Any], slug: FromPath[str], settings: NamedDependency[Settings]
) -> Response[Any]:
    viewer: Viewer = request.state.viewer
    return await _page(request, settings, await preferences.of(viewer.person))


async def _page(
    request: Request[Any, Any, Any], settings: Settings, chosen: Chosen, *, wrong: str = ""
) -> Response[Any]:
    viewer: Viewer = request.state.viewer
    quiet = chosen.quiet or (22 * 60, 7 * 60)
    return page(
        request,
        "notices/preferences.html",
        status=422 if wrong else 200,
        root=f"/c/{request.state.conference.slug}",
        kinds=[(kind, *preferences.label(kind), ways) for kind, ways in OFFERED.items()],
        ways=[
            (preferences.PAGE, _("On the page")),
            (preferences.MAIL, _("By mail")),
            (preferences.PUSH, _("On my devices")),
        ],
        chosen=chosen,
        quiet=[f"{minutes // 60:02}:{minutes % 60:02}" for minutes in quiet],
        zones=sorted(name for name in available_timezones() if "/" in name or name == "UTC"),
        stopped=[
            (kind, kinds.label(kind))
            for kind in await unsubscribe.stopped_of(request.state.conference.id, viewer.person)
        ],
        devices=await push.devices(viewer.person),
        key=vapid.public_key(settings),
        wrong=wrong,
    )


@post("/c/{slug:str}/preferences", opt={"who": SIGNED_IN}, status_code=200)
async def choose(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    data: Form,
    settings: NamedDependency[Settings],
) -> Response[Any] | Redirect:
    viewer: Viewer = request.state.viewer
    if data.get("again") in KINDS:
        wish = Wish(
            conference=request.state.conference.id, person=viewer.person, kind=data["again"]
        )
        await unsubscribe.resume(wish, now=now())
        return Redirect(f"/c/{slug}/preferences", status_code=303)
    wanted = frozenset(
        (kind, way)
        for kind, ways in OFFERED.items()
        for way in ways
        if data.get(f"{kind}-{way}") == "1"
    )
    zone = data.get("zone", "").strip()
    times = [_minutes(data.get(key, "")) for key in ("from", "to")]
    quiet = None
    if data.get("quiet") == "1" and None not in times:
        quiet = (times[0] or 0, times[1] or 0)
    chosen = Chosen(wanted=wanted, quiet=quiet, zone=zone)
    if zone and zone not in available_timezones():
        wrong = _("There is no such time zone. Choose one of the list, such as Europe/Lisbon.")
        return await _page(request, settings, chosen, wrong=wrong)
    if data.get("quiet") == "1" and quiet is None:
        wrong = _("Write from when to when it shall be quiet, such as 22:00 and 07:00.")
        return await _page(request, settings, chosen, wrong=wrong)
    await preferences.choose(viewer.person, chosen)
    return Redirect(f"/c/{slug}/preferences", status_code=303)


def _minutes(text: str) -> int | None:
    hours, colon, rest = text.strip().partition(":")
    if not colon or not hours.isdecimal() or not rest[:2].isdecimal():
        return None
    minutes = int(hours) * 60 + int(rest[:2])
    return minutes if int(hours) < 24 and int(rest[:2]) < 60 else None


@post("/c/{slug:str}/push", opt={"who": SIGNED_IN}, status_code=201)
async def subscribe(
    request: Request[Any, Any, Any], slug: FromPath[str], data: Told
) -> dict[str, str] | Response[Any]:
    """Take a subscription as the browser gives it, and ring once so that one sees that it works."""
    conference, viewer = request.state.conference, request.state.viewer
    if not await allow(request.app.state.redis, f"push:{viewer.person}", most=30, seconds=3600):
        return Response({"detail": _("Too often. Try again in an hour.")}, status_code=429)
    instant = now()
    try:
        made = await push.subscribe(
            viewer.person, data, device=str(data.get("device", "")), now=instant
        )
    except NoDevice as error:
        return Response({"detail": str(error)}, status_code=422)
    await _try(conference.title, slug, viewer.person, f"first:{made}")
    return {"id": str(made)}


async def _try(title: str, slug: str, person: UUID, key: str) -> None:
    ring = Ring(
        title=title,
        body=_("This is how we ring. Nothing more for now."),
        url=f"/c/{slug}/preferences",
        tag="trial",
    )
    await push.put(person, ring, key, now=now())


@post("/c/{slug:str}/push/{device:str}", opt={"who": SIGNED_IN})
async def change_device(
    request: Request[Any, Any, Any], slug: FromPath[str], device: FromPath[str]
) -> Redirect:
    """Ring all devices once (`try`), or take one away."""
    conference, viewer = request.state.conference, request.state.viewer
    if device == "try":
        await _try(conference.title, slug, viewer.person, f"try:{now().timestamp()}")
    else:
        try:
            await push.forget(viewer.person, UUID(device))
        except ValueError:
            raise NotFoundException from None
    return Redirect(f"/c/{slug}/preferences#devices", status_code=303)


handlers: list[Any] = [preferences_page, choose, subscribe, change_device]
