"""A job as its pages show it: progress, the file that it made, another try."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import File, Redirect, Response

from app.accounts.routes import safe_next
from app.accounts.viewer import SIGNED_IN, STAFF, Viewer
from app.clock import now
from app.conferences.tables import Membership
from app.html import gettext as _
from app.html import page
from app.jobs import store
from app.jobs.kinds import kind_of
from app.jobs.store import Made
from app.settings import Settings
from app.sponsors.store import works_for


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the macro `ui.job` wants to know of a job's row."""
    made = Made.read(row["result"])
    state = "waiting" if row["state"] == "queued" else row["state"]
    total = row["total"]
    return {
        "id": str(row["id"]),
        "state": state,
        "words": _words(row, made),
        "progress": round(100 * row["done"] / total) if state == "running" and total else None,
        "error": row["error"],
        "result_url": f"/jobs/{row['id']}/result" if made and made.file else None,
        "result_words": _("Download"),
        "retry_url": f"/jobs/{row['id']}/retry" if state == "failed" else None,
    }


def _words(row: Mapping[str, Any], made: Made | None) -> str:
    waiting, running, done, failed = _sentences()[row["kind"]]
    if row["state"] == "done":
        return f"{done}. {made.words}." if made and made.words else f"{done}."
    if row["state"] == "failed":
        return f"{failed}."
    if row["state"] == "running":
        count = f" {row['done']}/{row['total']}" if row["total"] > 1 else ""
        return f"{running}{count}"
    return str(waiting)


def _sentences() -> dict[str, tuple[str, str, str, str]]:
    return {
        "badge": (
            _("Your badge is waiting for its turn"),
            _("Setting your badge"),
            _("Your badge is ready"),
            _("Your badge could not be made"),
        ),
        "certificate": (
            _("Your certificate is waiting for its turn"),
            _("Setting your certificate"),
            _("Your certificate is ready"),
            _("Your certificate could not be made"),
        ),
        "welcome": (
            _("The confirmation is waiting for its turn"),
            _("Writing the confirmation"),
            _("The confirmation is on its way"),
            _("The confirmation could not be written"),
        ),
        "badges": (
            _("The badges are waiting for their turn"),
            _("Setting badges"),
            _("All badges are ready"),
            _("The badges could not be made"),
        ),
        "report": (
            _("The report is waiting for its turn"),
            _("Writing the report"),
            _("The report is ready"),
            _("The report could not be made"),
        ),
        "leads": (
            _("The lead report is waiting for its turn"),
            _("Writing the lead report"),
            _("The lead report is ready"),
            _("The lead report could not be made"),
        ),
        "solve": (
            _("The solver is waiting for its turn"),
            _("The solver is at work"),
            _("The solver is done"),
            _("The solver could not run"),
        ),
        "recording": (
            _("The recording is waiting for its turn"),
            _("Cutting the recording"),
            _("The recording is ready"),
            _("The recording could not be made"),
        ),
        "invites": (
            _("The invites are waiting for their turn"),
            _("Writing invites"),
            _("All invites are written"),
            _("The invites could not be written"),
        ),
    }


async def _own(request: Request[Any, Any, Any], job: UUID) -> dict[str, Any]:
    """The job, for who asked for it and for the conference's staff. 404 for all others."""
    viewer: Viewer = request.state.viewer
    row = await store.find(job)
    if row is None or not (row["asked_by"] == viewer.person or await _staff(row, viewer)):
        raise NotFoundException
    if kind_of(row["kind"]).private and not await _still_reads(row, viewer):
        raise NotFoundException
    return row


async def _still_reads(row: Mapping[str, Any], viewer: Viewer) -> bool:
    """A lead report is for the sponsor's own people of today, and for the conference's owner."""
    owner = await Membership.exists().where(
        Membership.conference == row["conference"],
        Membership.person == viewer.person,
        Membership.role == "owner",
    )
    return bool(owner) or await works_for(
        viewer.person, UUID(json.loads(row["arguments"])["sponsor"])
    )


async def _staff(row: Mapping[str, Any], viewer: Viewer) -> bool:
    if row["conference"] is None:
        return False
    return bool(
        await Membership.exists().where(
            Membership.conference == row["conference"],
            Membership.person == viewer.person,
            Membership.role.is_in(sorted(STAFF)),
        )
    )


@get("/jobs/{job:uuid}", opt={"who": SIGNED_IN})
async def progress(request: Request[Any, Any, Any], job: FromPath[UUID]) -> Response[str]:
    """The fragment that asks for itself until the job has ended; a page without htmx."""
    return page(request, "jobs/job.html", block="job", job=shown(await _own(request, job)))


@get("/jobs/{job:uuid}/result", opt={"who": SIGNED_IN})
async def result(
    request: Request[Any, Any, Any], settings: NamedDependency[Settings], job: FromPath[UUID]
) -> File:
    """The file, saved under its own name."""
    made = Made.read((await _own(request, job))["result"])
    path = (settings.files / made.file).resolve() if made and made.file else None
    if made is None or path is None or not path.is_relative_to(settings.files.resolve()):
        raise NotFoundException
    if not path.is_file():
        raise NotFoundException(_("The file has been cleared away. Make it again."))
    plain = made.name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(made.name)}"
    return File(
        path=path,
        media_type=made.media_type,
        headers={"Content-Disposition": disposition, "Cache-Control": "private, no-store"},
        content_disposition_type="attachment",
    )


@post("/jobs/{job:uuid}/retry", opt={"who": SIGNED_IN})
async def retry(request: Request[Any, Any, Any], job: FromPath[UUID]) -> Redirect:
    """Ask for a failed job's work again, and go back to the page that shows it."""
    await _own(request, job)
    again = await store.retry(job, now=now())
    referer = request.headers.get("referer", "")
    host = request.headers.get("host", "")
    back = f"/jobs/{again or job}"
    if host and referer.split("://", 1)[-1].startswith(f"{host}/"):
        back = safe_next("/" + referer.split("://", 1)[-1].removeprefix(f"{host}/"))
    return Redirect(back, status_code=303)


handlers: list[Any] = [progress, result, retry]
