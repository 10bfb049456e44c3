"""The organizer's pages of the people: who is registered or on the way, and what is done with them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Response

from agenda.errors import Unreadable
from app.accounts import links as accounts
from app.accounts.viewer import OWNER
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import page
from app.programme.view import fold
from app.registration import links, lists, places, pretix, rules, store
from app.registration.lists import Listed
from app.registration.places import Desk
from app.registration.routes import desk_of
from app.registration.rules import CONFIRMED, DECLINED, INVITED, PENDING, WAITING
from app.settings import Settings

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]
_SHOWN = 100


@get("/c/{slug:str}/people", opt={"who": OWNER})
async def people_page(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    q: FromQuery[str] = "",
    show: FromQuery[str] = "",
) -> Response[Any]:
    """Everybody who is registered or on the way, searched and by state."""
    return await _people(request, q=q, state=show)


async def _people(
    request: Request[Any, Any, Any],
    *,
    q: str = "",
    state: str = "",
    said: Sequence[str] = (),
    troubles: Sequence[str] = (),
    status: int = 200,
) -> Response[Any]:
    conference: Conference = request.state.conference
    everybody = await store.people(conference.id)
    found = [row for row in everybody if (not state or row["state"] == state) and _fits(row, q)]
    # Those whom somebody must answer come first.
    found.sort(key=lambda row: row["state"] != PENDING)
    kinds = await store.ticket_rows(conference.id)
    counted = Counter(row["state"] for row in everybody)
    return page(
        request,
        "registration/people.html",
        block="people",
        status=status,
        root=f"/c/{conference.slug}",
        rows=found[:_SHOWN],
        count=len(found),
        total=len(everybody),
        counted=counted,
        state=state,
        q=q,
        words=rules.state_words(),
        kinds=kinds,
        said=said,
        troubles=troubles[:20],
        more_troubles=max(len(troubles) - 20, 0),
        zone=conference.time_zone,
    )


def _fits(row: Mapping[str, Any], q: str) -> bool:
    text = fold(f"{row['name']} {row['email'] or ''} {row['organization_name']} {row['external']}")
    return all(word in text for word in fold(q).split())


@get("/c/{slug:str}/people/{application:uuid}", opt={"who": OWNER})
async def person_page(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    application: FromPath[UUID],
    settings: NamedDependency[Settings],
    link: FromQuery[str] = "",
) -> Response[Any]:
    """One registration: answers, agreements with their versions, and what can be done."""
    desk = desk_of(request, settings)
    row = await _row(desk, application)
    answers = json.loads(row["answers"])
    return page(
        request,
        "registration/person.html",
        root=f"/c/{slug}",
        row=row,
        words=rules.state_words(),
        turn=await places.place_in_queue(row) if row["state"] == WAITING else 0,
        answers=[
            (each.label, rules.in_words(answers.get(str(each.id))))
            for each in await store.questions(desk.conference.id)
        ],
        agreements=await store.agreements(desk.conference.id, row["person"]),
        link=await links.address(settings, desk.conference.id, row["person"], now=desk.now)
        if link and await links.may_use(row["person"])
        else None,
        zone=desk.conference.time_zone,
        headers={"Cache-Control": "private, no-store"},
    )


async def _row(desk: Desk, application: UUID) -> dict[str, Any]:
    row = await store.by_id(desk.conference.id, application)
    if row is None:
        raise NotFoundException(_("There is no such registration."))
    return row


async def _give_back(desk: Desk, row: Mapping[str, Any]) -> None:
    if row["state"] in (*places.STANDING, INVITED):
        await places.leave(desk, row)


async def _approve(desk: Desk, row: Mapping[str, Any]) -> None:
    if row["state"] in (PENDING, DECLINED):
        await places.approve(desk, row)


async def _give(desk: Desk, row: Mapping[str, Any]) -> None:
    if row["state"] != CONFIRMED:
        await places.give(desk, row)


async def _decline(desk: Desk, row: Mapping[str, Any]) -> None:
    if row["state"] in (PENDING, WAITING):
        await places.decline(desk, row)


async def _revoke(desk: Desk, row: Mapping[str, Any]) -> None:
    await links.revoke(desk.conference.id, row["person"])


async def _renew(desk: Desk, row: Mapping[str, Any]) -> None:
    await places.send_link(desk, row, fresh=True)


async def _send(desk: Desk, row: Mapping[str, Any]) -> None:
    await places.send_link(desk, row)


VERBS: Mapping[str, Callable[[Desk, Mapping[str, Any]], Awaitable[None]]] = {
    "approve": _approve,
    "give": _give,
    "decline": _decline,
    "cancel": _give_back,
    "revoke": _revoke,
    "renew": _renew,
    "send": _send,
}


@post("/c/{slug:str}/people/{application:uuid}/{verb:str}", opt={"who": OWNER})
async def change_person(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    application: FromPath[UUID],
    verb: FromPath[str],
    settings: NamedDependency[Settings],
) -> Redirect:
    """Approve, give a place, decline, take back, and what concerns the link."""
    desk = desk_of(request, settings)
    row = await _row(desk, application)
    if verb not in VERBS:
        raise NotFoundException
    await VERBS[verb](desk, row)
    back = request.headers.get("referer", "")
    there = (
        f"/c/{slug}/people"
        if f"/people/{application}" not in back
        else f"/c/{slug}/people/{application}"
    )
    return Redirect(there, status_code=303)


@post("/c/{slug:str}/people/invite", opt={"who": OWNER}, status_code=200)
async def invite(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    data: Upload,
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Invite the people of a list, or those who were typed in."""
    desk = desk_of(request, settings)
    try:
        listed = await _listed(data)
        ticket = await _ticket(desk, data)
    except Unreadable as error:
        return await _people(request, troubles=[error.sentence], status=422)
    named = [(guest.email, guest.name) for guest in listed.guests]
    persons = await accounts.find_or_create_all(named, now=desk.now)
    pairs = zip(persons, (guest.organization for guest in listed.guests), strict=True)
    count = await places.invite(desk, ticket, list(pairs))
    said = [_("Invited: {count}.").format(count=count)]
    if count < len(persons):
        said.append(
            _("Left as they are, because they are registered or invited already: {count}.").format(
                count=len(persons) - count
            )
        )
    return await _people(request, said=said, troubles=listed.troubles, status=200)


