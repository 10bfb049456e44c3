"""Which of a person's edits can be taken back, and which done again. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

EDIT, UNDO, REDO = "edit", "undo", "redo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One stored edit; `of` is the edit that an undo or a redo is about."""

    id: UUID
    kind: str
    of: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacks:
    """The next to take back, and the next to do again, stand last."""

    undo: tuple[UUID, ...] = ()
    redo: tuple[UUID, ...] = ()


def stacks(done: Iterable[Done]) -> Stacks:
    """The stacks after one person's edits, oldest first. A new edit forgets what could be redone."""
    undo: list[UUID] = []
    redo: list[UUID] = []
    for one in done:
        if one.kind == EDIT:
            undo.append(one.id)
            redo.clear()
        elif one.of is not None:
            source, target = (undo, redo) if one.kind == UNDO else (redo, undo)
            if one.of in source:
                source.remove(one.of)
                target.append(one.of)
    return Stacks(undo=tuple(undo), redo=tuple(redo))
