"""The post-event report: a page with the same figures as the PDF, and the job that makes it."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response

from app.accounts.viewer import STAFF
from app.clock import now
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import page
from app.jobs import store as jobs
from app.jobs.routes import shown
from app.reports import store
from app.reports.view import as_csv, as_document, on_time_words, view
from app.sponsors import store as sponsors


def _key(conference: Conference) -> str:
    return f"report:{conference.id}"


@get("/c/{slug:str}/reports", opt={"who": STAFF})
async def reports(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """Figures as of now, while the conference runs and after it."""
    conference = request.state.conference
    report = await store.gather(conference, now=now())
    job = await jobs.latest(_key(conference))
    held = view(report, conference, live=True) if report is not None else {"report": None}
    return page(
        request,
        "reports/report.html",
        job=shown(job) if job else None,
        on_time=on_time_words(report) if report is not None else "",
        sponsors=await sponsors.of(conference.id),
        **held,
    )


@post("/c/{slug:str}/reports", opt={"who": STAFF})
async def make_report(request: Request[Any, Any, Any], slug: FromPath[str]) -> Redirect:
    conference = request.state.conference
    await jobs.ask(
        "report",
        _key(conference),
        {},
        conference=conference.id,
        asked_by=request.state.viewer.person,
        now=now(),
    )
    return Redirect(f"/c/{slug}/reports", status_code=303)


async def _existing(request: Request[Any, Any, Any]) -> store.Report:
    report = await store.gather(request.state.conference, now=now())
    if report is None:
        raise NotFoundException(_("Nothing has been released yet, so there is nothing to report."))
    return report


@get("/c/{slug:str}/reports.csv", opt={"who": STAFF})
async def reports_csv(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[bytes]:
    """One line for each session that was live."""
    return Response(
        as_csv(await _existing(request)).encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="report-{slug}.csv"'},
    )


@get("/c/{slug:str}/reports.json", opt={"who": STAFF})
async def reports_json(
    request: Request[Any, Any, Any], slug: FromPath[str]
) -> Response[dict[str, Any]]:
    """Everything that the page shows, and every session minute by minute."""
    return Response(as_document(await _existing(request)), media_type=MediaType.JSON)


handlers: list[Any] = [reports, make_report, reports_csv, reports_json]
