"""The demo's mailbox: what would have been mailed, shown to the operator."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.accounts.viewer import ANYONE
from app.conferences.tables import Membership
from app.html import page
from app.notices import mailbox
from app.settings import Settings


async def _operator_only(request: Request[Any, Any, Any], settings: Settings) -> None:
    """In the demo, whoever sits at the machine, or an owner who signed in. 404 for all others."""
    if not settings.demo:
        raise NotFoundException
    if request.client is not None and _loopback(request.client.host):
        return
    viewer = request.state.viewer
    if viewer is None or not await Membership.exists().where(
        Membership.person == viewer.person, Membership.role == "owner"
    ):
        raise NotFoundException


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@get("/mail", opt={"who": ANYONE})
async def mails(
    request: Request[Any, Any, Any], settings: NamedDependency[Settings]
) -> Response[str]:
    await _operator_only(request, settings)
    found = await asyncio.to_thread(mailbox.newest, settings.mail_folder)
    return page(request, "mail/mailbox.html", block="mails", mails=found, most=mailbox.MOST)


@get("/mail/{mail:str}", opt={"who": ANYONE})
async def mail(
    request: Request[Any, Any, Any], settings: NamedDependency[Settings], mail: FromPath[str]
) -> Response[str]:
    await _operator_only(request, settings)
    found = await asyncio.to_thread(mailbox.find, settings.mail_folder, mail)
    if found is None:
        raise NotFoundException
    return page(request, "mail/mail.html", mail=found)


@get("/mail/{mail:str}/attachments/{number:int}", opt={"who": ANYONE})
async def attachment(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    mail: FromPath[str],
    number: FromPath[int],
) -> Response[bytes]:
    await _operator_only(request, settings)
    found = await asyncio.to_thread(mailbox.attachment, settings.mail_folder, mail, number)
    if found is None:
        raise NotFoundException
    name, media_type, content = found
    safe = "".join(c for c in name if c.isalnum() or c in "._-") or "attachment"
    return Response(
        content,
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{safe}"'},
    )


handlers: list[Any] = [mails, mail, attachment]
