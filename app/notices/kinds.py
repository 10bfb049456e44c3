"""The kinds of mail that a conference sends, and how each of them goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID, uuid4

from app.html import gettext as _
from app.notices.tables import NoticeMode

SEND = "send"
DRAFT = "draft"
OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`modes` are what an organizer may choose, the first by default; `muted` whether its reader may."""

    modes: tuple[str, ...] = (SEND, DRAFT, OFF)
    muted: bool = True


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "invites": Kind(),
        "changes": Kind(),
        "day_before": Kind(),
        "soon": Kind(),
        "last_call": Kind(),
        "digest": Kind(),
        "followup": Kind(modes=(DRAFT, SEND, OFF)),
        "message": Kind(modes=(DRAFT,)),
    }
)


def label(kind: str) -> str:
    """The kind in the organizer's words."""
    return {
        "invites": _("Calendar invites"),
        "changes": _("Changes to starred sessions"),
        "day_before": _("The day ahead, on the evening before"),
        "soon": _("15 minutes before"),
        "last_call": _("5 minutes before"),
        "digest": _("The digest of the day, for who asked for it"),
        "followup": _("Thanks and recordings"),
        "message": _("Message of the organizers"),
    }[kind]


def mode_words(mode: str) -> str:
    return {
        SEND: _("Send by itself"),
        DRAFT: _("Show me a draft first"),
        OFF: _("Don’t send"),
    }[mode]


async def modes(conference: UUID) -> dict[str, str]:
    """How each kind goes out at this conference."""
    rows = await NoticeMode.select().where(NoticeMode.conference == conference)
    chosen = {row["kind"]: row["mode"] for row in rows}
    return {name: chosen.get(name, kind.modes[0]) for name, kind in KINDS.items()}


async def mode(conference: UUID, kind: str) -> str:
    return (await modes(conference))[kind]


async def choose(conference: UUID, kind: str, wish: str) -> None:
    """Set how a kind goes out. Raises KeyError for an unknown kind, ValueError for an unknown mode."""
    if wish not in KINDS[kind].modes:
        raise ValueError(f"“{kind}” has no mode “{wish}”")
    await NoticeMode.insert(
        NoticeMode(id=uuid4(), conference=conference, kind=kind, mode=wish)
    ).on_conflict(
        target=(NoticeMode.conference, NoticeMode.kind),
        action="DO UPDATE",
        values=[NoticeMode.mode],
    )
