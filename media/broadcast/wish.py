"""What should be broadcast: the whole desired state, as the suite tells it and tells it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from media.broadcast.slate import NO_WORDS, Words
from media.errors import BadOffer

MOST_ROOMS = 200
MOST_TARGETS = 4
_LONGEST = 200
RoomKey = tuple[str, str]
"""Conference and room, as on the node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An outside platform that the room is also sent to."""

    id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How one room should be broadcast.

    `since` is the wall-clock second back to which viewers may seek (the session's start), `keep`
    the one from which on segments must not be deleted yet; None leaves both to the settings.
    """

    words: Words = NO_WORDS
    since: float | None = None
    keep: float | None = None
    targets: tuple[Target, ...] = ()


def read_wishes(document: Mapping[str, Any]) -> dict[RoomKey, Wish]:
    """The wishes of `{"rooms": [{"conference": …, "room": …, …}]}`; raises BadOffer."""
    rooms = document.get("rooms")
    if not isinstance(rooms, list) or len(rooms) > MOST_ROOMS:
        raise BadOffer(f"“rooms” must be a list of at most {MOST_ROOMS}")
    return dict(_read(entry) for entry in rooms)


def _read(entry: Any) -> tuple[RoomKey, Wish]:
    if not isinstance(entry, dict):
        raise BadOffer("Each of “rooms” must be an object")
    targets = entry.get("targets") or []
    if not isinstance(targets, list) or len(targets) > MOST_TARGETS:
        raise BadOffer(f"“targets” must be a list of at most {MOST_TARGETS}")
    key = (_name(entry.get("conference")), _name(entry.get("room")))
    slate = entry.get("slate") or {}
    if not isinstance(slate, dict):
        raise BadOffer("“slate” must be an object")
    return key, Wish(
        words=Words(**{k: _text(slate.get(k, "")) for k in ("place", "title", "below")}),
        since=_seconds(entry.get("since")),
        keep=_seconds(entry.get("keep")),
        targets=tuple(_target(target) for target in targets),
    )


def _target(entry: Any) -> Target:
    if not isinstance(entry, dict):
        raise BadOffer("Each of “targets” must be an object")
    url = entry.get("url")
    if not isinstance(url, str) or not url.startswith(("rtmp://", "rtmps://", "srt://")):
        raise BadOffer("A target’s url must begin with rtmp://, rtmps:// or srt://")
    return Target(id=_name(entry.get("id")), url=url)


def _name(value: Any) -> str:
    """Names become folders, so only what a folder may be called is let through."""
    if not isinstance(value, str) or not 0 < len(value) <= 128 or value.startswith("."):
        raise BadOffer("Names of conference, room and target must be short texts")
    if not all(letter.isalnum() or letter in "-_.~" for letter in value):
        raise BadOffer(f"Not a name: {value[:40]!r}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BadOffer("The words of a slate must be texts")
    return "".join(letter if letter.isprintable() else " " for letter in value)[:_LONGEST]


def _seconds(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e11:
        raise BadOffer("Instants are seconds since 1970")
    return float(value)
