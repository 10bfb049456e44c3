"""Times in which nothing may be placed: breaks for all, closed rooms, absent speakers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agenda.model import RoomId, SpeakerId
from agenda.rules import Span
from app.editor.facts import Details, FactsRefused
from app.html import gettext as _

BREAK, ROOM, SPEAKER = "break", "room", "speaker"
KINDS = (BREAK, ROOM, SPEAKER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One blocked time. `subject` is a room's or a speaker's id, empty for a break of all."""

    id: str
    kind: str
    subject: str
    start: datetime
    end: datetime
    words: str = ""

    @property
    def span(self) -> Span:
        return Span(start=self.start, end=self.end)


def read(key: str, held: Details) -> Block:
    """A stored blocker. Raises FactsRefused with what is wrong with it."""
    kind = held.get("kind")
    if kind not in KINDS:
        raise FactsRefused(_("A blocked time is for all, for a room or for a speaker."))
    start, end = _instant(held.get("start")), _instant(held.get("end"))
    if end <= start:
        raise FactsRefused(_("A blocked time ends after it starts."))
    subject = str(held.get("subject") or "")
    if bool(subject) == (kind == BREAK):
        raise FactsRefused(_("Say which room or speaker is blocked."))
    return Block(
        id=key,
        kind=kind,
        subject=subject,
        start=start,
        end=end,
        words=str(held.get("words") or "")[:200],
    )


def dump(block: Block) -> dict[str, Any]:
    held = {
        "kind": block.kind,
        "subject": block.subject or None,
        "start": block.start.astimezone(UTC).isoformat(),
        "end": block.end.astimezone(UTC).isoformat(),
        "words": block.words or None,
    }
    return {key: value for key, value in held.items() if value is not None}


def read_all(held: Mapping[str, Details]) -> list[Block]:
    return sorted((read(key, one) for key, one in held.items()), key=lambda b: (b.start, b.id))


def closed_rooms(blocks: list[Block]) -> dict[RoomId, tuple[Span, ...]]:
    """When each room can't be used."""
    found: dict[RoomId, tuple[Span, ...]] = {}
    for block in blocks:
        if block.kind == ROOM:
            key = RoomId(block.subject)
            found[key] = (*found.get(key, ()), block.span)
    return found


def absent_speakers(blocks: list[Block]) -> dict[SpeakerId, tuple[Span, ...]]:
    found: dict[SpeakerId, tuple[Span, ...]] = {}
    for block in blocks:
        if block.kind == SPEAKER:
            key = SpeakerId(block.subject)
            found[key] = (*found.get(key, ()), block.span)
    return found


def _instant(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise FactsRefused(_("A blocked time needs a start and an end.")) from None
    if found.tzinfo is None:
        raise FactsRefused(_("A blocked time needs a start and an end."))
    return found.astimezone(UTC)
