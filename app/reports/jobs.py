"""The job that writes the report as a PDF."""

from __future__ import annotations

import asyncio

from app.attendees.badges import dates
from app.clock import now
from app.conferences import brand
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import render
from app.jobs.press import Press
from app.jobs.runner import JobFailed, Task
from app.jobs.store import Made
from app.reports import store
from app.reports.view import on_time_words, view


async def make_report(task: Task) -> Made:
    """The conference's report as of now: figures, charts, and every session in a table."""
    conference = await Conference.objects().where(Conference.id == task.conference).first()
    if conference is None:
        raise JobFailed(_("The conference is gone."))
    await task.progress(0, 3)
    report = await store.gather(conference, now=now())
    if report is None:
        raise JobFailed(_("Nothing has been released yet, so there is nothing to report."))
    await task.progress(1, 3)
    text = await asyncio.to_thread(
        render,
        "reports/paper.html",
        conference=conference,
        dates=dates(conference),
        look=brand.printed(conference.brand, task.settings.files),
        on_time=on_time_words(report),
        **view(report, conference, live=False),
    )
    await task.progress(2, 3)
    out = task.file(".pdf")
    async with Press() as press:
        await press.order("app.reports.paper:render", {"text": text, "out": str(out)})
    await task.progress(3, 3)
    return task.made(out, name=f"report-{conference.slug}.pdf")
