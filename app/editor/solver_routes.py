"""The solver's panel: start, stop, what it found, and why a slot is where it is."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response

from agenda.model import SlotId
from agenda.solver.frame import Mode
from app.accounts.viewer import OWNER
from app.clock import now
from app.editor import solving, store
from app.editor.bodies import json_body
from app.editor.solver_job import STOP_KEPT_S, stop_key
from app.html import gettext as _
from app.jobs import store as jobs
from app.jobs.press import Press, PressStopped, Unprintable
from app.jobs.store import Made
from app.jobs.tables import Job
from app.settings import Settings

_NO_STORE = {"Cache-Control": "no-store"}


@post("/c/{slug:str}/editor/solver", opt={"who": OWNER}, status_code=200)
async def start(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """Ask for a run; while one is under way for this conference, it is that one's."""
    conference = request.state.conference
    held = await json_body(request)
    wish = solving.Wish.read(held)
    job = await jobs.ask(
        "solve",
        f"solve:{conference.id}",
        {
            "mode": str(wish.mode),
            "seconds": wish.seconds,
            "only": sorted(wish.only) if wish.only is not None else None,
        },
        conference=conference.id,
        asked_by=request.state.viewer.person,
        now=now(),
    )
    return Response({"job": str(job), "seconds": wish.seconds}, headers=_NO_STORE)


@get("/c/{slug:str}/editor/solver", opt={"who": OWNER})
async def standing(
    request: Request[Any, Any, Any], slug: FromPath[str], settings: NamedDependency[Settings]
) -> Response[Any]:
    """The latest run: its state, and, when it has ended, the solution."""
    row = (
        await Job.select()
        .where(Job.conference == request.state.conference.id, Job.kind == "solve")
        .order_by(Job.created_at, ascending=False)
        .first()
    )
    if row is None:
        return Response({"state": "none"}, headers=_NO_STORE)
    told: dict[str, Any] = {
        "job": str(row["id"]),
        "state": row["state"],
        "words": row["error"],
        "arguments": json.loads(row["arguments"]),
    }
    made = Made.read(row["result"])
    if made is not None and made.file:
        told["solution"] = await asyncio.to_thread(_solution, settings.files / made.file)
    return Response(told, headers=_NO_STORE)


def _solution(path: Path) -> Any:
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


@post("/c/{slug:str}/editor/solver/{job:uuid}/stop", opt={"who": OWNER}, status_code=200)
async def stop(
    request: Request[Any, Any, Any], slug: FromPath[str], job: FromPath[UUID]
) -> Response[Any]:
    """Stop soon; the best that was found is kept."""
    row = await jobs.find(job)
    if row is None or row["conference"] != request.state.conference.id:
        raise NotFoundException
    await request.app.state.redis.set(stop_key(job), b"1", ex=STOP_KEPT_S)
    return Response({"stopping": True}, headers=_NO_STORE)


@get("/c/{slug:str}/editor/why/{slot:uuid}", opt={"who": OWNER})
async def why(
    request: Request[Any, Any, Any], slug: FromPath[str], slot: FromPath[UUID]
) -> Response[Any]:
    """What a slot's place costs, and what the best other places would."""
    desk = await store.present(request.state.conference.id)
    if SlotId(str(slot)) not in {one.id for one in desk.schedule.slots}:
        raise NotFoundException(_("There is no such slot in the draft."))
    return await _in_a_child(desk, "explain", slot=str(slot))


@get("/c/{slug:str}/editor/score", opt={"who": OWNER})
async def score(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """What the draft costs now, constraint by constraint."""
    desk = await store.present(request.state.conference.id)
    return await _in_a_child(desk, "score")


async def _in_a_child(desk: Any, work: str, **arguments: str) -> Response[Any]:
    wish = solving.Wish(mode=Mode.DRAFT)
    line = await asyncio.to_thread(lambda: solving.request(desk, wish, now=now()))
    try:
        async with Press() as press:
            found = await press.order(
                f"app.editor.explaining:{work}", {"request": line, **arguments}
            )
    except (PressStopped, Unprintable):
        words = _("The draft is too large to be explained here, or it can't be posed as it is.")
        return Response({"words": words}, status_code=503, headers=_NO_STORE)
    return Response(found, headers=_NO_STORE)


@get("/c/{slug:str}/editor/weights", opt={"who": OWNER})
async def weights(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """The constraints in words, with what each weighs."""
    desk = await store.present(request.state.conference.id)
    return Response(
        {
            "constraints": solving.constraints(desk.planning.get("weights") or {}),
            "levels": solving.level_words(),
            "planning": desk.planning,
        },
        headers=_NO_STORE,
    )


handlers: list[Any] = [start, standing, stop, why, score, weights]
