"""The draft, made up as the release that it would be, so that it can be seen before it is public."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from litestar import Request

from agenda.model import Release
from app.clock import now
from app.editor import store as editor
from app.programme import day_page, kept, releases
from app.programme import tables as t
from app.programme.query import read
from app.programme.releases import Released
from app.programme.scene import Scene

_made: kept.Shelf[Released] = kept.Shelf(4)
_NO_PHASES = kept.Phases(0, {})


async def of(conference: UUID) -> Released:
    """The draft as a release that nobody has seen."""
    desk = await editor.present(conference)
    last = await releases.latest(conference)
    slugs = await t.Room.select(t.Room.id, t.Room.slug).where(t.Room.conference == conference)
    number = (last.number if last else 0) + 1
    key = uuid5(conference, f"draft:{desk.version}:{number}")

    def make() -> Released:
        return Released(
            id=key,
            release=Release(number=number, name="", created_at=now(), schedule=desk.schedule),
            room_slugs={str(row["id"]): row["slug"] for row in slugs},  # type: ignore[misc]
            sequences={},
            withdrawn=(),
        )

    return _made.get(key, make)


async def agenda(
    request: Request[Any, Any, Any], released: Released, root: str
) -> dict[str, Any] | None:
    """What the agenda's page shows of it; None where nothing is placed."""
    programme = kept.programme(released)
    if not programme.cards:
        return None
    query = read(root, request)
    scene = Scene.of(released, programme, query, _NO_PHASES, request.cookies, now=now())
    return day_page.context(scene, frozenset())


def places(released: Released) -> str:
    """Where each slot stands in the preview's grid, as a style sheet."""
    return kept.places(kept.programme(released))[0]
