"""Webhooks of sponsors: what happened to a lead, told to the address that they named.

Three shapes: our own JSON (signed), HubSpot's forms API and Salesforce's web-to-lead, both of which
take a lead as it is sent here.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import json
import socket
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import httpx

from app.attendees.tables import Registration
from app.clock import now as present
from app.jobs import outbox
from app.jobs.outbox import Delivery, Handler, Undeliverable
from app.sponsors.names import parted
from app.sponsors.tables import Consent, Sponsor

FORMATS = ("json", "hubspot", "salesforce")
_TIMEOUT_S = 8.0
_MOST_ANSWER = 2000


class Forbidden(Undeliverable):
    """An address that a webhook may not reach; the text says why."""


async def tell(sponsor: UUID, event: str, consent: UUID, *, now: datetime) -> None:
    """Put the event into the outbox, in the caller's transaction, if the sponsor has a webhook.

    HubSpot and Salesforce take new leads only.
    """
    row = (
        await Sponsor.select(Sponsor.hook_url, Sponsor.hook_format)
        .where(Sponsor.id == sponsor)
        .first()
    )
    if row is None or not row["hook_url"]:
        return
    if event != "lead.given" and row["hook_format"] != "json":
        return
    await outbox.put(
        "lead-hook",
        f"lead-hook:{event}:{consent}:{int(now.timestamp())}",
        {"sponsor": str(sponsor), "event": event, "consent": str(consent)},
        now=now,
    )


def deliverer(*, allow_private: bool = False) -> Handler:
    """The outbox handler for `lead-hook`. What stands on the row then says how it went."""

    async def handle(delivery: Delivery) -> None:
        facts = delivery.payload
        sponsor = await Sponsor.select().where(Sponsor.id == UUID(facts["sponsor"])).first()
        if sponsor is None or not sponsor["hook_url"]:
            return
        lead = await _lead(UUID(facts["consent"]), sponsor)
        if lead is None:
            return
        standing = lead.pop("standing")
        if facts["event"] == "lead.given" and not standing:
            return
        body = lead if standing else {"id": lead["id"]}
        try:
            await send(
                sponsor,
                facts["event"],
                body,
                key=delivery.key,
                at=delivery.created_at,
                allow_private=allow_private,
            )
        except (Undeliverable, httpx.HTTPError, OSError) as error:
            await _note(sponsor["id"], str(error) or type(error).__name__)
            raise
        await _note(sponsor["id"], "")

    return handle


async def _note(sponsor: UUID, words: str) -> None:
    await Sponsor.update({Sponsor.hook_error: words[:500], Sponsor.hook_at: present()}).where(
        Sponsor.id == sponsor
    )


async def _lead(consent: UUID, sponsor: Mapping[str, Any]) -> dict[str, Any] | None:
    row = (
        await Consent.select(
            *Consent.all_columns(),
            Consent.person.name.as_alias("name"),
            Consent.person.email.as_alias("email"),
        )
        .where(Consent.id == consent)
        .first()
    )
    if row is None:
        return None
    place = (
        await Registration.select(Registration.organization_name)
        .where(
            Registration.conference == sponsor["conference"], Registration.person == row["person"]
        )
        .first()
    )
    fields = row["fields"].split(",")
    return {
        "id": str(row["id"]),
        "standing": row["revoked_at"] is None,
        "name": row["name"] if "name" in fields else "",
        "email": (row["email"] or "") if "email" in fields else "",
        "organization": place["organization_name"] if place and "organization" in fields else "",
        "phone": row["phone"],
        "message": row["message"],
        "wants_call": row["wants_call"],
        "source": row["source"],
        "given_at": row["given_at"].isoformat(),
        "wording": row["wording"],
    }


def example() -> dict[str, Any]:
    """A lead that does not exist, to try a webhook with."""
    return {
        "id": "00000000-0000-4000-8000-000000000000",
        "name": "Example Person",
        "email": "example.person@example.org",
        "organization": "Example House",
        "phone": "",
        "message": "This is a trial: nobody gave this contact.",
        "wants_call": False,
        "source": "trial",
        "given_at": "2000-01-01T00:00:00+00:00",
        "wording": "",
    }


async def send(
    sponsor: Mapping[str, Any],
    event: str,
    lead: Mapping[str, Any],
    *,
    key: str,
    at: datetime,
    allow_private: bool = False,
) -> None:
    """One delivery. Raises Undeliverable where trying again can't help."""
    url = sponsor["hook_url"]
    address = await resolved(url, allow_private=allow_private)
    body, headers = _BODIES[sponsor["hook_format"]](event, lead, url)
    stamp = str(int(at.timestamp()))
    signature = hmac.new(
        sponsor["hook_secret"].encode(), f"{stamp}.".encode() + body, hashlib.sha256
    ).hexdigest()
    parts = urlsplit(url)
    host = parts.hostname or ""
    netloc = f"[{address}]" if ":" in address else address
    # To the address that was looked at, whatever the name says by now.
    target = parts._replace(netloc=f"{netloc}:{parts.port}" if parts.port else netloc).geturl()
    async with httpx.AsyncClient(
        timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False
    ) as client:
        answer = await client.post(
            target,
            content=body,
            headers={
                **headers,
                "Host": f"{host}:{parts.port}" if parts.port else host,
                "User-Agent": "Plenary",
                "Plenary-Event": event,
                "Plenary-Delivery": hashlib.sha256(key.encode()).hexdigest()[:32],
                "Plenary-Signature": f"t={stamp},v1={signature}",
            },
            extensions={"sni_hostname": host},
        )
    if answer.is_success:
        return
    words = f"the address answered {answer.status_code}"
    if answer.is_redirect:
        raise Undeliverable(f"{words}: it points elsewhere, and webhooks don't follow")
    if 400 <= answer.status_code < 500 and answer.status_code not in (408, 409, 425, 429):
        raise Undeliverable(f"{words}: {answer.text[:200]}")
    raise httpx.HTTPStatusError(words, request=answer.request, response=answer)


