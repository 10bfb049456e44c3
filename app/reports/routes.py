"""The report: a page with live figures, the same as files, and comparisons."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Response

from app.accounts.viewer import EVERYBODY, OWNER, STAFF, Viewer
from app.clock import now
from app.conferences.tables import Conference, Membership
from app.html import gettext as _
from app.html import page
from app.jobs import store as jobs
from app.jobs.routes import shown
from app.limits import allow
from app.programme import releases
from app.reports import connections, exports, speakers, store
from app.reports.compare import compared, overlaid
from app.reports.view import headline, on_time_words, view
from app.sponsors import store as sponsors
from app.stages.grants import speaks_as

_MOST_COMPARED = 4
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _key(conference: Conference) -> str:
    return f"report:{conference.id}"


@get("/c/{slug:str}/reports", opt={"who": STAFF})
async def reports(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """Figures as of now, while the conference runs and after it."""
    conference = request.state.conference
    viewer: Viewer = request.state.viewer
    report = await store.gather(conference, now=now())
    job = await jobs.latest(_key(conference))
    held = view(report, conference, live=True) if report is not None else {"report": None}
    return page(
        request,
        "reports/report.html",
        block="live_figures",
        job=shown(job) if job else None,
        on_time=on_time_words(report) if report is not None else "",
        running=report is not None and _running(report),
        sponsors=await sponsors.of(conference.id) if viewer.has(OWNER) else [],
        others=await _others(viewer, conference),
        **held,
    )


def _running(report: store.Report) -> bool:
    """While the page should follow: from the first day's start to the last day's end."""
    return any(day.start <= report.until < day.end for day in report.days)


async def _others(viewer: Viewer, conference: Conference) -> list[dict[str, Any]]:
    """Other conferences that this viewer owns, the newest first."""
    rows: list[dict[str, Any]] = (
        await Membership.select(
            Membership.conference.slug.as_alias("slug"),
            Membership.conference.title.as_alias("title"),
        )
        .where(
            Membership.person == viewer.person,
            Membership.role == "owner",
            Membership.conference != conference.id,
        )
        .order_by(Membership.conference.created_at, ascending=False)
    )
    return rows


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


async def _existing(conference: Conference) -> store.Report:
    report = await store.gather(conference, now=now())
    if report is None:
        raise NotFoundException(_("Nothing has been released yet, so there is nothing to report."))
    return report


@get("/c/{slug:str}/reports.csv", opt={"who": STAFF})
async def reports_csv(
    request: Request[Any, Any, Any], slug: FromPath[str], table: FromQuery[str] = "sessions"
) -> Response[bytes]:
    """One table of the report; without a name, one line for each session that was live."""
    report = await _existing(request.state.conference)
    found = next((one for one in exports.tables(report) if one.key == table), None)
    if found is None:
        raise NotFoundException(_("There is no such table."))
    name = f"report-{slug}.csv" if table == "sessions" else f"report-{slug}-{table}.csv"
    return Response(
        exports.as_csv(found).encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@get("/c/{slug:str}/reports.xlsx", opt={"who": STAFF})
async def reports_xlsx(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[bytes]:
    """Every table of the report as a workbook."""
    conference = request.state.conference
    report = await _existing(conference)
    title = _("Report on %(title)s") % {"title": conference.title}
    return Response(
        exports.as_xlsx(report, headline(report), title),
        media_type=_XLSX,
        headers={"Content-Disposition": f'attachment; filename="report-{slug}.xlsx"'},
    )


@get("/c/{slug:str}/reports.json", opt={"who": STAFF})
async def reports_json(
    request: Request[Any, Any, Any], slug: FromPath[str]
) -> Response[dict[str, Any]]:
    """Everything that the page shows, and every session minute by minute."""
    report = await _existing(request.state.conference)
    return Response(exports.as_document(report), media_type=MediaType.JSON)


@get("/c/{slug:str}/reports/compare", opt={"who": STAFF})
async def compare(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    s: FromQuery[list[str] | None] = None,
    other: FromQuery[str] = "",
) -> Response[str]:
    """Sessions beside each other, or this conference beside an earlier one."""
    conference, viewer = request.state.conference, request.state.viewer
    report = await _existing(conference)
    others = await _others(viewer, conference)
    beside = None
    if other:
        if other not in {row["slug"] for row in others}:
            raise NotFoundException(_("There is no such conference of yours."))
        earlier = await Conference.objects().where(Conference.slug == other).first()
        assert earlier is not None
        held = await store.gather(earlier, now=now())
        beside = (earlier, compared(report, held)) if held is not None else (earlier, [])
    chosen = list(dict.fromkeys(s or []))[:_MOST_COMPARED]
    return page(
        request,
        "reports/compare.html",
        report=report,
        others=others,
        other=other,
        beside=beside,
        chosen=chosen,
        **overlaid(report, chosen),
    )


@get("/c/{slug:str}/reports/mine", opt={"who": EVERYBODY})
async def own_report(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """A speaker's own sessions; groups of fewer than five are not shown."""
    conference, viewer = request.state.conference, request.state.viewer
    mine = await speaks_as(conference.id, viewer.person)
    released = await releases.latest(conference.id)
    if not mine or released is None:
        raise NotFoundException(_("You have no session at this conference."))
    report = await _existing(conference)
    return page(
        request,
        "reports/mine.html",
        lines=await speakers.own_lines(conference.id, report, released, mine),
        until=report.until,
        zone=conference.time_zone,
    )


@post("/c/{slug:str}/rooms/{room_id:uuid}/quality", opt={"who": EVERYBODY}, status_code=204)
async def told_quality(
    request: Request[Any, Any, Any], slug: FromPath[str], room_id: FromPath[UUID]
) -> None:
    """A room's page says how well it got the last minute."""
    conference, viewer = request.state.conference, request.state.viewer
    if not await allow(
        request.app.state.redis, f"quality:{conference.id}:{viewer.person}", most=6, seconds=60
    ):
        return
    released = await releases.latest(conference.id)
    if released is None or str(room_id) not in released.rooms:
        raise NotFoundException
    try:
        told = connections.sample(await request.json())
    except (ValueError, AttributeError):
        raise NotFoundException(_("This is no report of a connection.")) from None
    await connections.add(
        conference.id,
        room_id,
        str(viewer.person),
        request.headers.get("user-agent", "")[:400],
        told,
        now=now(),
    )


handlers: list[Any] = [
    reports,
    make_report,
    reports_csv,
    reports_xlsx,
    reports_json,
    compare,
    own_report,
    told_quality,
]
