"""Paid orders taken over from pretix: told by its webhook, read from its API, or from its CSV.

pretix only tells the code of an order (https://docs.pretix.eu/dev/api/webhooks.html), so every
notice is answered by looking at the order as it now is; told twice, or out of order, it is the
same.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app.accounts import links as accounts
from app.clock import now as present
from app.conferences.tables import Conference
from app.html import gettext as _
from app.jobs import outbox
from app.jobs.outbox import Delivery, Handler, Undeliverable
from app.outside import Unreachable, get_json
from app.registration import places, store
from app.registration.lists import Guest
from app.registration.places import Desk
from app.registration.rules import CONFIRMED
from app.registration.tables import Application, Shop
from app.settings import Settings

_CODE = re.compile(r"[A-Z0-9]{3,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One ticket of an order."""

    external: str
    email: str
    name: str
    organization: str
    item: str
    good: bool


def positions(order: Mapping[str, Any]) -> tuple[Position, ...]:
    """The tickets of an order as pretix's API gives it. Raises ValueError for anything else."""
    try:
        code, paid = str(order["code"]), order["status"] == "p"
        return tuple(
            Position(
                external=f"{code}-{each['positionid']}",
                email=str(each.get("attendee_email") or order.get("email") or "").strip().lower(),
                name=str(each.get("attendee_name") or "").strip()[:200],
                organization=str(each.get("company") or "").strip()[:200],
                item=str(each.get("item") or ""),
                good=paid and not each.get("canceled", False),
            )
            for each in order["positions"]
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("this is no order of pretix") from error


async def shop(conference: UUID) -> dict[str, Any]:
    """The conference's shop, made (unconnected) when there is none."""
    row = await Shop.select().where(Shop.conference == conference).first()
    if row is None:
        await Shop.insert(
            Shop(id=uuid4(), conference=conference, hook=secrets.token_urlsafe(24))
        ).on_conflict(action="DO NOTHING")
        row = await Shop.select().where(Shop.conference == conference).first()
    assert row is not None
    return row


async def connect(conference: UUID, values: Mapping[str, Any]) -> None:
    columns = {getattr(Shop, name): value for name, value in values.items()}
    await Shop.update(columns).where(Shop.conference == conference)


async def told(conference: UUID, hook: str, notice: Mapping[str, Any], *, now: datetime) -> bool:
    """Take a notice of pretix's; False when it is not from the shop that we know."""
    row = await shop(conference)
    if not secrets.compare_digest(row["hook"].encode(), hook.encode()):
        return False
    code = str(notice.get("code", ""))
    if not _CODE.fullmatch(code) or notice.get("event") not in (None, row["event"]):
        return True
    key = str(notice.get("notification_id") or uuid4())
    await outbox.put(
        "pretix",
        f"pretix:{conference}:{key[:60]}:{code}",
        {"conference": str(conference), "code": code},
        now=now,
    )
    return True


def deliverer(settings: Settings) -> Handler:
    """The outbox handler for `pretix`: look at the order, and make it so here."""

    async def handle(delivery: Delivery) -> None:
        key = UUID(delivery.payload["conference"])
        conference = await Conference.objects().where(Conference.id == key).first()
        if conference is None:
            return
        desk = Desk(conference=conference, settings=settings, now=present())
        row = await shop(key)
        if not row["base_url"]:
            raise Undeliverable("no shop is connected")
        try:
            order = await fetch(row, delivery.payload["code"], settings)
        except Unreachable as error:
            await connect(key, {"trouble": str(error)})
            raise
        await apply(desk, row, positions(order))
        await connect(key, {"trouble": "", "heard_at": desk.now})

    return handle


async def fetch(row: Mapping[str, Any], code: str, settings: Settings) -> Any:
    """An order from pretix's API. Raises Unreachable."""
    root = f"{row['base_url'].rstrip('/')}/api/v1/organizers/{row['organizer']}"
    return await get_json(
        f"{root}/events/{row['event']}/orders/{code}/",
        headers={"Authorization": f"Token {row['token']}", "Accept": "application/json"},
        trusted=settings.trusted_hosts,
    )


async def apply(desk: Desk, row: Mapping[str, Any], found: Sequence[Position]) -> int:
    """Make places of the good positions, and take those of the others; returns how many are new."""
    count = 0
    for position in found:
        if position.good:
            count += await _take_over(desk, row, position)
        else:
            await _take_back(desk, position.external)
    return count


async def _take_over(desk: Desk, row: Mapping[str, Any], position: Position) -> bool:
    if "@" not in position.email:
        return False
    ticket = await _ticket(desk.conference.id, row, position.item)
    person = await accounts.find_or_create(position.email, name=position.name, now=desk.now)
    standing = await store.application(desk.conference.id, person)
    other = standing is not None and standing["external"] not in ("", position.external)
    if standing is not None and other and standing["state"] == CONFIRMED:
        # Somebody bought several tickets under one address: they are one person, with one place.
        return False
    return await places.take_over(
        desk,
        person,
        ticket,
        organization=position.organization,
        external=position.external,
    )


async def _take_back(desk: Desk, external: str) -> None:
    row = (
        await Application.select(Application.id)
        .where(Application.conference == desk.conference.id, Application.external == external)
        .first()
    )
    full = await store.by_id(desk.conference.id, row["id"]) if row else None
    if full is not None and full["state"] == CONFIRMED:
        await places.leave(desk, full)


async def _ticket(conference: UUID, row: Mapping[str, Any], item: str) -> UUID:
    """The ticket type for an item: as mapped, of the same name, the shop's, or the first paid."""
    types = await store.ticket_rows(conference)
    known = {str(each["id"]): each["id"] for each in types}
    named = {each["name"].casefold(): each["id"] for each in types}
    mapped = json.loads(row["items"]).get(item, "")
    paid = next((each["id"] for each in types if each["kind"] == "paid"), None)
    found = known.get(mapped) or named.get(item.casefold()) or row["ticket"] or paid
    return found or await store.save_ticket(
        conference, None, {"name": _("Paid ticket"), "kind": "paid"}
    )


async def take_over_list(desk: Desk, guests: Sequence[Guest]) -> tuple[int, int]:
    """The orders of a CSV export; how many places are new, and how many lines were not paid."""
    row = await shop(desk.conference.id)
    found = [
        Position(
            external=guest.order or f"csv-{guest.email}",
            email=guest.email,
            name=guest.name,
            organization=guest.organization,
            item=guest.item,
            good=True,
        )
        for guest in guests
        if guest.paid
    ]
    return await apply(desk, row, found), len(guests) - len(found)
