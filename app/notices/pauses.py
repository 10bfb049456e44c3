"""Addresses that mail came back from for good: nothing is sent to them until somebody resumes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app.clock import now as present
from app.html import gettext as _
from app.jobs.outbox import Delivery, Handler, Undeliverable
from app.notices.mail import Refused
from app.notices.tables import Letter, Paused


async def pause(address: str, status: str, words: str, *, now: datetime) -> None:
    """Send nothing more to this address until somebody resumes it."""
    await Paused.insert(
        Paused(id=uuid4(), address=address.strip().lower(), status=status, words=words, since=now)
    ).on_conflict(action="DO NOTHING")


async def paused(address: str) -> str | None:
    """Why nothing is sent to this address, or None where it is."""
    row = await (
        Paused.select(Paused.words, Paused.status)
        .where(Paused.address == address.strip().lower())
        .first()
    )
    return None if row is None else f"{row['status']} {row['words']}".strip()


def guarded(deliver: Handler) -> Handler:
    """The outbox handler for `mail` that asks here first, and pauses what a server calls unknown."""

    async def handle(delivery: Delivery) -> None:
        why = await paused(str(delivery.payload.get("to", "")))
        if why is not None:
            raise Undeliverable(_("Mail to this address came back: {why}").format(why=why))
        try:
            await deliver(delivery)
        except Refused as error:
            if error.unknown:
                await pause(error.receiver, error.status, error.words, now=present())
            raise

    return handle


async def of(conference: UUID) -> list[dict[str, Any]]:
    """The paused addresses among those that this conference wrote to, newest first."""
    receivers = Letter.select(Letter.receiver).where(Letter.conference == conference)
    rows = await (
        Paused.select()
        .where(Paused.address.is_in(receivers))
        .order_by(Paused.since, ascending=False)
    )
    return list(rows)


async def resume(conference: UUID, key: UUID) -> bool:
    """Send to an address again; False where it is none that this conference wrote to."""
    known = {row["id"]: row["address"] for row in await of(conference)}
    if key not in known:
        return False
    await Paused.delete().where(Paused.id == key)
    return True
