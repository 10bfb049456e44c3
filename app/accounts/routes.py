"""Signing in by magic link, and out."""

from __future__ import annotations

import re
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Response

from app import db
from app.accounts import links, sessions
from app.accounts.viewer import ANYONE
from app.clock import now
from app.html import gettext as _
from app.html import page
from app.jobs import outbox
from app.limits import allow
from app.settings import Settings

_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


def safe_next(url: str) -> str:
    """Only a path of this site; anything else becomes the front page (no open redirect)."""
    if not url.startswith("/") or url.startswith("//") or "\\" in url or "\n" in url:
        return "/"
    return url


def session_cookie(token: str, settings: Settings) -> Cookie:
    return Cookie(
        key=sessions.COOKIE,
        value=token,
        httponly=True,
        samesite="lax",
        secure=settings.secure,
        path="/",
        max_age=int(sessions.LIFETIME.total_seconds()),
    )


@get("/sign-in", opt={"who": ANYONE})
async def sign_in(request: Request[Any, Any, Any], next: FromQuery[str] = "/") -> Response[Any]:
    return page(request, "accounts/sign_in.html", next=safe_next(next), email="", error=None)


@post("/sign-in", opt={"who": ANYONE}, status_code=200)
async def ask_for_link(
    request: Request[Any, Any, Any], data: Form, settings: NamedDependency[Settings]
) -> Response[Any]:
    email = data.get("email", "").strip()
    next_url = safe_next(data.get("next", "/"))
    if not _ADDRESS.fullmatch(email):
        return page(
            request,
            "accounts/sign_in.html",
            status=422,
            next=next_url,
            email=email,
            error=_("That is not an e-mail address. It should look like name@example.org."),
        )
    client = request.client.host if request.client else ""
    if not await allow(request.app.state.redis, f"sign-in:{client}", most=30, seconds=900):
        return page(
            request,
            "accounts/sign_in.html",
            status=429,
            next=next_url,
            email=email,
            error=_("Too many links were asked for from here. Try again in a quarter of an hour."),
        )
    person = await links.find_or_create(email, now=now())
    await mail_link(settings, person=person, email=email, next_url=next_url)
    return page(request, "accounts/check_mail.html", email=email, demo=settings.demo)


async def mail_link(settings: Settings, *, person: Any, email: str, next_url: str) -> None:
    """Issue a link and put its mail into the outbox, in one transaction."""
    instant = now()
    async with db.transaction():
        token = await links.issue(person, next_url=next_url, now=instant)
        await outbox.put(
            "mail",
            f"sign-in:{sessions.digest(token)}",
            {
                "to": email,
                "subject": _("Your link to sign in"),
                "text": _(
                    "Open this link within 15 minutes and press the button there:\n\n"
                    "{link}\n\nIf you did not ask for it, ignore this mail; nothing happens."
                ).format(link=f"{settings.base_url}/sign-in/{token}"),
                "secret": True,
            },
            now=instant,
        )


@get("/sign-in/{token:str}", opt={"who": ANYONE})
async def open_link(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[Any]:
    """Shows a button and changes nothing, so that a mail scanner can't burn the link."""
    if not await links.usable(token, now=now()):
        return page(request, "accounts/link_spent.html", status=410)
    return page(request, "accounts/confirm.html", token=token)


@post("/sign-in/{token:str}", opt={"who": ANYONE})
async def use_link(
    request: Request[Any, Any, Any], token: FromPath[str], settings: NamedDependency[Settings]
) -> Response[Any]:
    instant = now()
    try:
        person, next_url = await links.consume(token, now=instant)
    except links.LinkSpent:
        return page(request, "accounts/link_spent.html", status=410)
    old = request.cookies.get(sessions.COOKIE)
    if old:
        await sessions.close_session(old)
    cookie = session_cookie(await sessions.open_session(person, now=instant), settings)
    return Redirect(safe_next(next_url), status_code=303, cookies=[cookie])


@post("/sign-out", opt={"who": ANYONE})
async def sign_out(request: Request[Any, Any, Any]) -> Response[Any]:
    token = request.cookies.get(sessions.COOKIE)
    if token:
        await sessions.close_session(token)
    gone = Cookie(key=sessions.COOKIE, value="", path="/", max_age=0, httponly=True)
    return Redirect("/", status_code=303, cookies=[gone])


handlers: list[Any] = [sign_in, ask_for_link, open_link, use_link, sign_out]
