"""What one press of a key does to a draft: edits of slots and of facts, together or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agenda import edit_document
from agenda.edit_document import MalformedEdit
from agenda.edits import Edit
from app.editor.facts import TABLES, Details, Facts, RowChange

MOST_ROWS = 5000
_MOST_TEXT = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Parts that are done in order, or not at all."""

    parts: tuple[Edit | Facts, ...]

    @property
    def inverse(self) -> Step:
        return Step(parts=tuple(part.inverse for part in reversed(self.parts)))


def of(*parts: Edit | Facts) -> Step:
    return Step(parts=parts)


def dump(step: Step) -> dict[str, Any]:
    """A step as JSON."""
    if len(step.parts) == 1:
        return _dump_part(step.parts[0])
    return {"kind": "steps", "parts": [_dump_part(part) for part in step.parts]}


def _dump_part(part: Edit | Facts) -> dict[str, Any]:
    if isinstance(part, Facts):
        rows = [
            {"table": row.table, "id": row.id, "was": _plain(row.was), "to": _plain(row.to)}
            for row in part.rows
        ]
        return {"kind": "facts", "rows": rows}
    return edit_document.dump(part)


def _plain(details: Details | None) -> dict[str, Any] | None:
    return None if details is None else dict(details)


def load(held: Any) -> Step:
    """The step that `dump` wrote, or that a page made up. Raises MalformedEdit."""
    if isinstance(held, Mapping) and held.get("kind") == "steps":
        parts = held.get("parts")
        if not isinstance(parts, list) or not 0 < len(parts) <= 20:
            raise MalformedEdit("“steps” wants a list of parts")
        return Step(parts=tuple(_load_part(part) for part in parts))
    return Step(parts=(_load_part(held),))


def _load_part(held: Any) -> Edit | Facts:
    if isinstance(held, Mapping) and held.get("kind") == "facts":
        rows = held.get("rows")
        if not isinstance(rows, list) or not 0 < len(rows) <= MOST_ROWS:
            raise MalformedEdit("“facts” wants a list of rows")
        return Facts(rows=tuple(_load_row(row) for row in rows))
    return edit_document.load(held)


def _load_row(held: Any) -> RowChange:
    if not isinstance(held, Mapping) or held.get("table") not in TABLES:
        raise MalformedEdit("a row names its table")
    key = held.get("id")
    if not isinstance(key, str) or not 0 < len(key) <= 60:
        raise MalformedEdit("a row names its id")
    return RowChange(
        table=held["table"], id=key, was=_details(held.get("was")), to=_details(held.get("to"))
    )


def _details(held: Any) -> Details | None:
    if held is None:
        return None
    if not isinstance(held, dict) or len(held) > 60:
        raise MalformedEdit("a row's fields are an object")
    if any(isinstance(value, str) and len(value) > _MOST_TEXT for value in held.values()):
        raise MalformedEdit("a text is longer than 200,000 characters")
    return held
