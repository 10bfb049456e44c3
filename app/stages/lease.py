"""One leader among many processes, elected through the database."""

from __future__ import annotations

from datetime import datetime, timedelta

from app import db
from app.stages.tables import Lease


async def hold(name: str, holder: str, *, term: timedelta, now: datetime) -> bool:
    """Take the lease, or renew it; True while this holder leads until `now + term`.

    Clocks of several machines must agree to well within the term. A leader that outlives its
    lease does no harm: what it does is unique in the database.
    """
    async with db.transaction():
        taken = (
            await Lease.update({Lease.holder: holder, Lease.expires_at: now + term})
            .where(
                Lease.name == name,
                (Lease.holder == holder) | (Lease.expires_at <= now),
            )
            .returning(Lease.name)
        )
        if taken:
            return True
        made = (
            await Lease.insert(Lease(name=name, holder=holder, expires_at=now + term))
            .on_conflict(action="DO NOTHING")
            .returning(Lease.name)
        )
        return bool(made)


async def let_go(name: str, holder: str) -> None:
    """Give the lease up, so that the next leader need not wait for it to expire."""
    await Lease.delete().where(Lease.name == name, Lease.holder == holder)
