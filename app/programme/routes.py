"""The organizer's import and release pages."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response

from agenda.errors import UnknownZone, Unreadable
from app.accounts.viewer import OWNER
from app.clock import now
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import page
from app.programme import draft, uploads
from app.programme.told import by_severity
from app.settings import Settings

_SHOWN = 60
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]


@get("/c/{slug:str}/import", opt={"who": OWNER})
async def import_page(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    conference: Conference = request.state.conference
    present = await draft.read(conference.id)
    return page(
        request,
        "programme/import.html",
        at=f"/c/{slug}",
        present=present.schedule,
        error=None,
        asks_zone=False,
        zone="",
    )


@post("/c/{slug:str}/import", opt={"who": OWNER}, status_code=200)
async def plan_import(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    data: Upload,
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Show what the file would change; nothing is changed yet."""
    conference: Conference = request.state.conference
    found = data.get("file")
    sent = [
        one
        for one in (found if isinstance(found, list) else [found])
        if isinstance(one, UploadFile) and one.filename
    ]
    zone = str(data.get("zone") or "").strip()
    if not sent:
        return await _refused(request, slug, _("Choose a file first."), zone)
    if len(sent) > uploads.MOST_FILES:
        return await _refused(request, slug, _("These are too many files for one export."), zone)
    files = [(one.filename, await one.read(uploads.MOST_BYTES + 1)) for one in sent]
    if sum(len(content) for _name, content in files) > uploads.MOST_BYTES:
        return await _refused(request, slug, _("The file is larger than 20 MB."), zone)
    try:
        plan = await uploads.plan_import(conference.id, files, zone=zone or None)
    except UnknownZone as error:
        return await _refused(request, slug, error.sentence, zone, asks_zone=True)
    except Unreadable as error:
        return await _refused(request, slug, error.sentence, zone)
    upload = uploads.keep(settings, conference.id, files, now=now())
    return _plan_page(request, slug, files, zone, upload, plan, {})


def _plan_page(
    request: Request[Any, Any, Any],
    slug: str,
    files: list[uploads.File],
    zone: str,
    upload: UUID,
    plan: uploads.ImportPlan,
    said: dict[str, str],
) -> Response[Any]:
    old = {s.id: s for s in plan.before.sessions} if plan.before else {}
    return page(
        request,
        "programme/plan.html",
        at=f"/c/{slug}",
        name=", ".join(name for name, _content in files),
        zone=zone,
        upload=upload,
        plan=plan,
        said=said,
        old=old,
        new={s.id: s for s in plan.schedule.sessions},
        none=uploads.NO_COLUMN,
        warnings=[
            one
            for one in plan.imported.warnings
            if not (one.code == "no_column" and one.facts.get("column") == uploads.NO_COLUMN)
        ],
        findings=by_severity(plan.findings),
        most=_SHOWN,
    )


def _said(data: dict[str, str]) -> dict[str, str]:
    """What the organizer said of a table's columns."""
    return {
        key.removeprefix("map-"): value or uploads.NO_COLUMN
        for key, value in data.items()
        if key.startswith("map-")
    }


def _kept(settings: Settings, conference: UUID, upload: UUID) -> list[uploads.File]:
    try:
        return uploads.kept(settings, conference, upload)
    except FileNotFoundError:
        raise NotFoundException(_("That file is too old. Send it again.")) from None


@post("/c/{slug:str}/import/{upload:uuid}/columns", opt={"who": OWNER}, status_code=200)
async def plan_again(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    upload: FromPath[UUID],
    data: Form,
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """The plan of the kept file with other columns; nothing is changed yet."""
    conference: Conference = request.state.conference
    files = _kept(settings, conference.id, upload)
    zone, said = data.get("zone", ""), _said(data)
    try:
        plan = await uploads.plan_import(conference.id, files, zone=zone or None, columns=said)
    except UnknownZone as error:
        return await _refused(request, slug, error.sentence, zone, asks_zone=True)
    except Unreadable as error:
        return await _refused(request, slug, error.sentence, zone)
    return _plan_page(request, slug, files, zone, upload, plan, said)


async def _refused(
    request: Request[Any, Any, Any], slug: str, words: str, zone: str, *, asks_zone: bool = False
) -> Response[Any]:
    present = await draft.read(request.state.conference.id)
    return page(
        request,
        "programme/import.html",
        status=422,
        at=f"/c/{slug}",
        present=present.schedule,
        error=words,
        asks_zone=asks_zone,
        zone=zone,
    )


@post("/c/{slug:str}/import/{upload:uuid}", opt={"who": OWNER})
async def apply_import(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    upload: FromPath[UUID],
    data: Form,
    settings: NamedDependency[Settings],
) -> Redirect:
    """Make the kept file the draft, in one transaction, if the draft is what the plan was for."""
    conference: Conference = request.state.conference
    files = _kept(settings, conference.id, upload)
    plan = await uploads.plan_import(
        conference.id, files, zone=data.get("zone") or None, columns=_said(data)
    )
    expected = data.get("version", "")
    if expected != str(plan.draft_version):
        raise draft.DraftMoved
    await draft.write(conference.id, plan.schedule, expected=plan.draft_version)
    return Redirect(f"/c/{slug}/releases", status_code=303)


handlers: list[Any] = [import_page, plan_import, plan_again, apply_import]
