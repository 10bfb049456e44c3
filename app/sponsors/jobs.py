"""The job that writes a sponsor's lead report as a PDF."""

from __future__ import annotations

import asyncio
from uuid import UUID

from app.attendees.badges import dates
from app.clock import now
from app.conferences import brand
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import render
from app.jobs.press import Press
from app.jobs.runner import JobFailed, Task
from app.jobs.store import Made
from app.programme import releases
from app.sponsors import leads, store, view
from app.sponsors.tables import Sponsor


async def make_report(task: Task) -> Made:
    """The leads of the sponsor that the arguments name, as of now."""
    conference = await Conference.objects().where(Conference.id == task.conference).first()
    sponsor = (
        await Sponsor.select()
        .where(Sponsor.id == UUID(task.arguments["sponsor"]), Sponsor.conference == task.conference)
        .first()
    )
    if conference is None or sponsor is None:
        raise JobFailed(_("The sponsor is gone."))
    await task.progress(0, 3)
    instant = now()
    ledger = await leads.gather(sponsor, conference, now=instant)
    released = await releases.latest(conference.id)
    owners = {one.person: one.name for one in await store.staff(sponsor["id"], now=instant)}
    await task.progress(1, 3)
    zone = conference.time_zone
    text = await asyncio.to_thread(
        render,
        "sponsors/paper.html",
        conference=conference,
        sponsor=sponsor,
        dates=dates(conference),
        look=brand.printed(conference.brand, task.settings.files),
        ledger=ledger,
        owners=owners,
        zone=zone,
        instant=instant,
        headline=view.headline(ledger, zone),
        chart=view.over_time(
            ledger, released.schedule if released else None, zone, instant, width=760
        ),
        source_words=view.sources(),
        view=view,
        rules="; ".join(f"{words} ({most})" for words, most in view.rules()),
    )
    await task.progress(2, 3)
    out = task.file(".pdf")
    async with Press() as press:
        await press.order("app.reports.paper:render", {"text": text, "out": str(out)})
    await task.progress(3, 3)
    name = f"leads-{sponsor['slug']}-{len(ledger.leads)}-withdrawn-{ledger.revoked}.pdf"
    return task.made(out, name=name)
