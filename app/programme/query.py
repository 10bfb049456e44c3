"""What the address of an agenda page asks for, and addresses that ask for a little else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfoNotFoundError

from litestar import Request

from app.words import local, zone

_MOST_TRACKS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """An agenda page, as its address names it. Malformed values count as not given."""

    root: str
    day: str = ""
    view: str = "grid"
    words: str = ""
    tracks: tuple[str, ...] = ()
    zone: str = ""
    mine: bool = False
    rows: str = "rooms"
    kinds: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    speaker: str = ""

    def href(self, **changes: Any) -> str:
        """The address of this page with something else asked for."""
        wanted = replace(self, **changes)
        pairs = [("day", wanted.day)] if wanted.day else []
        if wanted.view != "grid":
            pairs.append(("view", wanted.view))
        if wanted.rows != "rooms":
            pairs.append(("rows", wanted.rows))
        pairs.extend(("track", key) for key in wanted.tracks)
        pairs.extend(("kind", key) for key in wanted.kinds)
        pairs.extend(("language", key) for key in wanted.languages)
        pairs.extend(("level", key) for key in wanted.levels)
        if wanted.speaker:
            pairs.append(("speaker", wanted.speaker))
        if wanted.words:
            pairs.append(("q", wanted.words))
        if wanted.zone:
            pairs.append(("zone", wanted.zone))
        if wanted.mine:
            pairs.append(("mine", "1"))
        return f"{self.root}/agenda" + (f"?{urlencode(pairs)}" if pairs else "")

    def toggled(self, track: str) -> str:
        """The address with one track more, or without it."""
        kept = tuple(key for key in self.tracks if key != track)
        return self.href(tracks=kept if track in self.tracks else (*self.tracks, track), words="")

    def turned(self, facet: str, key: str) -> str:
        """The address with one value more of `kinds`, `languages` or `levels`, or without it."""
        held: tuple[str, ...] = getattr(self, facet)
        rest = tuple(each for each in held if each != key)
        return self.href(**{facet: rest if key in held else (*held, key)})

    @property
    def filtered(self) -> bool:
        """True where anything but day, view and zone narrows the page."""
        return bool(self.tracks or self.kinds or self.languages or self.levels or self.speaker)


def read(root: str, request: Request[Any, Any, Any]) -> Query:
    """The query of a request for `root`/agenda."""
    asked = request.query_params
    view = asked.get("view", "grid")
    choice = asked.get("zone", "")
    return Query(
        root=root,
        day=asked.get("day", "")[:10],
        view="list" if view == "list" else "grid",
        words=asked.get("q", "").strip()[:100],
        tracks=tuple(dict.fromkeys(asked.getall("track", [])))[:_MOST_TRACKS],
        zone=choice if choice in ("conference", "viewer") else "",
        mine=asked.get("mine") == "1",
        rows="tracks" if asked.get("rows") == "tracks" else "rooms",
        kinds=_several(asked.getall("kind", [])),
        languages=_several(asked.getall("language", [])),
        levels=_several(asked.getall("level", [])),
        speaker=asked.get("speaker", "")[:36],
    )


def _several(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value[:60] for value in values))[:_MOST_TRACKS]


def viewer_zone(cookies: Mapping[str, str], home: str, at: datetime) -> str | None:
    """The reader's own zone, if the browser named one whose clock differs from the conference's."""
    named = cookies.get("zone", "").replace("%2F", "/")[:64]
    try:
        zone(named)
        return named if local(at, named).utcoffset() != local(at, home).utcoffset() else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def parse_day(text: str) -> date | None:
    """An ISO date, or None."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