async def resolved(url: str, *, allow_private: bool = False) -> str:
    """A public address of the url's host. Raises Forbidden for a private or senseless one."""
    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise Forbidden("a webhook's address must begin with https://")
    if not host or parts.username:
        raise Forbidden("a webhook's address needs a host, and no user name")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError):
        raise OSError(f"the host {host} is not known") from None
    addresses = [str(one[4][0]) for one in found]
    if not allow_private and not all(_public(address) for address in addresses):
        raise Forbidden(f"the host {host} is inside of a private network")
    return addresses[0]


def _public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global and not found.is_multicast


def _json(event: str, lead: Mapping[str, Any], _url: str) -> tuple[bytes, dict[str, str]]:
    text = json.dumps({"event": event, "lead": dict(lead)}, ensure_ascii=False)
    return text.encode(), {"Content-Type": "application/json"}


def _hubspot(_event: str, lead: Mapping[str, Any], _url: str) -> tuple[bytes, dict[str, str]]:
    """HubSpot forms API, v3: fields by their internal names."""
    first, last = parted(lead["name"])
    values = {
        "email": lead["email"],
        "firstname": first,
        "lastname": last,
        "company": lead["organization"],
        "phone": lead["phone"],
        "message": lead["message"],
    }
    fields = [
        {"objectTypeId": "0-1", "name": name, "value": value}
        for name, value in values.items()
        if value
    ]
    text = json.dumps(
        {
            "fields": fields,
            "legalConsentOptions": {"consent": {"consentToProcess": True, "text": lead["wording"]}},
        },
        ensure_ascii=False,
    )
    return text.encode(), {"Content-Type": "application/json"}


def _salesforce(_event: str, lead: Mapping[str, Any], url: str) -> tuple[bytes, dict[str, str]]:
    """Salesforce web-to-lead: a form; the organization's `oid` stands in the address's query."""
    first, last = parted(lead["name"])
    query = parse_qs(urlsplit(url).query)
    values = {
        "oid": (query.get("oid") or [""])[0],
        "first_name": first,
        "last_name": last or "[not provided]",
        "email": lead["email"],
        "company": lead["organization"] or "[not provided]",
        "phone": lead["phone"],
        "lead_source": f"Event: {lead['source']}",
        "description": lead["message"],
    }
    body = urlencode({name: value for name, value in values.items() if value})
    return body.encode(), {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}


_BODIES: dict[str, Callable[[str, Mapping[str, Any], str], tuple[bytes, dict[str, str]]]] = {
    "json": _json,
    "hubspot": _hubspot,
    "salesforce": _salesforce,
}