async def _listed(data: Mapping[str, Any]) -> Listed:
    sent = data.get("file")
    if isinstance(sent, UploadFile) and sent.filename:
        content = await sent.read(lists.MOST_BYTES + 1)
        if len(content) > lists.MOST_BYTES:
            raise Unreadable(_("The list is larger than 10 MB."))
        return lists.guests(sent.filename, content)
    listed = lists.pasted(str(data.get("people") or ""))
    if not listed.guests and not listed.troubles:
        raise Unreadable(_("Choose a list, or write at least one mail address."))
    return listed


async def _ticket(desk: Desk, data: Mapping[str, Any]) -> UUID:
    kinds = {str(row["id"]): row["id"] for row in await store.ticket_rows(desk.conference.id)}
    try:
        found: UUID = kinds[str(data.get("ticket"))]
    except KeyError:
        raise Unreadable(_("Choose what they are invited to.")) from None
    return found


@post("/c/{slug:str}/people/orders", opt={"who": OWNER}, status_code=200)
async def take_over(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    data: Upload,
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Make places of the paid orders in an export of pretix."""
    desk = desk_of(request, settings)
    try:
        listed = await _listed(data)
    except Unreadable as error:
        return await _people(request, troubles=[error.sentence], status=422)
    made, unpaid = await pretix.take_over_list(desk, listed.guests)
    said = [_("New places from paid orders: {count}.").format(count=made)]
    if unpaid:
        said.append(_("Not paid, so no place: {count}.").format(count=unpaid))
    return await _people(request, said=said, troubles=listed.troubles)


handlers: list[Any] = [people_page, person_page, change_person, invite, take_over]
