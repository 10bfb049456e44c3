"""Edits of the facts of a draft (sessions, speakers, rooms, tracks, blockers, days), as values.

Like `agenda.edits`, an edit says what it saw: only the fields that it changes, so that two people
who change different fields of one session are never in each other's way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Details = Mapping[str, Any]
"""The fields of one row in document form. A field at its default is absent."""

Key = tuple[str, str]
"""A table (`sessions`, `rooms`, …) and an id in it."""

TABLES = ("tracks", "rooms", "speakers", "sessions", "blockers", "planning", "conference")


class FactsRefused(Exception):
    """This change can't be made; the text says why and what to do."""


class FactsChanged(FactsRefused):
    """Somebody else changed the same field meanwhile."""

    def __init__(self, key: Key, field: str) -> None:
        super().__init__(f"{key[0]} {key[1]}: {field or 'it'} is not as this edit saw it")
        self.key = key
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """One row's change: the changed fields before and after; None where there is no row."""

    table: str
    id: str
    was: Details | None
    to: Details | None

    @property
    def key(self) -> Key:
        return self.table, self.id

    @property
    def inverse(self) -> RowChange:
        return RowChange(table=self.table, id=self.id, was=self.to, to=self.was)

    def after(self, present: Details | None) -> dict[str, Any] | None:
        """The row after this change. Raises FactsChanged where it is not as this edit saw it."""
        if (present is None) != (self.was is None):
            raise FactsChanged(self.key, "")
        if self.was is not None and present is not None:
            for field, value in self.was.items():
                if present.get(field) != value:
                    raise FactsChanged(self.key, field)
        if self.to is None:
            return None
        merged = {**(present or {}), **self.to}
        return {field: value for field, value in merged.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Changes of several rows as one: all of them or none."""

    rows: tuple[RowChange, ...]

    @property
    def inverse(self) -> Facts:
        return Facts(rows=tuple(row.inverse for row in reversed(self.rows)))


def changed(table: str, key: str, present: Details, wanted: Details) -> RowChange | None:
    """The change that gives these fields of a row these values; None where they have them."""
    was = {f: present.get(f) for f in wanted if present.get(f) != wanted[f]}
    if not was:
        return None
    return RowChange(table=table, id=key, was=was, to={f: wanted[f] for f in was})


def created(table: str, key: str, details: Details) -> RowChange:
    return RowChange(table=table, id=key, was=None, to=dict(details))


def removed(table: str, key: str, present: Details) -> RowChange:
    return RowChange(table=table, id=key, was=dict(present), to=None)
