"""What needs no sign-in: unsubscribing by a signed link, and mail that a mail server hands over."""

from __future__ import annotations

import hmac
from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response

from app.clock import now
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import page
from app.notices import inbound, kinds, returned, unsubscribe
from app.notices.unsubscribe import Wish
from app.settings import Settings


async def _wish(token: str, settings: Settings) -> tuple[Wish, Conference]:
    wish = unsubscribe.read(token, settings)
    conference = wish and await Conference.objects().get(Conference.id == wish.conference)
    if wish is None or not conference:
        raise NotFoundException(
            _("This link is not complete. Copy it whole from the mail, or answer to the mail.")
        )
    return wish, conference


async def _shown(
    request: Request[Any, Any, Any], token: str, wish: Wish, conference: Conference
) -> Response[str]:
    return page(
        request,
        "notices/unsubscribe.html",
        viewer=None,
        conference=conference,
        token=token,
        kind=kinds.label(wish.kind),
        withdrawn=wish.kind == "invites",
        stopped=await unsubscribe.is_stopped(wish),
    )


@get("/unsubscribe/{token:str}", opt={"public": True})
async def ask_to_stop(
    request: Request[Any, Any, Any], settings: NamedDependency[Settings], token: FromPath[str]
) -> Response[str]:
    """Asks first: programs that look at links in mails must not unsubscribe anybody."""
    wish, conference = await _wish(token, settings)
    return await _shown(request, token, wish, conference)


@post("/unsubscribe/{token:str}", opt={"public": True}, status_code=200)
async def stop(
    request: Request[Any, Any, Any], settings: NamedDependency[Settings], token: FromPath[str]
) -> Response[str]:
    """Stop, by the page's button or by the mail program's own (RFC 8058: `List-Unsubscribe`).

    The signed link is the permission, so that this may come from any origin; a form with `again`
    starts once more.
    """
    wish, conference = await _wish(token, settings)
    form = await request.form()
    if form.get("again"):
        await unsubscribe.resume(wish, now=now())
    else:
        await unsubscribe.stop(wish, now=now())
    return await _shown(request, token, wish, conference)


@post("/inbound/{key:str}", opt={"public": True}, status_code=200)
async def take_in(
    request: Request[Any, Any, Any], settings: NamedDependency[Settings], key: FromPath[str]
) -> dict[str, str]:
    """One message: as the body (message/rfc822), or as the field `email`, `body-mime` or `message`.

    The fields are those of SendGrid's and Mailgun's raw posts.
    """
    if not hmac.compare_digest(key.encode(), inbound.key_of(settings).encode()):
        raise NotFoundException
    content = b""
    if request.content_type[0] in ("multipart/form-data", "application/x-www-form-urlencoded"):
        form = await request.form()
        for name in ("email", "body-mime", "message"):
            held = form.get(name)
            if isinstance(held, str):
                content = held.encode("utf-8", "surrogateescape")
            elif held is not None:
                content = await held.read(inbound.MOST_BYTES + 1)
            if content:
                break
    else:
        content = await request.body()
    return {"outcome": await returned.take_in(content, now=now())}


handlers: list[Any] = [ask_to_stop, stop, take_in]
