"""What the agenda's pages need again and again, worked out once and kept within bounds."""

from __future__ import annotations

import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

from agenda.doors import Phase
from agenda.model import SlotId
from app.programme.grid import stylesheet
from app.programme.releases import Released
from app.programme.view import Programme
from app.stages import store as stages
from app.stages.tables import PhaseChange

if TYPE_CHECKING:
    from litestar import Request
    from litestar.response import Response

T = TypeVar("T")


class Shelf(Generic[T]):
    """Keeps the `most` things that were asked for last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[Any, T] = OrderedDict()

    def get(self, key: Any, make: Callable[[], T]) -> T:
        """The thing of that key, made now if it is not here."""
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        made = self._held[key] = make()
        while len(self._held) > self._most:
            self._held.popitem(last=False)
        return made

    def has(self, key: Any) -> bool:
        return key in self._held

    def clear(self) -> None:
        self._held.clear()


@dataclass(frozen=True, slots=True)
class Phases:
    """How far each slot of a conference got. `version` rises with every change."""

    version: int
    reached: Mapping[SlotId, Phase]


_programmes: Shelf[Programme] = Shelf(6)
_places: Shelf[tuple[str, str]] = Shelf(6)
_phases: dict[UUID, Phases] = {}
pages: Shelf[bytes] = Shelf(96)
"""Finished pages, packed by gzip."""


def programme(released: Released) -> Programme:
    """The programme of a release."""
    return _programmes.get(
        released.id, lambda: Programme(released.schedule, released.room_slugs, released.marks)
    )


def places(of: Programme) -> tuple[str, str]:
    """The style sheet that puts the slots in their places, and its hash."""

    def make() -> tuple[str, str]:
        style = stylesheet(of)
        return style, hashlib.sha256(style.encode()).hexdigest()[:10]

    return _places.get(of, make)


async def phases(conference: UUID) -> Phases:
    """The recorded phases of a conference. Changes are only ever added, so their number tells all."""
    version = await PhaseChange.count().where(PhaseChange.conference == conference)
    held = _phases.get(conference)
    if held is None or held.version != version:
        reached, _rooms = await stages.phases(conference)
        held = _phases[conference] = Phases(version, reached)
    return held


def packed_page(key: str, make: Callable[[], str]) -> bytes:
    """A finished page by its key, packed."""
    return pages.get(key, lambda: gzip.compress(make().encode(), compresslevel=6, mtime=0))


def unpacked_for(
    request: Request[Any, Any, Any], packed: bytes, headers: Mapping[str, str]
) -> Response[bytes]:
    """A packed page, as the browser can read it."""
    # Mails show the programme too, from processes without the web framework.
    from litestar.response import Response

    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            packed, media_type="text/html", headers={**headers, "Content-Encoding": "gzip"}
        )
    return Response(gzip.decompress(packed), media_type="text/html", headers=dict(headers))
