"""The people of a file, told apart by id and name together."""

from __future__ import annotations

from agenda.formats.imported import Ledger
from agenda.formats.rows import PersonRow, Row
from agenda.model import Json, Speaker, SpeakerId

_FIELDS = ("guid", "code", "biography", "url")


class People:
    """Gathers everybody who is named, and what the rows say of each, in order of appearance."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[SpeakerId, dict[str, Json]] = {}
        self._extra: dict[SpeakerId, dict[str, Json]] = {}
        self._names: dict[str, set[str]] = {}
        self._without_id: list[tuple[str, str]] = []

    def of(self, row: Row) -> tuple[SpeakerId, ...]:
        """The ids of a row's people, each once, in the row's order."""
        found: dict[SpeakerId, None] = {}
        for person in row.persons:
            key = SpeakerId(f"{person.source_id or ''}:{person.name}")
            if key in found:
                self._ledger.note(
                    "repeated_person", row.where, "{name} is named twice.", name=person.name
                )
            found[key] = None
            self._learn(key, person, row.where)
        return tuple(found)

    def speakers(self) -> tuple[Speaker, ...]:
        """Everybody who was named. Call it once, at the end."""
        self._note_without_id()
        return tuple(
            Speaker(id=key, extra=self._extra[key], **held)  # type: ignore[arg-type]
            for key, held in self._known.items()
        )

    def _learn(self, key: SpeakerId, person: PersonRow, where: str) -> None:
        if key not in self._known:
            self._known[key] = {
                "name": person.name,
                "source_id": person.source_id,
                **{name: getattr(person, name) for name in _FIELDS},
            }
            self._extra[key] = dict(person.extra)
            self._note_first(person, where)
            return
        held = self._known[key]
        for name in _FIELDS:
            value = getattr(person, name)
            if value and not held[name]:
                held[name] = value
            elif value and value != held[name]:
                self._keep_also(key, name, value, person, where)
        for name, value in person.extra.items():
            if self._extra[key].setdefault(name, value) != value:
                self._keep_also(key, name, value, person, where)

    def _keep_also(
        self, key: SpeakerId, name: str, value: Json, person: PersonRow, where: str
    ) -> None:
        """Keep a second version of the same thing beside the first."""
        held = self._extra[key].get(name)
        versions = held if isinstance(held, list) else [] if held is None else [held]
        wanted = value if isinstance(value, list) else [value]
        added = [version for version in wanted if version not in versions]
        if not added:
            return
        both = [*versions, *added]
        self._extra[key][name] = both if len(both) > 1 else both[0]
        self._ledger.note(
            "person_differs",
            where,
            "{name} has another {field} here than before; both are kept.",
            name=person.name,
            field=name,
        )

    def _note_without_id(self) -> None:
        if self._without_id and not self._names:
            self._ledger.note(
                "people_without_ids", "file", "People have no ids here; they are known by name."
            )
            return
        for where, name in self._without_id:
            self._ledger.note(
                "person_without_id", where, "{name} has no id; known by name.", name=name
            )

    def _note_first(self, person: PersonRow, where: str) -> None:
        if not person.name:
            self._ledger.note("nameless_person", where, "A person has no name.")
        if not person.source_id:
            self._without_id.append((where, person.name))
            return
        names = self._names.setdefault(person.source_id, set())
        names.add(person.name)
        if len(names) == 2:
            self._ledger.note(
                "shared_person_id",
                where,
                "The person id {id} stands for several names; each name is a person.",
                id=person.source_id,
            )
