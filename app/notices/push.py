"""Web push (RFC 8030, 8291): devices that may ring, and messages encrypted for each of them."""

from __future__ import annotations

import base64
import binascii
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from app.clock import now as present
from app.jobs import outbox
from app.jobs.outbox import Delivery, Handler, Undeliverable
from app.notices.preference_tables import PushSubscription
from app.outside import post
from app.settings import Settings

MOST_DEVICES = 10
_LIFE = timedelta(hours=12)
_LONGEST = 3000


class NoDevice(ValueError):
    """A subscription that no browser makes; the text says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """What a device shows. The same `tag` again replaces what is shown. `url` is a path of ours."""

    title: str
    body: str
    url: str
    tag: str


def read(told: Mapping[str, Any]) -> tuple[str, str, str]:
    """Endpoint, public key and secret of what a browser's subscribe() gave. Raises NoDevice."""
    endpoint = told.get("endpoint")
    keys = told.get("keys")
    if not isinstance(endpoint, str) or not isinstance(keys, Mapping) or len(endpoint) > 1000:
        raise NoDevice("this is no subscription")
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NoDevice("its endpoint is no address")
    p256dh, auth = str(keys.get("p256dh", "")), str(keys.get("auth", ""))
    try:
        point, secret = _bytes(p256dh), _bytes(auth)
        _late("sealing").check(point)
    except (binascii.Error, ValueError) as error:
        raise NoDevice("its key is no key") from error
    if len(secret) != 16:
        raise NoDevice("its secret is no secret")
    return endpoint, p256dh, auth


async def subscribe(person: UUID, told: Mapping[str, Any], *, device: str, now: datetime) -> UUID:
    """Let a device ring for this person, and for nobody else. Raises NoDevice."""
    endpoint, p256dh, auth = read(told)
    await PushSubscription.delete().where(PushSubscription.endpoint == endpoint)
    known = (
        await PushSubscription.select(PushSubscription.id)
        .where(PushSubscription.person == person)
        .order_by(PushSubscription.created_at, ascending=False)
    )
    for old in known[MOST_DEVICES - 1 :]:
        await PushSubscription.delete().where(PushSubscription.id == old["id"])
    made = uuid4()
    await PushSubscription(
        id=made,
        person=person,
        endpoint=endpoint,
        p256dh=p256dh,
        auth=auth,
        device=device[:120],
        created_at=now,
    ).save()
    return made


async def devices(person: UUID) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (
        await PushSubscription.select()
        .where(PushSubscription.person == person)
        .order_by(PushSubscription.created_at)
    )
    return rows


async def forget(person: UUID, device: UUID) -> None:
    await PushSubscription.delete().where(
        PushSubscription.id == device, PushSubscription.person == person
    )


async def put(
    person: UUID, ring: Ring, key: str, *, now: datetime, due_at: datetime | None = None
) -> int:
    """Ring every device of a person, in the caller's transaction; returns how many.

    The same key twice rings once.
    """
    found = await devices(person)
    entries = [
        (
            f"push:{key}:{device['id']}",
            {
                "device": str(device["id"]),
                "title": ring.title[:200],
                "body": ring.body[:400],
                "url": ring.url,
                "tag": ring.tag,
            },
        )
        for device in found
    ]
    await outbox.put_many("push", entries, now=now, due_at=due_at)
    return len(entries)


def deliverer(settings: Settings) -> Handler:
    """The outbox handler for `push`."""

    async def handle(delivery: Delivery) -> None:
        row = (
            await PushSubscription.select()
            .where(PushSubscription.id == UUID(delivery.payload["device"]))
            .first()
        )
        if row is None:
            raise Undeliverable("the device was removed")
        instant = present()
        if instant - delivery.created_at > _LIFE:
            raise Undeliverable("it is too late for this")
        body = {k: delivery.payload[k] for k in ("title", "body", "url", "tag")}
        status = await send(settings, row, body, now=instant)
        if status in (404, 410):
            await forget(row["person"], row["id"])
            raise Undeliverable("the browser has ended this subscription")
        if status in (400, 401, 403, 413):
            raise Undeliverable(f"the push service refuses it with {status}")
        if not 200 <= status < 300:
            raise ConnectionError(f"the push service answered with {status}")
        await PushSubscription.update({PushSubscription.rang_at: instant}).where(
            PushSubscription.id == row["id"]
        )

    return handle


async def send(
    settings: Settings, row: Mapping[str, Any], body: Mapping[str, Any], *, now: datetime
) -> int:
    """Encrypt a message for one device and hand it to its push service; returns the status.

    Raises app.outside.Unreachable.
    """
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()[:_LONGEST]
    expires = int((now + _LIFE).timestamp())
    return await post(
        row["endpoint"],
        encrypt(text, row["p256dh"], row["auth"]),
        headers={
            **_late("vapid").headers(settings, row["endpoint"], expires=expires),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(_LIFE.total_seconds())),
            "Urgency": "high",
        },
        trusted=settings.trusted_hosts,
    )


def encrypt(text: bytes, p256dh: str, auth: str) -> bytes:
    """A message that only the browser of these keys can read (RFC 8291, aes128gcm)."""
    sealed: bytes = _late("sealing").seal(text, _bytes(p256dh), _bytes(auth))
    return sealed


def _late(name: str) -> Any:
    """What needs cryptography, with the first push: most processes never ring anybody."""
    return importlib.import_module(f"app.notices.{name}")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
